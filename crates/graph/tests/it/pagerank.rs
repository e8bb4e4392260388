//! PageRank against Gaussian elimination over the dense matrix of NetworkX's definition: a sink's row is the
//! personalization, an absorbing node's row leads to itself. Small graphs with repeats, self-loops and sinks.

use proptest::prelude::*;
use tracehound_graph::{
    Csr, DynamicPageRank, EdgeChange, EdgeColumns, EdgeWeights, GraphError, GraphView, Limit,
    LocalOptions, PageRank, PageRankOptions, Personalization, TransitionMatrix, local_pagerank,
    pagerank,
};

use crate::world::in_mask;

/// Edges in any order, with repeats.
#[derive(Debug, Clone, Default)]
struct Net {
    n_nodes: u32,
    edges: Vec<(u32, u32, f64)>,
}

/// Rows of one direction and the weights beside them.
struct Rows {
    csr: Csr,
    weight: Vec<f64>,
}

impl Net {
    fn rows(&self, key: impl Fn(&(u32, u32, f64)) -> (u32, u32)) -> Rows {
        let mut edges = self.edges.clone();
        edges.sort_by_key(|edge| key(edge).0);
        let (keys, items): (Vec<u32>, Vec<u32>) = edges.iter().map(key).unzip();
        let csr = Csr::from_pairs(self.n_nodes, &keys, &items).unwrap();
        Rows { csr, weight: edges.iter().map(|edge| edge.2).collect() }
    }

    fn in_rows(&self) -> Rows {
        self.rows(|edge| (edge.1, edge.0))
    }

    fn out_rows(&self) -> Rows {
        self.rows(|edge| (edge.0, edge.1))
    }

    fn matrix(&self) -> TransitionMatrix {
        let rows = self.in_rows();
        TransitionMatrix::from_rows(rows.csr.view(), EdgeWeights::Real(&rows.weight)).unwrap()
    }

    fn weight_between(&self, source: u32, target: u32) -> f64 {
        let edges = self.edges.iter().filter(|edge| (edge.0, edge.1) == (source, target));
        edges.map(|edge| edge.2).sum()
    }

    /// Solves `x - d G' x = (1 - d) s` by elimination with pivots.
    fn exact(&self, start: &[f64], absorbing: &[bool], d: f64) -> Vec<f64> {
        let n = self.n_nodes as usize;
        let mut system = vec![vec![0.0; n + 1]; n];
        for source in 0..n {
            let weights: Vec<f64> =
                (0..n).map(|target| self.weight_between(source as u32, target as u32)).collect();
            let total: f64 = weights.iter().sum();
            for target in 0..n {
                let chance = match (absorbing.get(source) == Some(&true), total > 0.0) {
                    (true, _) => f64::from(u8::from(source == target)),
                    (false, true) => weights[target] / total,
                    (false, false) => start[target],
                };
                system[target][source] -= d * chance;
            }
            system[source][source] += 1.0;
            system[source][n] = (1.0 - d) * start[source];
        }
        for at in 0..n {
            let pivot =
                (at..n).max_by(|&a, &b| system[a][at].abs().total_cmp(&system[b][at].abs()));
            system.swap(at, pivot.unwrap());
            let lead = system[at].clone();
            for (row, equation) in system.iter_mut().enumerate().filter(|(row, _)| *row != at) {
                assert!(row < n);
                let factor = equation[at] / lead[at];
                equation.iter_mut().zip(&lead).for_each(|(one, lead)| *one -= factor * lead);
            }
        }
        (0..n).map(|at| system[at][n] / system[at][at]).collect()
    }
}

/// Seeds of a random mask, weighted; no seeds means uniform.
#[derive(Debug, Clone)]
struct Seeds {
    node: Vec<u32>,
    weight: Vec<f64>,
}

impl Seeds {
    fn ask(&self) -> Personalization<'_> {
        if self.node.is_empty() {
            return Personalization::Uniform;
        }
        Personalization::Seeds { node: &self.node, weight: &self.weight }
    }

    fn dense(&self, n_nodes: u32) -> Vec<f64> {
        let mut start = vec![0.0; n_nodes as usize];
        let total: f64 = self.weight.iter().sum();
        for (&node, weight) in self.node.iter().zip(&self.weight) {
            start[node as usize] += weight / total;
        }
        if self.node.is_empty() {
            start.fill(1.0 / f64::from(n_nodes));
        }
        start
    }
}

fn nets() -> impl Strategy<Value = Net> {
    let weight = prop_oneof![Just(1.0), Just(0.0), 0.01f64..9.0];
    let edge = (0u32..64, 0u32..64, weight);
    (1u32..=9, prop::collection::vec(edge, 0..24)).prop_map(|(n_nodes, edges)| {
        let edges = edges.into_iter().map(|(s, t, w)| (s % n_nodes, t % n_nodes, w)).collect();
        Net { n_nodes, edges }
    })
}

fn seeds() -> impl Strategy<Value = Vec<(u32, f64)>> {
    prop::collection::vec((0u32..64, 0.1f64..5.0), 0..4)
}

fn place(seeds: &[(u32, f64)], n_nodes: u32) -> Seeds {
    let (node, weight) = seeds.iter().map(|&(node, weight)| (node % n_nodes, weight)).unzip();
    Seeds { node, weight }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
}

#[track_caller]
fn check(net: &Net, found: &PageRank, seeds: &Seeds, absorbing: &[bool], d: f64) {
    let exact = net.exact(&seeds.dense(net.n_nodes), absorbing, d);
    assert!((found.scores.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let error = distance(&found.scores, &exact);
    assert!(error <= found.error_bound + 1e-12, "{error} is over {}", found.error_bound);
    assert!(found.converged && found.error_bound < 1e-8, "{found:?}");
    let held = exact.iter().zip(absorbing).filter(|(_, is)| **is).map(|(score, _)| score);
    assert!((found.absorbed - held.sum::<f64>()).abs() < 1e-8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn scores_are_those_of_elimination(
        net in nets(), lists in prop::collection::vec(seeds(), 1..11), mask in any::<u32>(), d in 0.0f64..0.95,
    ) {
        let absorbing: Vec<bool> = (0..net.n_nodes).map(|node| in_mask(mask, node)).collect();
        let absorbing = if mask % 3 == 0 { &absorbing[..] } else { &[] };
        let lanes: Vec<Seeds> = lists.iter().map(|list| place(list, net.n_nodes)).collect();
        let asked: Vec<Personalization<'_>> = lanes.iter().map(Seeds::ask).collect();
        let options = PageRankOptions { damping_factor: d, absorbing, iterations_max: 2000, ..PageRankOptions::default() };
        let matrix = net.matrix();
        let found = pagerank(&matrix, &asked, &options).unwrap();
        for (lane, (seeds, found)) in lanes.iter().zip(&found).enumerate() {
            check(&net, found, seeds, absorbing, d);
            let alone = pagerank(&matrix, &asked[lane..=lane], &options).unwrap();
            prop_assert_eq!(&alone[0], found, "a lane is the same alone");
        }
    }

    #[test]
    fn an_answer_cut_short_keeps_its_bound(net in nets(), list in seeds(), iterations_max in 0u32..8) {
        let seeds = place(&list, net.n_nodes);
        let options = PageRankOptions { iterations_max, ..PageRankOptions::default() };
        let found = pagerank(&net.matrix(), &[seeds.ask()], &options).unwrap().remove(0);
        let exact = net.exact(&seeds.dense(net.n_nodes), &[], 0.85);
        prop_assert!(distance(&found.scores, &exact) <= found.error_bound + 1e-12);
        prop_assert_eq!(found.converged, found.l1_change <= 1e-12 * f64::from(net.n_nodes));
        prop_assert!(found.iterations <= iterations_max);
    }

    #[test]
    fn local_scores_keep_their_bound(
        net in nets(), lists in prop::collection::vec(seeds(), 1..4), mask in any::<u32>(),
        error_log in -9.0f64..0.0, edges_visited_max in prop_oneof![Just(u64::MAX), 0u64..40],
    ) {
        let absorbing: Vec<bool> = (0..net.n_nodes).map(|node| in_mask(mask, node)).collect();
        let absorbing = if mask % 3 == 0 { &absorbing[..] } else { &[] };
        let lanes: Vec<Seeds> = lists.iter().map(|list| place(list, net.n_nodes)).collect();
        let asked: Vec<Personalization<'_>> = lanes.iter().map(Seeds::ask).collect();
        let error_max = 10f64.powf(error_log);
        let options = LocalOptions { error_max, edges_visited_max, absorbing, ..LocalOptions::default() };
        let out = net.out_rows();
        let found = local_pagerank(out.csr.view(), EdgeWeights::Real(&out.weight), &asked, &options).unwrap();
        for (seeds, found) in lanes.iter().zip(found) {
            let mut scores = vec![0.0; net.n_nodes as usize];
            found.scores.iter().for_each(|&(node, score)| scores[node as usize] = score);
            let exact = net.exact(&seeds.dense(net.n_nodes), absorbing, 0.85);
            prop_assert!(distance(&scores, &exact) <= found.error_bound + 1e-12);
            prop_assert!(found.error_bound <= error_max || found.truncated_by == Some(Limit::EdgesVisited));
            prop_assert!(edges_visited_max < u64::MAX || found.truncated_by.is_none());
        }
    }

    #[test]
    fn updates_keep_their_bound(
        net in nets(), list in seeds(), mask in any::<u32>(), error_log in -10.0f64..-1.0,
        batches in prop::collection::vec((prop::collection::vec((0u32..64, 0u32..64, 0.0f64..4.0, any::<bool>()), 0..6), 0u32..2), 1..5),
    ) {
        let absorbing: Vec<bool> = (0..net.n_nodes).map(|node| in_mask(mask, node)).collect();
        let absorbing = if mask % 3 == 0 { absorbing } else { Vec::new() };
        let mut net = net;
        let seeds = place(&list, net.n_nodes);
        let error_max = 10f64.powf(error_log);
        let options = PageRankOptions { absorbing: &absorbing, ..PageRankOptions::default() };
        let out = net.out_rows();
        let asked = [seeds.ask(), Personalization::Uniform];
        let mut dynamic = DynamicPageRank::new(
            &net.matrix(), out.csr.view(), EdgeWeights::Real(&out.weight), &asked, &options, error_max,
        ).unwrap();
        for (batch, n_new) in batches {
            net.n_nodes += n_new;
            let mut changes = Vec::new();
            for (source, target, weight, add) in batch {
                let (source, target) = (source % net.n_nodes, target % net.n_nodes);
                let found = net.edges.iter().position(|edge| (edge.0, edge.1) == (source, target));
                let weight_change = match (add, found) {
                    (false, Some(at)) => -net.edges.remove(at).2,
                    _ => { net.edges.push((source, target, weight)); weight }
                };
                changes.push(EdgeChange { source, target, weight_change });
            }
            let out = net.out_rows();
            let updates = dynamic.update(out.csr.view(), EdgeWeights::Real(&out.weight), &changes).unwrap();
            let both = [seeds.clone(), place(&[], net.n_nodes)];
            for (lane, (seeds, update)) in both.iter().zip(updates).enumerate() {
                let exact = net.exact(&seeds.dense(net.n_nodes), &absorbing, 0.85);
                let scores = dynamic.scores(lane);
                prop_assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert!(distance(&scores, &exact) <= update.error_bound + 1e-12);
                prop_assert!(update.error_bound <= error_max);
            }
        }
    }
}

/// A ring with chords, hubs of more edges than one task takes, and sinks.
fn large() -> Net {
    let n_nodes = 70_000u32;
    let mut edges = Vec::new();
    for node in 0..n_nodes - 100 {
        edges.push((node, (node * 7 + 1) % n_nodes, 1.5));
        edges.push((node, node % 3, f64::from(node % 5)));
        edges.push((node, 5, 0.25));
        edges.push((node, 5, 0.5));
    }
    Net { n_nodes, edges }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let net = large();
    let (rows, out) = (net.in_rows(), net.out_rows());
    let nodes: Vec<u32> = (0..9).map(|lane| lane * 7_001).collect();
    let asked: Vec<Personalization<'_>> = nodes
        .iter()
        .map(|node| Personalization::Seeds { node: std::slice::from_ref(node), weight: &[2.0] })
        .chain([Personalization::Uniform])
        .collect();
    let changes = [EdgeChange { source: 3, target: 8, weight_change: -1.0 }];
    let mut after = net.clone();
    after.edges.push((3, 8, -1.0));
    after.edges.retain(|edge| edge.2 >= 0.0);
    let at = after.edges.iter().position(|edge| edge.0 == 3 && edge.2 == 1.5).unwrap();
    let target = after.edges[at].1;
    after.edges[at].2 = 0.5;
    let changes = changes.map(|change| EdgeChange { target, ..change });
    let out_after = after.out_rows();
    let run = || {
        let weights = EdgeWeights::Real(&rows.weight);
        let matrix = TransitionMatrix::from_rows(rows.csr.view(), weights).unwrap();
        let options = PageRankOptions { tolerance: 1e-10, ..PageRankOptions::default() };
        let full = pagerank(&matrix, &asked, &options).unwrap();
        let weights = EdgeWeights::Real(&out.weight);
        let mut dynamic =
            DynamicPageRank::new(&matrix, out.csr.view(), weights, &asked, &options, 1e-5).unwrap();
        let weights = EdgeWeights::Real(&out_after.weight);
        let updates = dynamic.update(out_after.csr.view(), weights, &changes).unwrap();
        let scores: Vec<Vec<f64>> =
            (0..dynamic.n_lanes()).map(|lane| dynamic.scores(lane)).collect();
        let local =
            local_pagerank(out.csr.view(), weights, &asked[..2], &LocalOptions::default()).unwrap();
        (full, updates, scores, local)
    };
    let in_pool =
        |n: usize| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(run);
    let one = in_pool(1);
    for n_threads in [2, 5] {
        assert_eq!(in_pool(n_threads), one);
    }
    for (lane, (full, update)) in one.0.iter().zip(&one.1).enumerate() {
        // Summed in parts: one after the other, the test would round more than what it tests.
        let parts = full.scores.chunks(256).map(|part| part.iter().sum::<f64>());
        let rounding = (parts.sum::<f64>() - 1.0).abs();
        assert!(rounding < 1e-13, "{rounding}");
        assert!(full.converged && update.error_bound <= 1e-5);
        // One edge of 280,000 changed; most scores did not.
        assert!(distance(&full.scores, &one.2[lane]) < 0.9);
    }
    let (full, local) = (&one.0[1].scores, &one.3[1]);
    let missing: f64 = 1.0 - local.scores.iter().map(|&(node, _)| full[node as usize]).sum::<f64>();
    let far: f64 =
        local.scores.iter().map(|&(node, score)| (full[node as usize] - score).abs()).sum();
    assert!(missing + far <= 1.1e-3, "{missing} {far}");
}

#[test]
fn joint_scores_are_made_of_the_scores_of_seeds() {
    // 2 is a sink, so a walk from 1 is shorter than one from 0.
    let net = Net { n_nodes: 4, edges: vec![(0, 1, 1.0), (1, 2, 1.0), (0, 3, 2.0), (3, 0, 1.0)] };
    let seed = |node, weight| Personalization::Seeds { node, weight };
    let asked = [seed(&[0], &[1.0]), seed(&[1], &[1.0]), seed(&[0, 1], &[1.0, 3.0])];
    let found = pagerank(&net.matrix(), &asked, &PageRankOptions::default()).unwrap();
    let total = 0.25 * found[0].visits + 0.75 * found[1].visits;
    assert!((total - found[2].visits).abs() < 1e-10);
    for node in 0..4 {
        let part =
            |lane: usize, share: f64| share * found[lane].visits * found[lane].scores[node] / total;
        assert!((part(0, 0.25) + part(1, 0.75) - found[2].scores[node]).abs() < 1e-10);
    }
}

#[test]
fn a_graph_gives_the_scores_of_its_rows() {
    let net = Net { n_nodes: 3, edges: vec![(0, 1, 3.0), (0, 2, 1.0), (2, 0, 5.0)] };
    let (out, in_) = (net.out_rows(), net.in_rows());
    let columns = EdgeColumns {
        weight: &[3, 1, 5],
        count: &[1; 3],
        first_time: &[0; 3],
        last_time: &[0; 3],
        flags: &[0; 3],
    };
    // In-rows: 0 from 2 (edge 2), 1 from 0 (edge 0), 2 from 0 (edge 1).
    let graph = GraphView::new(out.csr.view(), in_.csr.view(), &[2, 0, 1], columns).unwrap();
    graph.validate().unwrap();
    let ask = |matrix: &TransitionMatrix| {
        pagerank(matrix, &[Personalization::Uniform], &PageRankOptions::default()).unwrap()
    };
    assert_eq!(ask(&TransitionMatrix::from_graph(&graph, true).unwrap()), ask(&net.matrix()));
    let unit = TransitionMatrix::from_rows(in_.csr.view(), EdgeWeights::Unit).unwrap();
    assert_eq!(ask(&TransitionMatrix::from_graph(&graph, false).unwrap()), ask(&unit));
    let weights = EdgeWeights::Integer(&[5, 3, 1]);
    let whole = TransitionMatrix::from_rows(in_.csr.view(), weights).unwrap();
    assert_eq!(ask(&whole), ask(&net.matrix()));
}

#[test]
fn nothing_and_almost_nothing() {
    let options = PageRankOptions::default();
    let none = Net::default().matrix();
    let found = pagerank(&none, &[Personalization::Uniform], &options).unwrap().remove(0);
    assert!(found.scores.is_empty() && found.converged);
    assert_eq!(pagerank(&none, &[], &options).unwrap(), []);
    let net = Net { n_nodes: 3, edges: Vec::new() };
    let matrix = net.matrix();
    let seeds = Personalization::Seeds { node: &[2, 0, 2], weight: &[1.0, 2.0, 1.0] };
    let found = pagerank(&matrix, &[Personalization::Uniform, seeds], &options).unwrap();
    assert_eq!(found[1].scores, [0.5, 0.0, 0.5]);
    assert_eq!((found[1].iterations, found[1].visits), (1, 1.0));
    assert!((found[0].scores[1] - 1.0 / 3.0).abs() < 1e-15);
    let again = Personalization::Seeds { node: &[2, 2, 0], weight: &[1.0, 1.0, 2.0] };
    assert_eq!(pagerank(&matrix, &[again], &options).unwrap()[0], found[1]);
    // One node that keeps everything: walks from 0 end there.
    let net = Net { n_nodes: 2, edges: vec![(0, 1, 1.0), (1, 0, 1.0)] };
    let options = PageRankOptions { absorbing: &[false, true], ..options };
    let seed = Personalization::Seeds { node: &[0], weight: &[1.0] };
    let found = pagerank(&net.matrix(), &[seed], &options).unwrap().remove(0);
    assert!((found.absorbed - 0.85).abs() < 1e-9 && (found.scores[0] - 0.15).abs() < 1e-9);
}

#[test]
fn bad_input_is_refused() {
    let net = Net { n_nodes: 2, edges: vec![(0, 1, 1.0)] };
    let (matrix, out) = (net.matrix(), net.out_rows());
    let refused = |seeds: Personalization<'_>, options: PageRankOptions<'_>| {
        let error = pagerank(&matrix, &[seeds], &options).unwrap_err();
        assert!(error.hint().is_some());
        error.to_string()
    };
    let default = PageRankOptions::default();
    let seeds = |node, weight| Personalization::Seeds { node, weight };
    let what = refused(seeds(&[0], &[0.0]), default);
    assert_eq!(what, "sum of the seed weights is 0, expected a finite number above 0");
    assert!(refused(seeds(&[], &[]), default).starts_with("sum of the seed weights"));
    assert!(refused(seeds(&[0], &[f64::NAN]), default).starts_with("weight of a seed is NaN"));
    assert!(refused(seeds(&[0], &[-1.0]), default).starts_with("weight of a seed is -1"));
    assert!(refused(seeds(&[2], &[1.0]), default).starts_with("element 0 of seeds is 2"));
    assert!(refused(seeds(&[0], &[]), default).starts_with("seed weights has 0"));
    for damping_factor in [1.0, -0.1, f64::NAN] {
        let options = PageRankOptions { damping_factor, ..default };
        assert!(refused(Personalization::Uniform, options).starts_with("damping_factor"));
    }
    let options = PageRankOptions { tolerance: f64::NAN, ..default };
    assert!(refused(Personalization::Uniform, options).starts_with("tolerance is NaN"));
    let options = PageRankOptions { absorbing: &[true], ..default };
    assert!(refused(Personalization::Uniform, options).starts_with("absorbing has 1"));
    let weights = |weight| TransitionMatrix::from_rows(out.csr.view(), EdgeWeights::Real(weight));
    assert!(weights(&[-1.0]).unwrap_err().to_string().starts_with("weight of an edge is -1"));
    assert!(weights(&[]).is_err() && weights(&[f64::INFINITY]).is_err());
    let far = Csr::from_pairs(2, &[0], &[2]).unwrap();
    assert!(TransitionMatrix::from_rows(far.view(), EdgeWeights::Unit).is_err());

    let (rows, unit) = (out.csr.view(), EdgeWeights::Unit);
    let asked = [Personalization::Uniform];
    let new = |error_max| DynamicPageRank::new(&matrix, rows, unit, &asked, &default, error_max);
    assert!(new(0.0).is_err() && new(f64::NAN).is_err());
    let mut dynamic = new(1e-6).unwrap();
    let mut update = |changes: &[EdgeChange]| dynamic.update(rows, unit, changes);
    let change = |source, target| EdgeChange { source, target, weight_change: 1.0 };
    assert!(matches!(update(&[change(0, 1)]), Err(GraphError::Argument { .. })));
    assert!(matches!(update(&[change(2, 1)]), Err(GraphError::OutOfRange { .. })));
    assert!(matches!(update(&[change(1, 2)]), Err(GraphError::OutOfRange { .. })));
    assert!(update(&[]).is_ok());
    let fewer = Csr::from_pairs(1, &[], &[]).unwrap();
    assert!(matches!(dynamic.update(fewer.view(), unit, &[]), Err(GraphError::Shrunk { .. })));
}
