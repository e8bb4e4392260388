//! Exposure by hand: small ledgers in the notation, whose inputs spend the oldest unspent output of their name and amount.

use forensics::exposure::{
    ExposureError, ExposureOptions, ExposureState, PreviousTransactions, SentUpdate,
};
use ledger::notation::{Notation, parse};
use ledger::{AddressId, Category, ClusterId, Height, LedgerBatch, OutPoint};
use tracehound_forensics as forensics;

use crate::exposure_worlds::{Owned, from_empty, price};

/// Inputs of the notation spend outputs of earlier transactions.
fn linked(text: &str) -> Notation {
    let mut notation = parse(text).unwrap();
    let batch = &mut notation.batch;
    let mut spent = vec![false; batch.outputs.len()];
    for input in &mut batch.inputs {
        let Some(wanted) = input.spent else { continue };
        let fits = |at: &usize| {
            let output = &batch.outputs[*at];
            let is_it = (output.address, output.amount_sat) == (wanted.address, wanted.amount_sat);
            output.tx < input.tx && is_it && !spent[*at]
        };
        if let Some(at) = (0..batch.outputs.len()).find(fits) {
            let output = &batch.outputs[at];
            let made_by = usize::try_from(output.tx.get()).unwrap();
            let tx_id = batch.transactions[made_by].id;
            input.previous = OutPoint { tx_id, output: output.position };
            spent[at] = true;
        }
    }
    notation
}

/// Everybody a cluster of their own, nobody known.
pub fn nobody(n: u32) -> Owned {
    Owned { labels: (0..n).collect(), entities: vec![graph::NONE; n as usize] }
}

fn held(notation: &Notation, by: &[(&str, u32)]) -> Owned {
    let mut owned = nobody(u32::try_from(notation.names.len()).unwrap());
    for (name, entity) in by {
        owned.entities[notation.id(name).index()] = *entity;
    }
    owned
}

/// A coin that goes through four hands.
pub fn chain() -> LedgerBatch {
    linked("-> a:50\n a:50 -> b:49\n b:49 -> c:48\n c:48 -> d:47").batch
}

/// The rows of a name as text: side, direct or via, mixed, category and entity, amount, transfers, times.
fn shown(state: &ExposureState, notation: &Notation, name: &str) -> Vec<String> {
    let rows = state.exposures_of(ClusterId::new(notation.id(name)));
    let text = |row: &ledger::Exposure| {
        let way = if row.direct { "direct" } else { "via" };
        let mixed = if row.mixed { " mixed" } else { "" };
        let entity = row.entity.known().map_or(String::new(), |id| format!("#{}", id.get()));
        let blocks = [row.first_time, row.last_time].map(|t| (t.get() - 1_600_000_000) / 600);
        format!(
            "{} {way}{mixed} {}{entity} {} in {} at {}..{}",
            row.side.name(),
            row.category,
            row.amount,
            row.n_transfers,
            blocks[0],
            blocks[1]
        )
    };
    rows.iter().map(text).collect()
}

#[track_caller]
fn check(text: &str, entities: &[(&str, u32)], name: &str, expected: &[&str]) {
    let notation = linked(text);
    let state = from_empty(&notation.batch, &held(&notation, entities), 32);
    assert_eq!(shown(&state, &notation, name), expected);
}

#[test]
fn money_is_followed_to_the_nearest_entity() {
    // Entity 0 is sanctioned, 1 an exchange. s pays a, a pays b with money of its own, b pays the exchange x.
    let text =
        "-> s:100\n -> a:60\n s:100 -> a:90\n a:60 a:90 -> b:140\n b:140 -> x:130\n x:130 -> c:130";
    let entities = [("s", 0), ("x", 1)];
    check(
        text,
        &entities,
        "a",
        &[
            "received direct mined 60 in 1 at 1..1",
            "received direct sanctioned#0 90 in 1 at 2..2",
            "sent direct mined 10 in 1 at 3..3",
            "sent via mined 10 in 1 at 3..3",
            "sent via exchange#1 130 in 1 at 3..3",
        ],
    );
    // 140 of 150: 90 * 140 / 150 = 84 of the sanctioned entity.
    check(
        text,
        &entities,
        "b",
        &[
            "received via mined 56 in 1 at 3..3",
            "received via sanctioned#0 84 in 1 at 3..3",
            "sent direct mined 10 in 1 at 4..4",
            "sent direct exchange#1 130 in 1 at 4..4",
        ],
    );
    // What an exchange pays out comes from the exchange.
    check(text, &entities, "c", &["received direct exchange#1 130 in 1 at 5..5"]);
    check(text, &[], "c", &["received via mined 130 in 1 at 5..5"]);
}

#[test]
fn change_is_neither_received_nor_sent() {
    let text = "-> s:100\n s:100 -> a:100\n a:100 -> b:30 a:70";
    check(
        text,
        &[("s", 0)],
        "a",
        &["received direct sanctioned#0 100 in 1 at 1..1", "sent via untraced 30 in 1 at 2..2"],
    );
    check(text, &[("s", 0)], "b", &["received via sanctioned#0 30 in 1 at 2..2"]);
}

#[test]
fn the_unknown_stays_unknown() {
    // An unknown input pays what is missing; a known coin from before the ledger is its entity's.
    check("?:9 -> b:20", &[], "b", &["received via untraced 20 in 1 at 0..0"]);
    check(
        "s:30 ?:9 -> b:40",
        &[("s", 0)],
        "b",
        &["received via untraced 10 in 1 at 0..0", "received direct sanctioned#0 30 in 1 at 0..0"],
    );
    check(
        "s:30 -> b:20 data:5",
        &[("s", 0)],
        "s",
        &["sent via untraced 25 in 1 at 0..0", "sent direct mined 5 in 1 at 0..0"],
    );
}

#[test]
fn what_passes_a_round_is_marked() {
    let text = "-> s:10\n-> t:10\n-> u:10\n s:10 t:10 u:10 -> a:10 b:10 c:7 e:3\n a:10 -> d:10";
    check(
        text,
        &[("s", 0)],
        "d",
        &[
            "received via mixed mined 6 in 1 at 4..4",
            "received via mixed sanctioned#0 4 in 1 at 4..4",
        ],
    );
}

#[test]
fn small_entities_are_pooled_by_category() {
    let text = "-> s:10\n-> t:20\n-> u:30\n s:10 t:20 u:30 -> a:60\n a:60 -> b:60";
    let notation = linked(text);
    let owned = held(&notation, &[("s", 1), ("t", 3), ("u", 0)]);
    let state = from_empty(&notation.batch, &owned, 1);
    assert_eq!(
        shown(&state, &notation, "b"),
        ["received via sanctioned#0 30 in 1 at 4..4", "received via exchange 30 in 1 at 4..4",]
    );
}

#[test]
fn value_is_that_of_the_day_and_gaps_are_told() {
    let notation = linked("-> s:100\n-> s:200\n s:100 -> a:100\n s:200 -> a:200");
    let owned = held(&notation, &[("s", 0)]);
    let mut state = ExposureState::default();
    let previous = PreviousTransactions::default().apply(&notation.batch);
    let price =
        |time: ledger::Timestamp| (time.get() < 1_600_001_800).then_some(100_000_000 * 1_000_000);
    state.apply(&notation.batch, &previous, &owned.parties(), &price).unwrap();
    let row = state.exposures_of(ClusterId::new(notation.id("a")))[0];
    assert_eq!((row.category, row.n_transfers), (Category::SANCTIONED, 2));
    assert_eq!((row.value.to_string().as_str(), row.amount_unpriced.units()), ("100.00", 200));
}

#[test]
fn what_does_not_follow_is_refused_and_changes_nothing() {
    let batch = chain();
    let owned = nobody(4);
    let previous = PreviousTransactions::default().apply(&batch);
    let mut state = from_empty(&batch, &owned, 32);
    let before = state.exposures();
    let mut check = |bend: &dyn Fn(&mut LedgerBatch, &mut Vec<u32>), message: &str| {
        let (mut bent, mut numbers) = (batch.clone(), previous.clone());
        for row in &mut bent.transactions {
            row.index = ledger::TxIndex::new(row.index.get() + 4);
            row.height = Height::new(row.height.get() + 4);
        }
        bend(&mut bent, &mut numbers);
        let error = state.apply(&bent, &numbers, &owned.parties(), &price).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some());
        assert_eq!(state.exposures(), before);
        assert!(state.changed_addresses(&owned.parties().owners).is_empty());
    };
    check(&|_, _| {}, "spends output 0 of transaction 0");
    check(&|_, numbers| numbers[2] = 99, "spends output 0 of transaction");
    check(&|_, numbers| _ = numbers.pop(), "2 previous transactions for 3 inputs");
    check(
        &|bent, _| bent.transactions[0].index = ledger::TxIndex::new(3),
        "transaction 3 does not follow",
    );
    check(
        &|bent, numbers| {
            bent.outputs[0].amount_sat = u64::MAX;
            numbers[0] = 4;
            bent.outputs[1].amount_sat = u64::MAX;
            bent.inputs[1].spent = bent.inputs[0].spent;
            bent.transactions[1].n_outputs = 2;
            bent.transactions[2].n_outputs = 0;
        },
        "more than 64 bits",
    );
    let other = [Category::EXCHANGE; 4];
    let mut parties = owned.parties();
    parties.categories = &other;
    let error = state.reattribute(&[AddressId::new(0)], &parties).unwrap_err();
    assert_eq!(error, ExposureError::Category { entity: 0 });
}

#[test]
fn the_sent_side_waits_for_its_pass() {
    let batch = chain();
    let owned = nobody(4);
    let previous = PreviousTransactions::default().apply(&batch);
    let options = ExposureOptions { sent: SentUpdate::OnRequest, ..ExposureOptions::default() };
    let mut state = ExposureState::new(options);
    state.apply(&batch, &previous, &owned.parties(), &price).unwrap();
    assert!(!state.is_sent_current());
    assert!(state.exposures().iter().all(|row| row.side == ledger::FlowSide::Received));
    state.refresh_sent();
    assert!(state.is_sent_current());
    assert_eq!(state.exposures(), from_empty(&batch, &owned, 32).exposures());
}
