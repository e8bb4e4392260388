//! Models of code that many threads share, checked in every order of their steps: `cargo test --release` in this folder.
//!
//! The sources are those of the workspace, taken in by path; only the atomic cells are the model checker's. Found by
//! it when planted: a compare-and-swap made a load and a store. Not found: weaker orders of memory, which rest on the
//! argument beside `orders` in `forest.rs`.
#![allow(dead_code)]

/// The forest of `tracehound_graph::ConcurrentComponents`.
#[path = "../../crates/graph/src/components"]
mod components {
    mod forest;
    mod prefetch;

    #[cfg(test)]
    mod models {
        use std::sync::atomic::Ordering;

        use loom::sync::Arc;
        use loom::sync::atomic::AtomicU32;
        use loom::thread;

        use super::forest::{ParentCell, find, link, same_root};

        impl ParentCell for AtomicU32 {
            fn load(&self, order: Ordering) -> u32 {
                self.load(order)
            }

            fn store(&self, parent: u32, order: Ordering) {
                self.store(parent, order);
            }

            fn replace(
                &self,
                current: u32,
                new: u32,
                success: Ordering,
                failure: Ordering,
            ) -> bool {
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
                assert_eq!(
                    n_roots + joined + before.len(),
                    4,
                    "one union for each root that is gone"
                );
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
}
