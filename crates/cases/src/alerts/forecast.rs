//! Alerts of forecasts: in the same book and the same states as those of rules, about a series.
//!
//! In: what a forecast says of a series now, with its basis. Out: the entry of the log that follows, if any. One event is one
//! alert: while it is open it is only updated, and only when its probability is another by a fifth or it stops; one
//! that was closed is raised again by a warning that began later. It is never withdrawn by itself: whether it was useful
//! says a person, by closing it. Source: the states of `docs/methods/alerts.md`. Checked against: `tests/it/forecast.rs`.

use ledger::{AlertCause, AlertEvent, AlertEventKind, AlertFact, Severity, Timestamp};

use super::material::GROWTH_PERCENT;
use super::{Alert, AlertBook, AlertEntry, AlertState, Outcome, alert_id};
use crate::rules::SubjectKey;

/// The rule that alerts of forecasts name.
pub const FORECAST_RULE: &str = "forecast-breach";

/// What a forecast says of a series. The first fact of the basis is the probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForecastSaid {
    /// The series.
    pub series: String,
    /// When the warning that is out began; none where none is.
    pub since: Option<Timestamp>,
    /// How bad.
    pub severity: Severity,
    /// Why; the numbers of events are filled in.
    pub basis: Vec<AlertFact>,
    /// The model, in words.
    pub versions: String,
}

impl AlertBook {
    /// The entry that makes the book agree with what a forecast says; none where it agrees.
    pub fn forecast(&self, said: &ForecastSaid, at: Timestamp) -> Option<AlertEntry> {
        let subject = SubjectKey::Series(said.series.clone());
        let id = alert_id(FORECAST_RULE, &subject);
        let known = self.get(&id);
        let (kind, reason) = match (known, said.since) {
            (None, None) => return None,
            (None, Some(_)) => (AlertEventKind::Raised, String::new()),
            (Some(alert), since) => follow(alert, since, &said.basis)?,
        };
        let number = self.next_number();
        let event = AlertEvent {
            number,
            alert: id,
            kind,
            at,
            height: None,
            author: String::new(),
            reason,
            outcome: None,
            target: None,
            versions: Some(said.versions.clone()),
            cause: Some(AlertCause {
                rule: FORECAST_RULE.to_owned(),
                rule_version: 1,
                subject: subject.to_string(),
                severity: said.severity,
            }),
        };
        let fact = |(position, fact): (u32, &AlertFact)| AlertFact {
            event: number,
            position,
            ..fact.clone()
        };
        Some(AlertEntry { event, basis: (0..).zip(&said.basis).map(fact).collect() })
    }

    /// Whether people found past alerts of a series useful, the oldest first: the risk was real, or what was said was not so.
    /// Other outcomes say nothing of it.
    pub fn was_useful(log: &[AlertEntry], series: &str) -> Vec<bool> {
        let id = alert_id(FORECAST_RULE, &SubjectKey::Series(series.to_owned()));
        let own = log.iter().filter(|entry| entry.event.alert == id);
        let outcome = |entry: &AlertEntry| match entry.event.kind {
            AlertEventKind::Closed => Outcome::from_name(entry.event.outcome.as_deref()?),
            _ => None,
        };
        let useful = |outcome| match outcome {
            Outcome::ConfirmedRisk => Some(true),
            Outcome::FalsePositive => Some(false),
            Outcome::NoAction | Outcome::Duplicate => None,
        };
        own.filter_map(outcome).filter_map(useful).collect()
    }
}

/// The kind of what follows for an alert that there is, and why.
fn follow(
    alert: &Alert,
    since: Option<Timestamp>,
    basis: &[AlertFact],
) -> Option<(AlertEventKind, String)> {
    let Some(since) = since else {
        let is_told = alert.because == ENDED;
        return (alert.state.is_open() && !is_told)
            .then(|| (AlertEventKind::Updated, ENDED.to_owned()));
    };
    if !alert.state.is_open() {
        let is_new = alert.state != AlertState::Closed || since > alert.changed_at;
        return is_new.then(|| (AlertEventKind::Reraised, "it is coming again".to_owned()));
    }
    let (old, new) = (alert.basis.first()?, basis.first()?);
    if alert.because == ENDED {
        return Some((AlertEventKind::Updated, "it is coming again".to_owned()));
    }
    let (before, now) = (old.measured?, new.measured?);
    let is_other = before.abs_diff(now).saturating_mul(100)
        >= before.unsigned_abs().saturating_mul(GROWTH_PERCENT.unsigned_abs());
    is_other
        .then(|| (AlertEventKind::Updated, format!("{}: {} → {}", new.name, old.value, new.value)))
}

/// The reason of an update that says that a warning is over.
const ENDED: &str = "the warning is over: say whether it was useful by closing it";
