//! Whirlpool: a few inputs of a pool's size, as many outputs of exactly that size.
//!
//! Rule: 5 to 10 inputs and as many outputs; every output is exactly a pool size d of 0.001, 0.01, 0.05 or 0.5 BTC;
//! every input is within 110,000 satoshi of d (new entrants bring the fees), and at least one is exactly d (a
//! remix).
//! Source: Dumplings (nopara73), after Wahrstätter et al. on pinpointing Wasabi and Samourai transactions.
//! GraphSense's narrower form (5 to 8 inputs, distinct scripts, at most 4 entrants, each paying 100 to 110,000
//! satoshi more than d) is contained in it: of 5 inputs at most 4 are new, so one is exactly d.
//! Departures: Dumplings asks for P2WPKH throughout; the ledger's inputs carry no script type and the amounts
//! are telling enough.
//! Unknown inputs: one of them may be the remix.

use super::Protocol;
use super::shape::Shape;

pub(super) const WHIRLPOOL: Protocol = Protocol {
    number: 1,
    name: "whirlpool",
    about: "inputs of about a pool's size and as many outputs of exactly that size",
    possible,
};

const POOLS_SAT: [u64; 4] = [100_000, 1_000_000, 5_000_000, 50_000_000];
const FEE_SAT_MAX: u64 = 110_000;
const INPUTS_MIN: usize = 5;
const INPUTS_MAX: usize = 10;

fn possible(shape: &Shape) -> bool {
    let [group] = shape.groups[..] else { return false };
    let pool_sat = group.amount_sat;
    let n_inputs = shape.inputs.len();
    let n_remixes = shape.known_amounts().filter(|amount| *amount == pool_sat).count();
    (INPUTS_MIN..=INPUTS_MAX).contains(&n_inputs)
        && shape.outputs.len() == n_inputs
        && POOLS_SAT.contains(&pool_sat)
        && shape.known_amounts().all(|amount| amount.abs_diff(pool_sat) <= FEE_SAT_MAX)
        && n_remixes + shape.n_unknown_amounts() >= 1
}
