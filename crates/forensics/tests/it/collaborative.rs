use forensics::collaborative::{PROTOCOLS, Protocols, possible_protocols};
use ledger::notation::parse;
use ledger::{AddressId, Input, LedgerBatch, ScriptType, Spent, TransactionView};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

fn names(protocols: Protocols) -> String {
    protocols.iter().map(|protocol| protocol.name).collect::<Vec<_>>().join(" ")
}

/// The protocols that the only transaction of a ledger may belong to.
#[track_caller]
fn check(ledger: &str, expected: &str) {
    let world = parse(ledger).unwrap();
    let view = world.batch.views().next().unwrap();
    assert_eq!(names(possible_protocols(&view)), expected, "{ledger}");
}

/// `count` parts `name0:amount name1:amount …`
fn parts(name: &str, count: usize, amount: u64) -> String {
    (0..count).map(|at| format!("{name}{at}:{amount} ")).collect()
}

#[test]
fn equal_outputs_are_half_of_the_outputs() {
    check("a:5 b:5 -> c:3 d:3 e:2", "equal_outputs");
    check("a:5 b:5 -> c:3 d:3 e:2 f:2", "equal_outputs");
    check("a:5 b:5 -> c:3 d:3 data:0 e:1", "equal_outputs");
    // Too few outputs, too few scripts, a third equal output, too few equal ones.
    check("a:5 b:5 -> c:3 d:3", "");
    check("a:5 a:5 -> c:3 d:3 e:2", "");
    check("a:5 b:5 -> c:3 d:3 e:3 f:1", "");
    check("a:5 b:5 c:5 -> c:3 d:3 e:2 f:1 g:4", "");
    // Dust payouts; of two amounts that occur as often, one that is no dust is enough.
    check("a:5 b:5 -> c:546 d:546 e:2", "");
    check("a:5 b:5 -> c:546 d:546 e:1000 f:1000", "equal_outputs");
    check("-> c:3 d:3 e:2", "");
}

#[test]
fn whirlpool_pays_out_what_a_pool_takes() {
    let out = parts("o", 5, 5_000_000);
    let remixers = parts("i", 3, 5_000_000);
    check(&format!("{remixers} x:5000100 y:5110000 -> {out}"), "whirlpool");
    check(&format!("{remixers} x:5000100 y:5110001 -> {out}"), "");
    // All new: the first mix of a pool.
    let entrants = "a:5000100 b:5000101 c:5000102 d:5000103 e:5000104";
    check(&format!("{entrants} -> {out}"), "whirlpool");
    // A pool of Ashigaru's.
    let (ins, out) = (parts("i", 5, 2_500_100), parts("o", 5, 2_500_000));
    check(&format!("{ins} -> {out}"), "whirlpool");
    let out = parts("o", 5, 5_000_000);
    // Nobody new. Pool sizes are standard amounts of WabiSabi, too, and equal ones are in order.
    check(&format!("{} -> {out}", parts("i", 5, 5_000_000)), "whirlpool wabisabi");
    check(&format!("{} -> {}", parts("i", 5, 5_000_001), parts("o", 5, 5_000_001)), "");
    check(&format!("{remixers} x:5000100 -> {}", parts("o", 4, 5_000_000)), "");
}

#[test]
fn wasabi1_has_a_tenth_of_a_bitcoin() {
    let ins = parts("i", 12, 12_000_000);
    let out = parts("o", 10, 9_999_000);
    // Form three and others: ten equal ones, two of their own amount.
    check(&format!("{ins} -> {out} x:1000000 y:30000"), "wasabi1 joinmarket");
    // Outside of 0.02 BTC of the base.
    let far = parts("o", 10, 7_999_999);
    check(&format!("{ins} -> {far} x:1000000 y:30000"), "joinmarket");
    // Levels: 4 of 0.1, 3 of 0.2 and 2 of 0.4 BTC of 19 outputs.
    let levels = format!(
        "{}{}{}",
        parts("l", 4, 10_000_000),
        parts("m", 3, 20_000_100),
        parts("n", 2, 40_000_000)
    );
    let change: String = (0..10).map(|at| format!("c{at}:{} ", 1_000_000 + at)).collect();
    check(&format!("{ins} -> {levels} {change}"), "wasabi1");
    check(&format!("{ins} -> {levels} {change} d:5 e:6"), "");
    // One script has two of twelve inputs: more than a tenth.
    let ins = format!("{} i0:1", parts("i", 11, 12_000_000));
    check(&format!("{ins} -> {levels} {change}"), "");
}

#[test]
fn wasabi2_repeats_amounts() {
    let ins = parts("i", 20, 50_000);
    let out = format!("{}{}{}", parts("p", 2, 7_000), parts("q", 2, 8_000), parts("r", 2, 9_001));
    check(&format!("{ins} -> {out} x:6000"), "wasabi2");
    check(&format!("{ins} -> {out} x:4999"), "");
    check(&format!("{ins} -> {out} p0:6000"), "");
    check(&format!("{ins} -> {out}"), "");
    check(&format!("{} -> {out} x:6000", parts("i", 19, 50_000)), "");
}

#[test]
fn wabisabi_is_sorted_and_of_standard_amounts() {
    check(
        "a:90000 b:80000 c:70000 d:60000 e:60000 -> f:65536 g:59049 h:50001 i:20000 j:9000",
        "wabisabi",
    );
    check("a:90000 b:80000 c:70000 d:60000 e:60000 -> f:65536 g:59049 h:50001 i:20001 j:9000", "");
    check("b:80000 a:90000 c:70000 d:60000 e:60000 -> f:65536 g:59049 h:50001 i:20000 j:9000", "");
    check("a:90000 b:80000 c:70000 d:60000 e:60000 -> g:59049 f:65536 h:50001 i:20000 j:9000", "");
    check("a:90000 b:80000 c:70000 d:60000 -> f:65536 g:59049 h:50001 i:20000 j:9000", "");
    // Below 5,000 satoshi nothing is standard.
    check("a:90000 b:80000 c:70000 d:60000 e:60000 -> f:65536 g:50001 h:50000 i:4096 j:2187", "");
}

/// Equal outputs with one owner: by its outputs alone a Tx0 is in no set, known inputs or not.
#[test]
fn a_tx0_is_one_owners() {
    let premix = parts("p", 4, 1_006_050);
    check(&format!("a:2100000 b:2100000 -> data:0 f:50000 c:313780 {premix}"), "");
    check(&format!("?:0 b:2100000 -> data:0 f:50000 c:313780 {premix}"), "");
    // Two changes may be two owners'; without data it is no Tx0.
    let two = format!("f:50000 c:313780 d:313780 {premix}");
    check(&format!("a:9 b:9 c:9 d:9 -> data:0 {two}"), "equal_outputs joinmarket");
    check(&format!("a:9 b:9 c:9 d:9 -> f:50000 c2:313780 {premix}"), "joinmarket");
}

#[test]
fn joinmarket_has_a_taker_and_makers() {
    check("a:9000 b:9000 c:9000 -> d:5000 e:5000 f:5000 g:1 h:2", "equal_outputs joinmarket");
    check("a:9000 b:9000 c:9000 -> d:5000 e:5000 f:5000 g:1", "joinmarket");
    check("a:9000 b:9000 c:9000 -> d:5000 e:5000 f:5000", "");
    check("a:9000 b:9000 c:9000 -> d:2730 e:2730 f:2730 g:1", "");
    check("a:9000 b:9000 a:9000 -> d:5000 e:5000 f:5000 g:1", "");
    check("a:9000 b:9000 c:9000 -> d:5000 e:5000 d:5000 g:1", "");
    let out = "d:5000 e:5000 f:5000 g:1 h:2 i:3";
    check(&format!("{} -> {out}", parts("i", 60, 9_000)), "equal_outputs joinmarket");
    check(&format!("{} -> {out}", parts("i", 61, 9_000)), "equal_outputs");
    let few = "d:5000 e:5000 f:5000 g:1 h:2";
    check(&format!("{} -> {few}", parts("i", 50, 9_000)), "equal_outputs");
}

#[test]
fn unknown_inputs_may_be_what_a_rule_wants() {
    check("a:5 ?:0 -> c:3 d:3 e:2", "equal_outputs");
    check("?:0 ?:0 -> c:3 d:3 e:2", "equal_outputs");
    let out = parts("o", 5, 5_000_000);
    check(&format!("a:5000100 ?:0 b:5110000 ?:0 ?:0 -> {out}"), "whirlpool");
    check(&format!("a:5000100 ?:0 b:5110001 ?:0 ?:0 -> {out}"), "");
    let out = "f:65536 g:59049 h:50001 i:20000 j:9000";
    check(&format!("a:9 ?:0 b:9 ?:0 c:8 -> {out}"), "wabisabi");
    check(&format!("a:8 ?:0 b:9 ?:0 c:8 -> {out}"), "");
}

/// Stored numbers: this test is changed only by adding to it.
#[test]
fn numbers_and_names_stay() {
    let registered: Vec<_> = PROTOCOLS.iter().map(|p| (p.number, p.name)).collect();
    let expected = ["equal_outputs", "whirlpool", "wasabi1", "wasabi2", "wabisabi", "joinmarket"];
    assert_eq!(registered, (0..).zip(expected).collect::<Vec<_>>());
}

/// The view with some inputs unknown.
pub fn masked(view: &TransactionView<'_>, mask: impl Fn(usize) -> bool) -> Vec<Input> {
    let hide =
        |(at, input): (usize, &Input)| Input { spent: input.spent.filter(|_| !mask(at)), ..*input };
    view.inputs.iter().enumerate().map(hide).collect()
}

/// Transactions around the protocols' own amounts, so that all rules come to hold now and then.
fn transaction() -> impl Strategy<Value = LedgerBatch> {
    let pool = prop_oneof![
        Just(5_000_000u64),
        Just(5_000_000),
        Just(5_000_100),
        Just(5_110_000),
        Just(5_110_001)
    ];
    let base = prop_oneof![Just(10_000_000u64), Just(10_100_000), Just(20_000_000), Just(777)];
    let standard =
        prop_oneof![Just(65_536u64), Just(59_049), Just(50_000), Just(9_000), Just(8_192)];
    let small = prop_oneof![Just(10_000u64), Just(20_000), 1..5u64];
    let kinds = prop_oneof![
        (vec(pool, 5..7), vec(Just(5_000_000u64), 5..7)),
        (vec(small.clone(), 10..14), vec(base, 3..16)),
        (vec(standard.clone(), 5..8), vec(standard, 5..8)),
        (
            vec(small.clone(), 20..24),
            vec(prop_oneof![Just(6_000u64), Just(7_000), Just(8_000), Just(9_000)], 6..12)
        ),
        (vec(small.clone(), 1..6), vec(small, 2..7)),
    ];
    (kinds, any::<bool>(), vec(0..40usize, 24)).prop_map(
        |((mut inputs, mut outputs), sort, names)| {
            if sort {
                inputs.sort_by_key(|amount| std::cmp::Reverse(*amount));
                outputs.sort_by_key(|amount| std::cmp::Reverse(*amount));
            }
            // A few names twice: a number far up stands for a name of its own.
            let name = |at: usize| if names[at] < 2 { names[at] } else { at + 2 };
            let ins =
                inputs.iter().enumerate().map(|(at, amount)| format!("i{}:{amount} ", name(at)));
            let outs =
                outputs.iter().enumerate().map(|(at, amount)| format!("o{}:{amount} ", name(at)));
            parse(&format!("{}-> {}", ins.collect::<String>(), outs.collect::<String>()))
                .unwrap()
                .batch
        },
    )
}

/// Ways to fill in unknown inputs, each with a script of its own: all of one amount but for some of another, or each
/// as the known one in front of it.
fn completions(view: &TransactionView<'_>) -> Vec<Vec<Input>> {
    let n_unknown = view.inputs.iter().filter(|input| input.spent.is_none()).count();
    let fill = |amount: &dyn Fn(usize, u64) -> u64| {
        let (mut nth, mut last) = (0, u64::MAX);
        let known = |(at, input): (usize, &Input)| {
            let spent = input.spent.unwrap_or_else(|| {
                nth += 1;
                let address = AddressId::new(1_000_000 + u32::try_from(at).unwrap());
                Spent {
                    address: Some(address),
                    amount_sat: amount(nth, last),
                    script_type: ScriptType::P2pkh,
                }
            });
            last = spent.amount_sat;
            Input { spent: Some(spent), ..*input }
        };
        view.inputs.iter().enumerate().map(known).collect::<Vec<Input>>()
    };
    let pool = view.outputs[0].amount_sat;
    let mut ways: Vec<_> =
        (0..=n_unknown).map(|n| fill(&|nth, _| if nth <= n { pool + 100 } else { pool })).collect();
    ways.push(fill(&|_, last| last));
    ways
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn learning_an_input_adds_no_protocol(batch in transaction(), less in any::<u32>(), more in any::<u32>()) {
        let view = batch.views().next().unwrap();
        let knows = |mask: u32| {
            let inputs = masked(&view, |at| mask >> (at % 32) & 1 == 1);
            possible_protocols(&TransactionView { inputs: &inputs, ..view }).bits()
        };
        let (all, most, some) = (knows(0), knows(less & more), knows(less));
        prop_assert_eq!(all & !most, 0);
        prop_assert_eq!(most & !some, 0);
    }

    /// The converse: what may be in a protocol has a way to be.
    #[test]
    fn a_possible_protocol_has_a_completion(batch in transaction(), mask in any::<u32>()) {
        let view = batch.views().next().unwrap();
        let inputs = masked(&view, |at| mask >> (at % 32) & 1 == 1);
        let view = TransactionView { inputs: &inputs, ..view };
        let filled = completions(&view);
        let complete = |inputs: &Vec<Input>| possible_protocols(&TransactionView { inputs, ..view }).bits();
        let reached = filled.iter().map(complete).fold(0, |all, bits| all | bits);
        prop_assert_eq!(possible_protocols(&view).bits() & !reached, 0);
    }
}
