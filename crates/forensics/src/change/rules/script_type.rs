//! C3, script type: wallets make change in the type that they spend.
//!
//! Source: BlockSci `address_type`; Androulaki et al. 2013 for the idea.
//! Departures: none. Wallets that match the payee's type (Bitcoin Core since 0.15 on request, by default for segwit)
//! break it on purpose.

use super::{Evidence, Rule};
use crate::change::verdict::Verdict;

pub(super) const SCRIPT_TYPE: Rule = Rule {
    name: "script_type",
    family: "C3",
    about: "is the only output of the script type that all inputs have",
    needs: "script types of all inputs",
    method_page: "docs/methods/change-c3-script-type.md",
    in_model: true,
    evidence: Evidence::Appearance(|subject, place| match subject.input_type {
        Some(of_inputs) => {
            subject.only(place, |other| subject.outputs[other].script_type == of_inputs)
        }
        None => Verdict::NoInformation,
    }),
};
