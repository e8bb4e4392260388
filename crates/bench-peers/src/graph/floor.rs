//! What the memory of this machine allows: the floor under every kernel, measured in the same run.

use std::hint::black_box;

use super::generate::Random;
use super::meter::{Meter, once};

/// Rates of one thread.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    /// Bytes read a second, in a row.
    pub(super) read_bytes_per_s: f64,
    /// Bytes copied a second (each is read and written once, and counted once).
    pub(super) copy_bytes_per_s: f64,
}

const BYTES: usize = 256 << 20;
const METER: Meter = Meter { repeats: 5, budget_s: 5.0 };

impl Machine {
    /// Measures with 256 MB, far more than any cache holds.
    pub(super) fn measure() -> Self {
        let from: Vec<u64> = (0..BYTES as u64 / 8).collect();
        let (read, _) = METER.repeat(|| (), |()| from.iter().fold(0, |sum: u64, item| sum ^ item));
        let mut to = vec![1u64; from.len()];
        let (copy, _) = METER.repeat(|| (), |()| black_box(&mut to).copy_from_slice(&from));
        Self {
            read_bytes_per_s: BYTES as f64 / read.wall_s,
            copy_bytes_per_s: BYTES as f64 / copy.wall_s,
        }
    }
}

/// Seconds of one independent 4-byte read at a random place in a table of `n_nodes`; the place is read in a row.
pub(super) fn gather_s(n_nodes: u32) -> f64 {
    let mut random = Random::new(5);
    let table: Vec<f32> = (0..n_nodes).map(|node| node as f32).collect();
    let places: Vec<u32> = (0..1 << 24).map(|_| random.below(n_nodes)).collect();
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let (timing, _) = once(|| {
            // Eight sums, so that one addition need not wait for the one before.
            let mut sums = [0f32; 8];
            for chunk in places.chunks_exact(8) {
                for (sum, &place) in sums.iter_mut().zip(chunk) {
                    *sum += table[place as usize];
                }
            }
            sums
        });
        best = best.min(timing.wall_s);
    }
    best / places.len() as f64
}
