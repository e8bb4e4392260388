//! The oldest coins; while fees are low up to eight small ones more, which no payment needs.

use super::{Candidate, Need, oldest_first};
use crate::dice::Dice;

const MORE_MAX: usize = 8;

pub(super) fn choose(candidates: &[Candidate], need: &Need, dice: &mut Dice) -> Option<Vec<usize>> {
    let mut places = oldest_first::choose(candidates, need, dice)?;
    if need.cheap {
        let mut rest: Vec<_> =
            candidates.iter().filter(|candidate| !places.contains(&candidate.place)).collect();
        rest.sort_by_key(|candidate| candidate.effective_sat);
        places.extend(rest.iter().take(MORE_MAX).map(|candidate| candidate.place));
    }
    Some(places)
}
