//! What each rule says, by hand.

use forensics::change::rules::RULES;
use forensics::change::{ChangeState, Observed, Verdict};
use ledger::notation::parse;
use ledger::{InputMarks, LedgerBatch, ScriptType, Timestamp, TxIndex};
use tracehound_forensics as forensics;

/// A ledger in the notation, of which inputs spend the first unspent output of their name and amount.
pub fn linked(text: &str) -> LedgerBatch {
    let mut batch = parse(text).unwrap().batch;
    let ids: Vec<_> = batch.transactions.iter().map(|row| row.id).collect();
    let mut spent = vec![false; batch.outputs.len()];
    for input in &mut batch.inputs {
        let pays = |o: &ledger::Output| {
            input.spent.is_some_and(|s| s.address == o.address && s.amount_sat == o.amount_sat)
        };
        let found = batch.outputs.iter().position(|output| output.tx < input.tx && pays(output));
        if let Some(at) = found.filter(|at| !spent[*at]) {
            spent[at] = true;
            let output = &batch.outputs[at];
            let source = usize::try_from(output.tx.get()).unwrap();
            input.previous.tx_id = ids[source];
            input.previous.output = output.position;
        }
    }
    batch
}

/// What a rule says at the last moment of transaction 1, an output a sign: `+` for, `-` against, `.` nothing.
fn said(batch: &LedgerBatch, rule: &str, price: Option<f64>) -> String {
    let at = RULES.iter().position(|known| known.name == rule).unwrap();
    let mut observed = Observed::new(0, 1.0);
    let price = move |_: Timestamp| price;
    ChangeState::default().observe(batch, &price, &mut observed);
    let of_tx = observed.moments.iter().rfind(|moment| moment.tx == TxIndex::new(1));
    let sign = |row: usize| match observed.verdicts[row].get(at) {
        Verdict::For => '+',
        Verdict::Against => '-',
        Verdict::NoInformation => '.',
    };
    of_tx.map_or_else(|| "not judged".to_owned(), |moment| moment.range().map(sign).collect())
}

#[track_caller]
fn check(rule: &str, ledger: &str, expected: &str) {
    assert_eq!(said(&linked(ledger), rule, None), expected, "{rule}: {ledger}");
}

#[test]
fn who_cannot_be_judged_is_not() {
    // Self-change; an unknown input; one output; a possible coinjoin; a coinbase.
    check("fresh", "-> a:9\n a:9 -> b:5 a:4", "not judged");
    check("fresh", "-> a:9\n a:9 ?:1 -> b:5 c:4", "not judged");
    check("fresh", "-> a:9\n a:9 -> b:5 data:0", "not judged");
    check("fresh", "-> a:5 b:5\n a:5 b:5 -> c:3 d:3 e:2 f:2", "not judged");
    check("fresh", "-> a:9\n -> b:5 c:4", "not judged");
}

#[test]
fn fresh_is_the_only_new_address() {
    check("fresh", "-> a:9 b:1\n a:9 -> b:5 c:4", ".+");
    check("fresh", "-> a:9 b:1\n a:9 -> d:5 c:4", "..");
    check("fresh", "-> a:9 b:1 c:1\n a:9 -> b:5 c:4", "..");
    check("used_before", "-> a:9 b:1\n a:9 -> b:5 c:4", "-.");
    check("used_before", "-> a:9 b:1 c:1\n a:9 -> b:5 c:4", "..");
}

#[test]
fn optimal_change_is_below_every_input() {
    check("optimal_change", "-> a:9 b:6\n a:9 b:6 -> c:11 d:4", "-+");
    check("optimal_change", "-> a:9 b:6\n a:9 b:6 -> c:8 d:7", "..");
    check("optimal_change", "-> a:9\n a:9 -> c:5 d:4", "..");
    check("optimal_change", "-> a:9 b:6\n a:9 b:6 -> c:4 d:4", "..");
}

#[test]
fn an_unnecessary_input_is_not_for_the_payment() {
    check("unnecessary_input", "-> a:9 b:6\n a:9 b:6 -> c:11 d:4", "-+");
    check("unnecessary_input", "-> a:9 b:6\n a:9 b:6 -> c:8 d:7", "..");
    check("unnecessary_input", "-> a:9 b:6\n a:9 b:6 -> c:11 d:2 e:2", "...");
}

#[test]
fn round_is_the_payment() {
    let ledger = |c: u64, d: u64| format!("-> a:900000000\n a:900000000 -> c:{c} d:{d}");
    check("round_coin", &ledger(5_000, 4_321), "-+");
    check("round_coin", &ledger(5_000, 4_000), "..");
    check("round_coin_coarse", &ledger(5_000, 4_321), "..");
    check("round_coin_coarse", &ledger(500_000, 4_321), "-+");
    check("round_coin", "-> a:90000\n a:90000 -> c:5000 d:4321 e:77", "-..");
    check("round_money", &ledger(500_000, 432_100), "..");
    // 0.01 and 0.0123 coins at 4,000.
    let batch = linked(&ledger(1_000_000, 1_230_000));
    assert_eq!(said(&batch, "round_money", Some(4_000.0)), "-+");
    assert_eq!(said(&batch, "round_money", Some(f64::NAN)), "..");
    assert_eq!(said(&batch, "round_money", Some(4_321.0)), "..");
}

#[test]
fn change_has_the_type_of_the_inputs() {
    let mut batch = linked("-> a:9\n a:9 -> b:5 c:4");
    assert_eq!(said(&batch, "script_type", None), "..");
    batch.outputs[1].script_type = ScriptType::P2wpkh;
    assert_eq!(said(&batch, "script_type", None), "-+");
    batch.outputs[2].script_type = ScriptType::P2wpkh;
    assert_eq!(said(&batch, "script_type", None), "..");
}

#[test]
fn an_address_paid_again_is_not_change() {
    check("paid_again", "-> a:9 z:1\n a:9 -> b:5 c:4\n z:1 -> b:1\n c:4 -> x:4", "-.");
    check("paid_again", "-> a:9 z:1\n a:9 -> b:5 c:4\n z:1 -> b:1 c:1\n c:4 -> x:4", "..");
    // Later than the last moment.
    check("paid_again", "-> a:9 z:1\n a:9 -> b:5 c:4\n c:4 -> x:4\n z:1 -> b:1", "..");
}

#[test]
fn a_peel_chain_passes_on_the_larger_part() {
    let chain = "-> z:99\n z:99 -> y:9 a:90\n a:90 -> b:5 c:85\n c:85 -> d:4 e:81";
    let batch = linked(chain);
    let mut observed = Observed::new(0, 1.0);
    ChangeState::default().observe(&batch, &|_| None, &mut observed);
    let at = |name| RULES.iter().position(|rule| rule.name == name).unwrap();
    let of_tx = observed.moments.iter().rfind(|moment| moment.tx == TxIndex::new(2)).unwrap();
    let verdicts: Vec<_> =
        of_tx.range().map(|row| observed.verdicts[row].get(at("peel_before"))).collect();
    assert_eq!(verdicts, [Verdict::Against, Verdict::For]);
    check("peel_after", "-> a:9\n a:9 -> b:5 c:4\n c:4 -> x:3 y:1\n b:5 -> z:5", "-+");
    check("peel_after", "-> a:9\n a:9 -> b:5 c:4\n c:4 -> x:3 y:1", "..");
}

/// The payment `b` and the change `c` are spent; `tweak` makes the wallets.
#[track_caller]
fn continuity(rule: &str, tweak: impl Fn(&mut LedgerBatch), expected: &str) {
    let mut batch = linked("-> a:9\n a:9 -> b:5 c:4\n c:4 -> x:1 y:3\n b:5 -> z:3 w:2");
    tweak(&mut batch);
    assert_eq!(said(&batch, rule, None), expected, "{rule}");
}

#[test]
fn the_same_wallet_spends_its_change() {
    continuity("same_version", |_| (), "..");
    continuity("same_version", |batch| batch.transactions[3].version = 1, "-+");
    let snipe = |batch: &mut LedgerBatch| {
        for row in &mut batch.transactions[1..3] {
            row.lock_time = row.height.get() - 1 + u32::from(row.height.get() == 1);
        }
    };
    // At height 1 the lock time of the height before is 0, which is none: as that of transaction 3.
    continuity("same_lock_time", snipe, "+-");
    continuity(
        "same_replaceable",
        |batch| batch.inputs[2].sequence = 0,
        "-.".replace('.', "+").as_str(),
    );
    continuity("same_order", |_| (), "+-");
    let low = |batch: &mut LedgerBatch| {
        let marks = [InputMarks::LOW_R, InputMarks::LOW_R, InputMarks::HIGH_R];
        batch.inputs.iter_mut().zip(marks).for_each(|(input, marks)| input.marks = marks);
    };
    continuity("same_signatures", low, "-+");
    let high = |batch: &mut LedgerBatch| {
        let marks = [InputMarks::HIGH_R, InputMarks::LOW_R, InputMarks::HIGH_R];
        batch.inputs.iter_mut().zip(marks).for_each(|(input, marks)| input.marks = marks);
    };
    continuity("same_signatures", high, "..");
    let keys = |batch: &mut LedgerBatch| {
        let compressed = InputMarks::COMPRESSED_KEY;
        let marks = [compressed, compressed, InputMarks::UNCOMPRESSED_KEY];
        batch.inputs.iter_mut().zip(marks).for_each(|(input, marks)| input.marks = marks);
    };
    continuity("same_key_form", keys, "-+");
}

#[test]
fn wallets_keep_their_fee_rate() {
    let text = "-> a:9000\n a:9000 -> b:5000 c:3900\n c:3900 -> x:1000 y:2800\n b:5000 -> z:4500";
    let mut batch = linked(text);
    batch.transactions.iter_mut().for_each(|row| row.weight = 400);
    assert_eq!(said(&batch, "same_fee_rate", None), "-+");
    batch.transactions[3].weight = 2_000;
    assert_eq!(said(&batch, "same_fee_rate", None), "..");
}

#[test]
fn names_are_unique_and_pages_exist() {
    for (at, rule) in RULES.iter().enumerate() {
        assert!(RULES[..at].iter().all(|other| other.name != rule.name), "{rule:?}");
        let page =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(rule.method_page);
        assert!(page.is_file(), "{}", page.display());
        assert!(!rule.about.is_empty() && !rule.needs.is_empty());
    }
    assert!(RULES.len() <= 32);
}
