//! `alerts list`, `show`, and what people do with alerts.

use engine::{Act, AlertFilter, AlertState, Outcome, Severity};

use super::Session;
use super::questions::bound;
use super::rules::author;
use crate::args::{ActArgs, AlertsAction, AlertsListArgs, OutcomeName, SeverityName, StateName};
use crate::outcome::{Exit, Failure};
use crate::render;

impl Session {
    pub(super) fn alerts(&self, action: AlertsAction) -> Result<Exit, Failure> {
        match action {
            AlertsAction::List(args) => self.list_alerts(args),
            AlertsAction::Show { id, full } => {
                let answer = self.view()?.alert(&id)?;
                self.console.full(full).answer(&answer, render::alert)?;
                Ok(Exit::Done)
            }
            AlertsAction::Triage(act) => self.act(&act, &Act::Triage),
            AlertsAction::Assign { act, to } => self.act(&act, &Act::Assign { to }),
            AlertsAction::Review(act) => self.act(&act, &Act::Review),
            AlertsAction::Escalate(act) => self.act(&act, &Act::Escalate),
            AlertsAction::RequestClose { act, outcome } => {
                self.act(&act, &Act::RequestClose { outcome: outcome.into() })
            }
            AlertsAction::Close { act, outcome } => {
                self.act(&act, &Act::Close { outcome: outcome.map(Outcome::from) })
            }
            AlertsAction::Reopen(act) => self.act(&act, &Act::Reopen),
        }
    }

    fn list_alerts(&self, args: AlertsListArgs) -> Result<Exit, Failure> {
        let filter = AlertFilter {
            state: args.state.map(AlertState::from),
            all: args.all,
            severity_min: args.severity.map(Severity::from),
            rule: args.rule,
            assignee: args.assignee,
            subject: args.subject,
        };
        let answer = self.view()?.alerts(&filter, bound(args.limit))?;
        self.console.full(args.full).answer(&answer, render::alerts)?;
        Ok(Exit::Done)
    }

    fn act(&self, args: &ActArgs, act: &Act) -> Result<Exit, Failure> {
        let author = author(args.author.as_deref());
        let reason = args.reason.as_deref().unwrap_or_default();
        let report = self.engine(&[])?.act_on_alerts(&args.ids, act, reason, &author, self.now)?;
        self.console.report(&report, render::acted)?;
        Ok(Exit::Done)
    }
}

impl From<OutcomeName> for Outcome {
    fn from(name: OutcomeName) -> Self {
        match name {
            OutcomeName::ConfirmedRisk => Self::ConfirmedRisk,
            OutcomeName::FalsePositive => Self::FalsePositive,
            OutcomeName::NoAction => Self::NoAction,
            OutcomeName::Duplicate => Self::Duplicate,
        }
    }
}

impl From<SeverityName> for Severity {
    fn from(name: SeverityName) -> Self {
        match name {
            SeverityName::Low => Self::Low,
            SeverityName::Medium => Self::Medium,
            SeverityName::High => Self::High,
            SeverityName::Severe => Self::Severe,
        }
    }
}

impl From<StateName> for AlertState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::New => Self::New,
            StateName::Triaged => Self::Triaged,
            StateName::Assigned => Self::Assigned,
            StateName::InReview => Self::InReview,
            StateName::Escalated => Self::Escalated,
            StateName::PendingApproval => Self::PendingApproval,
            StateName::Closed => Self::Closed,
            StateName::Reopened => Self::Reopened,
            StateName::Withdrawn => Self::Withdrawn,
            StateName::Merged => Self::Merged,
        }
    }
}
