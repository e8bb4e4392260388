//! C5, used elsewhere: change goes to an address made for it and used once.
//!
//! Source: Meiklejohn et al. 2013 (an address seen before, or paid again later, is no one-time change address).
//! Departures: before and after are two rules. Only the first payment to an address is watched for a second one; to
//! all others `used_before` applies.

use super::{Evidence, Rule};
use crate::change::verdict::Verdict;

pub(super) const USED_BEFORE: Rule = Rule {
    name: "used_before",
    family: "C5",
    about: "(against) its address had been seen before, another's had not",
    needs: "nothing beyond the transaction",
    method_page: "docs/methods/change-c5-reuse.md",
    in_model: true,
    evidence: Evidence::Appearance(|subject, place| {
        let another_is = (0..subject.outputs.len()).any(|other| subject.is_fresh(other));
        match !subject.is_fresh(place) && another_is {
            true => Verdict::Against,
            false => Verdict::NoInformation,
        }
    }),
};

pub(super) const PAID_AGAIN: Rule = Rule {
    name: "paid_again",
    family: "C5",
    about: "(against) its address was paid again by a later transaction",
    needs: "later transactions",
    method_page: "docs/methods/change-c5-reuse.md",
    in_model: true,
    evidence: Evidence::PaidAgain,
};
