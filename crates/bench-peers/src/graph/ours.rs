//! Our kernels. This is the one file of the measurement that knows their signatures.

use std::path::Path;

use graph::paths::{PathOptions, shortest_path_lengths};
use graph::{
    AppendedRows, BuildOptions, Components, Csr, CsrView, Direction, EdgeEnds, EdgeWeights, Graph,
    HopDistance, HopOptions, NeighborhoodOptions, PageRankOptions, Personalization,
    TrackedComponents, TransitionMatrix, UNREACHED, WithinOptions, WithinScratch, bfs_levels,
    connected_components, connected_components_of_edges, hop_distance, neighborhood, pagerank,
    within_hops,
};

use super::Fault;
use super::child::save_scores;
use super::kernel::{Answer, Outcome, hops_of, of_distances, of_labels, summed};
use super::meter::Meter;
use super::world::World;

const BATCH: usize = 1_000;

/// What is made of the files once and not counted.
pub(super) struct Contender<'w> {
    world: &'w World,
    out: CsrView<'w>,
    in_: CsrView<'w>,
    /// With columns, for the kernels that read them.
    graph: Option<Graph>,
    matrix: Option<TransitionMatrix>,
}

impl<'w> Contender<'w> {
    /// Prepares for the kernels.
    ///
    /// # Errors
    /// The rows are refused.
    pub(super) fn new(world: &'w World, kernels: &[String]) -> Result<Self, Fault> {
        let needs = |name: &str| kernels.iter().any(|kernel| kernel.starts_with(name));
        let (out, in_) = (&world.out, world.in_rows());
        let out_view = CsrView::new(&out.offsets, &out.targets)?;
        let in_view = CsrView::new(&in_.offsets, &in_.targets)?;
        let graph = (needs("sssp") || needs("neighborhood")).then(|| with_columns(world));
        // The prepared matrix is the graph in the form that PageRank reads, as a peer's own graph object is.
        let matrix =
            needs("pagerank").then(|| TransitionMatrix::from_rows(in_view, EdgeWeights::Unit));
        let (graph, matrix) = (graph.transpose()?, matrix.transpose()?);
        Ok(Self { world, out: out_view, in_: in_view, graph, matrix })
    }

    /// One kernel.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn run(&self, kernel: &str, meter: &Meter, folder: &Path) -> Result<Answer, Fault> {
        if let Some(hops_max) = hops_of(kernel) {
            return Ok(Answer::Measured(self.reach(u32::from(hops_max), meter)));
        }
        let outcome = match kernel {
            "build" => self.build(meter)?,
            "components" => {
                let in_rows = self.world.is_directed.then_some(self.in_);
                let (timing, labels) =
                    meter.repeat(|| (), |()| connected_components(self.out, in_rows));
                of_labels(Outcome::new(timing), labels.into_iter(), self.world.n_nodes)
            }
            "components_edges" => {
                let (raw, n_nodes) = (&self.world.raw, self.world.n_nodes);
                let (timing, labels) = meter.repeat(
                    || (),
                    |()| connected_components_of_edges(n_nodes, &raw.source, &raw.target),
                );
                of_labels(Outcome::new(timing), labels?.into_iter(), n_nodes)
            }
            "components_incremental" => self.link_all(meter),
            "components_tracked" => self.link_tracked(meter)?,
            "components_batch" => self.link_batches(meter)?,
            "pagerank" | "pagerank_iteration" => self.pagerank(kernel, meter, folder)?,
            "pagerank_8" => self.pagerank_8(meter)?,
            "bfs" => {
                let (timing, columns) = meter
                    .each(&self.world.sources, |source| bfs_levels(self.out, self.in_, source));
                let columns = columns.into_iter().collect::<Result<Vec<_>, _>>()?;
                let sums: Vec<_> = columns.iter().map(|hops| summed(hops, graph::NONE)).collect();
                of_distances(Outcome::new(timing), &sums)
            }
            "hop_distance" => {
                let (timing, column) = meter.repeat(|| (), |()| self.hops(Direction::Forward));
                of_distances(Outcome::new(timing), &[summed(&column?, UNREACHED)])
            }
            "hop_distance_incremental" => self.hops_incremental(meter)?,
            "sssp" => self.sssp(meter)?,
            "neighborhood_3" => self.neighborhood(meter)?,
            "nearest_flagged" => self.nearest(meter)?,
            _ => return Ok(Answer::Missing("not measured".to_owned())),
        };
        Ok(Answer::Measured(outcome))
    }

    fn build(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let World { raw, n_nodes, is_directed, .. } = self.world;
        let options = BuildOptions { self_loops: false, symmetric: !is_directed };
        let (timing, rows) = meter.repeat(
            || (),
            |()| {
                let out = Csr::simple(*n_nodes, &raw.source, &raw.target, options)?;
                let in_ = is_directed.then(|| out.view().transposed()).transpose()?;
                Ok::<_, Fault>((out, in_))
            },
        );
        let n_items = rows?.0.view().n_items();
        Ok(Outcome::new(timing).check("n_items", n_items))
    }

    fn link_all(&self, meter: &Meter) -> Outcome {
        let World { shuffled, n_nodes, .. } = self.world;
        let (timing, components) = meter.repeat(
            || Components::new(*n_nodes),
            |mut components| {
                components.link_batch(&shuffled.source, &shuffled.target);
                components
            },
        );
        let outcome = of_labels(Outcome::new(timing), components.labels().into_iter(), *n_nodes);
        outcome.tell("m_links_per_s", shuffled.len() as f64 / timing.cpu_s / 1e6)
    }

    fn link_tracked(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let World { shuffled, n_nodes, .. } = self.world;
        let (timing, components) = meter.repeat(
            || TrackedComponents::new(*n_nodes),
            |mut components| {
                let joined = components.link_batch(0, &shuffled.source, &shuffled.target);
                joined.map(|_| components)
            },
        );
        let labels = components?.labels();
        let outcome = of_labels(Outcome::new(timing), labels.into_iter(), *n_nodes);
        Ok(outcome.tell("m_links_per_s", shuffled.len() as f64 / timing.cpu_s / 1e6))
    }

    /// All batches from the first link on. The answer is of the plain structure; the tracked one beside it.
    fn link_batches(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let World { shuffled, n_nodes, .. } = self.world;
        let batches: Vec<usize> = (0..shuffled.len() / BATCH).collect();
        let once = Meter { repeats: 1, ..*meter };
        let range = |batch: usize| batch * BATCH..(batch + 1) * BATCH;
        let mut plain = Components::new(*n_nodes);
        let (seconds, joined) = once.latencies(&batches, |batch| {
            plain.link_batch(&shuffled.source[range(batch)], &shuffled.target[range(batch)])
        });
        let mut tracked = TrackedComponents::new(*n_nodes);
        let (of_tracked, joined_too) = once.latencies(&batches, |batch| {
            let first = u32::try_from(batch * BATCH).expect("as many links as ids");
            let (a, b) = (&shuffled.source[range(batch)], &shuffled.target[range(batch)]);
            tracked.link_batch(first, a, b)
        });
        if joined
            .iter()
            .zip(&joined_too)
            .any(|(&plain, tracked)| !tracked.as_ref().is_ok_and(|&n| n == plain))
        {
            return Err("plain and tracked components differ".into());
        }
        let with_tracked = Outcome::of_latencies(&of_tracked);
        let outcome = Outcome::of_latencies(&seconds).check("joined", joined);
        let [p50, p99] = ["p50_us", "p99_us"].map(|name| with_tracked.more[name].clone());
        Ok(outcome.tell("tracked_p50_us", p50).tell("tracked_p99_us", p99))
    }

    fn pagerank(&self, kernel: &str, meter: &Meter, folder: &Path) -> Result<Outcome, Fault> {
        let matrix = self.matrix.as_ref().ok_or("prepared for pagerank")?;
        let tolerance = 1e-4 / f64::from(self.world.n_nodes);
        let options = PageRankOptions { tolerance, ..PageRankOptions::default() };
        let (mut timing, answers) =
            meter.repeat(|| (), |()| pagerank(matrix, &[Personalization::Uniform], &options));
        let answer = answers?.pop().ok_or("one answer")?;
        let iterations = f64::from(answer.iterations);
        if kernel == "pagerank_iteration" {
            timing.cpu_s /= iterations;
            timing.wall_s /= iterations;
        } else {
            save_scores(folder, "ours", answer.scores.iter().copied());
        }
        Ok(Outcome::new(timing).tell("iterations", iterations))
    }

    /// Ten steps from 8 seed sets at once; one seed set alone is told beside.
    fn pagerank_8(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let matrix = self.matrix.as_ref().ok_or("prepared for pagerank")?;
        let options =
            PageRankOptions { tolerance: 0.0, iterations_max: 10, ..PageRankOptions::default() };
        let weight = [1.0];
        let seeds: Vec<Personalization<'_>> = self
            .world
            .sources
            .chunks(1)
            .map(|node| Personalization::Seeds { node, weight: &weight })
            .collect();
        let (one, answers) = meter.repeat(|| (), |()| pagerank(matrix, &seeds[..1], &options));
        answers?;
        let (eight, answers) = meter.repeat(|| (), |()| pagerank(matrix, &seeds, &options));
        answers?;
        Ok(Outcome::new(eight).tell("one_vector_cpu_s", one.cpu_s))
    }

    fn hops(&self, direction: Direction) -> Result<Vec<u8>, Fault> {
        let flagged = &self.world.flagged;
        let found = hop_distance(self.out, self.in_, flagged, direction, &HopOptions::default())?;
        Ok(found.hops)
    }

    /// The first nine tenths of the edges as they arrive are the graph, the rest comes in batches of 1,000: into rows
    /// that grow, and into the hops. Both are counted.
    fn hops_incremental(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let World { raw, n_nodes, is_directed, flagged, .. } = self.world;
        let cut = raw.len() / 10 * 9;
        let options = BuildOptions { self_loops: false, symmetric: !is_directed };
        let old = Csr::simple(*n_nodes, &raw.source[..cut], &raw.target[..cut], options)?;
        let old_in = old.view().transposed()?;
        let (timing, column) = meter.repeat(
            || {
                let (out, in_) = (old.view(), old_in.view());
                let forward = Direction::Forward;
                HopDistance::from_rows(out, in_, flagged, forward, &HopOptions::default())
            },
            |distance| {
                let (mut distance, mut new) = (distance?, AppendedRows::new(*n_nodes));
                for (source, target) in
                    raw.source[cut..].chunks(BATCH).zip(raw.target[cut..].chunks(BATCH))
                {
                    let ways = [(source, target), (target, source)];
                    let ways = if *is_directed { &ways[..1] } else { &ways };
                    for &(source, target) in ways {
                        new.extend(source, target)?;
                    }
                    for &(source, target) in ways {
                        let next = |node| old.view().row(node).iter().copied().chain(new.row(node));
                        distance.add_edges(EdgeEnds { source, target }, next)?;
                    }
                }
                Ok::<_, Fault>(distance.into_hops())
            },
        );
        let outcome = of_distances(Outcome::new(timing), &[summed(&column?, UNREACHED)]);
        Ok(outcome.tell("m_edges_per_s", (raw.len() - cut) as f64 / timing.cpu_s / 1e6))
    }

    fn sssp(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let graph = self.graph.as_ref().ok_or("prepared with columns")?.view();
        let lengths = graph.columns().weight;
        let options = PathOptions { lengths: Some(lengths), ..PathOptions::default() };
        let (timing, columns) = meter
            .each(&self.world.sources, |source| shortest_path_lengths(&graph, &[source], &options));
        let columns = columns.into_iter().collect::<Result<Vec<_>, _>>()?;
        let sums: Vec<_> = columns.iter().map(|found| summed(&found.lengths, u64::MAX)).collect();
        Ok(of_distances(Outcome::new(timing), &sums))
    }

    fn reach(&self, hops_max: u32, meter: &Meter) -> Outcome {
        let World { n_nodes, queries, flagged, .. } = self.world;
        let mut is_flagged = vec![false; *n_nodes as usize];
        flagged.iter().for_each(|&node| is_flagged[node as usize] = true);
        let options = WithinOptions { hops_max, ..WithinOptions::default() };
        let mut scratch = WithinScratch::new();
        let (seconds, found) = meter.latencies(queries, |query| {
            let next = |node| self.out.row(node).iter().copied();
            let is_flagged = |node: u32| is_flagged[node as usize];
            let answer =
                within_hops(*n_nodes, next, query, is_flagged, |_| true, &options, &mut scratch);
            answer.path.map(|path| path.len() - 1)
        });
        let hops = |found: &Option<usize>| found.map_or(serde_json::json!(-1), |hops| hops.into());
        let hops: Vec<_> = found.iter().map(hops).collect();
        Outcome::of_latencies(&seconds).check("hops", hops)
    }

    fn neighborhood(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let graph = self.graph.as_ref().ok_or("prepared with columns")?.view();
        let direction = Some(Direction::Forward);
        let options =
            NeighborhoodOptions { direction, hops_max: 3, ..NeighborhoodOptions::default() };
        let (seconds, counts) = meter.latencies(&self.world.small_queries, |query| {
            neighborhood(graph, &[query], &options).nodes.len()
        });
        Ok(Outcome::of_latencies(&seconds).check("n_nodes", counts))
    }

    /// One read of the column a question, at random nodes; timed by the thousand, as a clock costs more than a read.
    fn nearest(&self, meter: &Meter) -> Result<Outcome, Fault> {
        let column = self.hops(Direction::Backward)?;
        let rounds: Vec<usize> = (0..1_000).collect();
        let mut random = super::generate::Random::new(7);
        let nodes: Vec<u32> = (0..1 << 20).map(|_| random.below(self.world.n_nodes)).collect();
        let (mut seconds, _) = meter.latencies(&rounds, |round| {
            let start = round * 997 % (nodes.len() - 1_000);
            let asked = nodes[start..start + 1_000].iter();
            asked.fold(0, |sum, &node| sum + u32::from(column[node as usize]))
        });
        seconds.iter_mut().for_each(|second| *second /= 1_000.0);
        Ok(Outcome::of_latencies(&seconds).tell("note", "mean of 1,000 reads at random nodes"))
    }
}

/// Loops and duplicates are gone and the weights are set already, so nothing is merged.
fn with_columns(world: &World) -> Result<Graph, Fault> {
    let n_items = world.out.targets.len();
    let mut source = Vec::with_capacity(n_items);
    for node in 0..world.n_nodes {
        source.extend(std::iter::repeat_n(node, world.out.row(node).len()));
    }
    let weight: Vec<u64> = world.out.weights.iter().map(|&weight| u64::from(weight)).collect();
    let batch = graph::EdgeBatch::new(&source, &world.out.targets, &weight, &[], &[])?;
    Ok(Graph::from_edges(world.n_nodes, &batch, BuildOptions::default())?)
}
