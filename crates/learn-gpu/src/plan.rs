//! Where everything of a fit stands on a device, and which kernels a step runs.
//!
//! In: a [`Start`]. Out: structs for the kernels, sizes of arrays, the kernels of a step with the groups of threads each takes.

use learn::Task;
use learn::network::{BETAS, EPSILON, Start};

use crate::uniforms::{Layer, Net};

/// Threads of a group, in a row.
const GROUP: usize = 64;
/// Rows and columns of a group of a product.
const TILE: usize = 16;
/// Groups in one direction that every device takes.
const GROUPS_MAX: usize = 65_535;
/// Stands for a category where a number has its pieces.
const NO_PIECES: u32 = u32::MAX;

/// A fit as the kernels see it.
pub(crate) struct Plan {
    pub(crate) net: Net,
    pub(crate) layers: Vec<Layer>,
    /// For each row of the tables and for each feature, what the kernels ask.
    pub(crate) places: Vec<u32>,
    /// Numbers of `work`.
    pub(crate) work_size: u64,
    /// Numbers of `state`.
    pub(crate) state_size: u64,
}

/// One call of a kernel.
pub(crate) struct Call {
    pub(crate) kernel: &'static str,
    /// Layer that it is about; 0 where it is about none.
    pub(crate) layer: usize,
    pub(crate) groups: [u32; 3],
}

/// Hands out places one after the other.
#[derive(Default)]
struct Room {
    next: u64,
}

impl Room {
    fn take(&mut self, n: usize) -> u32 {
        let at = self.next;
        // A group of arrays that begin on whole lines of memory is read faster.
        self.next += (n as u64).next_multiple_of(64);
        // Too large a place is found by the size of the whole, before it is used.
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

impl Plan {
    /// Lays a fit out; refuses one of more numbers than a kernel can count.
    pub(crate) fn new(start: &Start<'_>) -> Result<Self, String> {
        let layout = start.layout;
        let (n_rows, n_members) = (start.batch.min(start.n_rows), layout.n_members);
        let places = places(start);
        let mut room = Room::default();
        let mut net = net(start, n_rows, &mut room);
        let mut layers = Vec::new();
        let mut input = net.embedded;
        let mut units_before = 0;
        for layer in 0..layout.n_layers() {
            let ranges = layout.layer(layer);
            let (n_in, n_out) = (layout.widths[layer], layout.widths[layer + 1]);
            let units = n_rows * n_members * n_out;
            let (product, output) = (room.take(units), room.take(units));
            layers.push(Layer {
                n_in: word(n_in),
                n_out: word(n_out),
                matrix: word(layout.matrix(layer).start),
                scale_in: word(ranges.scale_in.start),
                scale_out: word(ranges.scale_out.start),
                bias: word(ranges.bias.start),
                input,
                is_own: u32::from(layer > 0),
                product,
                output,
                of_output: 0,
                of_product: room.take(units),
                of_input: room.take(n_rows * n_members * n_in),
                units_before,
            });
            input = output;
            units_before += word(n_out);
        }
        net.last = input;
        net.of_last = room.take(n_rows * n_members * layout.widths[layout.n_layers()]);
        net.of_inputs = layers[0].of_input;
        for layer in 0..layers.len() {
            layers[layer].of_output = layers.get(layer + 1).map_or(net.of_last, |l| l.of_input);
        }
        let state_size = 5 * layout.n_parameters() as u64;
        if room.next.max(state_size) > u64::from(u32::MAX) || n_members >= 1 << 16 {
            return Err("the network is too large for a kernel to count its numbers".to_owned());
        }
        Ok(Self { net, layers, places, work_size: room.next, state_size })
    }

    /// The kernels of a step of so many rows, in order.
    pub(crate) fn calls(&self, n_rows: usize) -> Vec<Call> {
        let net = &self.net;
        let n_members = net.n_members as usize;
        let pairs = n_rows * n_members;
        let wide = |kernel, n| Call { kernel, layer: 0, groups: in_line(n) };
        let head = (net.n_last + 1) as usize * net.n_outputs as usize;
        let draws = (n_rows * net.n_units as usize).div_ceil(16);
        let mut calls = vec![
            wide("starts", net.tables_end as usize),
            wide("embed", n_rows * net.n_in as usize),
            wide("gates", draws * n_members),
        ];
        let tiled = |kernel, layer, columns: u32, rows: usize| Call {
            kernel,
            layer,
            groups: [
                word((columns as usize).div_ceil(TILE)),
                word(rows.div_ceil(TILE)),
                net.n_members,
            ],
        };
        for (at, layer) in self.layers.iter().enumerate() {
            calls.push(tiled("forward", at, layer.n_out, n_rows));
        }
        calls.push(wide("heads", pairs));
        calls.push(Call { kernel: "loss_sum", layer: 0, groups: [1, 1, 1] });
        calls.push(wide("head_gradient", head * n_members));
        calls.push(wide("head_back", pairs * net.n_last as usize));
        for (at, layer) in self.layers.iter().enumerate().rev() {
            calls.push(tiled("products_back", at, layer.n_out, 1));
            calls.push(tiled("matrix_gradient", at, layer.n_out, layer.n_in as usize));
            calls.push(tiled("inputs_back", at, layer.n_in, n_rows));
            calls.push(tiled("scalings_back", at, layer.n_in, 1));
        }
        calls.push(wide("members_sum", n_rows * net.n_in as usize));
        calls.push(wide("tables_gradient", net.tables_end as usize));
        calls.push(wide("adam", net.n_parameters as usize));
        calls
    }
}

/// Groups for so many threads in one line, folded where a line is too long.
fn in_line(n: usize) -> [u32; 3] {
    let groups = n.div_ceil(GROUP).max(1);
    let lines = groups.div_ceil(GROUPS_MAX);
    [word(groups.div_ceil(lines)), word(lines), 1]
}

/// A number as kernels count. What a plan holds is bounded by its size, which [`Plan::new`] checks.
fn word(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn places(start: &Start<'_>) -> Vec<u32> {
    let layout = start.layout;
    let mut of_rows = Vec::new();
    let mut of_features = Vec::new();
    for feature in 0..layout.n_features {
        let table = layout.table(feature);
        let pieces = start.pieces(feature).unwrap_or(NO_PIECES);
        of_features.extend([word(table.start / layout.width), pieces]);
        for place in 0..table.len() / layout.width {
            of_rows.extend([word(feature), word(place), pieces]);
        }
    }
    of_rows.extend(of_features);
    of_rows
}

fn net(start: &Start<'_>, n_rows: usize, room: &mut Room) -> Net {
    let (layout, options) = (start.layout, start.options);
    let n_in = layout.widths[0];
    let n_last = layout.widths[layout.n_layers()];
    let n_units = layout.widths[1..].iter().sum::<usize>();
    let n = layout.n_parameters();
    let n_shared = layout.members_start() - layout.tables_end();
    let pairs = n_rows * layout.n_members;
    let key = start.key();
    let key = |at: usize| u32::from_le_bytes([key[at], key[at + 1], key[at + 2], key[at + 3]]);
    Net {
        n_features: word(layout.n_features),
        width: word(layout.width),
        n_in: word(n_in),
        n_last: word(n_last),
        n_members: word(layout.n_members),
        n_outputs: word(layout.n_outputs),
        n_units: word(n_units),
        n_parameters: word(n),
        task: match start.task {
            Task::Regression => 0,
            Task::Binary => 1,
            Task::Multiclass { .. } => 2,
        },
        tables_end: word(layout.tables_end()),
        members_start: word(layout.members_start()),
        member_size: word(layout.member_size()),
        head: word(layout.head().0.start),
        averaged: word(n),
        means: word(2 * n),
        squares: word(3 * n),
        gradient: word(4 * n),
        features: word(3 * layout.tables_end() / layout.width),
        row_size: word(2 * layout.n_features + 2),
        starts: room.take(layout.tables_end()),
        embedded: room.take(n_rows * n_in),
        of_embedded: room.take(n_rows * n_in),
        gates: room.take(pairs * n_units),
        last: 0,
        of_last: 0,
        outputs: room.take(pairs * layout.n_outputs),
        row_losses: room.take(pairs),
        partials: room.take(n_shared * layout.n_members),
        of_inputs: 0,
        key_0: key(0),
        key_1: key(4),
        key_2: key(8),
        key_3: key(12),
        key_4: key(16),
        key_5: key(20),
        key_6: key(24),
        key_7: key(28),
        dropout: options.dropout,
        kept: 1.0 / (1.0 - options.dropout),
        rate: options.learning_rate,
        beta_mean: BETAS.0,
        beta_square: BETAS.1,
        epsilon: EPSILON,
    }
}
