//! Components that many threads link and ask at the same time.
//!
//! In: links from any number of threads. Out: while they run, a member of the component that was the smallest at
//! some moment; when they are done, the same labels as from one thread.
//! Source: Anderson and Woll, "Wait-free parallel algorithms for the union-find problem", STOC 1991.
//! Departures: the smaller id wins instead of the higher rank; asking does not compress paths, so that readers
//! write to no cache line; see `forest.rs` for the rest.
//! Cost: 4 bytes a node. Asking waits for nobody: at most as many steps as the path is long, and paths only get
//! shorter or end at a new root. A link tries again only when another link has been made, of which there can be
//! n - 1 in all.
//! Checked against: the labels of one thread (`tests/it/components_concurrent.rs`), under Miri too
//! (`cargo +nightly miri test -p tracehound-graph concurrent`); two threads that link and one that asks, in the
//! orders that loom explores (`models/`: `cargo test --release` there).

use std::sync::atomic::AtomicU32;

use super::forest::{find, into_plain, link, same_root, singletons};
use super::incremental::Components;

/// Components under growth, shared between threads. Nodes cannot be added while it is shared; turn it back into
/// [`Components`] for that.
#[derive(Debug, Default)]
pub struct ConcurrentComponents {
    parents: Vec<AtomicU32>,
}

impl ConcurrentComponents {
    /// `n_nodes` nodes, each a component of its own.
    pub fn new(n_nodes: u32) -> Self {
        Self { parents: singletons(n_nodes) }
    }

    /// How many nodes there are.
    pub fn n_nodes(&self) -> u32 {
        u32::try_from(self.parents.len()).expect("both ways to make it count nodes in 32 bits")
    }

    /// Joins the components of `a` and `b`; true if this call joined them. Over all threads it is true once for
    /// every component there are fewer.
    ///
    /// # Panics
    /// `a` or `b` is not a node.
    pub fn link(&self, a: u32, b: u32) -> bool {
        link::<true, _>(&self.parents, a, b)
    }

    /// The smallest member of the component of `node`, at some moment of the call. Links that happened before the
    /// call count.
    ///
    /// # Panics
    /// `node` is not a node.
    pub fn find(&self, node: u32) -> u32 {
        find(&self.parents, node)
    }

    /// Are `a` and `b` in one component? True stays true; false held at some moment of the call.
    ///
    /// # Panics
    /// `a` or `b` is not a node.
    pub fn same_component(&self, a: u32, b: u32) -> bool {
        same_root(&self.parents, a, b)
    }

    /// The finished components. That they are no longer shared is what makes their labels final.
    pub fn into_components(self) -> Components {
        Components::from_parents(into_plain(self.parents))
    }
}

impl From<Components> for ConcurrentComponents {
    fn from(components: Components) -> Self {
        Self { parents: components.into_parents().into_iter().map(AtomicU32::new).collect() }
    }
}
