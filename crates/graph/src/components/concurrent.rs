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
//! (`cargo +nightly miri test -p tracehound-graph concurrent`); all interleavings of two threads that link and one
//! that asks, below (`RUSTFLAGS="--cfg loom" cargo test -p tracehound-graph --lib loom --release`).

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

#[cfg(all(test, loom))]
mod loom_tests {
    use std::sync::atomic::Ordering;

    use loom::sync::Arc;
    use loom::sync::atomic::AtomicU32;
    use loom::thread;

    use crate::components::forest::{ParentCell, find, link, same_root};

    impl ParentCell for AtomicU32 {
        fn load(&self, order: Ordering) -> u32 {
            self.load(order)
        }

        fn store(&self, parent: u32, order: Ordering) {
            self.store(parent, order);
        }

        fn replace(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> bool {
            self.compare_exchange(current, new, success, failure).is_ok()
        }
    }

    /// Two threads link, this one asks; then all is joined, and the answers were ones that can have been.
    fn check(
        before: &'static [(u32, u32)],
        one: &'static [(u32, u32)],
        two: &'static [(u32, u32)],
    ) {
        loom::model(move || {
            let parents: Arc<Vec<AtomicU32>> = Arc::new((0..4).map(AtomicU32::new).collect());
            for &(a, b) in before {
                link::<true, _>(&parents, a, b);
            }
            let joined = [one, two].map(|links| {
                let parents = Arc::clone(&parents);
                thread::spawn(move || {
                    links.iter().filter(|(a, b)| link::<true, _>(&parents, *a, *b)).count()
                })
            });
            for &(a, b) in before {
                assert!(same_root(&parents, a, b), "joined before it was asked");
            }
            let seen = find(&parents, 3);
            let joined: usize = joined.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert!(find(&parents, 3) <= seen, "roots only get smaller");
            let all = || before.iter().chain(one).chain(two);
            for &(a, b) in all() {
                assert_eq!(find(&parents, a), find(&parents, b));
            }
            let n_roots = (0..4).filter(|&node| find(&parents, node) == node).count();
            assert_eq!(n_roots + joined + before.len(), 4, "one union for each root that is gone");
        });
    }

    #[test]
    fn loom_two_links_to_one_root() {
        check(&[], &[(3, 1)], &[(3, 2)]);
    }

    #[test]
    fn loom_a_chain_from_both_ends() {
        check(&[], &[(3, 2)], &[(2, 1), (1, 0)]);
    }

    #[test]
    fn loom_the_root_of_joined_nodes_is_linked_while_they_are_asked_for() {
        check(&[(1, 2), (1, 3)], &[(1, 0)], &[(3, 0)]);
    }
}
