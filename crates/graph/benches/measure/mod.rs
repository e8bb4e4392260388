//! What the benches of this folder share: draws from a fixed seed, and a clock that other programs do not push.
#![allow(dead_code, reason = "each bench takes what it needs")]

use rustix::time::{ClockId, clock_gettime};

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u32
    }

    /// As [`Self::below`], for bounds of 64 bits; the first numbers are a little more frequent.
    pub(crate) fn up_to(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A node whose expected degree falls with the power 2/3 of its rank: the largest of a million has 1 % of all
    /// edges. Hubs lie anywhere among the ids, as they do in real graphs.
    pub(crate) fn node(&mut self, n_nodes: u32) -> u32 {
        let uniform = self.next() as f64 / 2f64.powi(64);
        let rank = (f64::from(n_nodes) * uniform.powi(3)) as u64;
        (rank * 700_001 % u64::from(n_nodes)) as u32
    }
}

/// Seconds this thread has been on a processor: other work on a shared machine does not count.
pub(crate) fn thread_cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
