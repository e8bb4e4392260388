//! Where each parameter stands in the one list of them, and how they begin.
//!
//! Tables of embeddings, then the matrices that all members share, then member after member: for each layer the
//! scalings of what goes in, of what comes out, and the biases; last its own output matrix and biases.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::embedding::Encoder;

/// The shape of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Features of a row.
    pub n_features: usize,
    /// Numbers a feature is embedded in.
    pub width: usize,
    /// Members of the ensemble.
    pub n_members: usize,
    /// Margins of a row.
    pub n_outputs: usize,
    /// Width of the input and of each hidden layer.
    pub widths: Vec<usize>,
    /// Start of the table of each feature, and the end of the last.
    pub tables: Vec<usize>,
}

/// Parameters of one layer of one member.
pub struct LayerRanges {
    /// What each input is multiplied by.
    pub scale_in: Range<usize>,
    /// What each product is multiplied by.
    pub scale_out: Range<usize>,
    /// What is added.
    pub bias: Range<usize>,
}

impl Layout {
    pub(super) fn new(
        encoders: &[Encoder],
        width: usize,
        hidden: &[u32],
        n_members: usize,
        n_outputs: usize,
    ) -> Self {
        let mut tables = vec![0];
        for encoder in encoders {
            tables.push(tables[tables.len() - 1] + encoder.table_rows() * width);
        }
        let mut widths = vec![encoders.len() * width];
        widths.extend(hidden.iter().map(|width| *width as usize));
        Self { n_features: encoders.len(), width, n_members, n_outputs, widths, tables }
    }

    /// Whether a shape that was read from a file is that of these encoders, and asks for so many parameters. All products are
    /// taken in wide numbers first: a hostile one must not wrap around.
    pub(super) fn sound(
        &self,
        encoders: &[Encoder],
        n_outputs: usize,
        n_parameters: usize,
    ) -> Result<(), &'static str> {
        let disagree = Err("its shape does not fit its features, outputs or numbers");
        let n = n_parameters as u128;
        let is_size = |size: &usize| (1..=n).contains(&(*size as u128));
        if self.widths.len() < 2
            || !self.widths[1..].iter().chain([&self.width, &self.n_members]).all(is_size)
            || self.n_outputs != n_outputs
            || self.widths.len() as u128 > n
        {
            return disagree;
        }
        let table = encoders.iter().map(|encoder| encoder.table_rows() as u128).sum::<u128>();
        let pairs = || self.widths.windows(2).map(|pair| (pair[0] as u128, pair[1] as u128));
        let shared = pairs().map(|(from, to)| from * to).sum::<u128>();
        let last = self.widths[self.widths.len() - 1] as u128 + 1;
        let own = pairs().map(|(from, to)| from + 2 * to).sum::<u128>() + last * n_outputs as u128;
        let all = table * self.width as u128 + shared + own * self.n_members as u128;
        let hidden: Option<Vec<u32>> =
            self.widths[1..].iter().map(|width| u32::try_from(*width).ok()).collect();
        match hidden {
            Some(hidden)
                if all == n
                    && *self
                        == Self::new(encoders, self.width, &hidden, self.n_members, n_outputs) =>
            {
                Ok(())
            }
            _ => disagree,
        }
    }

    /// Hidden layers.
    pub fn n_layers(&self) -> usize {
        self.widths.len() - 1
    }

    /// Where the table of a feature stands, row after row.
    pub fn table(&self, feature: usize) -> Range<usize> {
        self.tables[feature]..self.tables[feature + 1]
    }

    /// Where the tables end and the shared matrices begin.
    pub fn tables_end(&self) -> usize {
        self.tables[self.n_features]
    }

    /// The matrix of a layer, inputs as rows.
    pub fn matrix(&self, layer: usize) -> Range<usize> {
        let sizes = self.widths.windows(2).map(|pair| pair[0] * pair[1]);
        let start = self.tables_end() + sizes.clone().take(layer).sum::<usize>();
        start..start + self.widths[layer] * self.widths[layer + 1]
    }

    /// Where the shared matrices end and the members begin.
    pub fn members_start(&self) -> usize {
        self.matrix(self.n_layers() - 1).end
    }

    fn last_width(&self) -> usize {
        self.widths[self.n_layers()]
    }

    /// Parameters that a member has for itself.
    pub fn member_size(&self) -> usize {
        let layers = self.widths.windows(2).map(|pair| pair[0] + 2 * pair[1]).sum::<usize>();
        layers + (self.last_width() + 1) * self.n_outputs
    }

    /// Parameters of a layer within those of a member.
    pub fn layer(&self, layer: usize) -> LayerRanges {
        let sizes = self.widths.windows(2).map(|pair| pair[0] + 2 * pair[1]);
        let start = sizes.take(layer).sum::<usize>();
        let (n_in, n_out) = (self.widths[layer], self.widths[layer + 1]);
        let out = start + n_in;
        LayerRanges {
            scale_in: start..out,
            scale_out: out..out + n_out,
            bias: out + n_out..out + 2 * n_out,
        }
    }

    /// Output matrix (inputs as rows) and biases within the parameters of a member.
    pub fn head(&self) -> (Range<usize>, Range<usize>) {
        let end = self.member_size();
        let start = end - self.n_outputs;
        (start - self.last_width() * self.n_outputs..start, start..end)
    }

    /// Where the own parameters of a member stand.
    pub fn member(&self, member: usize) -> Range<usize> {
        let start = self.members_start() + member * self.member_size();
        start..start + self.member_size()
    }

    /// How many parameters there are.
    pub fn n_parameters(&self) -> usize {
        self.member(self.n_members - 1).end
    }

    /// What weight decay pulls at: matrices, not scalings, biases or embeddings.
    pub(super) fn decayed(&self) -> Vec<Range<usize>> {
        let heads = (0..self.n_members).map(|member| {
            let (start, head) = (self.member(member).start, self.head().0);
            start + head.start..start + head.end
        });
        std::iter::once(self.tables_end()..self.members_start()).chain(heads).collect()
    }

    /// Parameters to begin with.
    pub(super) fn initial(&self, encoders: &[Encoder], rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut parameters = vec![0.0; self.n_parameters()];
        for (feature, encoder) in encoders.iter().enumerate() {
            encoder.initial(&mut parameters[self.table(feature)], self.width, rng);
        }
        for layer in 0..self.n_layers() {
            let bound = 1.0 / (self.widths[layer].max(1) as f32).sqrt();
            uniform(&mut parameters[self.matrix(layer)], bound, rng);
        }
        for member in 0..self.n_members {
            let own = &mut parameters[self.member(member)];
            for layer in 0..self.n_layers() {
                let LayerRanges { scale_in, scale_out, bias } = self.layer(layer);
                own[scale_in.clone()].fill(1.0);
                if layer == 0 {
                    // Members begin apart by how much they look at each feature.
                    for feature in own[scale_in].chunks_mut(self.width) {
                        feature.fill(normal(rng));
                    }
                }
                own[scale_out].fill(1.0);
                uniform(&mut own[bias], 1.0 / (self.widths[layer].max(1) as f32).sqrt(), rng);
            }
            let (matrix, bias) = self.head();
            let bound = 1.0 / (self.last_width() as f32).sqrt();
            uniform(&mut own[matrix], bound, rng);
            uniform(&mut own[bias], bound, rng);
        }
        parameters
    }
}

/// Uniform within `-bound..bound`.
fn uniform(values: &mut [f32], bound: f32, rng: &mut ChaCha8Rng) {
    values.iter_mut().for_each(|value| *value = (2.0 * rng.random::<f32>() - 1.0) * bound);
}

/// Standard normal (Box and Muller, 1958).
pub(super) fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}
