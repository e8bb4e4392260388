//! Warnings in the queue of alerts: put there, closed by people, and what their verdicts were.
//!
//! In: what is said of a series with its basis. Out: entries of the log, beside the alerts of rules. `cases` decides what follows.
//! Checked against: `server/tests/it/alerts.rs`, `cli/tests/it/watch.rs`.

use cases::{AlertBook, ForecastSaid};
use forecast::reading;
use forecast::warning::Warning;
use ledger::{AlertFact, Severity, Timestamp};

use super::alarm::Alarm;
use crate::alerts::{append_entries, entries};
use crate::answers::ActReport;
use crate::{Act, Engine, Error, Outcome};

/// The open alert of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedAlarm {
    /// Its name, by which people close it.
    pub id: String,
    /// How far people are with it: `new`, `triaged`, `in_review`, …
    pub state: &'static str,
}

fn fact(name: &str, unit: &str, measured: Option<i128>, value: String, text: String) -> AlertFact {
    AlertFact {
        event: 0,
        position: 0,
        name: name.to_owned(),
        unit: unit.to_owned(),
        measured,
        worse: i8::from(measured.is_some()),
        value,
        text,
        rows: String::new(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "billionths of a load or share; beyond i128 it saturates"
)]
fn billionths(value: f64) -> i128 {
    (value * 1e9).round() as i128
}

/// The basis of an alert: what grows with the danger first, with the claim; then a fact a sentence.
fn basis(alarm: &Alarm) -> Vec<AlertFact> {
    let mut words = alarm.words.iter();
    let claim = words.next().cloned().unwrap_or_default();
    let mut facts = vec![match (&alarm.reach, alarm.probability) {
        (Some(reach), _) => {
            let peak = format!("{:.4}", reach.peak);
            fact("peak of the forecast", "load", Some(billionths(reach.peak)), peak, claim)
        }
        (None, probability) => {
            let probability = probability.unwrap_or(if alarm.is_breaching { 1.0 } else { 0.0 });
            let value = format!("{:.0} %", 100.0 * probability);
            fact("probability", "share", Some(billionths(probability)), value, claim)
        }
    }];
    if let Some(lead) = alarm.lead {
        let (low, high) = (lead.low_s / 60, lead.high_s / 60);
        facts.push(fact(
            "lead",
            "duration",
            Some(i128::from(lead.median_s)),
            format!("{} min", lead.median_s / 60),
            format!("a tenth within {low} min, nine tenths within {high} min"),
        ));
    }
    for (number, sentence) in words.enumerate() {
        let name = format!("reason {}", number + 1);
        facts.push(fact(&name, "words", None, sentence.clone(), String::new()));
    }
    facts
}

impl Engine {
    /// Whether people found past alerts of a series useful, the oldest first.
    ///
    /// # Errors
    /// If the log is damaged.
    pub fn forecast_feedback(&self, name: &str) -> Result<Vec<bool>, Error> {
        Ok(AlertBook::was_useful(&entries(&self.store.snapshot()?)?, name))
    }

    /// Puts what is said of a series into the queue of alerts, if there is something to put there. Gives the alert of the series
    /// where one is open: a warning that is out and has none was closed by a person.
    ///
    /// # Errors
    /// If the log is damaged or the store fails.
    pub fn put_alarm(
        &self,
        name: &str,
        alarm: &Alarm,
        now: Timestamp,
    ) -> Result<Option<QueuedAlarm>, Error> {
        let said = ForecastSaid {
            series: name.to_owned(),
            since: alarm.since_s.map(Timestamp::new),
            severity: Severity::Medium,
            basis: basis(alarm),
            versions: format!(
                "model {}; data to {}",
                alarm.model,
                reading::time_text(alarm.data_to_s)
            ),
        };
        let mut book = AlertBook::of(entries(&self.store.snapshot()?)?)?;
        // Whoever has nothing to write does not wait for those who write.
        if book.forecast(&said, now).is_some() {
            let mut writer = self.store.writer()?;
            book = AlertBook::of(entries(&writer.snapshot())?)?;
            if let Some(entry) = book.forecast(&said, now) {
                let mut commit = writer.begin();
                append_entries(&mut commit, std::slice::from_ref(&entry))?;
                commit.finish(self.run_record("forecast watch", now))?;
                book.add(entry)?;
            }
        }
        let subject = format!("series:{name}");
        let open = book.alerts().find(|a| a.subject.to_string() == subject && a.state.is_open());
        Ok(open.map(|alert| QueuedAlarm { id: alert.id.clone(), state: alert.state.name() }))
    }

    /// As [`Engine::put_alarm`], for what [`super::watch_series`] says. Gives the alert's name where the series has an open one.
    ///
    /// # Errors
    /// If the log is damaged or the store fails.
    pub fn put_warning(
        &self,
        name: &str,
        warning: &Warning,
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        Ok(self.put_alarm(name, &Alarm::of_warning(warning), now)?.map(|queued| queued.id))
    }

    /// Closes an alert of a forecast with what a person thought of it.
    ///
    /// # Errors
    /// If there is no such open alert.
    pub fn close_warning(
        &self,
        id: &str,
        useful: bool,
        author: &str,
        now: Timestamp,
    ) -> Result<ActReport, Error> {
        let ids = [id.to_owned()];
        let outcome = if useful { Outcome::ConfirmedRisk } else { Outcome::FalsePositive };
        let reason = if useful { "the warning was useful" } else { "the warning was not useful" };
        let book = AlertBook::of(entries(&self.store.snapshot()?)?)?;
        let alert = book.find(id)?;
        if !alert.subject.to_string().starts_with("series:") {
            return Err(Error::Question {
                what: format!("alert {} is of rule {}, not of a forecast", alert.id, alert.rule),
                hint: Some("close it by `tracehound alerts close`".to_owned()),
            });
        }
        let is_new = matches!(alert.state, cases::AlertState::New | cases::AlertState::Reopened);
        if is_new {
            self.act_on_alerts(&ids, &Act::Triage, reason, author, now)?;
        }
        self.act_on_alerts(&ids, &Act::Close { outcome: Some(outcome) }, reason, author, now)
    }
}
