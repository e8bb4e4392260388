//! Conventions by which a transaction's money is shared out, behind one interface.
//!
//! In: a [`Flow`]: the parts of each input in order, the amounts of the outputs, the fee. Out: the parts of each output, then
//! of the fee. A convention is a file and a line in [`CONVENTIONS`].
//! Source: Möser, Böhme, Breuker 2014 (poison, haircut); Anderson, Shumailov, Ahmed 2018 (FIFO, after Clayton's case,
//! 1816); the highest-out rule of analysts (TIHO).
//! Departures: whole satoshi. The first four hand every satoshi on exactly once; poison does not conserve, by design.
//! Cost: haircut and poison origins × outputs; the others parts + outputs.
//! Checked against: conservation on random flows; satoshi by satoshi for FIFO and LIFO; rational numbers for
//! haircut (`tests/it/exposure_split.rs`).

mod fifo;
pub(super) mod haircut;
mod highest_out;
mod lifo;
mod poison;

use std::fmt;

use ledger::Category;

use super::parts::{Origin, Part};

/// What goes into a transaction and what comes out.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    /// By input, its parts in order; together they are `outputs` and `fee_sat`.
    pub inputs: &'a [Vec<Part>],
    /// By output, its amount in satoshi.
    pub outputs: &'a [u64],
    /// What is left for the miner, in satoshi; it is served last.
    pub fee_sat: u64,
    /// By entity.
    pub categories: &'a [Category],
}

impl Flow<'_> {
    fn is_tainted(&self, origin: Origin) -> bool {
        let category = origin.category(self.categories);
        (Category::SANCTIONED..=Category::MIXING).contains(&category)
    }

    /// Amounts of the outputs, then the fee.
    fn targets(&self) -> Vec<u64> {
        self.outputs.iter().copied().chain([self.fee_sat]).collect()
    }
}

/// A convention.
#[derive(Clone, Copy)]
pub struct Convention {
    /// The name used in tables and messages.
    pub name: &'static str,
    /// What it is, as a sentence for analysts.
    pub about: &'static str,
    /// Whether what comes out adds up to what went in.
    pub conserves: bool,
    split: fn(&Flow<'_>) -> Vec<Vec<Part>>,
}

impl fmt::Debug for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Convention {
    /// The parts of each output, then of the fee.
    pub fn split(&self, flow: &Flow<'_>) -> Vec<Vec<Part>> {
        (self.split)(flow)
    }
}

/// Every convention; the first is that of the stored exposures.
pub const CONVENTIONS: &[Convention] =
    &[haircut::HAIRCUT, poison::POISON, fifo::FIFO, lifo::LIFO, highest_out::HIGHEST_OUT];

/// Hands `parts` out in their order to `targets` in theirs. Neighbors of one origin become one part.
fn serve(parts: impl Iterator<Item = Part>, targets: &[u64]) -> Vec<Vec<Part>> {
    let mut served: Vec<Vec<Part>> = vec![Vec::new(); targets.len()];
    let mut at = 0;
    let mut open = targets.first().copied().unwrap_or(0);
    for part in parts {
        let mut rest = part.amount_sat;
        while rest > 0 && at < targets.len() {
            let amount = rest.min(open);
            if amount > 0 {
                match served[at].last_mut() {
                    Some(last) if last.origin == part.origin => last.amount_sat += amount,
                    _ => served[at].push(Part::new(part.origin, amount)),
                }
            }
            (rest, open) = (rest - amount, open - amount);
            if open == 0 {
                at += 1;
                open = targets.get(at).copied().unwrap_or(0);
            }
        }
    }
    served
}
