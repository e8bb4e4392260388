//! The graphs that every contender gets, from a fixed seed.
//!
//! Out: a list of edges in order of arrival, with a weight each. Names: `kron20` = Kronecker of scale 20, and so on.
//! - **kron**: the Kronecker (R-MAT) generator of the GAP specification (Beamer, Asanovic, Patterson, "The GAP
//!   Benchmark Suite", arXiv 1508.03619, section 3): `2^scale` nodes, 16 times as many undirected edges, each found
//!   by `scale` choices of a quadrant with A = 0.57, B = 0.19, C = 0.19, then all ids permuted at random.
//! - **uniform**: the same numbers, both ends drawn uniformly (Erdos and Renyi), as GAP's `-u`.
//! - **tx**: a directed graph shaped like transactions. `2^scale` nodes and 6,000,000 x `2^(scale - 20)` edges
//!   (`tx10m`: 10 M nodes and 60 M edges). Edges arrive one by one; each end is a new node with the share that makes
//!   the numbers come out exactly, else in 3 of 4 cases the same end of an earlier edge drawn uniformly, else
//!   any earlier node. That is preferential attachment (Simon, "On a class of skew distribution functions", 1955),
//!   each way on its own: degrees follow a power law with exponent 2.5, the busiest node has 0.5 % to 1 % of all
//!   edges, and ids are in order of first appearance, as in a ledger.
//! - Weights are uniform from 1 to 255, one for each edge before it is made symmetric, as GAP's.
//!
//! GAP draws from `std::mt19937` in blocks of 2^18 edges through the distributions of the C++ library at hand; we draw
//! from SplitMix64, so the graphs are equal in distribution and not bit by bit. Nothing needs that: every
//! contender, GAP's own programs among them, is given the same files.

use super::Fault;

/// Edges in order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Edges {
    /// Where each starts.
    pub(super) source: Vec<u32>,
    /// Where it ends.
    pub(super) target: Vec<u32>,
    /// From 1 to 255.
    pub(super) weight: Vec<u32>,
}

impl Edges {
    /// Room for `n_edges`.
    pub(super) fn with_capacity(n_edges: usize) -> Self {
        Self {
            source: Vec::with_capacity(n_edges),
            target: Vec::with_capacity(n_edges),
            weight: Vec::with_capacity(n_edges),
        }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.source.len()
    }

    fn push(&mut self, source: u32, target: u32, random: &mut Random) {
        self.source.push(source);
        self.target.push(target);
        self.weight.push(1 + random.below(255));
    }
}

/// Which graph, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Kronecker, `2^scale` nodes.
    Kron(u32),
    /// Uniform, `2^scale` nodes.
    Uniform(u32),
    /// Like transactions, `2^scale` nodes.
    Tx(u32),
    /// Like transactions, 10 M nodes and 60 M edges.
    Tx10m,
}

impl Shape {
    /// From a family and a scale; a name with its own scale (`tx22`, `tx10m`) needs none.
    ///
    /// # Errors
    /// No such graph.
    pub(super) fn parse(text: &str, scale: u32) -> Result<Self, Fault> {
        if text == "tx10m" {
            return Ok(Self::Tx10m);
        }
        let family = text.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let digits = &text[family.len()..];
        let scale = if digits.is_empty() { scale } else { digits.parse()? };
        // A raw edge is packed into 64 bits while it is sorted: twice 28 bits of id, 8 of weight.
        if !(4..=27).contains(&scale) {
            return Err(format!("scale {scale} is not from 4 to 27").into());
        }
        match family {
            "kron" => Ok(Self::Kron(scale)),
            "uniform" => Ok(Self::Uniform(scale)),
            "tx" => Ok(Self::Tx(scale)),
            _ => Err(format!("no graph {text}: there are kron, uniform, tx and tx10m").into()),
        }
    }

    /// As in the output.
    pub(super) fn name(self) -> String {
        match self {
            Self::Kron(scale) => format!("kron{scale}"),
            Self::Uniform(scale) => format!("uniform{scale}"),
            Self::Tx(scale) => format!("tx{scale}"),
            Self::Tx10m => "tx10m".to_owned(),
        }
    }

    /// True if edges have a direction.
    pub(super) fn is_directed(self) -> bool {
        matches!(self, Self::Tx(_) | Self::Tx10m)
    }

    /// How many nodes there are, isolated ones among them.
    pub(super) fn n_nodes(self) -> u32 {
        match self {
            Self::Kron(scale) | Self::Uniform(scale) | Self::Tx(scale) => 1 << scale,
            Self::Tx10m => 10_000_000,
        }
    }

    /// How many edges arrive, before any are merged.
    pub(super) fn n_edges(self) -> usize {
        match self {
            Self::Kron(scale) | Self::Uniform(scale) => 16 << scale,
            Self::Tx(scale) => (6_000_000usize << scale) >> 20,
            Self::Tx10m => 60_000_000,
        }
    }

    /// The edges.
    pub(super) fn generate(self) -> Edges {
        let mut random = Random::new(27_491_095); // GAP's seed, for want of a reason for another
        let mut edges = Edges::with_capacity(self.n_edges());
        match self {
            Self::Kron(scale) => kron(scale, self.n_edges(), &mut edges, &mut random),
            Self::Uniform(_) => {
                for _ in 0..self.n_edges() {
                    let (source, target) =
                        (random.below(self.n_nodes()), random.below(self.n_nodes()));
                    edges.push(source, target, &mut random);
                }
            }
            Self::Tx(_) | Self::Tx10m => {
                transactions(self.n_nodes(), self.n_edges(), &mut edges, &mut random);
            }
        }
        edges
    }
}

fn kron(scale: u32, n_edges: usize, edges: &mut Edges, random: &mut Random) {
    let permutation = permutation(1 << scale, random);
    for _ in 0..n_edges {
        let (mut source, mut target) = (0u32, 0u32);
        for _ in 0..scale {
            // Thresholds on 32 random bits: below A, A to A+B, A+B to A+B+C, above.
            let point = random.next() >> 32;
            let [a, ab, abc] = [57, 76, 95].map(|percent| (percent << 32) / 100);
            source = source << 1 | u32::from(point >= ab);
            target = target << 1 | u32::from((a..ab).contains(&point) || point >= abc);
        }
        edges.push(permutation[source as usize], permutation[target as usize], random);
    }
}

fn transactions(n_nodes: u32, n_edges: usize, edges: &mut Edges, random: &mut Random) {
    let (mut n_known, mut slots_left) = (0u32, 2 * n_edges as u64);
    for edge in 0..n_edges {
        let mut ends = [0u32; 2];
        for (role, end) in ends.iter_mut().enumerate() {
            let new_left = u64::from(n_nodes - n_known);
            // Exactly as many new nodes as there are left, spread evenly over the slots that are left.
            let is_new = random.below_u64(slots_left) < new_left;
            slots_left -= 1;
            *end = if is_new || n_known == 0 {
                n_known = (n_known + 1).min(n_nodes);
                n_known - 1
            } else if edge > 0 && random.below(4) > 0 {
                let earlier = random.place(edge);
                if role == 0 { edges.source[earlier] } else { edges.target[earlier] }
            } else {
                random.below(n_known)
            };
        }
        edges.push(ends[0], ends[1], random);
    }
}

/// `0..n` in random order (Fisher and Yates).
pub(super) fn permutation(n: u32, random: &mut Random) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, random.place(place + 1));
    }
    order
}

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// From a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `0..limit`.
    pub(super) fn below_u64(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// From `0..limit`.
    #[expect(clippy::cast_possible_truncation, reason = "below a 32-bit limit")]
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.below_u64(u64::from(limit)) as u32
    }

    /// From `0..length`.
    #[expect(clippy::cast_possible_truncation, reason = "below a length in memory")]
    pub(super) fn place(&mut self, length: usize) -> usize {
        self.below_u64(length as u64) as usize
    }
}
