//! Threads that link and ask at the same time, against the labels of one thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tracehound_graph::{Components, ConcurrentComponents};

use crate::components::smallest_members;

/// A small stream of ids; the tests need no better one.
fn stream(seed: u64, below: u32) -> impl FnMut() -> u32 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % u64::from(below)).unwrap()
    }
}

/// `n_linkers` threads link parts of `links` while `n_readers` ask; what readers see must only grow together.
fn check(n_nodes: u32, links: &[(u32, u32)], n_linkers: usize, n_readers: u64) -> Vec<u32> {
    let shared = ConcurrentComponents::new(n_nodes);
    let done = AtomicBool::new(false);
    let n_joined: usize = thread::scope(|scope| {
        let readers: Vec<_> = (0..n_readers)
            .map(|seed| {
                let (shared, done) = (&shared, &done);
                scope.spawn(move || {
                    let mut node = stream(seed, n_nodes);
                    let mut seen = vec![u32::MAX; n_nodes as usize];
                    let mut together = Vec::new();
                    while !done.load(Ordering::Acquire) {
                        let (a, b) = (node(), node());
                        let root = shared.find(a);
                        assert!(root <= a && root <= seen[a as usize], "roots only get smaller");
                        seen[a as usize] = root;
                        if shared.same_component(a, b) {
                            together.push((a, b));
                        }
                        if let Some(&(a, b)) = together.get(node() as usize % together.len().max(1))
                        {
                            assert!(shared.same_component(a, b), "once together, always together");
                        }
                        together.truncate(1000);
                    }
                })
            })
            .collect();
        let linkers: Vec<_> = links
            .chunks(links.len().div_ceil(n_linkers))
            .map(|part| {
                let shared = &shared;
                scope.spawn(move || {
                    part.iter()
                        .filter(|&&(a, b)| {
                            let joined = shared.link(a, b);
                            assert!(shared.same_component(a, b), "linked before it was asked");
                            joined
                        })
                        .count()
                })
            })
            .collect();
        let n_joined = linkers.into_iter().map(|linker| linker.join().unwrap()).sum();
        done.store(true, Ordering::Release);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        n_joined
    });
    let components = shared.into_components();
    assert_eq!(components.n_components() + n_joined, n_nodes as usize);
    components.labels()
}

/// Small enough for Miri.
#[test]
fn concurrent_links_of_a_small_graph() {
    let mut node = stream(7, 24);
    let links: Vec<(u32, u32)> = (0..30).map(|_| (node(), node())).collect();
    assert_eq!(check(24, &links, 3, 1), smallest_members(24, &links));
}

#[test]
fn concurrent_stress() {
    let n_nodes = if cfg!(miri) { 16 } else { 20_000 };
    for (seed, n_linkers, n_readers) in [(1, 2, 1), (2, 5, 2), (3, 1, 4)] {
        let mut node = stream(seed, n_nodes);
        let random: Vec<(u32, u32)> = (0..n_nodes).map(|_| (node(), node())).collect();
        // Every link takes the root away from the one before.
        let falling: Vec<(u32, u32)> = (1..n_nodes).rev().map(|node| (node, node - 1)).collect();
        for links in [random, falling] {
            let mut one_by_one = Components::new(n_nodes);
            for &(a, b) in &links {
                one_by_one.link(a, b);
            }
            assert_eq!(check(n_nodes, &links, n_linkers, n_readers), one_by_one.labels());
        }
    }
}

#[test]
fn concurrent_and_back() {
    let mut components = Components::new(6);
    components.link(5, 2);
    let shared = ConcurrentComponents::from(components);
    assert_eq!((shared.n_nodes(), shared.find(5)), (6, 2));
    assert!(shared.link(2, 1) && !shared.link(5, 1));
    let mut components = shared.into_components();
    components.ensure_nodes(7);
    components.link(6, 0);
    assert_eq!(components.labels(), [0, 1, 1, 3, 4, 1, 0]);
}
