//! Change: which output of a transaction went back to its sender, by log-odds of many rules.
//!
//! No rule decides alone. Each says for, against or nothing of every output (`rules`); a regression weighs them
//! (`train`, on change that later co-spending revealed); a stage judges transactions as evidence comes in and makes
//! a link where the calibrated probability was measured to be wrong at most once in a thousand (`state`); and every
//! link can be taken apart into what each rule added ([`ChangeState::judgements`]).
//! `docs/methods/change.md` has definition, figures and failure modes.

mod columns;
mod consolidation;
mod error;
mod fingerprint;
mod model;
mod observed;
mod record;
pub mod rules;
mod state;
mod stored;
mod subject;
mod threshold;
mod train;
mod truth;
mod verdict;

pub use columns::names;
pub use consolidation::GATHERED_MIN;
pub use error::ChangeError;
pub use fingerprint::Fingerprint;
pub use model::{ChangeModel, Judgement, LinkFigures, ModelFigures, Part, RuleFigures, Share};
pub use observed::{Moment, Observed, Passed};
pub use record::{OutputRecord, Record, Spender};
pub use state::{ChangeState, ModelInForce, NEAR, OPEN_BLOCKS_MAX, OUTPUTS_MAX, PriceAt};
pub use stored::ChangeColumns;
pub use subject::Subject;
pub use train::{TrainOptions, measure_rules, train, train_on};
pub use truth::{Truth, revealed};
pub use verdict::{Verdict, Verdicts};
