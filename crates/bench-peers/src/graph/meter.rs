//! Clocks and memory of the own process, and how often a kernel is repeated.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::memory_peak_bytes;

/// How long something took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timing {
    /// CPU seconds of all threads.
    pub(super) cpu_s: f64,
    /// Seconds that passed.
    pub(super) wall_s: f64,
}

/// How often to repeat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    /// At most so often.
    pub(super) repeats: usize,
    /// No further repeat after so many seconds; the first always runs.
    pub(super) budget_s: f64,
}

/// CPU seconds of all threads of this process so far.
pub(super) fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Runs once.
pub(super) fn once<T>(work: impl FnOnce() -> T) -> (Timing, T) {
    let (cpu, wall) = (cpu_s(), Instant::now());
    let result = std::hint::black_box(work());
    (Timing { wall_s: wall.elapsed().as_secs_f64(), cpu_s: cpu_s() - cpu }, result)
}

impl Meter {
    /// Repeats and takes the medians; gives the last result too. `prepare` is not counted.
    pub(super) fn repeat<S, T>(
        &self,
        mut prepare: impl FnMut() -> S,
        mut work: impl FnMut(S) -> T,
    ) -> (Timing, T) {
        let start = Instant::now();
        let (first, mut result) = {
            let state = prepare();
            once(|| work(state))
        };
        let mut timings = vec![first];
        while timings.len() < self.repeats && start.elapsed().as_secs_f64() < self.budget_s {
            drop(result);
            let state = prepare();
            let timing;
            (timing, result) = once(|| work(state));
            timings.push(timing);
        }
        (medians(&timings), result)
    }

    /// One measurement an item, all items as often as the budget allows; the results of the first round.
    pub(super) fn each<I: Copy, T>(
        &self,
        items: &[I],
        mut work: impl FnMut(I) -> T,
    ) -> (Timing, Vec<T>) {
        let start = Instant::now();
        let (mut timings, mut results) = (Vec::new(), Vec::new());
        'rounds: for round in 0..self.repeats {
            for &item in items {
                if !timings.is_empty() && start.elapsed().as_secs_f64() > self.budget_s {
                    break 'rounds;
                }
                let (timing, result) = once(|| work(item));
                timings.push(timing);
                if round == 0 {
                    results.push(result);
                }
            }
        }
        (medians(&timings), results)
    }

    /// One measurement an item by the wall clock alone, which costs 25 ns and not a system call: for answers in
    /// microseconds. All seconds, ascending, and the results of the first round.
    pub(super) fn latencies<I: Copy, T>(
        &self,
        items: &[I],
        mut work: impl FnMut(I) -> T,
    ) -> (Vec<f64>, Vec<T>) {
        let start = Instant::now();
        let (mut seconds, mut results) = (Vec::new(), Vec::new());
        'rounds: for round in 0..self.repeats {
            for &item in items {
                if !seconds.is_empty() && start.elapsed().as_secs_f64() > self.budget_s {
                    break 'rounds;
                }
                let asked = Instant::now();
                let result = std::hint::black_box(work(item));
                seconds.push(asked.elapsed().as_secs_f64());
                if round == 0 {
                    results.push(result);
                }
            }
        }
        seconds.sort_by(f64::total_cmp);
        (seconds, results)
    }
}

/// The value below which `share` of the ascending values lie.
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let last = ascending.len().saturating_sub(1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let at = (last * share).round() as usize;
    ascending.get(at).copied().unwrap_or(f64::NAN)
}

fn medians(timings: &[Timing]) -> Timing {
    let median = |part: fn(&Timing) -> f64| {
        let mut parts: Vec<f64> = timings.iter().map(part).collect();
        parts.sort_by(f64::total_cmp);
        quantile(&parts, 0.5)
    };
    Timing { cpu_s: median(|timing| timing.cpu_s), wall_s: median(|timing| timing.wall_s) }
}

/// From here on, [`peak_mb`] tells the most memory since this call. Where the system cannot, it stays the most of
/// the whole life.
pub(super) fn reset_peak() {
    // The kernel's documented way; a system without it refuses, and then the peak is only less telling.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory since [`reset_peak`], in MB.
pub(super) fn peak_mb() -> Option<f64> {
    memory_peak_bytes().map(|bytes| bytes as f64 / 1e6)
}
