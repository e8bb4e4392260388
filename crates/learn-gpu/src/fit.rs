//! A fit under way on a graphics processor: rows go there batch by batch, parameters stay there until they are asked for.
//!
//! In: a [`Start`], then rows in the order of an epoch. Out: the sum of their losses, the running mean of the parameters.
//! Source: the kernels (`kernels.wgsl`) follow `learn::network` line by line; ChaCha8: Bernstein, ChaCha, a variant of Salsa20, 2008.
//! Departures: sums are in an order of their own and in `f32` throughout, so numbers differ from those of the cores in the last
//! bits. Every sum of a step has one fixed order, but drivers may contract and reorder: no bits are promised.
//! Cost: 22 calls of kernels a step of a network of two layers, up to 32 steps sent at once. Memory: a batch through all members,
//! the rows of 32 batches, five numbers a parameter.
//! Checked against: a plain pass in `f64` with finite differences, and fits on the cores (`tests.rs`), where a Vulkan driver is
//! found; one in software will do.

use std::sync::Arc;

use learn::network::{Rows, Start, StepSize, Steps, stream};

use crate::plan::Plan;
use crate::uniforms::{STRIDE, Step};
use crate::unit::Unit;

/// Steps sent at once: enough to keep a processor busy, few enough for systems that end what takes seconds.
const STEPS_MAX: usize = 32;
/// Bytes of rows sent at once, about.
const ROWS_BYTES: usize = 16 << 20;

/// A fit on one graphics processor.
pub(crate) struct GpuSteps {
    unit: Arc<Unit>,
    plan: Plan,
    batch: usize,
    averaging: f32,
    /// Steps that are sent at once.
    at_once: usize,
    bound: wgpu::BindGroup,
    rows: wgpu::Buffer,
    steps: wgpu::Buffer,
    state: wgpu::Buffer,
    losses: wgpu::Buffer,
    /// Steps made.
    n_made: u32,
}

impl GpuSteps {
    pub(crate) fn new(unit: Arc<Unit>, start: &Start<'_>) -> Result<Self, String> {
        let plan = Plan::new(start)?;
        let batch = start.batch.min(start.n_rows);
        let batch_bytes = 4 * batch * plan.net.row_size as usize;
        let at_once = (ROWS_BYTES / batch_bytes).clamp(1, STEPS_MAX);
        let sizes = [4 * plan.work_size, 4 * plan.state_size, (at_once * batch_bytes) as u64];
        let limits = unit.device.limits();
        let most = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
        if let Some(size) = sizes.iter().find(|size| **size > most) {
            let [needs, takes] = [size, &most].map(|bytes| bytes.div_ceil(1 << 20));
            return Err(format!(
                "a network of {} features needs {needs} MiB in one piece, {} takes {takes} MiB",
                plan.net.n_features, unit.name
            ));
        }
        let array = |bytes: u64, usage| {
            unit.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes.max(STRIDE as u64),
                usage: usage | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let filled = |bytes: &[u8], usage| {
            let buffer = array(bytes.len() as u64, usage);
            unit.queue.write_buffer(&buffer, 0, bytes);
            buffer
        };
        let (told, storage) = (wgpu::BufferUsages::UNIFORM, wgpu::BufferUsages::STORAGE);
        let answers = storage | wgpu::BufferUsages::COPY_SRC;
        let net = filled(&plan.net.bytes(), told);
        let layers: Vec<u8> = plan.layers.iter().flat_map(|layer| layer.bytes()).collect();
        let layers = filled(&layers, told);
        let steps = array((at_once * STRIDE) as u64, told);
        let rows = array(sizes[2], storage);
        let places: Vec<u8> = plan.places.iter().flat_map(|place| place.to_le_bytes()).collect();
        let places = filled(&places, storage);
        let decays = filled(&bytes(start.decays), storage);
        let state = array(sizes[1], answers);
        unit.queue.write_buffer(&state, 0, &bytes(start.parameters));
        unit.queue.write_buffer(&state, 4 * u64::from(plan.net.averaged), &bytes(start.parameters));
        let work = array(sizes[0], storage);
        let losses = array(4 * at_once as u64, answers);
        let arrays = [&net, &layers, &steps, &rows, &places, &decays, &state, &work, &losses];
        let bound = bound(&unit, &arrays);
        unit.check()?;
        let averaging = start.options.averaging;
        let n_made = 0;
        Ok(Self {
            unit,
            plan,
            batch,
            averaging,
            at_once,
            bound,
            rows,
            steps,
            state,
            losses,
            n_made,
        })
    }

    /// Sends the steps over some rows, as many as go at once; gives the losses of each.
    fn send(&mut self, rows: &Rows, order: &[u32]) -> Result<Vec<f32>, String> {
        self.unit.queue.write_buffer(&self.rows, 0, &packed(rows, order));
        let mut steps = Vec::new();
        for (number, batch) in order.chunks(self.batch).enumerate() {
            steps.extend(self.step(number, batch.len()).bytes());
            self.n_made += 1;
        }
        self.unit.queue.write_buffer(&self.steps, 0, &steps);
        let mut encoder = self.unit.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            for (number, batch) in order.chunks(self.batch).enumerate() {
                for call in self.plan.calls(batch.len()) {
                    pass.set_pipeline(self.unit.kernel(call.kernel));
                    pass.set_bind_group(0, &self.bound, &[offset(call.layer), offset(number)]);
                    let [x, y, z] = call.groups;
                    pass.dispatch_workgroups(x, y, z);
                }
            }
        }
        self.unit.queue.submit([encoder.finish()]);
        self.read(&self.losses, 0, order.len().div_ceil(self.batch))
    }

    fn step(&self, number: usize, n_rows: usize) -> Step {
        let StepSize { one, two, keep } = StepSize::after(self.n_made, self.averaging);
        let stream = stream(self.n_made, 0);
        let [low, high] = [stream & 0xFFFF_FFFF, stream >> 32];
        let word = |n: usize| u32::try_from(n).expect("rows and steps that are sent at once");
        Step {
            number: word(number),
            first_row: word(number * self.batch),
            n_rows: word(n_rows),
            stream_low: u32::try_from(low).expect("masked"),
            stream_high: u32::try_from(high).expect("shifted"),
            share: 1.0 / (n_rows * self.plan.net.n_members as usize) as f32,
            correct_mean: one,
            correct_square: two,
            keep,
        }
    }

    /// Waits for all that was sent and reads numbers of a buffer.
    pub(crate) fn read(
        &self,
        buffer: &wgpu::Buffer,
        first: u32,
        n: usize,
    ) -> Result<Vec<f32>, String> {
        let Unit { device, queue, name, .. } = self.unit.as_ref();
        let size = 4 * n as u64;
        let copy = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 4 * u64::from(first), &copy, 0, size);
        queue.submit([encoder.finish()]);
        // Whether it worked is told by the range: without a mapping there is none.
        copy.map_async(wgpu::MapMode::Read, .., |_| {});
        let failed = |problem: String| format!("{name}: {problem}");
        device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|error| failed(error.to_string()))?;
        self.unit.check()?;
        let view = copy.get_mapped_range(..).map_err(|error| failed(error.to_string()))?;
        let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        Ok(view.chunks_exact(4).map(number).collect())
    }

    /// The array of parameters, of what follows from them, and of gradients.
    #[cfg(test)]
    pub(crate) fn state(&self) -> (&Plan, Result<Vec<f32>, String>) {
        let size = usize::try_from(self.plan.state_size).unwrap_or(usize::MAX);
        (&self.plan, self.read(&self.state, 0, size))
    }
}

impl Steps for GpuSteps {
    fn epoch(&mut self, rows: &Rows, order: &[u32]) -> Result<f64, String> {
        let mut sum = 0.0;
        for some in order.chunks(self.at_once * self.batch) {
            sum += self.send(rows, some)?.into_iter().map(f64::from).sum::<f64>();
        }
        Ok(sum)
    }

    fn averaged(&mut self) -> Result<Vec<f32>, String> {
        let net = &self.plan.net;
        self.read(&self.state, net.averaged, net.n_parameters as usize)
    }
}

/// Arrays in the order of their bindings; of the first three one struct is seen at a time.
fn bound(unit: &Unit, arrays: &[&wgpu::Buffer; 9]) -> wgpu::BindGroup {
    let mut entries = Vec::with_capacity(arrays.len());
    for (binding, buffer) in (0..).zip(arrays) {
        let size = if binding < 3 { wgpu::BufferSize::new(STRIDE as u64) } else { None };
        let seen = wgpu::BufferBinding { buffer, offset: 0, size };
        let resource = wgpu::BindingResource::Buffer(seen);
        entries.push(wgpu::BindGroupEntry { binding, resource });
    }
    unit.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &unit.arrays,
        entries: &entries,
    })
}

fn offset(number: usize) -> u32 {
    u32::try_from(number * STRIDE).expect("layers and steps are few")
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Rows in order: index and share of each feature, target, weight.
fn packed(rows: &Rows, order: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * order.len() * (2 * rows.n_features + 2));
    for row in order {
        for code in rows.row(*row) {
            bytes.extend_from_slice(&code.index.to_le_bytes());
            bytes.extend_from_slice(&code.share.to_le_bytes());
        }
        bytes.extend_from_slice(&rows.targets[*row as usize].to_le_bytes());
        bytes.extend_from_slice(&rows.weights[*row as usize].to_le_bytes());
    }
    bytes
}
