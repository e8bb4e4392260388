//! Equal outputs, one a participant: the oldest and widest rule.
//!
//! Rule: at least 2 inputs and 3 outputs; with p = ⌊(outputs + 1) / 2⌋ participants (each has a payment and a
//! change output, one may do without change) there are at least p inputs and p distinct input scripts; the most
//! frequent amount occurs exactly p times and is neither 546 nor 2730 satoshi.
//! Source: BlockSci `isCoinjoin` (Goldfeder et al., "When the cookie meets the blockchain", PETS 2018); the two
//! amounts are the usual dust limits, which payouts of colored coins repeat.
//! Departures: only spendable outputs count; on a tie of amounts any of them will do (BlockSci takes whichever
//! comes first, GraphSense the lowest).

use super::Protocol;
use super::shape::Shape;

pub(super) const EQUAL_OUTPUTS: Protocol = Protocol {
    number: 0,
    name: "equal_outputs",
    about: "half of the outputs are equal, and there are as many input scripts as equal outputs",
    possible,
};

const DUST_SAT: [u64; 2] = [546, 2730];

fn possible(shape: &Shape) -> bool {
    let n_participants = shape.outputs.len().div_ceil(2);
    let is_share = |count| count == n_participants;
    n_participants <= shape.n_input_scripts
        && shape.modes(|_| true).any(|g| is_share(g.count) && !DUST_SAT.contains(&g.amount_sat))
}
