use forensics::{FlowEdges, FlowGraph, Hop, TraceAnswer, TraceLimits, TraceOptions};
use graph::temporal::{ProximityView, TemporalGraph, proximity};
use graph::{Csr, Direction};
use ledger::notation::{Notation, parse};
use ledger::{AddressId, ClusterId, LedgerBatch};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::flow::{flow, labels_of};
use crate::worlds::{name, world};

/// A flow graph that owns its columns.
struct Flow {
    edges: FlowEdges,
    n_nodes: u32,
    n_main: u32,
    out: Csr,
    in_: Csr,
}

impl Flow {
    fn of(batch: &LedgerBatch, n_addresses: u32) -> Self {
        let (edges, n_nodes) = flow(batch, &labels_of(batch, n_addresses));
        let out = Csr::from_keys(n_nodes, &edges.source).unwrap();
        let in_ = Csr::from_keys(n_nodes, &edges.target).unwrap();
        Self { edges, n_nodes, n_main: n_addresses, out, in_ }
    }

    fn graph(&self) -> FlowGraph<'_> {
        let edges = self.edges.temporal().unwrap();
        let graph =
            TemporalGraph::new(self.n_main, edges, self.out.view(), self.in_.view()).unwrap();
        FlowGraph::new(graph, &self.edges.flags).unwrap()
    }
}

fn cluster(id: u32) -> ClusterId {
    ClusterId::new(AddressId::new(id))
}

fn text(world: &Notation, hops: &[Hop]) -> String {
    let hop = |hop: &Hop| {
        let (from, to) = (name(world, hop.from.get().get()), name(world, hop.to.get().get()));
        let mixing = if hop.mixing { "~" } else { "" };
        format!("{mixing}{from}-{to}:{}@{}", hop.amount_sat, hop.tx)
    };
    hops.iter().map(hop).collect::<Vec<_>>().join(" ")
}

/// Shortest and widest path between two names, as hops `from-to:amount@tx`.
#[track_caller]
fn check(ledger: &str, from: &str, to: &str, shortest: &str, widest: &str) {
    let world = parse(ledger).unwrap();
    let flow = Flow::of(&world.batch, u32::try_from(world.names.len()).unwrap());
    let (from, to) = (ClusterId::new(world.id(from)), ClusterId::new(world.id(to)));
    let options = TraceOptions::default();
    let found = |answer: TraceAnswer| {
        assert_eq!(answer.truncated_by, None);
        answer.path.map_or("none".to_owned(), |path| {
            assert_eq!(path.bottleneck_sat, path.hops.iter().map(|hop| hop.amount_sat).min());
            assert_eq!(path.mixing, path.hops.iter().any(|hop| hop.mixing));
            text(&world, &path.hops)
        })
    };
    assert_eq!(found(flow.graph().shortest(&[from], |c| c == to, &options)), shortest);
    assert_eq!(found(flow.graph().widest(&[from], |c| c == to, &options)), widest);
}

#[test]
fn short_and_wide_are_different_questions() {
    let world = "-> a:9\n a:9 -> b:8 c:1\n b:8 -> d:7\n c:1 -> e:1\n d:7 -> e:6";
    check(world, "a", "e", "a-c:1@1 c-e:1@3", "a-b:8@1 b-d:7@2 d-e:6@4");
    check(world, "e", "a", "none", "none");
    check(world, "a", "a", "", "");
}

#[test]
fn money_does_not_move_back_in_time() {
    check("b:1 -> c:1\n a:1 -> b:1", "a", "c", "none", "none");
}

#[test]
fn a_mix_is_one_possible_hop_of_the_smaller_amount() {
    let world = "-> x:5\n x:5 -> a:5\n a:5 b:5 -> c:3 d:3 e:2 f:2\n c:3 -> y:3";
    check(world, "x", "y", "x-a:5@1 ~a-c:3@2 c-y:3@3", "x-a:5@1 ~a-c:3@2 c-y:3@3");
    check("a:2 b:8 -> c:3 d:3 e:2 f:2", "a", "c", "~a-c:2@0", "~a-c:2@0");
}

#[test]
fn options_narrow_the_question_and_limits_are_reported() {
    let world =
        parse("-> a:9\n a:9 -> b:5\n b:5 -> c:5\n a:1 -> d:1\n d:1 -> e:1\n e:1 -> c:1").unwrap();
    let flow = Flow::of(&world.batch, 5);
    let graph = flow.graph();
    let (a, b) = (ClusterId::new(world.id("a")), ClusterId::new(world.id("b")));
    let to_c = |c: ClusterId| c == ClusterId::new(world.id("c"));
    let hops = |options: &TraceOptions<'_>| {
        let answer = graph.shortest(&[a], to_c, options);
        (answer.path.map(|path| path.hops.len()), answer.truncated_by)
    };
    let options = TraceOptions::default();
    assert_eq!(hops(&options), (Some(2), None));
    assert_eq!(
        hops(&TraceOptions { ends_at: Some(&|c| c == b), ..options.clone() }),
        (Some(3), None)
    );
    assert_eq!(hops(&TraceOptions { tx_range: 3..=9, ..options.clone() }), (Some(3), None));
    assert_eq!(hops(&TraceOptions { amount_sat_min: 6, ..options.clone() }), (None, None));
    let limits = TraceLimits { hops_max: 1, ..TraceLimits::default() };
    assert_eq!(hops(&TraceOptions { limits, ..options.clone() }), (None, Some("hops_max")));
    let limits = TraceLimits { edges_visited_max: 1, ..TraceLimits::default() };
    assert_eq!(hops(&TraceOptions { limits, ..options }), (None, Some("edges_visited_max")));
}

#[test]
fn flags_belong_to_edges() {
    let world = parse("a:1 -> b:1").unwrap();
    let flow = Flow::of(&world.batch, 2);
    let graph = *flow.graph().graph();
    let error = FlowGraph::new(graph, &[]).unwrap_err();
    assert!(error.to_string().contains("flags"), "{error}");
}

#[test]
fn the_nearest_source_is_told_with_its_path() {
    let world = parse("-> a:9\n a:9 -> b:5 c:4\n b:5 -> d:5").unwrap();
    let flow = Flow::of(&world.batch, 4);
    let graph = flow.graph();
    let id = |name: &str| world.id(name).get();
    let at = |direction, source: u32| {
        let edges = *graph.graph().edges();
        proximity(edges, flow.n_nodes, flow.n_main, |node| node == source, direction, 9).unwrap()
    };
    let path = |view: &ProximityView<'_>, of: u32| {
        let path = graph.nearest(view, cluster(of)).unwrap();
        path.map(|path| text(&world, &path.hops))
    };
    let from_a = at(Direction::Forward, id("a"));
    assert_eq!(path(&from_a.view(), id("d")).unwrap(), "a-b:5@1 b-d:5@2");
    assert_eq!(path(&from_a.view(), id("a")).unwrap(), "");
    let to_d = at(Direction::Backward, id("d"));
    assert_eq!(path(&to_d.view(), id("a")).unwrap(), "a-b:5@1 b-d:5@2");
    assert_eq!(path(&to_d.view(), id("c")), None);
}

/// Every hop that there is: a direct edge, or a pair of edges through a junction.
fn all_hops(flow: &Flow) -> Vec<Hop> {
    let edges = &flow.edges;
    let mut hops = Vec::new();
    for first in 0..edges.len() {
        for last in 0..edges.len() {
            let direct = first == last && edges.target[first] < flow.n_main;
            let joined =
                edges.target[first] == edges.source[last] && edges.target[first] >= flow.n_main;
            if edges.source[first] < flow.n_main && (direct || joined) {
                hops.push(Hop {
                    tx: ledger::TxIndex::new(u64::from(edges.time[first])),
                    from: cluster(edges.source[first]),
                    to: cluster(edges.target[last]),
                    amount_sat: edges.weight[first].min(edges.weight[last]),
                    mixing: joined || edges.flags[first] & forensics::MIXING != 0,
                });
            }
        }
    }
    hops
}

/// For every cluster the fewest hops to it, and the largest bottleneck: chains of hops in order of time, by
/// repeated extension. A state is (cluster, time of arrival).
fn best(hops: &[Hop], from: ClusterId, n_main: u32, n_times: usize) -> Vec<(Option<usize>, u64)> {
    let n_times = n_times + 1;
    let place = |cluster: ClusterId, time: usize| cluster.index() * n_times + time;
    let mut states = vec![(None, 0); n_main as usize * n_times];
    states[place(from, 0)] = (Some(0), u64::MAX);
    for _round in 0..=n_main as usize * n_times {
        for hop in hops {
            let at = usize::try_from(hop.tx.get()).unwrap();
            for earlier in 0..=at {
                let (n_hops, width): (Option<usize>, u64) = states[place(hop.from, earlier)];
                let Some(n_hops) = n_hops else { continue };
                let reached = &mut states[place(hop.to, at)];
                reached.0 = Some(reached.0.map_or(n_hops + 1, |known| known.min(n_hops + 1)));
                reached.1 = reached.1.max(width.min(hop.amount_sat));
            }
        }
    }
    let over_times = |cluster: u32| {
        let own = &states[place(super::trace::cluster(cluster), 0)..][..n_times];
        (own.iter().filter_map(|s| s.0).min(), own.iter().map(|s| s.1).max().unwrap())
    };
    (0..n_main).map(over_times).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn paths_are_real_and_best(world in world()) {
        let flow = Flow::of(&world.batch, world.n_addresses);
        let graph = flow.graph();
        let hops = all_hops(&flow);
        let options = TraceOptions::default();
        let n_times = world.batch.transactions.len();
        for from in (0..world.n_addresses).map(cluster) {
            let best = best(&hops, from, world.n_addresses, n_times);
            for to in (0..world.n_addresses).map(cluster) {
                let shortest = graph.shortest(&[from], |c| c == to, &options);
                let widest = graph.widest(&[from], |c| c == to, &options);
                let (n_hops, width) = best[to.index()];
                prop_assert_eq!(shortest.path.as_ref().map(|path| path.hops.len()), n_hops);
                let bottleneck = widest.path.as_ref().map(|path| path.bottleneck_sat.unwrap_or(u64::MAX));
                prop_assert_eq!(bottleneck, n_hops.map(|_| width));
                for path in [&shortest.path, &widest.path].into_iter().flatten() {
                    prop_assert!(path.hops.iter().all(|hop| hops.contains(hop)));
                    prop_assert_eq!(path.hops.first().map_or(to, |hop| hop.from), from);
                    prop_assert_eq!(path.hops.last().map_or(from, |hop| hop.to), to);
                    let follow = |pair: &[Hop]| pair[0].to == pair[1].from && pair[0].tx <= pair[1].tx;
                    prop_assert!(path.hops.windows(2).all(follow));
                }
            }
        }
    }
}

#[test]
fn ways_are_listed_shortest_first_and_each_over_other_clusters() {
    let world = parse("-> a:9\n a:9 -> b:9\n b:9 -> c:4 d:5\n c:4 -> e:4\n d:5 -> e:5").unwrap();
    let flow = Flow::of(&world.batch, u32::try_from(world.names.len()).unwrap());
    let (from, to) = (ClusterId::new(world.id("a")), ClusterId::new(world.id("e")));
    let answer = flow.graph().shortest_ways(from, |c| c == to, 5, &TraceOptions::default());
    let ways: Vec<String> = answer.paths.iter().map(|path| text(&world, &path.hops)).collect();
    assert_eq!(ways, ["a-b:9@1 b-c:4@2 c-e:4@3", "a-b:9@1 b-d:5@2 d-e:5@4"]);
    assert_eq!(answer.truncated_by, None);
}
