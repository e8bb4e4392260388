//! Small ledgers: from the notation, and random ones.

use std::ops::Range;

use ledger::notation::{Notation, parse};
use ledger::{AddressId, Alias, AliasKind, LedgerBatch};
use proptest::collection::vec;
use proptest::prelude::*;

/// Names in the order in which a random ledger may first use them.
const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

/// A part of a random transaction: name (or not), amount.
type Part = (usize, u64);

/// Few amounts, so that equal outputs, and with them collaborative transactions, are common.
fn part() -> impl Strategy<Value = Part> {
    (0..NAMES.len() + 2, prop_oneof![Just(10u64), Just(10), 1..30u64])
}

fn side(parts: &[Part], other: &str) -> String {
    let name = |place: usize| NAMES.get(place).copied().unwrap_or(other);
    parts.iter().map(|(place, amount)| format!("{}:{amount} ", name(*place))).collect()
}

fn transaction() -> impl Strategy<Value = String> {
    (vec(part(), 0..5), vec(part(), 1..6)).prop_map(|(inputs, outputs)| {
        format!("{}-> {}", side(&inputs, "?"), side(&outputs, "data"))
    })
}

/// A ledger with aliases, as the store would hold it.
#[derive(Clone, Debug)]
pub struct World {
    pub batch: LedgerBatch,
    pub n_addresses: u32,
}

/// Random ledgers of up to a dozen blocks.
pub fn world() -> impl Strategy<Value = World> {
    let block = vec(transaction(), 1..3).prop_map(|transactions| transactions.join(" | "));
    let alias = (any::<prop::sample::Index>(), any::<u32>(), any::<u32>(), any::<bool>());
    (vec(block, 1..12), vec(alias, 0..4)).prop_map(|(blocks, aliases)| {
        let text = blocks.join("\n");
        let Notation { mut batch, names } = parse(&text).unwrap();
        let aliases = aliases.into_iter().filter_map(|(at, a, b, same_key)| {
            let row = &batch.transactions[at.index(batch.transactions.len())];
            let seen = n_addresses(&batch, row.index.get() + 1);
            let kind = if same_key { AliasKind::SameKey } else { AliasKind::WrappedScript };
            let (a, b) = (a.checked_rem(seen)?, b.checked_rem(seen)?);
            let (a, b) = (AddressId::new(a.min(b)), AddressId::new(a.max(b)));
            Some(Alias { tx: row.index, height: row.height, kind, a, b })
        });
        let mut aliases: Vec<Alias> = aliases.collect();
        aliases.sort_by_key(|alias| alias.tx);
        batch.aliases = aliases;
        World { batch, n_addresses: u32::try_from(names.len()).unwrap() }
    })
}

/// How many addresses appear in the transactions in front of number `end`.
pub fn n_addresses(batch: &LedgerBatch, end: u64) -> u32 {
    let inputs = batch.inputs.iter().filter(|row| row.tx.get() < end);
    let outputs = batch.outputs.iter().filter(|row| row.tx.get() < end);
    let inputs = inputs.filter_map(|row| row.spent?.address);
    let addresses = inputs.chain(outputs.filter_map(|row| row.address));
    addresses.max().map_or(0, |address| address.get() + 1)
}

/// The rows of some of the blocks.
pub fn blocks(batch: &LedgerBatch, range: Range<u32>) -> LedgerBatch {
    let within = |height: ledger::Height| range.contains(&height.get());
    let mut part = batch.clone();
    part.blocks.retain(|row| within(row.height));
    part.transactions.retain(|row| within(row.height));
    part.inputs.retain(|row| within(row.height));
    part.outputs.retain(|row| within(row.height));
    part.aliases.retain(|row| within(row.height));
    part
}

/// The batch cut into pieces at block bounds; `cuts` may repeat and be in any order.
pub fn cut(batch: &LedgerBatch, cuts: &[prop::sample::Index]) -> Vec<LedgerBatch> {
    let n_blocks = u32::try_from(batch.blocks.len()).unwrap();
    let mut bounds: Vec<u32> =
        cuts.iter().map(|cut| u32::try_from(cut.index(n_blocks as usize + 1)).unwrap()).collect();
    bounds.extend([0, n_blocks]);
    bounds.sort_unstable();
    bounds.windows(2).map(|pair| blocks(batch, pair[0]..pair[1])).collect()
}

/// Places where to cut.
pub fn cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    vec(any::<prop::sample::Index>(), 0..4)
}

/// Names of addresses, clusters and junctions, for what a test expects.
pub fn name(notation: &Notation, id: u32) -> String {
    let named = notation.names.get(id as usize).cloned();
    named.unwrap_or_else(|| format!("J{}", id as usize - notation.names.len()))
}

/// The smallest address that links lead to, by repeated minimum.
pub fn labels_by_minimum(links: &[ledger::Link], n_addresses: u32) -> Vec<u32> {
    let mut labels: Vec<u32> = (0..n_addresses).collect();
    for _round in 0..n_addresses {
        for link in links {
            let low = labels[link.a.index()].min(labels[link.b.index()]);
            labels[link.a.index()] = low;
            labels[link.b.index()] = low;
        }
    }
    labels
}
