//! Exponential smoothing: states of level, trend and season that follow the series by a share of each error.

mod double_seasonal;
mod ets;
mod fit;
mod model;
mod start;

pub use double_seasonal::DoubleSeasonal;
pub use ets::{Ets, EtsFit};
pub use model::{ErrorKind, EtsForm, EtsParameters, EtsScore, SeasonKind, TrendKind, ets_score};

pub(crate) use double_seasonal::Shares;
pub(crate) use ets::fit_form;
pub(crate) use fit::forms;
