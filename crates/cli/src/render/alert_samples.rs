//! Answers about rules and alerts for the tests of rendering, written by hand.

use std::collections::BTreeMap;

use engine::{
    ActReport, Action, AlertAnswer, AlertEventAnswer, AlertEventKind, AlertState, AlertSummary,
    AlertsAnswer, Change, ChangeAnswer, DryRunAlert, DryRunReport, DryRunRule, FactAnswer,
    PublishReport, PublishedAnswer, RuleAnswer, RuleHistoryAnswer, RulesAnswer, Severity, Time,
};
use ledger::Height;

use super::samples::{A, B, SNAPSHOT};

const TIME: i64 = 1_548_516_600;
const TX: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";

fn summary(id: &str, severity: Severity, state: AlertState, rule: &str) -> AlertSummary {
    AlertSummary {
        id: id.to_owned(),
        rule: rule.to_owned(),
        rule_version: 2,
        severity,
        state,
        subject: format!("cluster:{A}"),
        assignee: None,
        raised_at_height: Some(Height::new(560_062)),
        raised_at_s: Time::new(TIME),
        changed_at_s: Time::new(TIME + 86_400),
        n_raised: 1,
        headline: "hops_contracted(received, sanctioned) = 2".to_owned(),
    }
}

pub(super) fn alerts() -> AlertsAnswer {
    let near = summary("5e5e5e5e1a2b", Severity::High, AlertState::PendingApproval, "near-listed");
    AlertsAnswer {
        alerts: vec![
            summary("0a1b2c3d4e5f", Severity::Severe, AlertState::New, "received-from-listed"),
            AlertSummary { assignee: Some("jane".to_owned()), ..near },
            AlertSummary {
                subject: format!("payment:{TX}:{B}"),
                ..summary(
                    "77aa00112233",
                    Severity::High,
                    AlertState::InReview,
                    "monitored-received",
                )
            },
            AlertSummary {
                subject: "entity:Mixer of the East".to_owned(),
                ..summary("9f86d081884c", Severity::Low, AlertState::Reopened, "mixing-share")
            },
        ],
        total: 7,
        by_state: BTreeMap::from([
            ("closed", 12),
            ("new", 4),
            ("pending_approval", 1),
            ("withdrawn", 30),
        ]),
        stale_because: vec![
            "blocks 8 to 9 came in since the last run (`tracehound run`)".to_owned(),
        ],
        snapshot: SNAPSHOT.to_owned(),
    }
}

fn fact(name: &str, value: &str, text: &str, rows: &[&str]) -> FactAnswer {
    FactAnswer {
        name: name.to_owned(),
        value: value.to_owned(),
        text: text.to_owned(),
        rows: rows.iter().map(|row| (*row).to_owned()).collect(),
    }
}

fn event(
    number: u64,
    kind: AlertEventKind,
    author: Option<&str>,
    reason: &str,
) -> AlertEventAnswer {
    AlertEventAnswer {
        number,
        kind,
        at_s: Time::new(TIME + i64::try_from(number).unwrap_or(0) * 600),
        height: author.is_none().then(|| Height::new(560_062)),
        block_time_s: author.is_none().then(|| Time::new(1_548_333_000)),
        author: author.map(str::to_owned),
        reason: reason.to_owned(),
        outcome: None,
        target: None,
        versions: author.is_none().then(|| "lists 3b7f2c9a1e5d4f60".to_owned()),
    }
}

pub(super) fn alert() -> AlertAnswer {
    let rows = [
        format!("proximities cluster={A} side=received category=sanctioned entity=YAN, Xiaobing"),
        format!("listings list=ofac-sdn entity_id=26748 address={B}"),
    ];
    let assigned = event(40, AlertEventKind::Assigned, Some("ann"), "");
    let asked = event(
        43,
        AlertEventKind::CloseRequested,
        Some("jane"),
        "the payer is our own wallet, see ticket 7",
    );
    AlertAnswer {
        summary: AlertSummary {
            assignee: Some("jane".to_owned()),
            ..summary("5e5e5e5e1a2b", Severity::High, AlertState::PendingApproval, "near-listed")
        },
        rule_about: Some("A listed party is at most two changes of ownership away.".to_owned()),
        rule_when: Some("not listed and hops_contracted(received, sanctioned) <= 2".to_owned()),
        fatf: Some("Red flag indicators related to anonymity".to_owned()),
        basis: vec![
            fact("listed", "no", "not: listed", &[]),
            fact(
                "hops_contracted(received, sanctioned)",
                "2",
                "hops_contracted(received, sanctioned) <= 2",
                &[&rows[0], &rows[1]],
            ),
        ],
        versions: "lists 3b7f2c9a1e5d4f60; profile default 1".to_owned(),
        outcome: None,
        close_requested_by: Some("jane".to_owned()),
        merged_into: None,
        allowed: vec![Action::Review, Action::Escalate, Action::Close],
        history: vec![
            event(12, AlertEventKind::Raised, None, ""),
            AlertEventAnswer { target: Some("jane".to_owned()), ..assigned },
            event(
                41,
                AlertEventKind::Updated,
                None,
                "hops_contracted(received, sanctioned): 3 → 2",
            ),
            event(42, AlertEventKind::Reviewed, Some("jane"), ""),
            AlertEventAnswer { outcome: Some("false_positive".to_owned()), ..asked },
        ],
        stale_because: Vec::new(),
    }
}

pub(super) fn acted() -> ActReport {
    let closed = summary("0a1b2c3d4e5f", Severity::Low, AlertState::Closed, "listed");
    ActReport {
        alerts: vec![
            AlertSummary {
                assignee: Some("jane".to_owned()),
                ..summary("5e5e5e5e1a2b", Severity::High, AlertState::Assigned, "near-listed")
            },
            closed,
        ],
        snapshot: SNAPSHOT.to_owned(),
    }
}

fn one_rule(name: &str, severity: Severity, about: &str) -> RuleAnswer {
    RuleAnswer {
        name: name.to_owned(),
        version: 2,
        severity,
        subject: "cluster",
        dedupe: "cluster",
        about: about.to_owned(),
        fatf: Some("Red flag indicators related to transactions".to_owned()),
        when: "score >= 75 and not listed".to_owned(),
        digest: "9f86d081884c7d65".to_owned(),
        in_force: true,
        published_at_s: Some(Time::new(TIME)),
        author: Some("jane".to_owned()),
        reason: Some("policy 2026-11".to_owned()),
        text: String::new(),
        cannot_say: None,
    }
}

pub(super) fn rules() -> RulesAnswer {
    let long =
        "A monitored address was paid by a cluster whose score is 50 or more, or that is listed.";
    let retired =
        one_rule("structuring", Severity::Medium, "Payments kept just below a threshold.");
    RulesAnswer {
        rules: vec![
            one_rule("high-score", Severity::High, "The score of the cluster is 75 or more."),
            RuleAnswer {
                subject: "monitored",
                published_at_s: None,
                ..one_rule("monitored-received", Severity::Severe, long)
            },
            RuleAnswer { in_force: false, ..retired },
        ],
        snapshot: Some(SNAPSHOT.to_owned()),
    }
}

pub(super) fn rule() -> RuleHistoryAnswer {
    let first = PublishedAnswer {
        version: 1,
        retired: false,
        digest: "00aa".to_owned(),
        published_at_s: Time::new(TIME),
        author: "jane".to_owned(),
        reason: "first policy".to_owned(),
    };
    RuleHistoryAnswer {
        rule: one_rule("high-score", Severity::High, "The score of the cluster is 75 or more."),
        published: vec![
            first.clone(),
            PublishedAnswer {
                version: 2,
                reason: "policy 2026-11: listed ones have a rule of their own".to_owned(),
                ..first
            },
        ],
        snapshot: SNAPSHOT.to_owned(),
    }
}

fn changes() -> Vec<ChangeAnswer> {
    let change = |name: &str, change, version_before, version| ChangeAnswer {
        name: name.to_owned(),
        change,
        version_before,
        version,
    };
    vec![
        change("high-score", Change::Raised, Some(1), 2),
        change("mixing-to-exchange", Change::New, None, 1),
        change("listed", Change::Same, Some(1), 1),
        change("structuring", Change::Retired, Some(1), 1),
    ]
}

pub(super) fn published() -> PublishReport {
    PublishReport { changes: changes(), n_published: 3, snapshot: SNAPSHOT.to_owned() }
}

pub(super) fn dry_run() -> DryRunReport {
    let alert = |kind, id: &str, because: &str| DryRunAlert {
        kind,
        id: id.to_owned(),
        subject: format!("cluster:{A}"),
        because: because.to_owned(),
    };
    let many =
        (0..9).map(|_| alert(AlertEventKind::Raised, "5e5e5e5e1a2b", "score = 78.5")).collect();
    let mut score = DryRunRule {
        name: "high-score".to_owned(),
        n_holds: 41,
        alerts: many,
        ..DryRunRule::default()
    };
    score.alerts.push(alert(
        AlertEventKind::Withdrawn,
        "0a1b2c3d4e5f",
        "no longer so: score: 76 → 61.25; listed: no",
    ));
    score.alerts.push(alert(AlertEventKind::Updated, "77aa00112233", "rule version 1 → 2"));
    let unsure = DryRunRule {
        name: "mixing-to-exchange".to_owned(),
        n_unknown: 1_204,
        missing: BTreeMap::from([("value(received, mixing)".to_owned(), 1_204)]),
        ..DryRunRule::default()
    };
    DryRunReport {
        changes: changes(),
        n_subjects: 1_204_331,
        rules: vec![score, unsure],
        snapshot: SNAPSHOT.to_owned(),
    }
}
