//! Hop distances, their repair, queries and reach sets against relaxation over all edges until nothing changes.
#![allow(clippy::cast_possible_truncation, reason = "node counts of small graphs")]

use proptest::prelude::*;
use tracehound_graph::{
    AppendedRows, Blocked, Direction, EdgeEnds, GraphError, HopChanges, HopDistance, HopOptions,
    Limit, NONE, UNREACHED, WithinOptions, WithinScratch, hop_distance, hop_path, nearest_sources,
    reach_sets, within_hops,
};

use crate::bfs::{Net, in_pools, nets};

const DIRECTIONS: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// A graph, its sources and its blocked nodes: all that a column of hops follows from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct State {
    n_nodes: u32,
    edges: Vec<(u32, u32)>,
    sources: Vec<u32>,
    blocked: Vec<u32>,
}

fn turned((from, to): (u32, u32), direction: Direction) -> (u32, u32) {
    if direction == Direction::Forward { (from, to) } else { (to, from) }
}

impl State {
    fn passes(&self, node: u32) -> bool {
        self.sources.contains(&node) || !self.blocked.contains(&node)
    }

    /// Hops without a bound.
    fn hops(&self, direction: Direction) -> Vec<u32> {
        let mut hops = vec![NONE; self.n_nodes as usize];
        self.sources.iter().for_each(|&source| hops[source as usize] = 0);
        loop {
            let before = hops.clone();
            for (from, to) in self.edges.iter().map(|&edge| turned(edge, direction)) {
                if hops[from as usize] != NONE && self.passes(from) {
                    hops[to as usize] = hops[to as usize].min(hops[from as usize] + 1);
                }
            }
            if hops == before {
                return hops;
            }
        }
    }

    fn column(&self, direction: Direction, hops_max: u8) -> Vec<u8> {
        let bounded = |hops: u32| if hops > u32::from(hops_max) { UNREACHED } else { hops as u8 };
        self.hops(direction).into_iter().map(bounded).collect()
    }

    /// The smallest of the sources at the fewest hops: every source is walked from alone.
    fn nearest(&self, direction: Direction) -> Vec<u32> {
        let mut best = vec![(NONE, NONE); self.n_nodes as usize];
        for &source in &self.sources {
            // Passing another source, even a blocked one, is allowed but never shorter.
            let alone = Self { sources: vec![source], ..self.clone() };
            for (best, hops) in best.iter_mut().zip(alone.hops(direction)) {
                if hops != NONE {
                    *best = (*best).min((hops, source));
                }
            }
        }
        best.into_iter().map(|(_, source)| source).collect()
    }

    fn next(&self, node: u32, direction: Direction) -> impl Iterator<Item = u32> {
        let edges = self.edges.iter().map(move |&edge| turned(edge, direction));
        edges.filter(move |edge| edge.0 == node).map(|edge| edge.1)
    }

    fn previous(&self, node: u32, direction: Direction) -> impl Iterator<Item = u32> {
        let edges = self.edges.iter().map(move |&edge| turned(edge, direction));
        edges.filter(move |edge| edge.1 == node).map(|edge| edge.0)
    }
}

fn flags(state: &State) -> Vec<u8> {
    // Another bit must not block.
    let flag = |node| if state.blocked.contains(&node) { 0b101 } else { 0b010 };
    (0..state.n_nodes).map(flag).collect()
}

fn check_column(net: &Net, sources: &[u32], blocked: &[u32], hops_max: u8) {
    let state = State {
        n_nodes: net.n_nodes,
        edges: net.edges.clone(),
        sources: sources.to_vec(),
        blocked: blocked.to_vec(),
    };
    let flags = flags(&state);
    let blocked = Some(Blocked { flags: &flags, mask: 0b100 });
    let (out, in_) = (net.out.view(), net.in_.view());
    for direction in DIRECTIONS {
        let options = HopOptions { hops_max, blocked };
        let found = hop_distance(out, in_, sources, direction, &options).unwrap();
        assert_eq!(found.hops, state.column(direction, hops_max));
        let is_farther = |&hops: &u32| hops != NONE && hops > u32::from(hops_max);
        let is_cut = state.hops(direction).iter().any(is_farther);
        assert_eq!(found.truncated_by, is_cut.then_some(Limit::Hops));

        let mut nearest = state.nearest(direction);
        let reached = nearest.iter_mut().zip(&found.hops);
        reached.filter(|pair| *pair.1 == UNREACHED).for_each(|(nearest, _)| *nearest = NONE);
        let found_nearest = nearest_sources(out, in_, &found.hops, direction, blocked).unwrap();
        assert_eq!(found_nearest, nearest);

        for node in 0..net.n_nodes {
            let previous = |node| state.previous(node, direction);
            let path = hop_path(&found.hops, node, direction, blocked, previous).unwrap();
            assert_eq!(path.is_some(), found.hops[node as usize] != UNREACHED);
            path.iter().for_each(|path| check_path(&state, path, node, direction, &found.hops));
        }
    }
}

/// The path is there, is as short as the column says, and takes the smallest neighbor at every step from `node`.
fn check_path(state: &State, path: &[u32], node: u32, direction: Direction, hops: &[u8]) {
    let mut path = path.to_vec();
    if direction == Direction::Forward {
        path.reverse();
    }
    assert_eq!(path[0], node);
    assert_eq!(path.len(), usize::from(hops[node as usize]) + 1);
    assert!(state.sources.contains(&path[path.len() - 1]));
    for pair in path.windows(2) {
        let nearer = state.previous(pair[0], direction).filter(|&from| {
            hops[from as usize] == hops[pair[0] as usize] - 1 && state.passes(from)
        });
        assert_eq!(nearer.min(), Some(pair[1]));
    }
}

/// A few nodes out of all; sometimes none, with repeats, in any order.
fn some(n_nodes_max: usize) -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..n_nodes_max)
}

fn chosen(picks: &[prop::sample::Index], n_nodes: u32) -> Vec<u32> {
    picks.iter().map(|pick| pick.index(n_nodes as usize) as u32).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn columns_agree_with_relaxation(
        net in nets(), sources in some(5), blocked in some(60), hops_max in prop_oneof![0u8..6, Just(254), Just(255)],
    ) {
        let (sources, blocked) = (chosen(&sources, net.n_nodes), chosen(&blocked, net.n_nodes));
        check_column(&net, &sources, &blocked, hops_max.min(254));
    }

    #[test]
    fn queries_agree_with_relaxation(
        net in nets(), source in any::<prop::sample::Index>(), flagged in some(5), blocked in some(60),
        hops_max in 0u32..6, edges_visited_max in prop_oneof![0u64..40, Just(u64::MAX)],
    ) {
        let state = State {
            n_nodes: net.n_nodes,
            edges: net.edges.clone(),
            sources: vec![source.index(net.n_nodes as usize) as u32],
            blocked: chosen(&blocked, net.n_nodes),
        };
        let options = WithinOptions { hops_max, edges_visited_max };
        // Dirty with another query, which must not show.
        let mut scratch = WithinScratch::new();
        let other = State { sources: vec![0], ..state.clone() };
        check_within(&other, &[], &WithinOptions::default(), &mut scratch);
        check_within(&state, &chosen(&flagged, net.n_nodes), &options, &mut scratch);
    }

    #[test]
    fn reach_sets_agree_with_relaxation(
        net in nets(), seeds in prop::collection::vec((any::<prop::sample::Index>(), 0u64..16), 0..12),
        blocked in some(60), hops_max in prop_oneof![0u8..6, Just(254)],
    ) {
        let categories: Vec<u64> = seeds.iter().map(|seed| seed.1 << 60 | seed.1).collect();
        let seeds: Vec<u32> = seeds.iter().map(|seed| seed.0.index(net.n_nodes as usize) as u32).collect();
        check_reach(&net, &seeds, &categories, &chosen(&blocked, net.n_nodes), hops_max);
    }
}

fn check_within(
    state: &State,
    flagged: &[u32],
    options: &WithinOptions,
    scratch: &mut WithinScratch,
) {
    let source = state.sources[0];
    let answer = within_hops(
        state.n_nodes,
        |node| state.next(node, Direction::Forward),
        source,
        |node| flagged.contains(&node),
        |node| state.passes(node),
        options,
        scratch,
    );
    assert!(answer.edges_visited <= options.edges_visited_max);
    let hops = state.hops(Direction::Forward);
    let nearest = flagged.iter().map(|&node| hops[node as usize]).min().unwrap_or(NONE);
    match (&answer.path, answer.truncated_by) {
        (Some(path), truncated_by) => {
            assert_eq!(truncated_by, None);
            let shortest = smallest_path(state, flagged, &hops, nearest);
            assert_eq!(path, &shortest);
        }
        (None, Some(Limit::EdgesVisited)) => {
            assert_eq!(answer.edges_visited, options.edges_visited_max);
        }
        (None, truncated_by) => {
            assert!(nearest == NONE || nearest > options.hops_max);
            let is_edge = |&(from, _): &(u32, u32)| {
                let hops = hops[from as usize];
                hops != NONE && hops == options.hops_max && state.passes(from)
            };
            assert_eq!(truncated_by.is_some(), state.edges.iter().any(is_edge));
        }
    }
}

/// The smallest of all shortest paths to a flagged node: at every step the smallest node from which a flagged one is
/// as near as it has to be.
fn smallest_path(state: &State, flagged: &[u32], hops: &[u32], nearest: u32) -> Vec<u32> {
    let ends: Vec<u32> =
        flagged.iter().copied().filter(|&node| hops[node as usize] == nearest).collect();
    let mut path = vec![state.sources[0]];
    for left in (0..nearest).rev() {
        let leads = |&node: &u32| {
            let there = State { sources: vec![node], ..state.clone() };
            let hops_left = there.hops(Direction::Forward);
            (left == 0 || state.passes(node))
                && ends.iter().any(|&end| hops_left[end as usize] == left)
        };
        let at = path[path.len() - 1];
        path.push(state.next(at, Direction::Forward).filter(leads).min().unwrap());
    }
    path
}

fn check_reach(net: &Net, seeds: &[u32], categories: &[u64], blocked: &[u32], hops_max: u8) {
    let mut state = State { n_nodes: net.n_nodes, edges: net.edges.clone(), ..State::default() };
    state.blocked = blocked.to_vec();
    let flags = flags(&state);
    let options = HopOptions { hops_max, blocked: Some(Blocked { flags: &flags, mask: 1 }) };
    for direction in DIRECTIONS {
        let mut expected = vec![0u64; net.n_nodes as usize];
        for category in 0..64 {
            let seeds = seeds.iter().zip(categories).filter(|seed| seed.1 >> category & 1 == 1);
            state.sources = seeds.map(|seed| *seed.0).collect();
            for (expected, hops) in expected.iter_mut().zip(state.hops(direction)) {
                *expected |= u64::from(hops <= u32::from(hops_max)) << category;
            }
        }
        let (out, in_) = (net.out.view(), net.in_.view());
        let found = reach_sets(out, in_, seeds, categories, direction, &options).unwrap();
        assert_eq!(found, expected);
    }
}

/// Changes, drawn without regard to what is there.
#[derive(Debug, Clone)]
struct Draw {
    n_nodes: u32,
    edges_added: Vec<(u32, u32)>,
    edges_removed: Vec<prop::sample::Index>,
    nodes: [Vec<u32>; 4],
}

fn draws() -> impl Strategy<Value = Draw> {
    (1u32..70).prop_flat_map(|n_nodes| {
        let node = move || 0..n_nodes;
        let few = move || prop::collection::vec(node(), 0..3);
        (
            prop::collection::vec((node(), node()), 0..40),
            prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            [few(), few(), few(), few()],
        )
            .prop_map(move |(edges_added, edges_removed, nodes)| Draw {
                n_nodes,
                edges_added,
                edges_removed,
                nodes,
            })
    })
}

/// The state after the changes, and which edges were taken away.
fn changed(state: &State, draw: &Draw) -> (State, Vec<(u32, u32)>) {
    let mut state = state.clone();
    state.n_nodes = state.n_nodes.max(draw.n_nodes);
    let mut removed = Vec::new();
    for pick in &draw.edges_removed {
        if !state.edges.is_empty() {
            removed.push(state.edges.swap_remove(pick.index(state.edges.len())));
        }
    }
    state.edges.extend(&draw.edges_added);
    let [sources_added, sources_removed, blocked_added, blocked_removed] = &draw.nodes;
    state.sources.retain(|node| !sources_removed.contains(node));
    state.sources.extend(sources_added);
    state.blocked.retain(|node| !blocked_removed.contains(node));
    state.blocked.extend(blocked_added);
    (state, removed)
}

/// Takes the column to `state`, whatever the difference is.
fn apply(
    distance: &mut HopDistance,
    state: &State,
    direction: Direction,
    added: &[(u32, u32)],
    removed: &[(u32, u32)],
    [sources_added, sources_removed, blocked_added, blocked_removed]: [&[u32]; 4],
) {
    let (added_source, added_target): (Vec<u32>, Vec<u32>) = added.iter().copied().unzip();
    let (removed_source, removed_target): (Vec<u32>, Vec<u32>) = removed.iter().copied().unzip();
    let changes = HopChanges {
        n_nodes: state.n_nodes,
        edges_added: EdgeEnds { source: &added_source, target: &added_target },
        edges_removed: EdgeEnds { source: &removed_source, target: &removed_target },
        sources_added,
        sources_removed,
        blocked_added,
        blocked_removed,
    };
    let next = |node| state.next(node, direction);
    distance.apply(&changes, next, |node| state.previous(node, direction)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn repair_agrees_with_relaxation_after_every_change(
        draws in prop::collection::vec(draws(), 1..8), hops_max in prop_oneof![0u8..6, Just(254)],
    ) {
        for direction in DIRECTIONS {
            let mut state = State::default();
            let mut distance = HopDistance::new(0, direction, hops_max);
            for draw in &draws {
                let before = state.clone();
                let (after, removed) = changed(&before, draw);
                let nodes = draw.nodes.each_ref().map(Vec::as_slice);
                apply(&mut distance, &after, direction, &draw.edges_added, &removed, nodes);
                prop_assert_eq!(distance.hops(), after.column(direction, hops_max));

                // Back, by naming everything that may differ, and forward again: nothing is left behind.
                let mut back = State { n_nodes: after.n_nodes, ..before };
                let nodes = [&back.sources[..], &after.sources, &back.blocked, &after.blocked];
                apply(&mut distance, &back, direction, &removed, &draw.edges_added, nodes);
                prop_assert_eq!(distance.hops(), back.column(direction, hops_max));
                back.n_nodes = after.n_nodes;
                let nodes = [&after.sources[..], &back.sources, &after.blocked, &back.blocked];
                apply(&mut distance, &after, direction, &draw.edges_added, &removed, nodes);
                prop_assert_eq!(distance.hops(), after.column(direction, hops_max));
                state = after;
            }
        }
    }

    #[test]
    fn any_cut_gives_the_same_column(
        net in nets(), sources in some(5), blocked in some(30), cuts in some(6), hops_max in 1u8..8,
    ) {
        let (sources, blocked) = (chosen(&sources, net.n_nodes), chosen(&blocked, net.n_nodes));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(net.edges.len() + 1)).collect();
        cuts.extend([0, net.edges.len()]);
        cuts.sort_unstable();
        let whole = State { n_nodes: net.n_nodes, edges: net.edges.clone(), sources, blocked };
        let flags = flags(&whole);
        for direction in DIRECTIONS {
            let options = HopOptions { hops_max, blocked: Some(Blocked { flags: &flags, mask: 4 }) };
            let empty = Net::new(net.n_nodes, vec![]);
            let (out, in_) = (empty.out.view(), empty.in_.view());
            let mut distance =
                HopDistance::from_rows(out, in_, &whole.sources, direction, &options).unwrap();
            let mut rows = AppendedRows::new(net.n_nodes);
            let mut expected_rows = vec![Vec::new(); net.n_nodes as usize];
            for cut in cuts.windows(2) {
                let batch = &net.edges[cut[0]..cut[1]];
                for &(from, to) in batch {
                    let (from, to) = turned((from, to), direction);
                    rows.extend(&[from], &[to]).unwrap();
                    expected_rows[from as usize].insert(0, to);
                }
                let (source, target): (Vec<u32>, Vec<u32>) = batch.iter().copied().unzip();
                let edges = EdgeEnds { source: &source, target: &target };
                distance.add_edges(edges, |node| rows.row(node)).unwrap();
            }
            for node in 0..net.n_nodes {
                prop_assert_eq!(&rows.row(node).collect::<Vec<_>>(), &expected_rows[node as usize]);
            }
            prop_assert_eq!(rows.n_items(), net.edges.len());
            prop_assert_eq!(distance.hops(), whole.column(direction, hops_max));
            let (out, in_) = (net.out.view(), net.in_.view());
            let at_once = HopDistance::from_rows(out, in_, &whole.sources, direction, &options).unwrap();
            prop_assert_eq!(at_once.hops(), distance.hops());
            for node in 0..net.n_nodes {
                let previous = |node| whole.previous(node, direction);
                let path = distance.path(node, previous).unwrap();
                let expected = hop_path(distance.hops(), node, direction, options.blocked, previous);
                prop_assert_eq!(path, expected.unwrap());
            }
            let ends = net.edges.iter().map(|&edge| turned(edge, direction).0);
            let ends: Vec<u32> = ends.collect();
            prop_assert!(rows.truncate(0, &ends[1.min(ends.len())..]).is_err() || ends.is_empty());
            rows.truncate(0, &ends).unwrap();
            prop_assert!((0..net.n_nodes).all(|node| rows.row(node).next().is_none()));
            prop_assert_eq!(rows.n_items(), 0);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let net = Net::skewed(70_000, 400_000);
    let (out, in_) = (net.out.view(), net.in_.view());
    let sources: Vec<u32> = (0..net.n_nodes).filter(|node| node % 977 == 5).collect();
    let flags: Vec<u8> = (0..net.n_nodes).map(|node| u8::from(node % 13 == 0)).collect();
    let categories: Vec<u64> = sources.iter().map(|&source| 1 << (source % 64)).collect();
    for direction in DIRECTIONS {
        let blocked = Some(Blocked { flags: &flags, mask: 1 });
        let options = HopOptions { hops_max: 20, blocked };
        let found = in_pools(|| {
            let column = hop_distance(out, in_, &sources, direction, &options).unwrap();
            let nearest = nearest_sources(out, in_, &column.hops, direction, blocked).unwrap();
            let reached = reach_sets(out, in_, &sources, &categories, direction, &options).unwrap();
            (column, nearest, reached)
        });
        assert!(found[0] == found[1] && found[1] == found[2]);
        let mut distance = HopDistance::new(net.n_nodes, direction, 20);
        let blocked: Vec<u32> = (0..net.n_nodes).filter(|node| node % 13 == 0).collect();
        let (source, target): (Vec<u32>, Vec<u32>) = net.edges.iter().copied().unzip();
        let changes = HopChanges {
            sources_added: &sources,
            blocked_added: &blocked,
            edges_added: EdgeEnds { source: &source, target: &target },
            ..HopChanges::default()
        };
        let (next, previous) =
            if direction == Direction::Forward { (out, in_) } else { (in_, out) };
        let row = |rows: tracehound_graph::CsrView<'_>, node| rows.row(node).to_vec().into_iter();
        distance.apply(&changes, |node| row(next, node), |node| row(previous, node)).unwrap();
        assert!(distance.hops() == found[0].0.hops);
    }
}

#[test]
fn edge_cases() {
    let empty = Net::new(0, vec![]);
    check_column(&empty, &[], &[], 3);
    // A loop, two equal edges made one, an isolated node, a sink; a source named twice; a blocked source.
    let net = Net::new(5, vec![(0, 0), (0, 1), (0, 1), (1, 2), (4, 2)]);
    for hops_max in [0, 1, 2, 254] {
        check_column(&net, &[0, 0], &[1], hops_max);
        check_column(&net, &[0], &[0], hops_max);
        check_column(&net, &[], &[0], hops_max);
        check_column(&net, &[3, 2], &[], hops_max);
    }
    // Longer than a byte can say: named as cut, not wrapped.
    let chain = Net::new(400, (0..399).map(|node| (node, node + 1)).collect());
    check_column(&chain, &[0], &[], 254);
    check_column(&chain, &[0, 200], &[], 254);
}

#[test]
fn damaged_input_is_refused() {
    let net = Net::new(3, vec![(0, 1), (1, 2)]);
    let (out, in_) = (net.out.view(), net.in_.view());
    let refused = |sources: &[u32], flags: &[u8]| {
        let options = HopOptions { hops_max: 9, blocked: Some(Blocked { flags, mask: 1 }) };
        hop_distance(out, in_, sources, Direction::Forward, &options).unwrap_err()
    };
    let error = refused(&[1, 3], &[0; 3]);
    assert_eq!(error, GraphError::OutOfRange { what: "sources", index: 1, found: 3, limit: 3 });
    let error = refused(&[1], &[0; 2]);
    assert_eq!(error, GraphError::Length { what: "flags", expected: 3, found: 2 });
    let from = |node: u32| in_.row(node).iter().copied();
    let error = hop_path(&[0, 2, 3], 2, Direction::Forward, None, from).unwrap_err();
    assert_eq!(error, GraphError::Hops { node: 1, hops: 2 });
    assert!(error.hint().unwrap().contains("direction"));
    let path = hop_path(&[0, 1, 2], 7, Direction::Forward, None, from);
    assert_eq!(path, Ok(None));
    let column = HopDistance::from_column(vec![0, 9], Direction::Forward, 8, []).unwrap_err();
    assert_eq!(column, GraphError::OutOfRange { what: "hops", index: 1, found: 9, limit: 9 });
    let column = HopDistance::from_column(vec![0, 9], Direction::Forward, 9, [2]).unwrap_err();
    assert_eq!(column, GraphError::OutOfRange { what: "blocked", index: 0, found: 2, limit: 2 });
    let mut distance = HopDistance::new(2, Direction::Forward, 9);
    let edges = EdgeEnds { source: &[0], target: &[2] };
    let error = distance.add_edges(edges, |_| std::iter::empty()).unwrap_err();
    assert_eq!(error, GraphError::OutOfRange { what: "target", index: 0, found: 2, limit: 2 });
    let edges = EdgeEnds { source: &[0, 1], target: &[1] };
    assert!(distance.add_edges(edges, |_| std::iter::empty()).is_err());
}
