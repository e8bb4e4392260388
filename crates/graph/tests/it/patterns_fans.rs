//! Fans against a recount of the plain list at every edge and at every point in time.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tracehound_graph::patterns::{
    Crossing, Fan, FanBatch, FanEvent, FanOptions, FanSide, FanStream,
};
use tracehound_graph::temporal::TemporalEdges;

use crate::world::{World, worlds};

fn part(world: &World, range: std::ops::Range<usize>) -> TemporalEdges<'_> {
    let (source, target) = (&world.source[range.clone()], &world.target[range.clone()]);
    TemporalEdges::new(source, target, &world.time[range.clone()], &world.weight[range]).unwrap()
}

/// A fan over those of the edges `from..to` that count.
fn recount(
    world: &World,
    options: &FanOptions,
    node: u32,
    side: FanSide,
    edges: std::ops::Range<usize>,
) -> Fan {
    let mut others = BTreeSet::new();
    let mut weight_sum = 0;
    for edge in edges {
        let (source, target) = (world.source[edge], world.target[edge]);
        let (own, other) = if side == FanSide::In { (target, source) } else { (source, target) };
        if own == node && other != node && world.weight[edge] >= options.edge_weight_min {
            others.insert(other);
            weight_sum += u128::from(world.weight[edge]);
        }
    }
    Fan { count: u32::try_from(others.len()).unwrap(), weight_sum }
}

/// The whole answer from recounts: edges leave one by one, the oldest first, and come one by one.
fn expected(world: &World, options: &FanOptions) -> FanBatch {
    let mut batch = FanBatch::default();
    let is_up = |fan: Fan| fan.count >= options.count_min && fan.weight_sum >= options.weight_min;
    let mut first = 0;
    for edge in 0..world.source.len() {
        let mut step = |changed: usize,
                        time: u32,
                        before: std::ops::Range<usize>,
                        after: std::ops::Range<usize>| {
            for (node, side) in
                [(world.target[changed], FanSide::In), (world.source[changed], FanSide::Out)]
            {
                let other_side = if side == FanSide::In { FanSide::Out } else { FanSide::In };
                let fan = |side, edges| recount(world, options, node, side, edges);
                let (was, now) = (fan(side, before.clone()), fan(side, after.clone()));
                let opposite = fan(other_side, after.clone());
                if is_up(was) != is_up(now) {
                    let crossing = if is_up(now) { Crossing::Rise } else { Crossing::Fall };
                    let opposite_is_up = is_up(opposite);
                    let edge = changed as u64;
                    batch.events.push(FanEvent {
                        edge,
                        time,
                        node,
                        side,
                        crossing,
                        fan: now,
                        opposite,
                        opposite_is_up,
                    });
                }
            }
        };
        while world.time[edge] - world.time[first] > options.window {
            let time = world.time[first] + options.window + 1;
            step(first, time, first..edge, first + 1..edge);
            first += 1;
        }
        step(edge, world.time[edge], first..edge, first..edge + 1);
        let fan = |node, side| recount(world, options, node, side, first..edge + 1);
        batch.fan_in.push(fan(world.target[edge], FanSide::In));
        batch.fan_out.push(fan(world.source[edge], FanSide::Out));
    }
    batch
}

fn options() -> impl Strategy<Value = FanOptions> {
    (0u32..7, 0u64..3, 0u32..4, 0u128..9).prop_map(
        |(window, edge_weight_min, count_min, weight_min)| FanOptions {
            window,
            edge_weight_min,
            count_min,
            weight_min,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn agree_with_a_recount(
        world in worlds(25),
        options in options(),
        cuts in prop::collection::vec(0usize..25, 0..4),
    ) {
        let expected = expected(&world, &options);
        let n_edges = world.source.len();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(n_edges)).collect();
        cuts.extend([0, n_edges]);
        cuts.sort_unstable();
        let mut stream = FanStream::new(options.clone());
        let mut found = FanBatch::default();
        let mut events_before = 0;
        let middle = cuts[cuts.len() / 2];
        for pair in cuts.windows(2) {
            let batch = stream.push(part(&world, pair[0]..pair[1])).unwrap();
            found.fan_in.extend(batch.fan_in);
            found.fan_out.extend(batch.fan_out);
            found.events.extend(batch.events);
            if pair[1] == middle {
                events_before = found.events.len();
            }
        }
        prop_assert_eq!(&found, &expected);

        // Resumed from the window alone, the rest is the same.
        let now = if middle == 0 { 0 } else { world.time[middle - 1] };
        let start = world.time[..middle].partition_point(|&time| now - time > options.window);
        let mut resumed = FanStream::resume(options, start as u64, part(&world, start..middle)).unwrap();
        let rest = resumed.push(part(&world, middle..n_edges)).unwrap();
        prop_assert_eq!(&rest.fan_in, &expected.fan_in[middle..]);
        prop_assert_eq!(&rest.fan_out, &expected.fan_out[middle..]);
        prop_assert_eq!(&rest.events, &expected.events[events_before..]);
    }
}

#[test]
fn gather_scatter_and_the_edge_of_the_window() {
    let options = FanOptions { window: 10, edge_weight_min: 0, count_min: 2, weight_min: 0 };
    let mut stream = FanStream::new(options.clone());
    // 0 and 1 pay 9, which pays 2 and 3.
    let batch = stream.push(World::parse("0>9@1:5 1>9@2:5 9>2@10:4 9>3@11:5").edges()).unwrap();
    let events: Vec<_> =
        batch.events.iter().map(|e| (e.time, e.node, e.side, e.is_gather_scatter())).collect();
    assert_eq!(events, [(2, 9, FanSide::In, false), (11, 9, FanSide::Out, true)]);
    assert_eq!(batch.events[1].opposite, Fan { count: 2, weight_sum: 10 });
    assert_eq!(batch.events[1].fan, Fan { count: 2, weight_sum: 9 });
    // The edge of time 1 counts up to time 11.
    assert_eq!(stream.advance(11), []);
    let falls = stream.advance(12);
    assert_eq!((falls.len(), falls[0].edge, falls[0].time), (1, 0, 12));
    assert_eq!((falls[0].crossing, falls[0].fan.count), (Crossing::Fall, 1));
    assert_eq!(stream.n_window(), 3);
    assert!(stream.push(World::parse("0>1@11").edges()).is_err());
    stream.advance(u32::MAX);
    assert_eq!(stream.n_window(), 0);
    // Scatter first, then gather: not the pattern.
    let batch =
        FanStream::new(options).push(World::parse("9>2@1 9>3@2 0>9@3 1>9@4").edges()).unwrap();
    assert!(batch.events.iter().all(|event| !event.is_gather_scatter()));
}

#[test]
fn the_same_pair_counts_once_and_a_loop_never() {
    let options = FanOptions { window: 3, edge_weight_min: 0, count_min: 9, weight_min: 0 };
    let world = World::parse("0>1@0:1 0>1@2:1 1>1@2:9 2>1@3:1 0>3@4:1 4>1@6:1");
    let batch = FanStream::new(options).push(world.edges()).unwrap();
    let counts: Vec<_> = batch.fan_in.iter().map(|fan| (fan.count, fan.weight_sum)).collect();
    assert_eq!(counts, [(1, 1), (1, 2), (1, 2), (2, 3), (1, 1), (2, 2)]);
    assert_eq!(batch.fan_out[2], Fan::default());
}
