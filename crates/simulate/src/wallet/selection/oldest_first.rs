//! The oldest coins until they suffice: what Ledger Live does.

use super::{Candidate, Need, accumulate};
use crate::dice::Dice;

pub(super) fn choose(
    candidates: &[Candidate],
    need: &Need,
    _dice: &mut Dice,
) -> Option<Vec<usize>> {
    accumulate(candidates.iter(), need.with_change_sat)
}
