//! Answers and reports as text for a person: pure functions from plain data and a [`Look`] to text.
//!
//! Every text that others wrote goes through [`crate::show`] on its way. A verdict is a word and a sign; color
//! only repeats it. Checked by: `render/tests.rs`, whole pages as they print.

mod alerts;
mod behavior;
mod decisions;
mod demo;
mod evaluate;
mod evaluate_risk;
mod forecast;
mod ink;
mod mix;
mod model;
mod money;
mod neighborhood;
mod owners;
mod path;
mod plot;
mod reports;
mod risk;
mod risk_model;
mod rules;
mod screen;
mod serve;
mod status;
mod table;
mod trace;
mod train;
mod watch;
mod words;

#[cfg(test)]
mod alert_samples;
#[cfg(test)]
mod risk_samples;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub(crate) use alerts::{acted, alert, alerts};
pub(crate) use behavior::{features, suggest};
pub(crate) use decisions::{decided, decisions, pending};
pub(crate) use demo::demo;
pub(crate) use evaluate::ownership;
pub(crate) use evaluate_risk::risk;
pub(crate) use forecast::{backtest, fit, forecast};
pub(crate) use ink::Look;
pub(crate) use mix::mix;
pub(crate) use model::{
    model, model_reported, models_compared, predicted, row_explained, trained_model,
};
pub(crate) use money::{monitor_changed, monitored, prices, prices_imported};
pub(crate) use neighborhood::{dot, neighborhood};
pub(crate) use owners::{explain, members, neighbors};
pub(crate) use reports::{config_right, export, ingest, init, list, run, tables, tags, verify};
pub(crate) use risk::{
    exposure, nearness, patterns, profile_published, profile_tried, riskiest, score,
};
pub(crate) use risk_model::{model_published, models_published, risk_table};
pub(crate) use rules::{dry_run, published, rule, rules, rules_right};
pub(crate) use screen::{screen, screen_line, tally};
pub(crate) use serve::{serving_forecasts, serving_models};
pub(crate) use status::{lists, status};
pub(crate) use trace::trace;
pub(crate) use train::train;
pub(crate) use watch::{explained, leads, plan, watched};
