//! The queue: alerts by state, severity, rule and person, and one with everything.

use std::collections::BTreeMap;

use cases::{Alert, AlertBook, AlertEntry, AlertState, RuleSet, SubjectKey, allowed};
use ledger::{AddressId, AlertFact, ClusterId, Height, Severity, Timestamp};

use super::{entries, rule_log, vocabulary};
use crate::Error;
use crate::answers::{AlertAnswer, AlertEventAnswer, AlertSummary, AlertsAnswer, FactAnswer};
use crate::staleness::Asked;
use crate::view::View;

/// Facts named in one line of a list.
const HEADLINE_FACTS: usize = 2;

/// Which alerts are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only those of this state; else those that are open.
    pub state: Option<AlertState>,
    /// Those of every state.
    pub all: bool,
    /// Only those at least so bad.
    pub severity_min: Option<Severity>,
    /// Only those of this rule.
    pub rule: Option<String>,
    /// Only those of this person; in other letters it is the same one.
    pub assignee: Option<String>,
    /// Only those about the owner of this address, or about this party, series or transaction.
    pub subject: Option<String>,
}

impl AlertFilter {
    fn fits(&self, alert: &Alert) -> bool {
        let state = match (self.state, self.all) {
            (Some(state), _) => alert.state == state,
            (None, all) => all || alert.state.is_open(),
        };
        let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
        state
            && self.severity_min.is_none_or(|least| alert.severity >= least)
            && self.rule.as_ref().is_none_or(|rule| alert.rule == *rule)
            && self.assignee.as_ref().is_none_or(|wanted| {
                alert.assignee.as_ref().is_some_and(|assignee| same(assignee, wanted))
            })
    }
}

/// Whom `subject` of a filter means.
struct About {
    /// As it was asked for.
    text: String,
    /// The owner of the address, where it is one of the ledger.
    cluster: Option<ClusterId>,
    /// The known party that holds it.
    entity: Option<String>,
}

impl About {
    /// Whether an alert is about it. Addresses of one owner are one: which of them names an alert is chance.
    fn is_of(&self, view: &View, subject: &SubjectKey) -> bool {
        let owns = |address: &String| {
            *address == self.text
                || self.cluster.is_some_and(|own| view.owner(address) == Some(own))
        };
        match subject {
            SubjectKey::Cluster(address) | SubjectKey::Address(address) => owns(address),
            SubjectKey::Payment(tx, address) => *tx == self.text || owns(address),
            SubjectKey::Series(name) => *name == self.text,
            SubjectKey::Entity(name) => *name == self.text || self.entity.as_ref() == Some(name),
        }
    }
}

/// Facts in one line.
pub(super) fn headline(basis: &[AlertFact]) -> String {
    let facts = basis.iter().take(HEADLINE_FACTS);
    let words: Vec<String> = facts.map(|fact| format!("{} = {}", fact.name, fact.value)).collect();
    let more = basis.len().saturating_sub(HEADLINE_FACTS);
    match more {
        0 => words.join("; "),
        n => format!("{}; and {n} more", words.join("; ")),
    }
}

pub(super) fn summary(alert: &Alert) -> AlertSummary {
    AlertSummary {
        id: alert.id.clone(),
        rule: alert.rule.clone(),
        rule_version: alert.rule_version,
        severity: alert.severity,
        state: alert.state,
        subject: alert.subject.to_string(),
        assignee: alert.assignee.clone(),
        raised_at_height: alert.raised_at_height,
        raised_at_s: alert.raised_at,
        changed_at_s: alert.changed_at,
        n_raised: alert.n_raised,
        headline: headline(&alert.basis),
    }
}

impl View {
    /// The alerts that fit, the most severe first, then those raised first; at most `limit`.
    ///
    /// # Errors
    /// If the log is damaged, or nobody is known as the subject that is asked for.
    pub fn alerts(&self, filter: &AlertFilter, limit: usize) -> Result<AlertsAnswer, Error> {
        let book = AlertBook::of(entries(&self.snapshot)?)?;
        let mut by_state: BTreeMap<&'static str, u64> = BTreeMap::new();
        for alert in book.alerts() {
            *by_state.entry(alert.state.name()).or_default() += 1;
        }
        let about = filter.subject.as_deref().map(|text| self.about(text, &book)).transpose()?;
        let is_asked =
            |alert: &&Alert| about.as_ref().is_none_or(|about| about.is_of(self, &alert.subject));
        let fits = book.alerts().filter(|alert| filter.fits(alert));
        let mut fitting: Vec<&Alert> = fits.filter(is_asked).collect();
        fitting.sort_by(|a, b| {
            let key = |alert: &Alert| (std::cmp::Reverse(alert.severity), alert.raised_at);
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        Ok(AlertsAnswer {
            total: fitting.len() as u64,
            alerts: fitting.into_iter().take(limit).map(summary).collect(),
            by_state,
            stale_because: self.stale_because(Asked::Alerts, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// Whom a text means: an address by its owner; else the party, series or transaction of an alert, or a known party.
    /// The full writing of a subject, as `--json` has it, means the same.
    fn about(&self, text: &str, book: &AlertBook) -> Result<About, Error> {
        let text = text.trim();
        let name = SubjectKey::parse(text).map(|key| match key {
            SubjectKey::Cluster(name) | SubjectKey::Address(name) => name,
            SubjectKey::Entity(name) | SubjectKey::Series(name) | SubjectKey::Payment(name, _) => {
                name
            }
        });
        for text in std::iter::once(text).chain(name.as_deref()) {
            if let Some(about) = self.about_named(text, book)? {
                return Ok(about);
            }
        }
        // An address that the ledger has not seen says so itself.
        if ledger::parse_address(text).is_ok() {
            self.known_address(text)?;
        }
        Err(Error::missing(
            format!("no alert is about {text:?}, and no address or known party is called so"),
            "write an address, or a party or transaction as `tracehound alerts list --all --full` does",
        ))
    }

    fn about_named(&self, text: &str, book: &AlertBook) -> Result<Option<About>, Error> {
        if text.is_empty() {
            return Ok(None);
        }
        let mut about = About { text: text.to_owned(), cluster: None, entity: None };
        if let Some(id) = self.id_of_text(text) {
            let cluster = self.cluster_of(id);
            about.cluster = Some(cluster);
            if let Some(risk) = &self.risk {
                about.entity = risk.entity_of(cluster)?.map(|entity| entity.name.clone());
            }
            return Ok(Some(about));
        }
        let entities = self.risk.as_ref().map_or(&[][..], |risk| risk.entities());
        let is_known = entities.iter().any(|entity| entity.name == text)
            || book.alerts().any(|alert| about.is_of(self, &alert.subject));
        Ok(is_known.then_some(about))
    }

    fn id_of_text(&self, text: &str) -> Option<AddressId> {
        self.id_of(&ledger::parse_address(text).ok()?.address)
    }

    /// The cluster of an address as text; `None` where the ledger does not have it.
    fn owner(&self, text: &str) -> Option<ClusterId> {
        self.id_of_text(text).map(|id| self.cluster_of(id))
    }

    /// An alert by the beginning of its name, with its basis and its history.
    ///
    /// # Errors
    /// If there is none, or several begin so.
    pub fn alert(&self, id: &str) -> Result<AlertAnswer, Error> {
        let log = entries(&self.snapshot)?;
        let book = AlertBook::of(log.iter().cloned())?;
        let alert = book.find(id)?;
        let rules =
            RuleSet::of(&rule_log(&self.snapshot)?, &vocabulary(&self.config.money.currency))?;
        let rule = rules.in_force().find(|rule| rule.name == alert.rule);
        let facts = alert.basis.iter().map(|fact| FactAnswer {
            name: fact.name.clone(),
            value: fact.value.clone(),
            text: fact.text.clone(),
            rows: fact.rows.lines().map(str::to_owned).collect(),
        });
        Ok(AlertAnswer {
            summary: summary(alert),
            rule_about: match alert.rule == cases::FORECAST_RULE {
                true => Some("a load is about to reach its capacity (`forecast watch`)".to_owned()),
                false => rule.map(|rule| rule.about.clone()),
            },
            rule_when: rule.map(|rule| rule.condition()),
            fatf: rule.and_then(|rule| rule.fatf.clone()),
            basis: facts.collect(),
            versions: alert.versions.clone(),
            outcome: alert.outcome,
            close_requested_by: alert.request.as_ref().map(|request| request.author.clone()),
            merged_into: alert.merged_into.clone(),
            allowed: allowed(alert.state),
            history: log
                .iter()
                .filter(|entry| entry.event.alert == alert.id)
                .map(|entry| self.alert_event(entry))
                .collect(),
            stale_because: self.stale_because(Asked::Alerts, None),
        })
    }

    fn alert_event(&self, entry: &AlertEntry) -> AlertEventAnswer {
        let event = &entry.event;
        AlertEventAnswer {
            number: event.number,
            kind: event.kind,
            at_s: event.at,
            height: event.height,
            block_time_s: event.height.and_then(|height| self.block_time(height)),
            author: Some(event.author.clone()).filter(|author| !author.is_empty()),
            reason: event.reason.clone(),
            outcome: event.outcome.clone(),
            target: event.target.clone(),
            versions: event.versions.clone(),
        }
    }

    /// The time of the block of a height, if the ledger has it.
    fn block_time(&self, height: Height) -> Option<Timestamp> {
        let position = self.columns.first_at_or_above(height.get());
        let block = (position < self.columns.n_blocks()).then(|| self.columns.block(position))?;
        (block.height == height.get()).then(|| Timestamp::new(block.time_s))
    }
}
