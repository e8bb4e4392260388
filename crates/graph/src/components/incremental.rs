//! Connected components of undirected links, kept up to date link by link.
//!
//! In: nodes `0..n`, links as pairs of nodes. Out: one label a node, the smallest member of its component.
//! Source: union-find with path halving, Tarjan and van Leeuwen, "Worst-case analysis of set union algorithms",
//! JACM 1984; linking by index as in Anderson and Woll, "Wait-free parallel algorithms for the union-find
//! problem", STOC 1991.
//! Departures: the smaller id always becomes the root. Union by rank or by size has the better bound, but then
//! the root depends on the order of arrival, and two runs over the same links would name a component
//! differently. A batch is sifted before it is linked (`sieve.rs`).
//! Cost: O(log n) amortized a link, 4 bytes and one bit a node; labels in two passes.
//! Checked against: repeated minimum over the links until nothing changes (`tests/it/components.rs`).

use std::sync::atomic::AtomicU32;

use super::forest::{flatten, into_plain};
use super::sieve::{BLOCK, Sieve, find_and_halve, root_of};
use crate::csr::{Csr, CsrView, check_count};
use crate::error::GraphError;

/// Components under growth: nodes and links are added, never taken away (for that, see
/// [`Components::rebuild_without`]).
#[derive(Debug, Clone, Default)]
pub struct Components {
    /// The parent of each node; never larger than the node itself, and equal to it only at a root.
    parent: Vec<u32>,
    sieve: Sieve,
}

impl Components {
    /// `n_nodes` nodes, each a component of its own.
    pub fn new(n_nodes: u32) -> Self {
        Self::from_parents((0..n_nodes).collect())
    }

    /// Takes up parents none of which is larger than its child.
    pub(super) fn from_parents(parent: Vec<u32>) -> Self {
        let mut sieve = Sieve::default();
        sieve.ensure_nodes(parent.len());
        Self { parent, sieve }
    }

    pub(super) fn into_parents(self) -> Vec<u32> {
        self.parent
    }

    /// Continues from the labels of an earlier [`Components::labels`].
    ///
    /// # Errors
    /// A label is not the smallest member of its component, or there are more labels than 32-bit ids.
    pub fn from_labels(labels: &[u32]) -> Result<Self, GraphError> {
        check_count("labels", labels.len())?;
        for (node, &label) in (0u32..).zip(labels) {
            if label > node || labels[label as usize] != label {
                return Err(GraphError::Label { node, label });
            }
        }
        Ok(Self::from_parents(labels.to_vec()))
    }

    /// How many nodes there are.
    pub fn n_nodes(&self) -> u32 {
        u32::try_from(self.parent.len()).expect("every way to add nodes counts them in 32 bits")
    }

    /// Adds nodes, each a component of its own, until there are `n_nodes`; does nothing if there are already.
    pub fn ensure_nodes(&mut self, n_nodes: u32) {
        self.parent.extend(self.n_nodes()..n_nodes);
        self.sieve.ensure_nodes(self.parent.len());
    }

    /// Joins the components of `a` and `b`; true if they were two.
    ///
    /// # Panics
    /// `a` or `b` is not a node.
    pub fn link(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b) as usize] = a.min(b);
        a != b
    }

    /// Joins the components of `a[i]` and `b[i]` for every `i`; returns how many times there were two. The same as
    /// [`Components::link`] one by one, several times faster in a large structure.
    ///
    /// # Panics
    /// The slices differ in length, or an end is not a node.
    pub fn link_batch(&mut self, a: &[u32], b: &[u32]) -> usize {
        assert_eq!(a.len(), b.len(), "a link has two ends");
        self.sieve.review(a, |node| root_of(&self.parent, node));
        let mut places = [0; BLOCK];
        let mut n_joined = 0;
        for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
            for &place in self.sieve.sift(&self.parent, a, b, &mut places) {
                let (a, b) = (a[usize::from(place)], b[usize::from(place)]);
                let (a, b) =
                    (find_and_halve(&mut self.parent, a), find_and_halve(&mut self.parent, b));
                self.parent[a.max(b) as usize] = a.min(b);
                n_joined += usize::from(a != b);
            }
        }
        n_joined
    }

    /// The smallest member of the component of `node`.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn find(&mut self, node: u32) -> u32 {
        find_and_halve(&mut self.parent, node)
    }

    /// The label of every node: the smallest member of its component.
    pub fn labels(&self) -> Vec<u32> {
        labels(&self.parent)
    }

    /// The members of every component.
    pub fn members(&self) -> Members {
        let grouped = Csr::from_keys(self.n_nodes(), &self.labels());
        let (offsets, nodes) =
            grouped.expect("a label is a node, and nodes are counted").into_parts();
        Members { offsets, nodes }
    }

    /// The number of members at the place of each root, 0 elsewhere.
    pub fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.parent.len()];
        for label in self.labels() {
            sizes[label as usize] += 1;
        }
        sizes
    }

    /// How many components there are.
    pub fn n_components(&self) -> usize {
        (0u32..).zip(&self.parent).filter(|(node, parent)| node == *parent).count()
    }

    /// Takes links away: the components that `removed` touches fall apart and are built again from `remaining`.
    /// Returns their former roots, ascending.
    ///
    /// `remaining` must hold at least every remaining link inside the touched components; links of other
    /// components in it change nothing. Union-find cannot undo a link in general. Reads all nodes, since nothing
    /// here lists the members of one component: [`crate::TrackedComponents::remove_links`] reads only those, and
    /// costs 12 bytes a node more.
    ///
    /// # Panics
    /// An end of a link is not a node.
    pub fn rebuild_without(
        &mut self,
        removed: impl IntoIterator<Item = (u32, u32)>,
        remaining: impl IntoIterator<Item = (u32, u32)>,
    ) -> Vec<u32> {
        let mut roots: Vec<u32> = Vec::new();
        for (a, b) in removed {
            roots.extend([self.find(a), self.find(b)]);
        }
        roots.sort_unstable();
        roots.dedup();
        // Found before any is reset: a reset in the middle would cut the way to the root.
        let nodes = 0..self.n_nodes();
        let touched = |node: &u32| roots.binary_search(&self.find(*node)).is_ok();
        let members: Vec<u32> = nodes.filter(touched).collect();
        for node in members {
            self.parent[node as usize] = node;
        }
        self.sieve.forget();
        for (a, b) in remaining {
            self.link(a, b);
        }
        roots
    }
}

/// The root of every node, from parents that are never larger than their child.
pub(super) fn labels(parent: &[u32]) -> Vec<u32> {
    let mut cells: Vec<AtomicU32> = parent.iter().copied().map(AtomicU32::new).collect();
    flatten(&mut cells);
    into_plain(cells)
}

/// Members by component: the row of a root holds all members ascending, the row of any other node is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// Where each row starts in `nodes`; one more than there are nodes.
    pub offsets: Vec<u64>,
    /// The members, component after component.
    pub nodes: Vec<u32>,
}

impl Members {
    /// The rows, borrowed; indexed by root.
    pub fn view(&self) -> Result<CsrView<'_>, GraphError> {
        CsrView::new(&self.offsets, &self.nodes)
    }
}

/// The label of each of `nodes` (ascending, without repeats) when only `links` between them count: the smallest
/// node of its component. For a rebuild of a few components of a large graph; memory is O(`nodes`). A link with
/// an end outside `nodes` is left out.
pub fn components(nodes: &[u32], links: impl IntoIterator<Item = (u32, u32)>) -> Vec<u32> {
    debug_assert!(nodes.is_sorted_by(|a, b| a < b), "nodes ascend");
    let n_nodes = u32::try_from(nodes.len()).expect("distinct 32-bit ids are at most 2^32 - 1");
    let mut dense = Components::new(n_nodes);
    let place = |node: u32| nodes.binary_search(&node).ok().and_then(|at| u32::try_from(at).ok());
    for (a, b) in links {
        if let (Some(a), Some(b)) = (place(a), place(b)) {
            dense.link(a, b);
        }
    }
    // Places ascend with nodes, so the smallest place is the smallest node.
    dense.labels().into_iter().map(|place| nodes[place as usize]).collect()
}
