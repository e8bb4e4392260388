//! Asks for a cell before it is needed.
//!
//! In: a slice and a place in it. Out: nothing; the cell is perhaps in the cache a little later.
//! Source: software prefetching, Callahan, Kennedy, Porterfield, ASPLOS 1991.
//! Departures: `unsafe`, since the standard library has no stable safe way. Tried before: loads of a whole block into a
//! buffer, which the processor overlaps by itself. Where most links join, searches in between are mispredicted
//! and stop it from running ahead: 45 M links/s against 110 M/s with this, 24 M links of 4 M nodes, same minute.
//! Cost: one instruction. On other processors than x86-64 it does nothing.
//! Checked against: results do not depend on it.
#![expect(unsafe_code, reason = "the instruction for it; 2.4 times the links a second")]

/// Places later in the queue whose parents are asked for; half of it for the parents of those.
pub(super) const LOOKAHEAD: usize = 32;

/// Asks for `cells[at]`; any `at` will do.
#[inline(always)]
pub(super) fn prefetch<T>(cells: &[T], at: u32) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: prefetching reads nothing that the program could see and does not fault, whatever the address;
        // it is made without a claim to be inside the slice. SSE is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(cells.as_ptr().wrapping_add(at as usize).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = (cells, at);
}
