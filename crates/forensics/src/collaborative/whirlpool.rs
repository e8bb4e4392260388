//! Whirlpool: a few inputs of a pool's size, as many outputs of exactly that size.
//!
//! Rule: 5 to 10 inputs and as many outputs; every output is exactly a pool size d of 0.001, 0.01, 0.025, 0.05, 0.25 or
//! 0.5 BTC; every input is within 110,000 satoshi of d (new entrants bring the fees).
//! Source: Dumplings (nopara73), after Wahrstätter et al. on pinpointing Wasabi and Samourai transactions.
//! GraphSense's narrower form (5 to 8 inputs, distinct scripts, at most 4 entrants, each paying 100 to 110,000
//! satoshi more than d) is contained in it.
//! Departures: Dumplings asks for P2WPKH throughout, which the label does ([`crate::mixes`]); the amounts are telling
//! enough here. It also asks for one input of exactly d (a remix), which the first mix of each pool has not; nobody
//! else pays five equal outputs from five such inputs. Its pools are Samourai's; 0.025 and 0.25 BTC are Ashigaru's.
//! Unknown inputs: they may be of any amount.

use super::Protocol;
use super::shape::Shape;
use crate::mixes::whirlpool::{
    MINING_FEE_SAT_MAX, PARTICIPANTS_MAX, PARTICIPANTS_MIN, is_pool_size,
};

pub(super) const WHIRLPOOL: Protocol = Protocol {
    number: 1,
    name: "whirlpool",
    about: "inputs of about a pool's size and as many outputs of exactly that size",
    possible,
};

fn possible(shape: &Shape) -> bool {
    let [group] = shape.groups[..] else { return false };
    let pool_sat = group.amount_sat;
    let n_inputs = shape.inputs.len();
    (PARTICIPANTS_MIN..=PARTICIPANTS_MAX).contains(&n_inputs)
        && shape.outputs.len() == n_inputs
        && is_pool_size(pool_sat)
        && shape.known_amounts().all(|amount| amount.abs_diff(pool_sat) <= MINING_FEE_SAT_MAX)
}
