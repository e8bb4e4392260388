//! Proximity against both oracles, in both directions, and in any cut.

use proptest::prelude::*;
use tracehound_graph::temporal::{
    EdgeBatch, Proximity, ProximityParts, ProximityView, TemporalEdges, proximity,
};
use tracehound_graph::{Direction, GraphError, NONE};

use crate::oracle::{self, Question};
use crate::world::{World, in_mask, worlds};

const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Backward];

fn all_at_once(world: &World, sources: u32, direction: Direction, hops_max: u8) -> Proximity {
    let is_source = |node| in_mask(sources, node);
    proximity(world.edges(), world.n_nodes, world.n_main, is_source, direction, hops_max).unwrap()
}

fn question(sources: u32, hops_max: u8) -> Question {
    let (time_respecting, times) = (true, (0, u32::MAX));
    let hops_max = usize::from(hops_max);
    Question { sources, targets: 0, blocked: 0, time_respecting, times, weight_min: 0, hops_max }
}

/// Fewest hops to each node from the nearest source, or from each node to it.
fn fewest_hops(world: &World, sources: u32, direction: Direction, hops_max: u8) -> Vec<u8> {
    let from = |sources: u32, accept: &dyn Fn(usize) -> bool| {
        let width = oracle::widths(world, &question(sources, hops_max));
        let reached = |hops: &usize| {
            (0..world.source.len()).any(|edge| width[*hops][edge] > 0 && accept(edge))
        };
        let hops = (0..=usize::from(hops_max)).find(reached);
        hops.map_or(u8::MAX, |hops| u8::try_from(hops).unwrap())
    };
    let main = (1 << world.n_main) - 1;
    let hops = |node: u32| match direction {
        _ if in_mask(sources & main, node) => 0,
        Direction::Forward => from(sources & main, &|edge| world.target[edge] == node),
        Direction::Backward => from(1 << node, &|edge| in_mask(sources & main, world.target[edge])),
    };
    (0..world.n_nodes).map(hops).collect()
}

/// The path of every node joins it to a source, in order of time, with the hops that are claimed.
fn check_paths(world: &World, sources: u32, proximity: &Proximity) {
    let any = question(u32::MAX, u8::MAX);
    let view = proximity.view();
    for node in 0..world.n_nodes {
        let path = view.path(node).unwrap();
        assert_eq!(path.is_some(), view.hops(node).is_some());
        let Some(path) = path else { continue };
        let edges: Vec<usize> = path.iter().map(|&edge| edge as usize).collect();
        assert!(edges.windows(2).all(|pair| any.follows(world, pair[0], pair[1])));
        let hops: usize = edges.iter().map(|&edge| world.cost(edge)).sum();
        assert_eq!(view.hops(node).map(usize::from), Some(hops));
        let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else {
            assert!(in_mask(sources, node));
            continue;
        };
        let (source_end, node_end) = match proximity.parts().direction {
            Direction::Forward => (world.source[first], world.target[last]),
            Direction::Backward => (world.target[last], world.source[first]),
        };
        assert_eq!(node_end, node);
        assert!(in_mask(sources, source_end) && source_end < world.n_main);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn agrees_with_dynamic_programming_over_edges(
        world in worlds(20),
        sources in 0u32..32,
        hops_max in prop_oneof![0u8..4, Just(9)],
    ) {
        for direction in DIRECTIONS {
            let proximity = all_at_once(&world, sources, direction, hops_max);
            let expected = fewest_hops(&world, sources, direction, hops_max);
            prop_assert_eq!(&proximity.parts().hops, &expected);
            check_paths(&world, sources, &proximity);
        }
    }

    #[test]
    fn agrees_with_enumeration_of_all_walks(world in worlds(12), sources in 0u32..32) {
        let sources = sources & ((1 << world.n_main) - 1);
        let mut forward = vec![u8::MAX; world.n_nodes as usize];
        let mut backward = forward.clone();
        for start in 0..world.n_nodes {
            if in_mask(sources, start) {
                (forward[start as usize], backward[start as usize]) = (0, 0);
            }
            oracle::for_each_walk(&world, &question(1 << start, 3), &mut |walk, hops| {
                let Some(&last) = walk.last() else { return };
                let hops = u8::try_from(hops).unwrap();
                let end = world.target[last];
                if in_mask(sources, start) {
                    forward[end as usize] = forward[end as usize].min(hops);
                }
                if in_mask(sources, end) {
                    backward[start as usize] = backward[start as usize].min(hops);
                }
            });
        }
        for (direction, expected) in DIRECTIONS.into_iter().zip([forward, backward]) {
            let found = all_at_once(&world, sources, direction, 3).into_parts();
            prop_assert_eq!(&found.hops, &expected);
        }
    }

    #[test]
    fn any_cut_gives_the_same_bytes(
        world in worlds(20),
        sources in 0u32..32,
        cuts in prop::collection::vec(0usize..21, 0..5),
        hops_max in 1u8..6,
        stored in any::<bool>(),
    ) {
        for direction in DIRECTIONS {
            let whole = all_at_once(&world, sources, direction, hops_max).into_parts();
            let pieces = in_pieces(&world, sources, direction, hops_max, &cuts, stored);
            prop_assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn foreign_bytes_end_in_an_answer_or_an_error(
        hops in prop::collection::vec(any::<u8>(), 0..6),
        label in prop::collection::vec(prop_oneof![0u32..6, Just(NONE)], 6),
        arena in prop::collection::vec((0u32..6, 0u32..9, prop_oneof![0u32..9, Just(NONE)]), 0..6),
    ) {
        let (node, rest): (Vec<u32>, Vec<_>) = arena.into_iter().map(|(n, e, p)| (n, (e, p))).unzip();
        let (edge, previous): (Vec<u32>, Vec<u32>) = rest.into_iter().unzip();
        let arena = [&node[..], &edge, &previous];
        let view = ProximityView::new(Direction::Forward, &hops, &label[..hops.len()], arena).unwrap();
        for asked in 0..7 {
            match view.path(asked) {
                Ok(path) => prop_assert!(path.is_none_or(|path| path.len() <= node.len())),
                Err(error) => {
                    let named = matches!(error, GraphError::Chain { node, .. } if node == asked);
                    prop_assert!(named);
                }
            }
        }
    }
}

/// The same in pieces, each with no more nodes than it needs, so that main nodes and junctions grow; stored and
/// taken up again between two times if `stored`.
fn in_pieces(
    world: &World,
    sources: u32,
    direction: Direction,
    hops_max: u8,
    cuts: &[usize],
    stored: bool,
) -> ProximityParts {
    let n_edges = world.source.len();
    let mut cuts: Vec<usize> =
        cuts.iter().map(|&cut| cut.min(n_edges)).chain([0, n_edges]).collect();
    cuts.sort_unstable();
    let mut ranges: Vec<_> = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
    let mut start = 0;
    if direction == Direction::Backward {
        ranges.reverse();
        start = u32::try_from(n_edges).unwrap();
    }
    let mut proximity = Proximity::new(direction, hops_max, start);
    let (mut n_main, mut n_junctions) = (0, 0);
    for range in ranges {
        let ends = || world.source[range.clone()].iter().chain(&world.target[range.clone()]);
        for &node in ends() {
            match node.checked_sub(world.n_main) {
                None => n_main = n_main.max(node + 1),
                Some(junction) => n_junctions = n_junctions.max(junction + 1),
            }
        }
        let renumber =
            |&node: &u32| if node < world.n_main { node } else { node - world.n_main + n_main };
        let source: Vec<u32> = world.source[range.clone()].iter().map(renumber).collect();
        let target: Vec<u32> = world.target[range.clone()].iter().map(renumber).collect();
        let (time, weight) = (&world.time[range.clone()], &world.weight[range.clone()]);
        let edges = TemporalEdges::new(&source, &target, time, weight).unwrap();
        let first_edge = u32::try_from(range.start).unwrap();
        let nearest = if direction == Direction::Forward { time.first() } else { time.last() };
        if stored && nearest.is_some_and(|&time| proximity.parts().last_time != Some(time)) {
            proximity = Proximity::from_parts(proximity.into_parts()).unwrap();
        }
        let batch = EdgeBatch { edges, first_edge, n_main, n_nodes: n_main + n_junctions };
        proximity.extend(&batch, |node| in_mask(sources, node)).unwrap();
    }
    let edges = TemporalEdges::new(&[], &[], &[], &[]).unwrap();
    let first_edge = proximity.parts().edge_position;
    let (n_main, n_nodes) = (world.n_main, world.n_nodes);
    let rest = EdgeBatch { edges, first_edge, n_main, n_nodes };
    proximity.extend(&rest, |node| in_mask(sources, node)).unwrap();
    proximity.into_parts()
}

#[test]
fn what_left_before_the_improvement_keeps_the_older_hops() {
    // 2 is reached with 2 hops at time 10 and with 1 at time 50; 3 left it at 20, 4 at 60.
    let world = World::parse("0>1@5 1>2@10 2>3@20 0>2@50 2>4@60");
    let proximity = all_at_once(&world, 1, Direction::Forward, 9);
    assert_eq!(proximity.parts().hops, [0, 1, 1, 3, 2]);
    assert_eq!(proximity.view().path(3).unwrap().unwrap(), [0, 1, 2]);
    assert_eq!(proximity.view().path(4).unwrap().unwrap(), [3, 4]);
    assert_eq!(proximity.view().path(9), Ok(None));
}

#[test]
fn a_junction_is_crossed_in_one_hop_whatever_the_order_of_its_edges() {
    for text in ["0>2@1 2>1@1 | 2", "2>1@1 0>2@1 | 2"] {
        let world = World::parse(text);
        let forward = all_at_once(&world, 0b01, Direction::Forward, 9);
        assert_eq!(forward.parts().hops, [0, 1, 0]);
        let backward = all_at_once(&world, 0b10, Direction::Backward, 9);
        assert_eq!(backward.parts().hops, [1, 0, 1]);
    }
}

#[test]
fn a_batch_that_does_not_fit_is_refused_and_changes_nothing() {
    let edges = |world: &'static World| world.edges();
    let first = World::parse("0>1@5 1>2@6");
    let mut proximity = all_at_once(&first, 1, Direction::Forward, 9);
    let before = proximity.parts().clone();
    let world: &'static World = Box::leak(Box::new(World::parse("0>3@6")));
    let early: &'static World = Box::leak(Box::new(World::parse("0>3@4")));
    let batch = |world, first_edge, n_main, n_nodes| EdgeBatch {
        edges: edges(world),
        first_edge,
        n_main,
        n_nodes,
    };
    let cases = [
        (batch(world, 3, 4, 4), GraphError::BatchOrder { expected: 2, found: 3 }),
        (batch(early, 2, 4, 4), GraphError::TimeOrder { edge: 2, time: 4, previous: 6 }),
        (
            batch(world, 2, 3, 3),
            GraphError::OutOfRange { what: "target", index: 0, found: 3, limit: 3 },
        ),
        (batch(world, 2, 2, 4), GraphError::Shrunk { what: "main nodes", expected: 3, found: 2 }),
    ];
    for (batch, expected) in cases {
        assert_eq!(proximity.extend(&batch, |_| false), Err(expected));
        assert_eq!(proximity.parts(), &before);
    }
    let mut stored = Proximity::from_parts(before.clone()).unwrap();
    let refused = stored.extend(&batch(world, 2, 4, 4), |_| false);
    assert_eq!(refused, Err(GraphError::TimeSplit { time: 6 }));
    proximity.extend(&batch(world, 2, 4, 4), |_| false).unwrap();
    assert_eq!(proximity.parts().hops, [0, 1, 2, 1]);
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let world = World::parse("0>1@5 1>2@6");
    let parts = all_at_once(&world, 1, Direction::Forward, 9).into_parts();
    let mut short = parts.clone();
    short.label.pop();
    let expected = GraphError::Length { what: "label", expected: 3, found: 2 };
    assert_eq!(Proximity::from_parts(short).unwrap_err(), expected);
    let mut dangling = parts;
    dangling.label[1] = 7;
    let expected = GraphError::OutOfRange { what: "label", index: 1, found: 7, limit: 2 };
    assert_eq!(Proximity::from_parts(dangling).unwrap_err(), expected);
}

#[test]
fn a_chain_that_breaks_or_goes_round_is_an_error_not_a_clearance() {
    // Node 0 is a source; node 1 has 2 hops and label 1, whose chain is spoilt in each case.
    let path = |node: &[u32; 2], edge: &[u32; 2], previous: &[u32; 2], label: u32| {
        let (hops, label) = ([0, 2], [NONE, label]);
        let arena = [&node[..], &edge[..], &previous[..]];
        ProximityView::new(Direction::Forward, &hops, &label, arena).unwrap().path(1)
    };
    let broken = |label| Err(GraphError::Chain { node: 1, label });
    assert_eq!(path(&[2, 1], &[5, 6], &[NONE, 0], 1), Ok(Some(vec![5, 6])));
    assert_eq!(path(&[2, 1], &[5, 6], &[NONE, 1], 1), broken(1));
    assert_eq!(path(&[2, 1], &[5, 6], &[1, 0], 1), broken(0));
    assert_eq!(path(&[2, 1], &[NONE, 6], &[NONE, 0], 1), broken(0));
    assert_eq!(path(&[2, 0], &[5, 6], &[NONE, 0], 1), broken(1));
    assert_eq!(path(&[2, 1], &[5, 6], &[NONE, 0], 2), broken(2));
    assert_eq!(path(&[2, 1], &[5, 6], &[NONE, 0], NONE), broken(NONE));
}
