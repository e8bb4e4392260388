//! Why two addresses are in one cluster: the best chain of evidence between them.
//!
//! In: links (those of the cluster are enough), two addresses, [`ExplainOptions`]. Out: steps from one to the other,
//! each with the transaction and the heuristic that joins its two ends.
//! Definition: the fewest steps, or the greatest product of confidences and then the fewest steps. Ties go to earlier
//! links, compared from the smaller address on, so the way back is the way there.
//! Source: [`graph::link_path`] for the fewest steps; Dijkstra, "A note on two problems in connexion with graphs",
//! 1959, over −ln(confidence) for the most probable.
//! Departures: links of one transaction by common inputs are a star only to save rows; they say that *all* inputs
//! are together. So the path is looked for between addresses and pieces of evidence, where such a star is one
//! piece: two inputs of one transaction are one step apart, whether the star's center is one of them or not. Costs are
//! whole numbers of 2^-32, so that sums do not depend on their order. The product of confidences is that of the
//! chain shown, as if its steps were independent: a bound from below where more chains join the two.
//! Cost: O(links given × log) time, O(links given) memory.
//! Checked against: repeated relaxation over groups of inputs, all simple chains (`tests/it/explain.rs`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use graph::{Csr, link_path};
use ledger::{AddressId, Height, Link, TxIndex};

use crate::decisions::{Decisions, LinkKey, link_order};
use crate::guard::HeldLink;
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
    /// The height by which it was shown.
    pub height: Height,
    /// The heuristic, by its number in [`crate::heuristics::HEURISTICS`].
    pub heuristic: u8,
    /// Probability that the step is right, 0 to 1.
    pub confidence: f32,
    /// What stands behind it (see [`Link::source`]).
    pub source: u32,
}

/// Which chain is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefer {
    /// The one with the fewest steps.
    #[default]
    FewestSteps,
    /// The one with the greatest product of confidences.
    MostProbable,
}

/// Which links may be used, and for what.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExplainOptions<'o> {
    /// Which chain is wanted.
    pub prefer: Prefer,
    /// Only links known by this height.
    pub height_max: Option<Height>,
    /// No link of these heuristics.
    pub without: &'o [u8],
    /// No link that is held, ascending as [`crate::Clusters::held`] gives them.
    pub held: &'o [HeldLink],
    /// No link that these leave out.
    pub decisions: Option<&'o Decisions>,
}

/// A chain of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// From one address to the other; empty if they are one.
    pub steps: Vec<Step>,
    /// The product of the confidences of the steps, 0 to 1.
    pub confidence: f64,
    /// The place in `steps` of the one with the least confidence, the first of several; `None` without steps.
    pub weakest: Option<usize>,
}

/// The fewest steps from `from` to `to`; empty if they are one address, `None` if `links` do not join them.
///
/// # Panics
/// There are 2^31 links or more: take those of one cluster.
pub fn explain(links: &[Link], from: AddressId, to: AddressId) -> Option<Vec<Step>> {
    Some(explain_with(links, from, to, &ExplainOptions::default())?.steps)
}

/// The chain of evidence that `options` ask for, from `from` to `to`; `None` if the links they allow do not join
/// the two. Links may come in any order, and more than once.
///
/// # Panics
/// There are 2^31 links or more: take those of one cluster.
pub fn explain_with(
    links: &[Link],
    from: AddressId,
    to: AddressId,
    options: &ExplainOptions<'_>,
) -> Option<Explanation> {
    if from == to {
        return Some(Explanation { steps: Vec::new(), confidence: 1.0, weakest: None });
    }
    let evidence = Evidence::of(allowed(links, options));
    let (from_node, to_node) = (evidence.node(from)?, evidence.node(to)?);
    let path = match options.prefer {
        Prefer::FewestSteps => {
            link_path(from_node, to_node, evidence.rows.view(), &evidence.ends, &evidence.pieces)?
        }
        Prefer::MostProbable => evidence.most_probable(from_node, to_node)?,
    };
    let steps: Vec<Step> = path.chunks_exact(2).map(|pair| evidence.step(pair)).collect();
    // In one order for both directions, so that both give the same bits.
    let confidences = steps.iter().map(|step| f64::from(step.confidence));
    let confidence = if from < to { confidences.product() } else { confidences.rev().product() };
    let mut weakest = 0;
    for (place, step) in steps.iter().enumerate() {
        if step.confidence < steps[weakest].confidence {
            weakest = place;
        }
    }
    Some(Explanation { steps, confidence, weakest: Some(weakest) })
}

/// The links that may be used, in order, each once.
fn allowed(links: &[Link], options: &ExplainOptions<'_>) -> Vec<Link> {
    let is_allowed = |link: &&Link| {
        options.height_max.is_none_or(|height| link.height <= height)
            && !options.without.contains(&link.heuristic)
            && options.decisions.is_none_or(|decisions| !decisions.verdict(link).leaves_out())
            && options
                .held
                .binary_search_by_key(&link_order(link), |one| link_order(&one.link))
                .is_err()
    };
    let mut allowed: Vec<Link> = links.iter().filter(is_allowed).copied().collect();
    allowed.sort_by_key(link_order);
    allowed.dedup_by_key(|link| LinkKey::of(link));
    allowed
}

/// Cost, then number of steps.
type Length = (u64, u32);

/// Addresses and pieces of evidence as one graph, with two edges a link: either end to the piece.
struct Evidence {
    links: Vec<Link>,
    /// Ascending; the first nodes.
    addresses: Vec<AddressId>,
    /// The node of the address of each edge.
    ends: Vec<u32>,
    /// The node of the piece of each edge; pieces are numbered after the addresses.
    pieces: Vec<u32>,
    /// The least confidence among the links of each piece, by piece.
    confidences: Vec<f32>,
    rows: Csr,
}

impl Evidence {
    fn of(links: Vec<Link>) -> Self {
        let mut addresses: Vec<AddressId> = links.iter().flat_map(|l| [l.a, l.b]).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let node = |address| position(addresses.binary_search(&address).expect("just collected"));
        let ends: Vec<u32> = links.iter().flat_map(|l| [l.a, l.b]).map(node).collect();
        // By center too: only links that share it are sure to be together whatever is left out.
        let mut stars: BTreeMap<(TxIndex, AddressId), usize> = BTreeMap::new();
        let mut confidences: Vec<f32> = Vec::new();
        let mut pieces = Vec::with_capacity(ends.len());
        for link in &links {
            let next = confidences.len();
            let piece = match link.heuristic {
                COMMON_INPUT => *stars.entry((link.tx, link.a)).or_insert(next),
                _ => next,
            };
            match confidences.get_mut(piece) {
                Some(known) => *known = known.min(link.confidence),
                None => confidences.push(link.confidence),
            }
            pieces.extend([position(addresses.len() + piece); 2]);
        }
        let n_nodes = position(addresses.len() + confidences.len());
        let rows = Csr::from_ends(n_nodes, &ends, &pieces).expect("fewer than 2^31 links");
        Self { links, addresses, ends, pieces, confidences, rows }
    }

    fn node(&self, address: AddressId) -> Option<u32> {
        self.addresses.binary_search(&address).ok().map(position)
    }

    /// The confidence of a node if it is a piece.
    fn confidence(&self, node: u32) -> Option<f32> {
        let piece = (node as usize).checked_sub(self.addresses.len())?;
        Some(self.confidences[piece])
    }

    /// The step that enters a piece by one edge and leaves it by the other.
    fn step(&self, pair: &[u32]) -> Step {
        let link = &self.links[pair[0] as usize / 2];
        let end = |edge: u32| self.addresses[self.ends[edge as usize] as usize];
        let piece = self.pieces[pair[0] as usize];
        Step {
            a: end(pair[0]),
            b: end(pair[1]),
            tx: link.tx,
            height: link.height,
            heuristic: link.heuristic,
            confidence: self.confidence(piece).expect("the node of a piece"),
            source: link.source,
        }
    }

    fn far_end(&self, edge: u32, node: u32) -> u32 {
        let (end, piece) = (self.ends[edge as usize], self.pieces[edge as usize]);
        if end == node { piece } else { end }
    }

    /// The edges of the most probable chain, from `from` to `to`.
    fn most_probable(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let (start, goal) = (from.max(to), from.min(to));
        let lengths = self.lengths(start, goal);
        let rows = self.rows.view();
        let mut path = Vec::new();
        let mut node = goal;
        let mut left = lengths[goal as usize]?;
        while node != start {
            // Entering a piece costs; seen from the goal that is leaving it.
            let before = match self.confidence(node) {
                Some(confidence) => {
                    let (cost, steps) = left;
                    (cost.saturating_sub(cost_of(confidence)), steps.saturating_sub(1))
                }
                None => left,
            };
            let leads_on =
                |edge: &&u32| lengths[self.far_end(**edge, node) as usize] == Some(before);
            let edge = *rows.row(node).iter().find(leads_on)?;
            path.push(edge);
            node = self.far_end(edge, node);
            left = before;
        }
        if from > to {
            path.reverse();
        }
        Some(path)
    }

    /// The length of the best chain from `start` to every node that is not farther than `goal`.
    fn lengths(&self, start: u32, goal: u32) -> Vec<Option<Length>> {
        let rows = self.rows.view();
        let mut lengths: Vec<Option<Length>> = vec![None; rows.n_rows() as usize];
        let mut open = BinaryHeap::from([Reverse(((0, 0), start))]);
        lengths[start as usize] = Some((0, 0));
        while let Some(Reverse((length, node))) = open.pop() {
            if lengths[node as usize] != Some(length) {
                continue;
            }
            if node == goal {
                break;
            }
            for &edge in rows.row(node) {
                let next = self.far_end(edge, node);
                let (cost, steps) = length;
                let reached = match self.confidence(next) {
                    Some(confidence) => (cost.saturating_add(cost_of(confidence)), steps + 1),
                    None => length,
                };
                if lengths[next as usize].is_none_or(|known| reached < known) {
                    lengths[next as usize] = Some(reached);
                    open.push(Reverse((reached, next)));
                }
            }
        }
        lengths
    }
}

/// −ln(confidence) in units of 2^-32. A confidence below one in a billion, or none at all, counts as that.
fn cost_of(confidence: f32) -> u64 {
    let known = f64::from(if confidence > 0.0 { confidence } else { 0.0 });
    let confidence = known.clamp(1e-9, 1.0);
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 21 times 2^32")]
    #[expect(clippy::cast_sign_loss, reason = "a logarithm of at most 1")]
    let cost = (-confidence.ln() * 4_294_967_296.0).round() as u64;
    cost
}

fn position(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^31 links")
}
