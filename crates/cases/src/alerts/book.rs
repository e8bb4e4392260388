//! The fold over the log.

use std::collections::BTreeMap;

use ledger::{AlertEvent, AlertEventKind};

use super::states::{Action, AlertState, transition};
use super::{Alert, AlertEntry, CloseRequest, Outcome};
use crate::CaseError;
use crate::rules::{Rule, SubjectKey};

/// Every alert, as the log leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertBook {
    alerts: BTreeMap<String, Alert>,
    n_events: u64,
}

impl AlertBook {
    /// The alerts of a log.
    ///
    /// # Errors
    /// If an event does not follow from those before it: the log is damaged.
    pub fn of(log: impl IntoIterator<Item = AlertEntry>) -> Result<Self, CaseError> {
        let mut book = Self::default();
        for entry in log {
            book.add(entry)?;
        }
        Ok(book)
    }

    /// The alerts, by name.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// The alert of this very name.
    pub fn get(&self, id: &str) -> Option<&Alert> {
        self.alerts.get(id)
    }

    /// The alerts of these rules only, for trying rules out: its log goes on where the whole one does.
    pub fn of_rules(&self, rules: &[Rule]) -> Self {
        let is_of = |alert: &&Alert| rules.iter().any(|rule| rule.name == alert.rule);
        let alerts = self.alerts.values().filter(is_of);
        let alerts = alerts.map(|alert| (alert.id.clone(), alert.clone())).collect();
        Self { alerts, n_events: self.n_events }
    }

    /// The number of the next event.
    pub fn next_number(&self) -> u64 {
        self.n_events
    }

    /// The alert that a person means, by the beginning of its name.
    ///
    /// # Errors
    /// If there is none, or several.
    pub fn find(&self, typed: &str) -> Result<&Alert, CaseError> {
        let typed = typed.trim().to_lowercase();
        let mut found = self.alerts.values().filter(|alert| alert.id.starts_with(&typed));
        match (found.next().filter(|_| !typed.is_empty()), found.next()) {
            (Some(alert), None) => Ok(alert),
            (None, _) => Err(CaseError::NoAlert {
                what: format!("there is no alert {typed:?}"),
                hint: "`tracehound alerts list --all` lists them".to_owned(),
            }),
            (Some(_), Some(_)) => Err(CaseError::NoAlert {
                what: format!("several alerts begin with {typed:?}"),
                hint: "write more digits of it".to_owned(),
            }),
        }
    }

    /// Adds the next entry of the log.
    ///
    /// # Errors
    /// If it does not follow from those before it.
    pub fn add(&mut self, entry: AlertEntry) -> Result<(), CaseError> {
        let event = &entry.event;
        let damaged = |what: &str| CaseError::Stored {
            what: format!("event {} of alert {}: {what}", event.number, event.alert),
        };
        if event.number != self.n_events {
            return Err(damaged("is out of order"));
        }
        if event.kind == AlertEventKind::Raised {
            if self.alerts.contains_key(&event.alert) {
                return Err(damaged("raises what is there"));
            }
            let alert = raised(&entry).ok_or_else(|| damaged("has no cause"))?;
            self.alerts.insert(event.alert.clone(), alert);
        } else {
            let alert =
                self.alerts.get_mut(&event.alert).ok_or_else(|| damaged("is about no alert"))?;
            let action = action_of(event.kind).ok_or_else(|| damaged("is of no kind"))?;
            let step = transition(alert.state, action)
                .ok_or_else(|| damaged("is no step from its state"))?;
            follow(alert, entry.clone(), step.to).ok_or_else(|| damaged("lacks what it needs"))?;
        }
        self.n_events += 1;
        Ok(())
    }
}

fn raised(entry: &AlertEntry) -> Option<Alert> {
    let (event, cause) = (&entry.event, entry.event.cause.as_ref()?);
    Some(Alert {
        id: event.alert.clone(),
        rule: cause.rule.clone(),
        rule_version: cause.rule_version,
        subject: SubjectKey::parse(&cause.subject)?,
        severity: cause.severity,
        state: AlertState::New,
        assignee: None,
        request: None,
        outcome: None,
        merged_into: None,
        because: String::new(),
        raised_at_height: event.height,
        raised_at: event.at,
        changed_at: event.at,
        n_raised: 1,
        basis: entry.basis.clone(),
        versions: event.versions.clone()?,
        events: vec![event.number],
    })
}

const fn action_of(kind: AlertEventKind) -> Option<Action> {
    Some(match kind {
        AlertEventKind::Raised => return None,
        AlertEventKind::Updated => Action::Update,
        AlertEventKind::Withdrawn => Action::Withdraw,
        AlertEventKind::Reraised => Action::Reraise,
        AlertEventKind::Merged => Action::Merge,
        AlertEventKind::Triaged => Action::Triage,
        AlertEventKind::Assigned => Action::Assign,
        AlertEventKind::Reviewed => Action::Review,
        AlertEventKind::Escalated => Action::Escalate,
        AlertEventKind::CloseRequested => Action::RequestClose,
        AlertEventKind::Closed => Action::Close,
        AlertEventKind::Reopened => Action::Reopen,
    })
}

/// What an event changes beside the state; `None` if it lacks what it needs.
fn follow(alert: &mut Alert, entry: AlertEntry, to: AlertState) -> Option<()> {
    let AlertEntry { event, basis } = entry;
    let AlertEvent { kind, outcome, target, versions, cause, author, reason, .. } = event;
    let outcome = match outcome {
        Some(name) => Some(Outcome::from_name(&name)?),
        None => None,
    };
    match kind {
        AlertEventKind::Updated | AlertEventKind::Reraised => {
            let cause = cause?;
            (alert.rule_version, alert.severity, alert.versions, alert.basis) =
                (cause.rule_version, cause.severity, versions?, basis);
            if kind == AlertEventKind::Reraised {
                alert.n_raised += 1;
                (alert.assignee, alert.outcome, alert.merged_into) = (None, None, None);
            }
        }
        AlertEventKind::Merged => alert.merged_into = Some(target?),
        AlertEventKind::Assigned => alert.assignee = Some(target?),
        AlertEventKind::Closed => alert.outcome = Some(outcome?),
        AlertEventKind::Reopened => alert.outcome = None,
        _ => {}
    }
    // A wish to close holds only as long as it waits: any other step is a new situation.
    alert.request = match kind {
        AlertEventKind::CloseRequested => {
            Some(CloseRequest { author, outcome: outcome?, reason: reason.clone() })
        }
        _ => None,
    };
    if !reason.is_empty() {
        alert.because = reason;
    }
    alert.state = to;
    alert.changed_at = event.at;
    alert.events.push(event.number);
    Some(())
}
