//! Rounds of every protocol by hand, lookalikes that are none, and what no label may depend on.

use forensics::collaborative::possible_protocols;
use forensics::links;
use forensics::mixes::{MIX_RULES, MixLabel, MixRule, label, label_unless, tx0_fee_output};
use ledger::notation::{Notation, parse};
use ledger::{LedgerBatch, ScriptType, Timestamp, TransactionView};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::collaborative::masked;

/// A ledger whose scripts are all of one type, but data.
pub fn typed(text: &str, script_type: ScriptType) -> Notation {
    let mut world = parse(text).unwrap();
    let spent = world.batch.inputs.iter_mut().filter_map(|input| input.spent.as_mut());
    spent.for_each(|spent| spent.script_type = script_type);
    let outputs = world.batch.outputs.iter_mut().filter(|output| output.address.is_some());
    outputs.for_each(|output| output.script_type = script_type);
    world
}

pub fn described(label: Option<MixLabel>) -> String {
    let Some(label) = label else { return String::new() };
    let rule = label.rule();
    let variant = rule.variant_name(label.variant).map(|name| format!(" {name}"));
    let (n, equal, d) = (label.n_participants, label.n_equal_outputs, label.denomination_sat);
    format!("{}{} n={n} equal={equal} d={d}", rule.name, variant.unwrap_or_default())
}

fn labelled(batch: &LedgerBatch) -> Option<MixLabel> {
    label(&batch.views().next().unwrap())
}

/// The label of the only transaction, all of whose scripts are P2WPKH. Every collaborative one must be excluded.
#[track_caller]
fn check(ledger: &str, expected: &str) {
    let batch = typed(ledger, ScriptType::P2wpkh).batch;
    let found = labelled(&batch);
    assert_eq!(described(found), expected, "{ledger}");
    if found.is_some_and(|label| label.rule().collaborative) {
        let possible = possible_protocols(&batch.views().next().unwrap());
        assert!(possible.any(), "labelled and not excluded: {ledger}");
    }
}

/// `count` parts `name0:amount name1:amount …`
fn parts(name: &str, count: usize, amount: u64) -> String {
    (0..count).map(|at| format!("{name}{at}:{amount} ")).collect()
}

/// Parts of different amounts.
fn listed(name: &str, amounts: &[u64]) -> String {
    amounts.iter().enumerate().map(|(at, amount)| format!("{name}{at}:{amount} ")).collect()
}

#[test]
fn whirlpool_mixes_of_every_pool_and_size() {
    for pool in [100_000, 1_000_000, 2_500_000, 5_000_000, 25_000_000, 50_000_000] {
        for n in 5..=10 {
            let remixes = parts("r", n - 2, pool);
            let ins = format!("a:{} {remixes} b:{}", pool + 302, pool + 110_000);
            let out = parts("o", n, pool);
            check(&format!("{ins} -> {out}"), &format!("whirlpool n={n} equal={n} d={pool}"));
        }
    }
    let new: String = parts("e", 5, 1_006_000);
    check(&format!("{new} -> {}", parts("o", 5, 1_000_000)), "whirlpool n=5 equal=5 d=1000000");
}

#[test]
fn whirlpool_lookalikes_have_no_label() {
    let out = parts("o", 5, 1_000_000);
    let ins = "a:1006000 b:1006000 c:1000000 d:1000000";
    check(&format!("{ins} e:1110001 -> {out}"), "");
    check(&format!("{ins} e:999999 -> {out}"), "");
    check(&format!("{ins} ?:0 -> {out}"), "");
    check(&format!("{ins} a:1000000 -> {out}"), "");
    check(&format!("{ins} o1:1000000 -> {out}"), "");
    check(&format!("{ins} e:1000000 -> {} o0:1000000", parts("o", 4, 1_000_000)), "");
    check(&format!("{ins} e:1000000 -> {out} data:0"), "");
    check(&format!("{} -> {out}", parts("i", 5, 1_000_000)), "");
    check(&format!("{} -> {}", parts("i", 5, 1_306_000), parts("o", 5, 1_300_000)), "");
    let old = typed(&format!("{ins} e:1000000 -> {out}"), ScriptType::P2pkh).batch;
    assert_eq!(labelled(&old), None);
    // Some take their share straight to another wallet.
    let mut mixed = typed(&format!("{ins} e:1000000 -> {out}"), ScriptType::P2wpkh).batch;
    mixed.outputs[..2].iter_mut().for_each(|output| output.script_type = ScriptType::P2wsh);
    assert!(labelled(&mixed).is_some());
    mixed.outputs[2].script_type = ScriptType::P2tr;
    assert_eq!(labelled(&mixed), None);
}

#[test]
fn tx0_splits_for_a_pool_and_pays_the_coordinator() {
    let four = parts("p", 4, 1_006_050);
    let tx0 = "whirlpool_tx0 n=1 equal=4 d=1000000";
    check(&format!("a:5000000 -> data:0 f:50000 {four} c:313780"), tx0);
    check(&format!("?:0 ?:0 -> data:0 f:50000 {four} c:313780"), tx0);
    // No change; two; a discount.
    check(&format!("a:5000000 -> data:0 f:50000 {four}"), tx0);
    check(&format!("a:5000000 -> data:0 f:50000 {four} c:313780 d:313780"), tx0);
    check(&format!("a:5000000 -> data:0 f:42500 {four} c:313780"), tx0);
    // One premix output, fee and change.
    check("a:5200000 -> data:0 f:175000 p:5006352 c:4000", "whirlpool_tx0 n=1 equal=1 d=5000000");
    check("a:3000000 -> data:0 f:125000 p:2506352", "whirlpool_tx0 n=1 equal=1 d=2500000");
    let most = parts("p", 70, 103_000);
    check(&format!("a:1 -> data:0 f:5000 {most}"), "whirlpool_tx0 n=1 equal=70 d=100000");
}

#[test]
fn tx0_lookalikes_have_no_label() {
    let four = parts("p", 4, 1_006_050);
    check(&format!("a:5000000 -> f:50000 {four} c:313780"), "");
    check(&format!("a:5000000 -> data:0 data:0 f:50000 {four} c:313780"), "");
    check(&format!("a:5000000 -> data:0 f:500000 {four} c:313780"), "");
    check(&format!("a:5000000 -> data:0 f:50000 {four} c:313780 d:1 e:2"), "");
    check(&format!("a:5000000 -> data:0 f:50000 {} c:313780", parts("p", 4, 1_000_050)), "");
    check(&format!("a:5000000 -> data:0 f:50000 {four} p0:313780"), "");
    check("a:5200000 -> data:0 f:50000 p:5006352 c:4000", "");
    // Data of another length.
    let mut batch = typed(&format!("a:5 -> data:0 f:50000 {four}"), ScriptType::P2wpkh).batch;
    batch.outputs[0].script = Some(vec![0x6a; 66].into());
    assert!(labelled(&batch).is_some());
    batch.outputs[0].script = Some(vec![0x6a; 22].into());
    assert_eq!(labelled(&batch), None);
}

#[test]
fn the_fee_of_a_tx0_is_the_coordinators_and_its_inputs_are_linked() {
    let four = parts("p", 4, 1_006_050);
    let text = format!("a:2500000 b:2500000 -> data:0 c:313780 f:50000 {four}");
    let world = typed(&text, ScriptType::P2wpkh);
    assert_eq!(tx0_fee_output(&world.batch.views().next().unwrap()), Some(2));
    assert_eq!(links(&world.batch).len(), 1);
    // With a discount two outputs may be the fee.
    let text = format!("a:2500000 b:2500000 -> data:0 c:45000 f:42500 {four}");
    let world = typed(&text, ScriptType::P2wpkh);
    assert_eq!(tx0_fee_output(&world.batch.views().next().unwrap()), None);
}

/// Change of many participants: amounts that no level and no denomination has.
fn change(n: usize) -> String {
    let amounts: Vec<u64> = (0..n as u64).map(|at| 700_001 + at * 1_234_567 % 70_000_000).collect();
    listed("c", &amounts)
}

#[test]
fn wasabi1_rounds_of_each_version() {
    let ins = parts("i", 60, 17_345_678);
    let base = parts("o", 50, 10_002_606);
    check(
        &format!("{ins} -> {} {base} x:716000", change(30)),
        "wasabi1 1.0 n=50 equal=50 d=10002606",
    );
    // One equal pair of changes is no level.
    let pair = "u:39984086 v:39984086";
    check(
        &format!("{ins} -> {} {base} {pair}", change(30)),
        "wasabi1 1.0 n=50 equal=52 d=10002606",
    );
    // Levels of 2, 4, 8 and 16 times the registered base, which fees have made smaller.
    let levels: String = [(20, 2), (9, 4), (4, 8), (2, 16)]
        .map(|(count, factor)| parts(&format!("l{factor}x"), count, 10_100_000 * factor))
        .concat();
    check(
        &format!("{ins} -> {base} {levels} {} x:716000", change(44)),
        "wasabi1 1.1 n=50 equal=85 d=10002606",
    );
    // Unknown inputs, as long as enough are known.
    let some = format!("{} {}", parts("i", 52, 17_345_678), "?:0 ".repeat(8));
    check(&format!("{some} -> {} {base}", change(30)), "wasabi1 1.0 n=50 equal=50 d=10002606");
    let few = format!("{} {}", parts("i", 49, 17_345_678), "?:0 ".repeat(11));
    check(&format!("{few} -> {} {base}", change(30)), "");
    // A small round.
    let (ins, base) = (parts("i", 10, 12_345_678), parts("o", 10, 8_100_001));
    check(&format!("{ins} -> {} {base} x:21000", change(8)), "wasabi1 1.0 n=10 equal=10 d=8100001");
}

#[test]
fn wasabi1_of_the_beta_has_other_amounts() {
    let text =
        format!("{} -> {} {}", parts("i", 9, 5_900_000), parts("o", 7, 4_999_001), change(6));
    check(&text, "");
    let mut batch = typed(&text, ScriptType::P2wpkh).batch;
    batch.transactions[0].time = Timestamp::new(1_535_000_000);
    assert_eq!(described(labelled(&batch)), "wasabi1 beta n=7 equal=7 d=4999001");
}

#[test]
fn wasabi1_lookalikes_have_no_label() {
    let base = parts("o", 12, 10_000_000);
    // A batch payout: few inputs; one hot wallet's script; a page of other payments; one change.
    check(&format!("{} -> {base} {}", parts("i", 5, 90_000_000), change(12)), "");
    check(&format!("{} -> {base} {}", "i:90000000 ".repeat(14), change(12)), "");
    check(&format!("{} -> {base} {}", parts("i", 14, 90_000_000), change(40)), "");
    check(&format!("{} -> {base} c:5", parts("i", 14, 90_000_000)), "");
    // Older scripts.
    let round = format!("{} -> {base} {}", parts("i", 14, 11_000_000), change(12));
    assert_eq!(labelled(&typed(&round, ScriptType::P2pkh).batch), None);
    // Less confidence in round amounts, none if an exchange pays.
    let batch = typed(&round, ScriptType::P2wpkh).batch;
    let view = batch.views().next().unwrap();
    assert_eq!(label(&view).unwrap().confidence, 0.8);
    let exchange = view.inputs[3].spent.unwrap().address.unwrap();
    assert_eq!(label_unless(&view, |address| address == exchange), None);
}

#[test]
fn wasabi2_rounds_are_of_standard_amounts_in_falling_order() {
    // 5 inputs; change among the outputs.
    let out = listed(
        "o",
        &[1_048_576, 531_441, 531_441, 500_000, 354_294, 217_301, 65_536, 50_000, 9_000],
    );
    let ins = listed("i", &[2_000_000, 900_000, 500_000, 354_294, 100_000]);
    check(&format!("{ins} -> {out}"), "wasabi2 n=0 equal=2 d=531441");
    // Nearly half is change or a payment.
    let out =
        listed("o", &[1_048_576, 777_777, 531_441, 400_001, 354_294, 217_301, 65_536, 41_003]);
    check(&format!("{ins} -> {out}"), "wasabi2 n=0 equal=0 d=1048576");
    let out =
        listed("o", &[1_048_576, 777_777, 531_441, 400_001, 354_294, 217_301, 65_530, 41_003]);
    check(&format!("{ins} -> {out}"), "");
    // Taproot beside P2WPKH.
    let out = "o:1048576 p:531441 q:531441 r:65536 s:50000";
    let mut batch = typed(&format!("{ins} -> {out}"), ScriptType::P2tr).batch;
    batch.outputs[1].script_type = ScriptType::P2wpkh;
    assert_eq!(described(labelled(&batch)), "wasabi2 n=0 equal=2 d=531441");
    // In disorder, one unknown, sorted the other way.
    check(&format!("{} i9:9000000 -> {out}", ins), "");
    check(&format!("{} ?:0 -> {out}", ins), "");
    check(&format!("{ins} -> s:50000 r:65536 p:531441 q:531441 o:1048576"), "");
}

#[test]
fn large_wasabi2_rounds_keep_their_label_by_their_outputs() {
    let amounts: Vec<u64> = (13..33).rev().flat_map(|k| [1u64 << k; 2]).collect();
    let ins: Vec<u64> = (0..40).map(|at| 900_000_000 - at * 20_000_001).collect();
    let (ins, out) = (listed("i", &ins), listed("o", &amounts));
    check(&format!("{ins} ?:0 -> {out}"), "wasabi2 n=0 equal=40 d=4294967296");
    // Out of order, by a client that does not sort.
    check(&format!("j:5 {ins} -> {out}"), "wasabi2 n=0 equal=40 d=4294967296");
    check(&format!("{} -> {out}", parts("j", 3, 5) + &"j0:5 ".repeat(30)), "");
}

#[test]
fn round_payouts_in_falling_order_are_no_wasabi2() {
    let ins = listed("i", &[90_000_000, 80_000_000, 70_000_000, 60_000_000, 50_000_000]);
    check(
        &format!(
            "{ins} -> {}",
            listed("o", &[50_000_000, 20_000_000, 10_000_000, 5_000_000, 31_234])
        ),
        "",
    );
    // One script signs all inputs: one owner (transaction 91c9d1a1… of the labelled set).
    let ins = "i:90000000 ".repeat(128);
    let out: Vec<u64> = [1 << 24, 1 << 23, 1 << 22, 1 << 21, 1 << 20].to_vec();
    check(&format!("{ins} -> {}", listed("o", &out)), "");
}

/// A JoinMarket round: each maker brings its inputs and gets d and change with its fee on top.
fn round(d: u64, makers: &[(&[u64], u64)], taker: (&[u64], Option<u64>)) -> String {
    let mut ins = Vec::new();
    let mut out = vec![d; makers.len() + 1];
    for (inputs, earned) in makers {
        ins.extend_from_slice(inputs);
        let change = inputs.iter().sum::<u64>() + earned - d;
        out.extend((change > 0).then_some(change));
    }
    ins.extend_from_slice(taker.0);
    out.extend(taker.1);
    format!("{} -> {}", listed("i", &ins), listed("o", &out))
}

#[test]
fn joinmarket_rounds_add_up() {
    let d = 5_123_456;
    let a: (&[u64], u64) = (&[9_000_000], 250);
    let b: (&[u64], u64) = (&[3_000_000, 4_000_000], 500);
    let c: (&[u64], u64) = (&[20_000_000], 0);
    let text = round(d, &[a, b], (&[7_000_000], Some(1_800_000)));
    check(&text, "joinmarket with taker change n=3 equal=3 d=5123456");
    let text = round(d, &[a, b, c], (&[2_000_000, 3_130_000], None));
    check(&text, "joinmarket sweep n=4 equal=4 d=5123456");
    // A maker without change.
    let exact: (&[u64], u64) = (&[5_123_000], 456);
    let text = round(d, &[a, exact, c], (&[7_000_000], Some(1_800_000)));
    check(&text, "joinmarket sweep n=4 equal=4 d=5123456");
    // Makers that were funded alike have equal change: then two amounts are as frequent.
    let text = round(d, &[a, a, a], (&[5_140_000], None));
    check(&text, "joinmarket sweep n=4 equal=4 d=5123456");
    let text = round(d, &[a, a], (&[9_000_250], Some(9_000_250 - d)));
    check(&text, "joinmarket with taker change n=3 equal=3 d=5123456");
    // Any one type of script.
    let text = round(d, &[a, b], (&[7_000_000], Some(1_800_000)));
    assert!(labelled(&typed(&text, ScriptType::P2sh).batch).is_some());
    assert!(labelled(&typed(&text, ScriptType::NonStandard).batch).is_some());
}

#[test]
fn joinmarket_lookalikes_have_no_label() {
    // A payroll of one owner: three equal payments, and change that no inputs make.
    check("a:9000000 b:8000000 c:7000000 -> x:5000000 y:5000000 z:5000000 c2:8990000", "");
    check("a:9000000 b:8000000 c:7000000 -> x:5000000 y:5000000 z:5000000 p:3000000 q:5990000", "");
    // One owner moves the outputs of an earlier mix (4 of the post-mix set).
    let moved = parts("i", 6, 1_000_000);
    check(&format!("{moved} -> {} c:992161", parts("o", 5, 1_000_000)), "");
    // A maker that loses, or earns too much.
    let d = 5_123_456;
    let b: (&[u64], u64) = (&[3_000_000, 4_000_000], 500);
    let lost = format!("i:9000000 {}", round(d, &[b], (&[7_000_000], Some(1_800_000))));
    check(&format!("{lost} x:{d} y:{}", 9_000_000 - d - 400), "");
    check(&format!("{lost} x:{d} y:{}", 9_000_000 - d + 26_000), "");
    check(
        &format!("{lost} x:{d} y:{}", 9_000_000 - d + 25_000),
        "joinmarket with taker change n=3 equal=3 d=5123456",
    );
    // Data, an unknown input, a script on both sides, two types of script among the inputs.
    let a: (&[u64], u64) = (&[9_000_000], 250);
    let text = round(d, &[a, b], (&[7_000_000], Some(1_800_000)));
    check(&format!("{text} data:0"), "");
    check(&text.replace("i0:9000000", "?:0"), "");
    check(&text.replace("o0", "i0"), "");
    let mut batch = typed(&text, ScriptType::P2wpkh).batch;
    batch.inputs[0].spent.as_mut().unwrap().script_type = ScriptType::P2sh;
    assert_eq!(labelled(&batch), None);
    // One destination of another type is the taker's.
    let mut batch = typed(&text, ScriptType::P2wpkh).batch;
    batch.outputs[0].script_type = ScriptType::P2sh;
    assert!(labelled(&batch).is_some());
    batch.outputs[1].script_type = ScriptType::P2sh;
    assert_eq!(labelled(&batch), None);
}

#[test]
fn stonewall_is_no_mix() {
    check("a:5000000 b:4000000 -> c:2000000 d:2000000 e:2990000 f:1990000", "");
    check("a:5000000 b:4000000 c:3000000 -> c2:2000000 d:2000000 e:3000000", "");
}

/// Stored numbers: this test is changed only by adding to it.
#[test]
fn numbers_names_and_variants_stay() {
    let numbered = |number| MixRule::from_number(number).map(|rule| (rule.name, rule.variants));
    let expected: [(&str, &[&str]); 5] = [
        ("whirlpool", &[]),
        ("whirlpool_tx0", &[]),
        ("wasabi1", &["1.0", "1.1", "beta"]),
        ("wasabi2", &[]),
        ("joinmarket", &["with taker change", "sweep"]),
    ];
    assert_eq!(numbered(0), None);
    assert_eq!((1..=5).map(numbered).collect::<Vec<_>>(), expected.map(Some));
    assert_eq!(MIX_RULES.len(), expected.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Hostile amounts neither panic nor are labelled beyond reason; hiding inputs never changes the protocol.
    #[test]
    fn labels_survive_any_amounts(
        ins in vec(prop_oneof![any::<u64>(), Just(u64::MAX), Just(1_000_000), Just(5_000_000)], 1..14),
        out in vec(prop_oneof![any::<u64>(), Just(u64::MAX), Just(1_000_000), Just(5_000_000)], 1..14),
        mask in any::<u32>(),
    ) {
        let batch = typed(&format!("{} -> {}", listed("i", &ins), listed("o", &out)), ScriptType::P2wpkh).batch;
        let view = batch.views().next().unwrap();
        let known = label(&view).map(|label| label.protocol);
        let inputs = masked(&view, |at| mask >> at & 1 == 1);
        let hidden = label(&TransactionView { inputs: &inputs, ..view }).map(|label| label.protocol);
        prop_assert!(hidden.is_none() || hidden == known);
    }

    /// What is labelled as of several owners is left out of co-spending.
    #[test]
    fn a_collaborative_label_is_within_the_exclusion(
        n_equal in 3..16usize,
        n_pairs in 0..6usize,
        n_single in 0..9usize,
        n_inputs in 3..70usize,
        amount in prop_oneof![Just(10_000_000u64), Just(9_000_000), Just(4_000_000)],
        time in prop_oneof![Just(1_530_000_000), Just(1_700_000_000)],
    ) {
        let pairs: Vec<u64> = (0..n_pairs as u64).flat_map(|k| [2_000_000 + 7 * k; 2]).collect();
        let out = format!("{}{}{}", parts("o", n_equal, amount), listed("p", &pairs), change(n_single));
        let text = format!("{} -> {out}", parts("i", n_inputs, 13_000_000));
        let mut batch = typed(&text, ScriptType::P2wpkh).batch;
        batch.transactions[0].time = Timestamp::new(time);
        let view = batch.views().next().unwrap();
        if label(&view).is_some_and(|label| label.rule().collaborative) {
            prop_assert!(possible_protocols(&view).any());
        }
    }
}
