//! Why two addresses are in one cluster: the shortest chain of evidence between them.
//!
//! In: links (those of the cluster are enough) and two addresses. Out: steps from one to the other, each with the
//! transaction and the heuristic that joins its two ends.
//! Source: [`graph::link_path`].
//! Departures: links of one transaction by common inputs are a star only to save rows; they say that *all* inputs
//! are together. So the path is looked for between addresses and pieces of evidence, where such a star is one
//! piece: two inputs of one transaction are one step apart, whether the star's center is one of them or not.
//! Ties: as `link_path`, which prefers earlier links.
//! Cost: O(links given) time and memory.
//! Checked against: repeated relaxation over groups of inputs (`tests/it/explain.rs`).

use std::collections::BTreeMap;

use graph::{Csr, link_path};
use ledger::{AddressId, Height, Link, TxIndex};

use crate::heuristics::COMMON_INPUT;

/// One step of an explanation: `a` and `b` have one owner because of what `tx` shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Where the step starts.
    pub a: AddressId,
    /// Where it leads.
    pub b: AddressId,
    /// The transaction that shows it.
    pub tx: TxIndex,
    /// Its block's height.
    pub height: Height,
    /// The heuristic, by its number in [`crate::heuristics::HEURISTICS`].
    pub heuristic: u8,
    /// Probability that the step is right, 0 to 1.
    pub confidence: f32,
}

/// The fewest steps from `from` to `to`; empty if they are one address, `None` if `links` do not join them.
///
/// # Panics
/// There are 2^31 links or more: take those of one cluster.
pub fn explain(links: &[Link], from: AddressId, to: AddressId) -> Option<Vec<Step>> {
    if from == to {
        return Some(Vec::new());
    }
    let mut addresses: Vec<AddressId> = links.iter().flat_map(|link| [link.a, link.b]).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let node = |address: AddressId| addresses.binary_search(&address).ok().map(position);
    let (from, to) = (node(from)?, node(to)?);
    let evidence = Evidence::of(links);
    // Two edges a link: either end to the piece of evidence. Pieces are numbered after the addresses.
    let ends = links.iter().flat_map(|link| [link.a, link.b]);
    let ends: Vec<u32> = ends.map(|end| node(end).expect("collected above")).collect();
    let first_piece = position(addresses.len());
    let pieces = evidence.piece_of.iter().flat_map(|piece| [first_piece + piece; 2]);
    let pieces: Vec<u32> = pieces.collect();
    let n_nodes = first_piece + evidence.n_pieces;
    let rows = Csr::from_ends(n_nodes, &ends, &pieces).expect("fewer than 2^31 links");
    let path = link_path(from, to, rows.view(), &ends, &pieces)?;
    let step = |pair: &[u32]| {
        let link = &links[pair[0] as usize / 2];
        let end = |edge: u32| addresses[ends[edge as usize] as usize];
        Step {
            a: end(pair[0]),
            b: end(pair[1]),
            tx: link.tx,
            height: link.height,
            heuristic: link.heuristic,
            confidence: link.confidence,
        }
    };
    Some(path.chunks_exact(2).map(step).collect())
}

/// Links grouped to pieces of evidence.
struct Evidence {
    piece_of: Vec<u32>,
    n_pieces: u32,
}

impl Evidence {
    fn of(links: &[Link]) -> Self {
        let mut stars: BTreeMap<TxIndex, u32> = BTreeMap::new();
        let mut n_pieces = 0;
        let piece_of = links.iter().map(|link| {
            let next = n_pieces;
            let piece = match link.heuristic {
                COMMON_INPUT => *stars.entry(link.tx).or_insert(next),
                _ => next,
            };
            n_pieces += u32::from(piece == next);
            piece
        });
        Self { piece_of: piece_of.collect(), n_pieces }
    }
}

fn position(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^31 links")
}
