//! Temporal cycles against all sequences of edges, each tried against the definition.

use proptest::prelude::*;
use tracehound_graph::patterns::{Cycle, CycleOptions, CycleStream, EdgeOrder};
use tracehound_graph::temporal::TemporalEdges;
use tracehound_graph::{GraphError, NONE};

use crate::world::{World, in_mask, worlds};

fn part(world: &World, range: std::ops::Range<usize>) -> TemporalEdges<'_> {
    let (source, target) = (&world.source[range.clone()], &world.target[range.clone()]);
    TemporalEdges::new(source, target, &world.time[range.clone()], &world.weight[range]).unwrap()
}

/// Is the sequence a cycle by the definition?
fn is_cycle(world: &World, options: &CycleOptions, blocked: u32, edges: &[usize]) -> bool {
    let time = |at: usize| world.time[edges[at]];
    let weight = |at: usize| world.weight[edges[at]];
    let last = edges.len() - 1;
    let joined = (0..=last).all(|at| {
        world.target[edges[at]] == world.source[edges[if at == last { 0 } else { at + 1 }]]
    });
    let mut nodes: Vec<u32> = edges.iter().map(|&edge| world.source[edge]).collect();
    let free = nodes.iter().all(|&node| !in_mask(blocked, node));
    nodes.sort_unstable();
    nodes.dedup();
    let in_order = (0..last).all(|at| match options.order {
        EdgeOrder::Strict => time(at) < time(at + 1),
        EdgeOrder::Stream => edges[at] < edges[at + 1],
    });
    let in_ratio = options.weight_ratio_ppm.as_ref().is_none_or(|range| {
        (0..last).all(|at| {
            let million = weight(at + 1) * 1_000_000;
            million >= weight(at) * u64::from(*range.start())
                && million <= weight(at) * u64::from(*range.end())
        })
    });
    edges.len() >= 2
        && edges.len() <= usize::from(options.length_max)
        && joined
        && free
        && nodes.len() == edges.len()
        && in_order
        && time(last) - time(0) <= options.window
        && (0..=last).all(|at| weight(at) >= options.weight_min)
        && in_ratio
}

/// All cycles, by trying every set of edges in the only order it can have.
fn all_cycles(world: &World, options: &CycleOptions, blocked: u32) -> Vec<Cycle> {
    let mut found = Vec::new();
    for set in 1u32..1 << world.source.len() {
        if set.count_ones() > 5 {
            continue;
        }
        let edges: Vec<usize> =
            (0..world.source.len()).filter(|&edge| set >> edge & 1 == 1).collect();
        if is_cycle(world, options, blocked, &edges) {
            let (first, last) = (edges[0], edges[edges.len() - 1]);
            found.push(Cycle {
                nodes: edges.iter().map(|&edge| world.source[edge]).collect(),
                first_time: world.time[first],
                duration: world.time[last] - world.time[first],
                edges: edges.into_iter().map(|edge| edge as u64).collect(),
            });
        }
    }
    found.sort_by(order);
    found
}

/// By closing edge, then later edges first.
fn order(a: &Cycle, b: &Cycle) -> std::cmp::Ordering {
    a.edges.last().cmp(&b.edges.last()).then_with(|| b.edges.cmp(&a.edges))
}

fn options() -> impl Strategy<Value = CycleOptions> {
    let ratio = prop::option::of((0u32..1_500_000, 700_000u32..3_000_000));
    (0u8..=5, 0u32..7, any::<bool>(), 0u64..3, ratio).prop_map(
        |(length_max, window, strict, weight_min, ratio)| CycleOptions {
            length_max,
            window,
            order: if strict { EdgeOrder::Strict } else { EdgeOrder::Stream },
            weight_min,
            weight_ratio_ppm: ratio.map(|(low, high)| low..=high),
            edges_visited_max: u64::MAX,
        },
    )
}

/// 3 to 5 nodes, where cycles are many.
fn dense_worlds() -> impl Strategy<Value = World> {
    (worlds(11), 3u32..6).prop_map(|(mut world, n_nodes)| {
        for node in world.source.iter_mut().chain(&mut world.target) {
            *node %= n_nodes;
        }
        world
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn agree_with_all_sequences(
        world in dense_worlds(),
        options in options(),
        blocked in prop_oneof![3 => Just(0u32), 1 => 0u32..16],
        cuts in prop::collection::vec(0usize..12, 0..4),
    ) {
        let expected = all_cycles(&world, &options, blocked);
        let blocked = |node: u32| in_mask(blocked, node);
        let n_edges = world.source.len();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(n_edges)).collect();
        cuts.extend([0, n_edges]);
        cuts.sort_unstable();
        let mut stream = CycleStream::new(options.clone());
        let mut found = Vec::new();
        for pair in cuts.windows(2) {
            let cycles = stream.push(part(&world, pair[0]..pair[1]), blocked).unwrap();
            prop_assert_eq!(cycles.truncated, Vec::<u64>::new());
            found.extend(cycles.cycles);
        }
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(stream.n_edges(), n_edges as u64);

        // Resumed from the window alone, the rest is the same.
        let cut = cuts[cuts.len() / 2];
        let now = if cut == 0 { 0 } else { world.time[cut - 1] };
        let start = world.time[..cut].partition_point(|&time| now - time > options.window);
        let mut resumed =
            CycleStream::resume(options.clone(), start as u64, part(&world, start..cut), blocked).unwrap();
        prop_assert!(resumed.n_window() <= cut - start);
        let rest = resumed.push(part(&world, cut..n_edges), blocked).unwrap().cycles;
        let expected: Vec<Cycle> =
            expected.into_iter().filter(|cycle| cycle.edges.last() >= Some(&(cut as u64))).collect();
        prop_assert_eq!(rest, expected);
    }

    #[test]
    fn an_edge_that_is_not_named_hides_nothing(
        world in dense_worlds(),
        options in options(),
        edges_visited_max in 0u64..25,
    ) {
        let run = |options: CycleOptions| {
            CycleStream::new(options).push(part(&world, 0..world.source.len()), |_| false).unwrap()
        };
        let full = run(options.clone());
        let bounded = run(CycleOptions { edges_visited_max, ..options });
        prop_assert!(bounded.cycles.iter().all(|cycle| full.cycles.contains(cycle)));
        for cycle in full.cycles.iter().filter(|cycle| !bounded.cycles.contains(cycle)) {
            prop_assert!(bounded.truncated.contains(cycle.edges.last().unwrap()));
        }
        prop_assert!(bounded.edges_visited <= edges_visited_max * world.source.len() as u64);
    }
}

fn check(text: &str, options: &CycleOptions, expected: &[&[u64]]) {
    let world = World::parse(text);
    let mut stream = CycleStream::new(options.clone());
    let found = stream.push(world.edges(), |_| false).unwrap();
    let found: Vec<&[u64]> = found.cycles.iter().map(|cycle| cycle.edges.as_slice()).collect();
    assert_eq!(found, expected, "{text}");
}

fn plain(length_max: u8, window: u32, order: EdgeOrder) -> CycleOptions {
    CycleOptions {
        length_max,
        window,
        order,
        weight_min: 0,
        weight_ratio_ppm: None,
        edges_visited_max: u64::MAX,
    }
}

#[test]
fn window_order_and_length() {
    let triangle = "0>1@1 1>2@3 2>0@6";
    check(triangle, &plain(3, 5, EdgeOrder::Strict), &[&[0, 1, 2]]);
    check(triangle, &plain(3, 4, EdgeOrder::Strict), &[]);
    check(triangle, &plain(2, 5, EdgeOrder::Strict), &[]);
    check("1>2@1 0>1@3 2>0@6", &plain(3, 9, EdgeOrder::Strict), &[]);
    // Of equal time: in the order of the stream, or not at all.
    check("0>1@5 1>0@5", &plain(4, 9, EdgeOrder::Stream), &[&[0, 1]]);
    check("0>1@5 1>0@5", &plain(4, 9, EdgeOrder::Strict), &[]);
    // A loop is no cycle, and what passes a node twice is not simple.
    check("0>0@1 0>0@2", &plain(4, 9, EdgeOrder::Strict), &[]);
    check("0>1@1 1>2@2 2>1@3 1>0@4", &plain(4, 9, EdgeOrder::Strict), &[&[1, 2], &[0, 3]]);
    // Parallel edges are cycles of their own, the later first.
    check("0>1@1 0>1@2 1>0@3", &plain(4, 9, EdgeOrder::Strict), &[&[1, 2], &[0, 2]]);
    check("", &plain(4, 9, EdgeOrder::Strict), &[]);
}

#[test]
fn a_bad_batch_changes_nothing() {
    let mut stream = CycleStream::new(plain(3, 9, EdgeOrder::Strict));
    stream.push(World::parse("0>1@4 1>2@5").edges(), |_| false).unwrap();
    let late = World::parse("2>0@5 2>0@3");
    assert!(matches!(
        stream.push(late.edges(), |_| false),
        Err(GraphError::TimeOrder { edge: 1, time: 3, previous: 5 })
    ));
    let (source, target) = ([NONE], [0]);
    let no_node = TemporalEdges::new(&source, &target, &[9], &[1]).unwrap();
    assert!(matches!(stream.push(no_node, |_| false), Err(GraphError::OutOfRange { .. })));
    assert_eq!((stream.n_edges(), stream.n_window()), (2, 2));
    let found = stream.push(World::parse("2>0@6").edges(), |_| false).unwrap();
    assert_eq!(found.cycles[0].edges, [0, 1, 2]);
    assert_eq!((found.cycles[0].first_time, found.cycles[0].duration), (4, 2));
}

#[test]
fn expired_edges_are_dropped() {
    let mut stream = CycleStream::new(plain(4, 10, EdgeOrder::Stream));
    for round in 0..50u32 {
        let (source, target) = ([round, round + 1], [round + 1, round]);
        let time = [round * 20, round * 20 + 1];
        let edges = TemporalEdges::new(&source, &target, &time, &[1, 1]).unwrap();
        assert_eq!(stream.push(edges, |_| false).unwrap().cycles.len(), 1);
        assert_eq!(stream.n_window(), 2);
    }
}
