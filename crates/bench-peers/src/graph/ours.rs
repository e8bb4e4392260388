//! Our kernels. This is the one file that knows their signatures.

use std::path::Path;

use graph::Components;

use super::Fault;
use super::kernel::{Answer, Outcome, of_labels};
use super::meter::Meter;
use super::world::World;

/// What is made of the files once and not counted.
pub(super) struct Contender;

impl Contender {
    /// Prepares for the kernels.
    ///
    /// # Errors
    /// The rows are refused.
    pub(super) fn new(_world: &World, _kernels: &[String]) -> Result<Self, Fault> {
        Ok(Self)
    }

    /// One kernel.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn run(
        &self,
        kernel: &str,
        world: &World,
        meter: &Meter,
        _folder: &Path,
    ) -> Result<Answer, Fault> {
        let outcome = match kernel {
            "components_incremental" => link_all(world, meter),
            _ => return Ok(Answer::Missing("not yet".to_owned())),
        };
        Ok(Answer::Measured(outcome))
    }
}

fn link_all(world: &World, meter: &Meter) -> Outcome {
    let (a, b) = (&world.shuffled.source, &world.shuffled.target);
    let (timing, components) = meter.repeat(
        || Components::new(world.n_nodes),
        |mut components| {
            for (&a, &b) in a.iter().zip(b) {
                components.link(a, b);
            }
            components
        },
    );
    let outcome = of_labels(Outcome::new(timing), components.labels().into_iter(), world.n_nodes);
    outcome.tell("m_links_per_s", a.len() as f64 / timing.cpu_s / 1e6)
}
