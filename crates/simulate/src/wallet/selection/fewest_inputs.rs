//! The smallest coin that suffices by itself, else the largest ones.

use super::{Candidate, Need, largest_first};
use crate::dice::Dice;

pub(super) fn choose(candidates: &[Candidate], need: &Need, dice: &mut Dice) -> Option<Vec<usize>> {
    let fits = candidates.iter().filter(|one| one.effective_sat >= need.with_change_sat);
    match fits.min_by_key(|one| one.effective_sat) {
        Some(one) => Some(vec![one.place]),
        None => largest_first::choose(candidates, need, dice),
    }
}
