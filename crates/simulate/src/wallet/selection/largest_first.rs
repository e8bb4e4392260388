//! The largest coins until they suffice: fewest inputs, much change, small coins pile up.

use super::{Candidate, Need, accumulate, falling};
use crate::dice::Dice;

pub(super) fn choose(
    candidates: &[Candidate],
    need: &Need,
    _dice: &mut Dice,
) -> Option<Vec<usize>> {
    accumulate(falling(candidates).iter(), need.with_change_sat)
}
