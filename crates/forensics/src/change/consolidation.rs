//! Consolidation: one wallet gathers its coins at one address of its own.
//!
//! In: a transaction of one output, and the one that spends it. Out: whether the output's address is the sender's.
//! Source: our own. One output leaves nothing to choose from, so analysts call such a transaction a transfer to oneself,
//! which a payment of everything (to an exchange, say) is not.
//! Departures: a link waits for the spender of the output, and that must make two outputs or more and work like the maker:
//! version, lock time and replaceability alike, keys and signatures not unlike. So what an exchange sweeps from a deposit
//! address, by another transaction of one output, is never linked. Five addresses or more must have been gathered: fewer
//! are taken together by many a payment.
//! Cost: a record like one of change until the output is spent or a year has passed. Checked against: cases by hand, and
//! a second reading of the whole ledger (`tests/it/consolidation.rs`).

use ledger::{Height, Link};

use super::fingerprint::{Class, Fingerprint};
use super::record::{OutputRecord, Record};
use super::subject::Subject;
use super::verdict::Verdict;
use crate::collaborative::possible_protocols;
use crate::heuristics::{CONSOLIDATION, Heuristic};

/// Fewest addresses whose coins are gathered.
pub const GATHERED_MIN: usize = 5;

/// Whether it may be a consolidation, by itself.
pub(super) fn gathers(subject: &Subject<'_>) -> bool {
    let view = &subject.view;
    view.outputs.len() == 1
        && subject.outputs.len() == 1
        && subject.payers.len() >= GATHERED_MIN
        && subject.inputs_known()
        && !subject.has_self()
        && !possible_protocols(view).any()
}

/// The link of a record of a consolidation, if the spender of its output is of the same wallet.
pub(super) fn link(record: &Record, outputs: &[OutputRecord], height: Height) -> Option<Link> {
    let [output] = outputs else { return None };
    let spender = output.spender.filter(|_| output.moved_on())?;
    if !is_one_wallet(record.fingerprint, spender.fingerprint) {
        return None;
    }
    let (payer, address) = (record.payer?, output.address);
    let heuristic = Heuristic::from_number(CONSOLIDATION).expect("it is registered");
    Some(Link {
        tx: record.tx,
        height,
        a: payer.min(address),
        b: payer.max(address),
        heuristic: CONSOLIDATION,
        confidence: heuristic.confidence,
        source: 0,
    })
}

fn is_one_wallet(maker: Fingerprint, spender: Fingerprint) -> bool {
    let always_known = [Class::Version, Class::LockTime, Class::Replaceable];
    let verdicts = always_known.map(|class| maker.same(spender, class, false));
    let key = maker.same(spender, Class::Key, true);
    let rest = [key, maker.same_signatures(spender)];
    verdicts.into_iter().chain(rest).all(|verdict| verdict != Verdict::Against)
}
