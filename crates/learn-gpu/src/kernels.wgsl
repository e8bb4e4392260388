// One step of a fit: rows to vectors, through the members to losses, back to gradients, AdamW.
//
// `Net`, `Layer` and `Step` are written before this text from the structs of uniforms.rs. All sums go in a fixed order, without
// atomics. Arrays of units are member after member, row after row, unit after unit; a step has `step.n_rows` rows.

@group(0) @binding(0) var<uniform> net: Net;
@group(0) @binding(1) var<uniform> layer: Layer;
@group(0) @binding(2) var<uniform> step: Step;
// Row after row: index and share of each feature, target, weight.
@group(0) @binding(3) var<storage, read> rows: array<u32>;
// For each row of the tables: feature, place in its table, pieces; then for each feature: first row of its table, pieces.
@group(0) @binding(4) var<storage, read> places: array<u32>;
@group(0) @binding(5) var<storage, read> decays: array<f32>;
// Parameters, their running mean, mean gradients, mean squares of them, gradients of tables and members.
@group(0) @binding(6) var<storage, read_write> state: array<f32>;
@group(0) @binding(7) var<storage, read_write> work: array<f32>;
@group(0) @binding(8) var<storage, read_write> losses: array<f32>;

const NO_PIECES: u32 = 0xffffffffu;
const MISSING: u32 = 0xffffffffu;
const TILE: u32 = 16u;

var<workgroup> left: array<array<f32, 17>, 16>;
var<workgroup> right: array<array<f32, 17>, 16>;
var<workgroup> sums: array<f32, 256>;

fn flat(id: vec3<u32>, groups: vec3<u32>) -> u32 {
    return id.y * groups.x * 64u + id.x;
}

fn own(member: u32) -> u32 {
    return net.members_start + member * net.member_size;
}

// What the table row of a code is called within the table of its feature.
fn table_row(index: u32, pieces: u32) -> u32 {
    return select(index, pieces + 1u, index == MISSING);
}

// What each row of the tables stands for: where a piece begins is the first row and all pieces before.
@compute @workgroup_size(64)
fn starts(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    if (at >= net.tables_end) { return; }
    let row = at / net.width;
    let place = places[3u * row + 1u];
    let pieces = places[3u * row + 2u];
    var sum = state[at];
    if (pieces != NO_PIECES && place <= pieces) {
        let first = at - place * net.width;
        sum = state[first + pieces * net.width];
        for (var piece = 0u; piece < place; piece++) {
            sum += state[first + piece * net.width];
        }
    }
    work[net.starts + at] = sum;
}

@compute @workgroup_size(64)
fn embed(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    if (at >= step.n_rows * net.n_in) { return; }
    let row = at / net.n_in;
    let column = at % net.n_in;
    let feature = column / net.width;
    let code = (step.first_row + row) * net.row_size + 2u * feature;
    let of_feature = net.features + 2u * feature;
    let place = table_row(rows[code], places[of_feature + 1u]);
    let entry = (places[of_feature] + place) * net.width + column % net.width;
    work[net.embedded + at] = work[net.starts + entry] + bitcast<f32>(rows[code + 1u]) * state[entry];
}

fn rotated(x: u32, by: u32) -> u32 {
    return (x << by) | (x >> (32u - by));
}

var<private> block: array<u32, 16>;

fn quarter(a: u32, b: u32, c: u32, d: u32) {
    block[a] += block[b]; block[d] = rotated(block[d] ^ block[a], 16u);
    block[c] += block[d]; block[b] = rotated(block[b] ^ block[c], 12u);
    block[a] += block[b]; block[d] = rotated(block[d] ^ block[a], 8u);
    block[c] += block[d]; block[b] = rotated(block[b] ^ block[c], 7u);
}

// Which units are dropped: the numbers that the cores draw (ChaCha of 8 rounds, Bernstein, 2008), one block of 16 a thread.
@compute @workgroup_size(64)
fn gates(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    let n_draws = step.n_rows * net.n_units;
    let n_blocks = (n_draws + 15u) / 16u;
    if (at >= n_blocks * net.n_members) { return; }
    let member = at / n_blocks;
    let number = at % n_blocks;
    var begin = array<u32, 16>(
        0x61707865u, 0x3320646eu, 0x79622d32u, 0x6b206574u,
        net.key_0, net.key_1, net.key_2, net.key_3, net.key_4, net.key_5, net.key_6, net.key_7,
        number, 0u, step.stream_low + member, step.stream_high,
    );
    block = begin;
    for (var round = 0u; round < 4u; round++) {
        quarter(0u, 4u, 8u, 12u); quarter(1u, 5u, 9u, 13u);
        quarter(2u, 6u, 10u, 14u); quarter(3u, 7u, 11u, 15u);
        quarter(0u, 5u, 10u, 15u); quarter(1u, 6u, 11u, 12u);
        quarter(2u, 7u, 8u, 13u); quarter(3u, 4u, 9u, 14u);
    }
    for (var word = 0u; word < 16u; word++) {
        let draw = 16u * number + word;
        if (draw < n_draws) {
            let share = f32((block[word] + begin[word]) >> 8u) * (1.0 / 16777216.0);
            work[net.gates + member * n_draws + draw] = select(0.0, net.kept, share >= net.dropout);
        }
    }
}

fn gate_of(member: u32, row: u32, unit: u32) -> u32 {
    let draw = step.n_rows * layer.units_before + row * layer.n_out + unit;
    return net.gates + member * step.n_rows * net.n_units + draw;
}

fn input_of(member: u32, row: u32, unit: u32) -> f32 {
    return work[layer.input + (member * layer.is_own * step.n_rows + row) * layer.n_in + unit];
}

@compute @workgroup_size(16, 16)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let unit = id.x;
    let row = id.y;
    let member = id.z;
    var sum = 0.0;
    for (var first = 0u; first < layer.n_in; first += TILE) {
        let input = first + local.x;
        var value = 0.0;
        if (row < step.n_rows && input < layer.n_in) {
            value = input_of(member, row, input) * state[own(member) + layer.scale_in + input];
        }
        left[local.y][local.x] = value;
        value = 0.0;
        if (unit < layer.n_out && first + local.y < layer.n_in) {
            value = state[layer.matrix + (first + local.y) * layer.n_out + unit];
        }
        right[local.y][local.x] = value;
        workgroupBarrier();
        for (var at = 0u; at < TILE; at++) {
            sum += left[local.y][at] * right[at][local.x];
        }
        workgroupBarrier();
    }
    if (row < step.n_rows && unit < layer.n_out) {
        let at = (member * step.n_rows + row) * layer.n_out + unit;
        let scaled = sum * state[own(member) + layer.scale_out + unit];
        work[layer.product + at] = sum;
        let given = max(scaled + state[own(member) + layer.bias + unit], 0.0);
        work[layer.output + at] = given * work[gate_of(member, row, unit)];
    }
}

// Margins of a row of a member, its loss, and what the loss says about the margins.
@compute @workgroup_size(64)
fn heads(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    if (at >= step.n_rows * net.n_members) { return; }
    let member = at / step.n_rows;
    let row = (step.first_row + at % step.n_rows) * net.row_size + 2u * net.n_features;
    let goal = bitcast<f32>(rows[row]);
    let weight = bitcast<f32>(rows[row + 1u]);
    let matrix = own(member) + net.head;
    let outputs = net.outputs + at * net.n_outputs;
    var largest = -3.0e38;
    for (var output = 0u; output < net.n_outputs; output++) {
        var sum = state[matrix + net.n_last * net.n_outputs + output];
        for (var unit = 0u; unit < net.n_last; unit++) {
            sum += work[net.last + at * net.n_last + unit] * state[matrix + unit * net.n_outputs + output];
        }
        work[outputs + output] = sum;
        largest = max(largest, sum);
    }
    var loss = 0.0;
    if (net.task == 0u) {
        let away = work[outputs] - goal;
        loss = away * away / 2.0;
        work[outputs] = away;
    } else if (net.task == 1u) {
        let margin = work[outputs];
        let small = exp(-abs(margin));
        // Near 0 the logarithm of 1 + x is x.
        let rest = select(log(1.0 + small), small, small < 1.0e-4);
        loss = max(margin, 0.0) - margin * goal + rest;
        work[outputs] = select(small, 1.0, margin >= 0.0) / (1.0 + small) - goal;
    } else {
        var total = 0.0;
        for (var output = 0u; output < net.n_outputs; output++) {
            total += exp(work[outputs + output] - largest);
        }
        for (var output = 0u; output < net.n_outputs; output++) {
            let margin = work[outputs + output] - largest;
            let came = f32(output) == goal;
            loss += select(0.0, log(total) - margin, came);
            work[outputs + output] = exp(margin) / total - select(0.0, 1.0, came);
        }
    }
    for (var output = 0u; output < net.n_outputs; output++) {
        work[outputs + output] *= weight * step.share;
    }
    work[net.row_losses + at] = weight * loss;
}

// The sum of the losses of a step, by one group.
@compute @workgroup_size(256)
fn loss_sum(@builtin(local_invocation_id) local: vec3<u32>) {
    var sum = 0.0;
    for (var at = local.x; at < step.n_rows * net.n_members; at += 256u) {
        sum += work[net.row_losses + at];
    }
    sums[local.x] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (local.x < half) { sums[local.x] += sums[local.x + half]; }
        workgroupBarrier();
    }
    if (local.x == 0u) { losses[step.number] = sums[0] / f32(net.n_members); }
}

// Gradient of the output matrix of a member; the last row are the biases.
@compute @workgroup_size(64)
fn head_gradient(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    let size = (net.n_last + 1u) * net.n_outputs;
    if (at >= size * net.n_members) { return; }
    let member = at / size;
    let unit = (at % size) / net.n_outputs;
    let output = at % net.n_outputs;
    var sum = 0.0;
    for (var row = 0u; row < step.n_rows; row++) {
        let pair = member * step.n_rows + row;
        let said = work[net.outputs + pair * net.n_outputs + output];
        if (unit < net.n_last) {
            sum += said * work[net.last + pair * net.n_last + unit];
        } else {
            sum += said;
        }
    }
    state[net.gradient + own(member) + net.head + at % size] = sum;
}

// What the loss says about the units of the last layer.
@compute @workgroup_size(64)
fn head_back(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    if (at >= step.n_rows * net.n_members * net.n_last) { return; }
    let pair = at / net.n_last;
    let matrix = own(pair / step.n_rows) + net.head + (at % net.n_last) * net.n_outputs;
    var sum = 0.0;
    for (var output = 0u; output < net.n_outputs; output++) {
        sum += work[net.outputs + pair * net.n_outputs + output] * state[matrix + output];
    }
    work[net.of_last + at] = sum;
}

// Back through the bend and what was dropped to the products; gradients of biases and of scalings of what comes out.
@compute @workgroup_size(16, 16)
fn products_back(
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let unit = group.x * TILE + local.x;
    let member = group.z;
    var of_bias = 0.0;
    var of_scale = 0.0;
    if (unit < layer.n_out) {
        let scale = state[own(member) + layer.scale_out + unit];
        for (var row = local.y; row < step.n_rows; row += TILE) {
            let at = (member * step.n_rows + row) * layer.n_out + unit;
            let is_open = work[layer.output + at] > 0.0;
            let said = select(0.0, work[layer.of_output + at] * work[gate_of(member, row, unit)], is_open);
            of_bias += said;
            of_scale += said * work[layer.product + at];
            work[layer.of_product + at] = said * scale;
        }
    }
    left[local.y][local.x] = of_bias;
    right[local.y][local.x] = of_scale;
    workgroupBarrier();
    if (local.y == 0u && unit < layer.n_out) {
        for (var lane = 1u; lane < TILE; lane++) {
            of_bias += left[lane][local.x];
            of_scale += right[lane][local.x];
        }
        state[net.gradient + own(member) + layer.bias + unit] = of_bias;
        state[net.gradient + own(member) + layer.scale_out + unit] = of_scale;
    }
}

// What one member says about a shared matrix: inputs as rows.
@compute @workgroup_size(16, 16)
fn matrix_gradient(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let unit = id.x;
    let input = id.y;
    let member = id.z;
    let first_from = id.y - local.y;
    var sum = 0.0;
    for (var first = 0u; first < step.n_rows; first += TILE) {
        var value = 0.0;
        if (first + local.y < step.n_rows && first_from + local.x < layer.n_in) {
            let at = first_from + local.x;
            value = input_of(member, first + local.y, at) * state[own(member) + layer.scale_in + at];
        }
        left[local.y][local.x] = value;
        value = 0.0;
        if (first + local.y < step.n_rows && unit < layer.n_out) {
            value = work[layer.of_product + (member * step.n_rows + first + local.y) * layer.n_out + unit];
        }
        right[local.y][local.x] = value;
        workgroupBarrier();
        for (var at = 0u; at < TILE; at++) {
            sum += left[at][local.y] * right[at][local.x];
        }
        workgroupBarrier();
    }
    if (input < layer.n_in && unit < layer.n_out) {
        let at = layer.matrix - net.tables_end + input * layer.n_out + unit;
        work[net.partials + member * (net.members_start - net.tables_end) + at] = sum;
    }
}

// What the loss says about scaled inputs: products times the transposed matrix.
@compute @workgroup_size(16, 16)
fn inputs_back(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let to = id.x;
    let row = id.y;
    let member = id.z;
    let first_to = id.x - local.x;
    var sum = 0.0;
    for (var first = 0u; first < layer.n_out; first += TILE) {
        let unit = first + local.x;
        var value = 0.0;
        if (row < step.n_rows && unit < layer.n_out) {
            value = work[layer.of_product + (member * step.n_rows + row) * layer.n_out + unit];
        }
        left[local.y][local.x] = value;
        value = 0.0;
        if (unit < layer.n_out && first_to + local.y < layer.n_in) {
            value = state[layer.matrix + (first_to + local.y) * layer.n_out + unit];
        }
        right[local.y][local.x] = value;
        workgroupBarrier();
        for (var at = 0u; at < TILE; at++) {
            sum += left[local.y][at] * right[local.x][at];
        }
        workgroupBarrier();
    }
    if (row < step.n_rows && to < layer.n_in) {
        work[layer.of_input + (member * step.n_rows + row) * layer.n_in + to] = sum;
    }
}

// From scaled inputs to inputs, in place; gradients of the scalings of what goes in.
@compute @workgroup_size(16, 16)
fn scalings_back(
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
) {
    let unit = group.x * TILE + local.x;
    let member = group.z;
    var of_scale = 0.0;
    if (unit < layer.n_in) {
        let scale = state[own(member) + layer.scale_in + unit];
        for (var row = local.y; row < step.n_rows; row += TILE) {
            let at = layer.of_input + (member * step.n_rows + row) * layer.n_in + unit;
            of_scale += work[at] * input_of(member, row, unit);
            work[at] *= scale;
        }
    }
    left[local.y][local.x] = of_scale;
    workgroupBarrier();
    if (local.y == 0u && unit < layer.n_in) {
        for (var lane = 1u; lane < TILE; lane++) {
            of_scale += left[lane][local.x];
        }
        state[net.gradient + own(member) + layer.scale_in + unit] = of_scale;
    }
}

// What all members say about the vectors of the rows.
@compute @workgroup_size(64)
fn members_sum(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    let size = step.n_rows * net.n_in;
    if (at >= size) { return; }
    var sum = 0.0;
    for (var member = 0u; member < net.n_members; member++) {
        sum += work[net.of_inputs + member * size + at];
    }
    work[net.of_embedded + at] = sum;
}

// Gradient of the tables: a piece is part of where all later pieces begin.
@compute @workgroup_size(64)
fn tables_gradient(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    if (at >= net.tables_end) { return; }
    let feature = places[3u * (at / net.width)];
    let place = places[3u * (at / net.width) + 1u];
    let pieces = places[3u * (at / net.width) + 2u];
    let column = feature * net.width + at % net.width;
    var sum = 0.0;
    for (var row = 0u; row < step.n_rows; row++) {
        let code = (step.first_row + row) * net.row_size + 2u * feature;
        let index = table_row(rows[code], pieces);
        var factor = 0.0;
        if (pieces == NO_PIECES || place > pieces) {
            factor = select(0.0, 1.0, index == place);
        } else if (index <= pieces) {
            if (place == pieces) {
                factor = 1.0;
            } else if (index == place) {
                factor = bitcast<f32>(rows[code + 1u]);
            } else if (index > place) {
                factor = 1.0;
            }
        }
        sum += factor * work[net.of_embedded + row * net.n_in + column];
    }
    state[net.gradient + at] = sum;
}

@compute @workgroup_size(64)
fn adam(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = flat(id, groups);
    if (at >= net.n_parameters) { return; }
    var g = state[net.gradient + at];
    if (at >= net.tables_end && at < net.members_start) {
        g = 0.0;
        for (var member = 0u; member < net.n_members; member++) {
            g += work[net.partials + member * (net.members_start - net.tables_end) + at - net.tables_end];
        }
        state[net.gradient + at] = g;
    }
    let mean = net.beta_mean * state[net.means + at] + (1.0 - net.beta_mean) * g;
    let square = net.beta_square * state[net.squares + at] + (1.0 - net.beta_square) * g * g;
    state[net.means + at] = mean;
    state[net.squares + at] = square;
    let by = (mean / step.correct_mean) / (sqrt(square / step.correct_square) + net.epsilon);
    let moved = state[at] - net.rate * (by + decays[at] * state[at]);
    state[at] = moved;
    state[net.averaged + at] = step.keep * state[net.averaged + at] + (1.0 - step.keep) * moved;
}
