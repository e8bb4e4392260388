//! Neighbors against an ordered map filled from the plain list of edges.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use proptest::prelude::*;
use tracehound_graph::temporal::{Neighbor, NeighborOptions, Neighbors, neighbors};
use tracehound_graph::{Direction, Limit};

use crate::world::{World, in_mask, worlds};

/// Edges, weight, first and last time.
pub(crate) type Row = (u64, u128, u32, u32);

fn add(rows: &mut BTreeMap<u32, Row>, node: u32, row: Row) {
    let known = rows.entry(node).or_insert((0, 0, u32::MAX, 0));
    *known = (known.0 + row.0, known.1 + row.1, known.2.min(row.2), known.3.max(row.3));
}

/// All rows, those of the set itself included, by label.
pub(crate) fn rows(
    world: &World,
    set: u32,
    forward: bool,
    label: impl Fn(u32) -> u32,
    usable: impl Fn(usize) -> bool,
) -> BTreeMap<u32, Row> {
    let (near, far) =
        if forward { (&world.source, &world.target) } else { (&world.target, &world.source) };
    let in_set = |node: u32| node < world.n_main && in_mask(set, node);
    let edges = || (0..near.len()).filter(|&edge| usable(edge));
    let mut rows = BTreeMap::new();
    for edge in edges().filter(|&edge| in_set(near[edge]) && far[edge] < world.n_main) {
        let (time, weight) = (world.time[edge], u128::from(world.weight[edge]));
        add(&mut rows, label(far[edge]), (1, weight, time, time));
    }
    for junction in world.n_main..world.n_nodes {
        let own = || edges().filter(|&edge| in_set(near[edge]) && far[edge] == junction);
        let put: u128 = own().map(|edge| u128::from(world.weight[edge])).sum();
        let times = || own().map(|edge| world.time[edge]);
        let (Some(first), Some(last)) = (times().min(), times().max()) else { continue };
        let mut beyond = BTreeMap::new();
        for edge in edges().filter(|&edge| near[edge] == junction) {
            let (time, weight) = (world.time[edge], u128::from(world.weight[edge]));
            if if forward { time >= first } else { time <= last } {
                add(&mut beyond, label(far[edge]), (1, weight, time, time));
            }
        }
        for (node, row) in beyond {
            add(&mut rows, node, (row.0, row.1.min(put), row.2, row.3));
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn agree_with_an_ordered_map(
        world in worlds(20),
        set in 0u32..32,
        forward in any::<bool>(),
        labels in prop::option::of(prop::collection::vec(0u32..4, 5)),
        (first, weight_min, rows_max) in (0u32..3, 0u64..4, 0usize..5),
    ) {
        let set = set & ((1 << world.n_main) - 1);
        let label = |node: u32| labels.as_ref().map_or(node, |labels| labels[node as usize]);
        let usable = |edge: usize| (first..=4).contains(&world.time[edge]) && world.weight[edge] >= weight_min;
        let own: Vec<u32> = (0..world.n_main).filter(|&n| in_mask(set, n)).map(label).collect();
        let (inside, outside): (Vec<_>, Vec<_>) =
            rows(&world, set, forward, label, usable).into_iter().partition(|(node, _)| own.contains(node));
        let mut expected: Vec<Neighbor> = outside.into_iter().map(neighbor).collect();
        expected.sort_by_key(|row| (Reverse(row.weight_sum), row.node));
        let total_count = expected.len();
        expected.truncate(rows_max);
        let mut internal = BTreeMap::new();
        for (_, row) in inside {
            add(&mut internal, own.iter().copied().min().unwrap(), row);
        }
        let internal = internal.into_iter().next().map(neighbor);

        let direction = if forward { Direction::Forward } else { Direction::Backward };
        let nodes: Vec<u32> = (0..world.n_main).filter(|&n| in_mask(set, n)).collect();
        let options =
            NeighborOptions { time_range: first..=4, weight_min, rows_max, ..NeighborOptions::default() };
        let found = world.with_graph(|graph| neighbors(graph, &nodes, direction, labels.as_deref(), &options));
        let edges_visited = found.edges_visited;
        let truncated_by = None;
        prop_assert_eq!(&found, &Neighbors { rows: expected, total_count, internal, edges_visited, truncated_by });
        // The bound is exact: with this many edges the answer is the same, with one fewer it is named.
        let bounded = |edges_visited_max: u64| {
            let options = NeighborOptions { edges_visited_max, ..options.clone() };
            world.with_graph(|graph| neighbors(graph, &nodes, direction, labels.as_deref(), &options))
        };
        prop_assert_eq!(bounded(edges_visited), found);
        if edges_visited > 0 {
            let less = bounded(edges_visited - 1);
            prop_assert_eq!((less.edges_visited, less.truncated_by), (edges_visited - 1, Some(Limit::EdgesVisited)));
            prop_assert!(less.total_count <= total_count);
        }
    }
}

fn neighbor((node, (n_edges, weight_sum, first_time, last_time)): (u32, Row)) -> Neighbor {
    Neighbor { node, n_edges, weight_sum, first_time, last_time }
}

#[test]
fn through_a_junction_the_lesser_side_counts_once() {
    // 0 and 1 put 3 + 4 into junction 4; 2 takes 5 and 3 takes 9 out of it.
    let world = World::parse("0>4@1:3 1>4@1:4 4>2@1:5 4>3@1:9 | 4");
    let from = |nodes: &[u32]| {
        world.with_graph(|graph| {
            let found =
                neighbors(graph, nodes, Direction::Forward, None, &NeighborOptions::default());
            found.rows.iter().map(|row| (row.node, row.weight_sum)).collect::<Vec<_>>()
        })
    };
    assert_eq!(from(&[0]), [(2, 3), (3, 3)]);
    assert_eq!(from(&[0, 1]), [(3, 7), (2, 5)]);
    assert_eq!(from(&[1, 0, 1]), from(&[0, 1]));
}
