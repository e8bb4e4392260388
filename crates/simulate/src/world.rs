//! A world: its blocks in order, and what is true of them.

use std::sync::OnceLock;

use crate::simulation::Simulation;
use crate::spec::{SpecError, WorldSpec};
use crate::truth::Truth;

/// A simulated Bitcoin world. Cheap to make: blocks come into being as they are asked for.
#[derive(Debug)]
pub struct World {
    spec: WorldSpec,
    truth: OnceLock<Truth>,
}

impl World {
    /// A world of this specification.
    ///
    /// # Errors
    /// If the specification is too small for the story, or absurdly large.
    pub fn new(spec: WorldSpec) -> Result<Self, SpecError> {
        spec.check()?;
        Ok(Self { spec, truth: OnceLock::new() })
    }

    /// What was asked for.
    pub fn spec(&self) -> WorldSpec {
        self.spec
    }

    /// Raw blocks in order, from the genesis block of regtest on.
    pub fn blocks(&self) -> Blocks {
        Blocks { simulation: Simulation::new(self.spec), n_blocks: self.spec.n_blocks }
    }

    /// What is true of this world. The first call makes all blocks once more and keeps none of them; whoever has
    /// made them anyway asks [`Blocks::into_truth`].
    pub fn truth(&self) -> &Truth {
        self.truth.get_or_init(|| self.blocks().into_truth())
    }

    pub(crate) fn simulation(&self) -> Simulation {
        Simulation::new(self.spec)
    }
}

/// The blocks of a [`World`], one at a time: memory holds the unspent outputs and the owners of addresses, no block.
pub struct Blocks {
    simulation: Simulation,
    n_blocks: u32,
}

impl Blocks {
    /// The truth of the whole world; makes the blocks that have not been taken yet.
    pub fn into_truth(mut self) -> Truth {
        self.by_ref().for_each(drop);
        self.simulation.into_truth()
    }

    fn left(&self) -> u32 {
        self.n_blocks - self.simulation.height()
    }
}

impl Iterator for Blocks {
    /// A block as it goes over the wire.
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        (self.left() > 0).then(|| self.simulation.step().bytes)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left() as usize, Some(self.left() as usize))
    }
}

impl ExactSizeIterator for Blocks {}
