//! Why answers may be out of date: what came in or was set since the last run, as far as it bears on what is asked.
//!
//! In: a view, and what an answer rests on. Out: reasons as sentences; none where the answer stands. Whatever `run` follows has
//! a checkpoint of its own, and a change of it is a reason for the answers that rest on it, and for no others: a screening
//! that `--fail-stale` refuses because a profile of scores changed would teach people to leave the flag away.

use std::sync::OnceLock;

use ledger::{Timestamp, tables};

use crate::layout::{SHARED, checkpoint};
use crate::view::{View, latest_imports};
use crate::{ownership, stages};

/// What an answer rests on, beyond blocks, links, decisions, lists and tags, on which all of them rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Hits, and hops within the bound of screening.
    Screening,
    /// Owners, and what moved between them with its value.
    Owners,
    /// Exposure, proximity and patterns.
    Risk,
    /// The same, and points.
    Scores,
    /// The same, and what the rules said of it.
    Alerts,
    /// Everything that a run makes.
    Everything,
}

/// By [`Asked`]: what was found the first time somebody asked. A view does not change, and a batch of screenings asks once an
/// address.
pub(crate) type SinceLastRun = [OnceLock<Vec<String>>; Asked::Everything as usize + 1];

impl Asked {
    fn rests_on(self, name: &str) -> bool {
        use Asked::{Alerts, Everything, Owners, Risk, Scores, Screening};
        match name {
            checkpoint::RUN_SCREENING => matches!(self, Screening | Everything),
            checkpoint::RUN_PRICES => matches!(self, Owners | Risk | Scores | Alerts | Everything),
            checkpoint::RUN_RISK | checkpoint::RUN_PATTERNS => {
                matches!(self, Risk | Scores | Alerts | Everything)
            }
            checkpoint::RUN_PROFILE | checkpoint::RUN_MODELS => {
                matches!(self, Scores | Alerts | Everything)
            }
            _ => matches!(self, Alerts | Everything),
        }
    }
}

impl View {
    /// Why an answer may be out of date; empty if it is not. With `now`, old lists are a reason too.
    pub(crate) fn stale_because(&self, asked: Asked, now: Option<Timestamp>) -> Vec<String> {
        let mut reasons = self.since_last_run(asked).to_vec();
        if self.imports.is_empty() {
            reasons.push("no sanctions list is loaded (`tracehound lists import`)".to_owned());
        }
        if let Some(now) = now {
            reasons.extend(self.old_lists(now));
        }
        reasons
    }

    /// What came in or was set since the last run, or that there was none: what `tracehound run` mends.
    pub(crate) fn since_last_run(&self, asked: Asked) -> &[String] {
        self.since_last_run[asked as usize].get_or_init(|| {
            let mut reasons = self.unread_ledger();
            if self.derived.is_some() {
                reasons.extend(self.undone_decisions());
                reasons.extend(self.other_settings(asked));
                reasons.extend(self.other_prices(asked));
                reasons.extend(self.unasked_rules(asked));
            }
            reasons
        })
    }

    fn at(&self, name: &str) -> u64 {
        self.snapshot.checkpoint(name).unwrap_or(0)
    }

    /// Blocks, inputs, lists and tags that no run has taken in.
    fn unread_ledger(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        let ledger = self.at(checkpoint::LEDGER);
        match self.snapshot.checkpoint(checkpoint::CLUSTERS) {
            None if ledger > 0 => {
                reasons.push(
                    "no run has been made: clusters and hops are unknown (`tracehound run`)"
                        .to_owned(),
                );
            }
            Some(run) if run != ledger => reasons.push(format!(
                "blocks {run} to {} came in since the last run (`tracehound run`)",
                ledger.saturating_sub(1)
            )),
            _ => {}
        }
        let resolutions = self.snapshot.rows(tables::RESOLUTIONS.name, SHARED);
        if self.at(checkpoint::LINKS_RESOLUTIONS) != resolutions {
            reasons.push("inputs were resolved since the last run (`tracehound run`)".to_owned());
        }
        let attribution = self.at(checkpoint::ATTRIBUTION);
        if self.derived.is_some() && self.at(checkpoint::RUN_ATTRIBUTION) != attribution {
            reasons.push("lists or tags changed since the last run: hops are those before (`tracehound run`)".to_owned());
        }
        reasons
    }

    /// What the last run did not know of owners: decisions and models since, and another configuration.
    fn undone_decisions(&self) -> Vec<String> {
        let decisions = self.snapshot.rows(tables::DECISIONS.name, SHARED);
        let new = decisions.saturating_sub(self.at(checkpoint::RUN_DECISIONS));
        let mut reasons = Vec::new();
        if new > 0 {
            let what = if new == 1 { "decision was" } else { "decisions were" };
            reasons.push(format!("{new} {what} made since the last run (`tracehound run`)"));
        }
        if ownership::model_of_links(&self.snapshot)
            .is_ok_and(|id| id != self.at(checkpoint::LINKS_MODEL))
        {
            reasons.push(
                "another model of change was fitted since the last run (`tracehound run`)"
                    .to_owned(),
            );
        }
        let resolution = ownership::resolution_model(&self.snapshot);
        let number = |model: Option<(u32, _)>| model.map_or(0, |(id, _)| u64::from(id));
        if resolution.is_ok_and(|model| number(model) != self.at(checkpoint::RUN_RESOLUTION)) {
            reasons.push(
                "another model of resolution was fitted since the last run (`tracehound run`)"
                    .to_owned(),
            );
        }
        if self.at(checkpoint::RUN_OWNERSHIP) != self.config.ownership.stamp() {
            reasons.push(
                "the configuration of ownership changed since the last run (`tracehound run`)"
                    .to_owned(),
            );
        }
        reasons
    }

    /// Settings and tables, each with a stamp, that the last run did not know.
    fn other_settings(&self, asked: Asked) -> Vec<String> {
        let stamps = match stages::stamps(&self.snapshot, &self.config) {
            Ok(stamps) => stamps,
            Err(error) => return vec![format!("settings of the store cannot be read: {error}")],
        };
        let other = stamps
            .into_iter()
            .filter(|(name, stamp)| asked.rests_on(name) && self.at(name) != *stamp);
        let reason = |(name, _): (&str, u64)| {
            let what = match name {
                checkpoint::RUN_SCREENING => "the bound of screening (screening.hops_max) changed",
                checkpoint::RUN_RISK => "the configuration of risk changed",
                checkpoint::RUN_MODELS => "a model of scores was published or withdrawn",
                checkpoint::RUN_PATTERNS => "the thresholds of patterns changed with the program",
                checkpoint::RUN_PROFILE => "the profile of scores in force changed",
                _ => "monitored addresses changed",
            };
            format!("{what} since the last run (`tracehound run`)")
        };
        other.map(reason).collect()
    }

    /// Prices or a configuration of money that the last run did not know. Screening rests on them only where links of
    /// change do.
    fn other_prices(&self, asked: Asked) -> Option<String> {
        let prices = self.at(checkpoint::PRICES);
        let same = match asked.rests_on(checkpoint::RUN_PRICES) {
            true => self.at(checkpoint::RUN_PRICES) == prices && self.has_money(),
            false => {
                self.at(checkpoint::LINKS_MODEL) == 0 || self.at(checkpoint::LINKS_PRICES) == prices
            }
        };
        (!same).then(|| {
            "prices or the configuration of money changed since the last run (`tracehound run`)"
                .to_owned()
        })
    }

    /// Rules that have not been asked about the tables of the last run.
    fn unasked_rules(&self, asked: Asked) -> Option<String> {
        if !asked.rests_on(checkpoint::RUN_ALERTS) {
            return None;
        }
        let why = match (stages::is_judged(&self.snapshot), stages::rules_changed(&self.snapshot)) {
            (false, _) => "the rules have not been asked about the last run",
            (true, true) => "rules were published since the last run",
            (true, false) => return None,
        };
        Some(format!("{why}: alerts are those before (`tracehound run`)"))
    }

    /// Whether what the run made of money is in the currency that is configured now.
    pub(crate) fn has_money(&self) -> bool {
        self.snapshot.checkpoint(checkpoint::RUN_MONEY) == Some(self.config.money.stamp())
    }

    fn old_lists(&self, now: Timestamp) -> Vec<String> {
        let hours_max = i64::from(self.config.screening.list_age_hours_max);
        if hours_max == 0 {
            return Vec::new();
        }
        let latest = latest_imports(&self.imports);
        let old = latest.iter().filter_map(|import| {
            let hours = (now.get() - import.known_at.get()) / 3600;
            (hours > hours_max).then(|| {
                format!(
                    "the list {} was imported {hours} hours ago (limit {hours_max})",
                    import.list
                )
            })
        });
        old.collect()
    }
}
