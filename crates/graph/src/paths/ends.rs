//! The two ends of a bidirectional search: what each side knows of a node.
//!
//! In: what a search reaches from its end. Out: the best cost so far of each node, and by which neighbor.
//! Source: the two trees of Pohl, "Bi-directional search", Machine Intelligence 6, 1971.
//! Departures: of equally good neighbors the smallest is kept, so that the order of discovery does not matter.
//! Cost: a slot of a map a node reached.

use crate::sparse::NodeMap;

/// What a path costs. An edge always adds something, so no path of least cost returns to a node.
pub(super) trait Cost: Copy + Ord + Default + std::fmt::Debug {
    /// Never the cost of a path.
    const NEVER: Self;
    /// One more edge; `None` beyond the largest length.
    fn after(self, length: u64, length_max: u64) -> Option<Self>;
    /// Two halves of a path.
    fn join(self, other: Self, length_max: u64) -> Option<Self>;
}

/// Hops alone.
impl Cost for u32 {
    const NEVER: Self = u32::MAX;

    fn after(self, _length: u64, _length_max: u64) -> Option<Self> {
        Some(self + 1)
    }

    fn join(self, other: Self, _length_max: u64) -> Option<Self> {
        self.checked_add(other)
    }
}

/// The length, then the hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Length {
    pub(super) length: u64,
    pub(super) hops: u32,
}

impl Cost for Length {
    const NEVER: Self = Self { length: u64::MAX, hops: u32::MAX };

    fn after(self, length: u64, length_max: u64) -> Option<Self> {
        let length = self.length.checked_add(length).filter(|&sum| sum <= length_max)?;
        Some(Self { length, hops: self.hops + 1 })
    }

    fn join(self, other: Self, length_max: u64) -> Option<Self> {
        let length = self.length.checked_add(other.length).filter(|&sum| sum <= length_max)?;
        Some(Self { length, hops: self.hops + other.hops })
    }
}

/// What one side knows.
#[derive(Debug, Default)]
pub(super) struct End<C> {
    /// The best cost so far, and the neighbor on the side of the end.
    known: NodeMap<(C, u32)>,
    /// Every node of a smaller cost has been walked on from, and its cost and neighbor are final; of this cost, the
    /// cost and the neighbor are.
    pub(super) top: C,
}

/// How news about a node compare with what was known.
#[derive(PartialEq, Eq)]
pub(super) enum News {
    Better,
    Equal,
    Worse,
}

impl<C: Cost> End<C> {
    /// Starts at `nodes`, each its own neighbor.
    pub(super) fn new(nodes: &[u32]) -> Self {
        let mut end = Self { known: NodeMap::new(), top: C::default() };
        for &node in nodes {
            end.known.insert(node, (C::default(), node));
        }
        end
    }

    pub(super) fn cost(&self, node: u32) -> Option<C> {
        self.known.get(node).map(|(cost, _)| cost)
    }

    /// The neighbor of `node` towards the end; itself at the end.
    pub(super) fn neighbor(&self, node: u32) -> Option<u32> {
        self.known.get(node).map(|(_, neighbor)| neighbor)
    }

    /// Takes note that `node` is reached from `neighbor`.
    pub(super) fn reach(&mut self, node: u32, cost: C, neighbor: u32) -> News {
        match self.known.get(node) {
            Some((known, _)) if known < cost => News::Worse,
            Some((known, before)) if known == cost => {
                if neighbor < before {
                    self.known.insert(node, (cost, neighbor));
                }
                News::Equal
            }
            _ => {
                self.known.insert(node, (cost, neighbor));
                News::Better
            }
        }
    }

    /// No path goes through `node` any more.
    pub(super) fn discard(&mut self, node: u32) {
        self.known.insert(node, (C::NEVER, node));
    }

    /// From `node` to the end, both included.
    pub(super) fn way(&self, node: u32) -> Vec<u32> {
        let mut way = vec![node];
        let mut at = node;
        while let Some(next) = self.neighbor(at).filter(|&next| next != at) {
            way.push(next);
            at = next;
        }
        way
    }
}
