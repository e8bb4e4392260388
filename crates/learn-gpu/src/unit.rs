//! Graphics processors: which there are, opened ones with their kernels, fits in turn.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use learn::network::{Device, Start, Steps};
use thiserror::Error;

use crate::fit::GpuSteps;
use crate::uniforms::{Layer, Net, STRIDE, Step};

/// The kernels, but for the structs of `uniforms`.
const KERNELS: &str = include_str!("kernels.wgsl");

/// Entry points of [`KERNELS`].
pub(crate) const NAMES: [&str; 15] = [
    "starts",
    "embed",
    "gates",
    "forward",
    "heads",
    "loss_sum",
    "head_gradient",
    "head_back",
    "products_back",
    "matrix_gradient",
    "inputs_back",
    "scalings_back",
    "members_sum",
    "tables_gradient",
    "adam",
];

/// Why no graphics processor could be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GpuError {
    /// None is there, but drivers in software perhaps.
    #[error("no graphics processor was found{}", listed(found))]
    None {
        /// What was found instead.
        found: Vec<String>,
    },
    /// There is none of that number.
    #[error("there is no graphics processor {number}{}", listed(found))]
    Number {
        /// The number asked for.
        number: usize,
        /// Those that are there.
        found: Vec<String>,
    },
    /// One refuses to be opened.
    #[error("graphics processor {name} cannot be used: {problem}")]
    Refused {
        /// Its name.
        name: String,
        /// Why.
        problem: String,
    },
}

fn listed(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!("; found: {}", found.join(", ")) }
}

impl GpuError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::None { found } if found.is_empty() => {
                "install a Vulkan driver for it (NVIDIA's own, or Debian's mesa-vulkan-drivers), or train with --device cpu"
            }
            Self::None { .. } => {
                "name one in software by its number, --device gpu:0, or train with --device cpu"
            }
            Self::Number { .. } | Self::Refused { .. } => {
                "name another by its number, --device gpu:N, or train with --device cpu"
            }
        }
    }
}

/// Opened graphics processors, over which fits go round.
pub struct Gpus {
    units: Vec<Arc<Unit>>,
    next: AtomicUsize,
}

impl Gpus {
    /// Opens those of some numbers, or all that are no driver in software.
    ///
    /// # Errors
    /// There is none, none of that number, or one refuses.
    pub fn open(numbers: Option<&[usize]>) -> Result<Self, GpuError> {
        let descriptor = wgpu::InstanceDescriptor {
            backends: wgpu::Backends::VULKAN,
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        };
        let instance = wgpu::Instance::new(descriptor);
        let adapters = ready(instance.enumerate_adapters(wgpu::Backends::VULKAN));
        let names = || adapters.iter().enumerate().map(|(n, a)| format!("gpu:{n} {}", name(a)));
        let chosen: Vec<&wgpu::Adapter> = match numbers {
            None => adapters.iter().filter(|adapter| !is_software(adapter)).collect(),
            Some(numbers) => {
                let of = |number: &usize| {
                    let missing = || GpuError::Number { number: *number, found: names().collect() };
                    adapters.get(*number).ok_or_else(missing)
                };
                numbers.iter().map(of).collect::<Result<_, _>>()?
            }
        };
        if chosen.is_empty() {
            return Err(GpuError::None { found: names().collect() });
        }
        let units = chosen.into_iter().map(|adapter| Unit::open(adapter).map(Arc::new));
        Ok(Self { units: units.collect::<Result<_, _>>()?, next: AtomicUsize::new(0) })
    }
}

#[cfg(test)]
impl Gpus {
    pub(crate) fn unit(&self, number: usize) -> Arc<Unit> {
        Arc::clone(&self.units[number])
    }
}

impl Device for Gpus {
    fn names(&self) -> Vec<String> {
        self.units.iter().map(|unit| unit.name.clone()).collect()
    }

    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Steps>, String> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.units.len();
        Ok(Box::new(GpuSteps::new(Arc::clone(&self.units[turn]), start)?))
    }
}

/// One graphics processor with its kernels, ready for any fit.
pub(crate) struct Unit {
    pub(crate) name: String,
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) arrays: wgpu::BindGroupLayout,
    kernels: Vec<wgpu::ComputePipeline>,
    /// The first thing that went wrong since it was asked.
    fault: Arc<Mutex<Option<String>>>,
}

impl Unit {
    fn open(adapter: &wgpu::Adapter) -> Result<Self, GpuError> {
        let name = name(adapter);
        let refused = |problem: String| GpuError::Refused { name: name.clone(), problem };
        let descriptor =
            wgpu::DeviceDescriptor { required_limits: adapter.limits(), ..Default::default() };
        let opened = ready(adapter.request_device(&descriptor));
        let (device, queue) = opened.map_err(|error| refused(error.to_string()))?;
        let fault = Arc::new(Mutex::new(None));
        let told = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            told.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.to_string());
        }));
        let arrays = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: None,
            entries: &bindings(),
        });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&arrays)],
            immediate_size: 0,
        });
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source().into()),
        });
        let kernel = |name: &&str| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&layout),
                module: &module,
                entry_point: Some(name),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
        };
        let kernels = NAMES.iter().map(kernel).collect();
        let unit = Self { name: name.clone(), device, queue, arrays, kernels, fault };
        unit.check().map_err(refused)?;
        Ok(unit)
    }

    /// What went wrong, if anything did.
    pub(crate) fn check(&self) -> Result<(), String> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.map_or(Ok(()), |problem| Err(format!("{}: {problem}", self.name)))
    }

    pub(crate) fn kernel(&self, name: &str) -> &wgpu::ComputePipeline {
        let at = NAMES.iter().position(|known| *known == name);
        &self.kernels[at.expect("plans name kernels of the list")]
    }
}

/// The whole text of the kernels.
pub(crate) fn source() -> String {
    [Net::WGSL, Layer::WGSL, Step::WGSL, KERNELS].concat()
}

/// Three structs, then arrays: what `kernels.wgsl` binds.
fn bindings() -> [wgpu::BindGroupLayoutEntry; 9] {
    std::array::from_fn(|binding| {
        let (ty, has_dynamic_offset) = match binding {
            0..3 => (wgpu::BufferBindingType::Uniform, binding > 0),
            3..6 => (wgpu::BufferBindingType::Storage { read_only: true }, false),
            _ => (wgpu::BufferBindingType::Storage { read_only: false }, false),
        };
        let size = if binding < 3 { wgpu::BufferSize::new(STRIDE as u64) } else { None };
        wgpu::BindGroupLayoutEntry {
            binding: u32::try_from(binding).expect("a few"),
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: size },
            count: None,
        }
    })
}

fn name(adapter: &wgpu::Adapter) -> String {
    let info = adapter.get_info();
    format!("{} ({})", info.name, info.backend)
}

fn is_software(adapter: &wgpu::Adapter) -> bool {
    adapter.get_info().device_type == wgpu::DeviceType::Cpu
}

/// What a future gives. Those asked here are ready at once: only browsers let wait for adapters and devices.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}
