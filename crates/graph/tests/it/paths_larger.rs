//! The k shortest paths of graphs too large for enumeration, against the algorithm of Yen over Bellman and Ford.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tracehound_graph::paths::{PathOptions, k_shortest_paths, shortest_path};

use crate::paths_static::way;
use crate::paths_world::{Asked, Roads};

/// Length and nodes of the shortest path, none of which enters `nodes` or uses `steps`, by relaxing every edge until
/// nothing changes. Among equals any.
fn best(
    roads: &Roads,
    (source, target): (u32, u32),
    nodes: &[u32],
    steps: &BTreeSet<(u32, u32)>,
) -> Option<(u64, Vec<u32>)> {
    let mut reached: Vec<Option<(u64, Vec<u32>)>> = vec![None; roads.n_nodes as usize];
    reached[source as usize] = Some((0, vec![source]));
    let mut changed = true;
    while changed {
        changed = false;
        for (&(from, to), length) in roads.ends.iter().zip(&roads.length) {
            let Some((before, path)) = reached[from as usize].clone() else { continue };
            let known = reached[to as usize].as_ref().map(|known| known.0);
            let shorter = known.is_none_or(|known| before + length < known);
            if shorter && !nodes.contains(&to) && !steps.contains(&(from, to)) {
                reached[to as usize] = Some((before + length, [path, vec![to]].concat()));
                changed = true;
            }
        }
    }
    reached[target as usize].clone()
}

/// The lengths of the k shortest simple paths.
fn lengths(roads: &Roads, (source, target): (u32, u32), k: usize) -> Vec<u64> {
    let mut taken: Vec<(u64, Vec<u32>)> = Vec::new();
    let mut candidates: BTreeSet<(u64, Vec<u32>)> = BTreeSet::new();
    candidates.extend(best(roads, (source, target), &[], &BTreeSet::new()));
    while let Some((length, path)) = candidates.pop_first() {
        taken.push((length, path.clone()));
        if taken.len() == k {
            break;
        }
        for n_root in 1..path.len() {
            let root = &path[..n_root];
            let others = taken.iter().filter(|other| other.1.starts_with(root));
            let steps: BTreeSet<(u32, u32)> = others
                .filter_map(|other| Some((root[n_root - 1], *other.1.get(n_root)?)))
                .collect();
            let before = &root[..n_root - 1];
            if let Some((_, rest)) = best(roads, (root[n_root - 1], target), before, &steps) {
                let whole = [before, &rest].concat();
                let length = |pair: &[u32]| {
                    roads.length[roads.ends.iter().position(|&(a, b)| [a, b] == pair).unwrap()]
                };
                let candidate = (whole.windows(2).map(length).sum(), whole);
                if !taken.contains(&candidate) {
                    candidates.insert(candidate);
                }
            }
        }
    }
    taken.into_iter().map(|(length, _)| length).collect()
}

/// Twenty nodes, one to five edges a node, loops included, many paths of equal length.
fn larger() -> impl Strategy<Value = Roads> {
    prop::collection::btree_map((0u32..20, 0u32..20), 1u64..10, 20..100).prop_map(|edges| {
        let text: Vec<String> =
            edges.iter().map(|((a, b), length)| format!("{a}>{b}:{length}")).collect();
        Roads { n_nodes: 20, ..Roads::parse(&text.join(" ")) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn k_shortest_paths_of_larger_graphs(roads in larger(), ends in (0u32..20, 0u32..20)) {
        prop_assume!(ends.0 != ends.1);
        let asked = Asked::plain(1 << ends.0, 1 << ends.1, true);
        let options = PathOptions { lengths: Some(&roads.length), ..PathOptions::default() };
        let one = roads.ask(|graph| shortest_path(graph, &[ends.0], &[ends.1], &options).unwrap());
        let found = roads.ask(|graph| k_shortest_paths(graph, ends.0, ends.1, 6, &options).unwrap());
        let expected = lengths(&roads, ends, 6);
        let one = one.path.map(|path| way(&roads, &asked, &path).0);
        prop_assert_eq!(one, expected.first().copied());
        for edges_visited_max in [3, 10, 30, 60] {
            let options = PathOptions { edges_visited_max, ..options.clone() };
            let cut = roads
                .ask(|graph| shortest_path(graph, &[ends.0], &[ends.1], &options).unwrap());
            let length = cut.path.map(|path| way(&roads, &asked, &path).0);
            // What a stopped search gives is a path, if not the best.
            prop_assert!(length.is_none() || length >= one);
            prop_assert!(cut.truncated_by.is_some() || length == one);
        }
        let found: Vec<u64> = found.paths.iter().map(|path| way(&roads, &asked, path).0).collect();
        prop_assert_eq!(found, expected);
    }
}
