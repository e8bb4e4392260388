//! Poison: an output comes in full from every origin of the transaction.
//!
//! Sums over origins are then more than the output: it answers "can any of this be theirs", not "how much is".

use super::{Convention, Flow};
use crate::exposure::parts::Part;

pub(super) const POISON: Convention = Convention {
    name: "poison",
    about: "every output is in full of every origin; amounts of several origins do not add up",
    conserves: false,
    split,
};

fn split(flow: &Flow<'_>) -> Vec<Vec<Part>> {
    let mut origins: Vec<_> = flow.inputs.iter().flatten().map(|part| part.origin).collect();
    origins.sort_unstable();
    origins.dedup();
    let whole = |target: u64| {
        let origins = origins.iter().filter(|_| target > 0);
        origins.map(|origin| Part::new(*origin, target)).collect()
    };
    flow.targets().into_iter().map(whole).collect()
}
