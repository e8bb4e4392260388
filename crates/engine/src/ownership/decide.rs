//! Writing decisions: each is checked against the store as it is, and appended with its reason.

use ledger::{
    Address, DecisionKind, DecisionRecord, Height, HeldRecord, Link, Timestamp, TxId, tables,
};

use super::{DecisionLog, LinkId, link_id, names};
use crate::answers::DecidedReport;
use crate::layout::{self, SHARED, checkpoint};
use crate::query::link_of;
use crate::view::View;
use crate::{Engine, Error, did_you_mean};

/// Longest reason and longest name of an author, in bytes: a log is no place for documents.
const REASON_MAX: usize = 4_000;
const AUTHOR_MAX: usize = 200;

/// What a person wants decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decide {
    /// Follow a held link, or take a suggested one as true; by its name.
    Accept {
        /// As `cluster pending` or `cluster suggest` shows it; its beginning will do.
        id: String,
    },
    /// Never follow a held link, or never show a suggested one again.
    Refuse {
        /// As `cluster pending` or `cluster suggest` shows it; its beginning will do.
        id: String,
    },
    /// Take a link back.
    WithdrawLink {
        /// As `cluster explain` shows it, whole.
        id: String,
    },
    /// Take back all links that a transaction shows.
    WithdrawTransaction {
        /// The transaction.
        tx: TxId,
        /// Only those of this rule.
        rule: Option<String>,
    },
    /// Take back the links of a rule.
    WithdrawRule {
        /// Its name.
        rule: String,
        /// Only from this height on.
        from: Option<u32>,
        /// Only up to this height.
        to: Option<u32>,
    },
    /// Take back all links within heights.
    WithdrawHeights {
        /// The first.
        from: u32,
        /// The last.
        to: u32,
    },
    /// Take a decision back.
    Revoke {
        /// As `cluster decisions` shows it; its beginning will do.
        id: String,
    },
}

impl Engine {
    /// Appends decisions, all of them or none, with one reason. They take effect at the next run.
    ///
    /// # Errors
    /// If there is no reason or author, something named does not exist, or is decided already.
    pub fn decide(
        &self,
        what: &[Decide],
        reason: &str,
        author: &str,
        now: Timestamp,
    ) -> Result<DecidedReport, Error> {
        let (reason, author) = (checked_reason(reason)?, checked_author(author)?);
        let mut writer = self.store.writer()?;
        let view = View::open(&writer.snapshot(), self.config())?;
        let mut log = DecisionLog::open(&writer.snapshot())?;
        let n_before = log.rows().len();
        for one in what {
            let mut record = record(&view, &log, one)?;
            (record.reason, record.author, record.decided_at) =
                (reason.to_owned(), author.to_owned(), now);
            undecided(&log, &record)?;
            log.push(record);
        }
        let mut commit = writer.begin();
        let rows = tables::decisions_to(&log.rows()[n_before..]);
        commit.append(&layout::spec(&tables::DECISIONS), SHARED, &rows)?;
        let snapshot = commit.finish(self.run_record("cluster decide", now))?;
        let view = View::open(&snapshot, self.config())?;
        let mut decisions = view.decisions()?.decisions;
        Ok(DecidedReport {
            decisions: decisions.split_off(n_before),
            stale_because: view.stale_because(crate::staleness::Asked::Owners, None),
            snapshot: snapshot.id().to_string(),
        })
    }
}

/// A reason as it is stored.
pub(crate) fn checked_reason(reason: &str) -> Result<&str, Error> {
    checked("a reason", "--reason TEXT", reason, REASON_MAX)
}

/// The name of an author as it is stored.
pub(crate) fn checked_author(author: &str) -> Result<&str, Error> {
    checked("an author", "--author NAME, or set TRACEHOUND_AUTHOR", author, AUTHOR_MAX)
}

fn checked<'t>(what: &str, option: &str, text: &'t str, max: usize) -> Result<&'t str, Error> {
    let text = text.trim();
    let fault = match text.len() {
        0 => "is missing".to_owned(),
        n if n > max => format!("has {n} bytes; {max} are the most"),
        _ => return Ok(text),
    };
    Err(Error::Question { what: format!("{what} {fault}"), hint: Some(format!("give {option}")) })
}

fn record(view: &View, log: &DecisionLog, what: &Decide) -> Result<DecisionRecord, Error> {
    Ok(match what {
        Decide::Accept { id } => choice(view, log, id, true)?,
        Decide::Refuse { id } => choice(view, log, id, false)?,
        Decide::WithdrawLink { id } => of_link(view, DecisionKind::WithdrawLink, &link(view, id)?),
        Decide::WithdrawTransaction { tx, rule } => {
            let heuristic = rule.as_deref().map(number_of).transpose()?;
            DecisionRecord {
                tx_id: Some(linked_transaction(view, *tx, heuristic)?),
                heuristic,
                ..empty(DecisionKind::WithdrawLink)
            }
        }
        Decide::WithdrawRule { rule, from, to } => {
            within_ledger(view, from.unwrap_or(0), to.unwrap_or(u32::MAX))?;
            DecisionRecord {
                heuristic: Some(number_of(rule)?),
                from_height: from.map(Height::new),
                to_height: to.map(Height::new),
                ..empty(DecisionKind::WithdrawRule)
            }
        }
        Decide::WithdrawHeights { from, to } => {
            within_ledger(view, *from, *to)?;
            DecisionRecord {
                from_height: Some(Height::new(*from)),
                to_height: Some(Height::new(*to)),
                ..empty(DecisionKind::WithdrawHeights)
            }
        }
        Decide::Revoke { id } => revocation(log, id)?,
    })
}

fn empty(kind: DecisionKind) -> DecisionRecord {
    DecisionRecord {
        id: String::new(),
        kind,
        tx_id: None,
        a: None,
        b: None,
        heuristic: None,
        from_height: None,
        to_height: None,
        revokes: None,
        reason: String::new(),
        author: String::new(),
        decided_at: Timestamp::new(0),
    }
}

fn of_link(view: &View, kind: DecisionKind, link: &Link) -> DecisionRecord {
    DecisionRecord {
        tx_id: Some(view.tx_id(link.tx)),
        a: view.address_of(link.a),
        b: view.address_of(link.b),
        heuristic: Some(link.heuristic),
        ..empty(kind)
    }
}

/// Refuses heights of which the ledger has no block: a decision that can say nothing is a slip of the pen.
fn within_ledger(view: &View, from: u32, to: u32) -> Result<(), Error> {
    if from > to {
        return Err(Error::Question {
            what: format!("heights {from} to {to} are none"),
            hint: Some("write the lower one first".to_owned()),
        });
    }
    let Some(last) = view.columns.last_block() else {
        return Err(Error::missing(
            "the store holds no blocks",
            "`tracehound ingest bitcoin PATH`",
        ));
    };
    let first = view.columns.block(0).height;
    match from <= last.height && first <= to {
        true => Ok(()),
        false => Err(Error::missing(
            format!("no block of this ledger lies within heights {from} to {to}"),
            format!("the store holds blocks {first} to {}", last.height),
        )),
    }
}

/// A transaction with a link that could be taken back; of blocks without a run that is not known, and so allowed.
fn linked_transaction(view: &View, tx: TxId, heuristic: Option<u8>) -> Result<TxId, Error> {
    let Some(index) = view.transactions.lookup_one(tx.as_bytes()) else {
        let hint = "write the transaction's whole id, as `cluster explain --full` shows it";
        return Err(Error::missing(format!("transaction {tx} is not in this ledger"), hint));
    };
    let made = view.snapshot.checkpoint(checkpoint::CLUSTERS).unwrap_or(0);
    let is_of_run = u64::from(view.columns.block_of(u64::from(index)).height) < made;
    let Some(derived) = view.derived.as_ref().filter(|_| is_of_run) else { return Ok(tx) };
    let is_it = |link: &Link| {
        link.tx.get() == u64::from(index) && heuristic.is_none_or(|rule| link.heuristic == rule)
    };
    match derived.links.all().any(|link| is_it(&link)) {
        true => Ok(tx),
        false => Err(Error::missing(
            format!("no link that could be withdrawn comes from transaction {tx}"),
            "`tracehound cluster explain` shows links, each with its transaction",
        )),
    }
}

/// The stored number of a rule.
pub(crate) fn number_of(rule: &str) -> Result<u8, Error> {
    let names: Vec<&str> = forensics::heuristics::HEURISTICS.iter().map(|rule| rule.name).collect();
    let found = forensics::heuristics::HEURISTICS.iter().find(|known| known.name == rule);
    found.map(|rule| rule.number).ok_or_else(|| Error::Question {
        what: format!("there is no rule {rule:?}"),
        hint: did_you_mean(rule, &names).or_else(|| Some(format!("rules: {}", names.join(", ")))),
    })
}

/// The decision on the held or suggested link that a person means.
fn choice(
    view: &View,
    log: &DecisionLog,
    typed: &str,
    accept: bool,
) -> Result<DecisionRecord, Error> {
    let held = view.held()?;
    let id_of = |row: &HeldRecord| view.link_id(&row.link);
    let mut links = held.iter().filter(|row| names::names(typed, &id_of(row)));
    match (links.next(), links.next()) {
        (Some(row), None) => {
            let kind = if accept { DecisionKind::AcceptLink } else { DecisionKind::RefuseLink };
            Ok(of_link(view, kind, &row.link))
        }
        (Some(_), Some(_)) => Err(Error::Question {
            what: format!("several held links begin with {typed:?}"),
            hint: Some("write more digits of it".to_owned()),
        }),
        (None, _) => match suggested(view, typed, accept)? {
            Some(record) => Ok(record),
            None => Err(settled(log, typed).unwrap_or_else(|| unknown_choice(typed))),
        },
    }
}

/// The link waits no more, because something was decided of it: that has to be taken back first.
fn settled(log: &DecisionLog, typed: &str) -> Option<Error> {
    let is_it = |row: &DecisionRecord| link_of(row).is_some_and(|id| names::names(typed, &id));
    log.in_force().find(|(_, row)| is_it(row)).map(|(_, row)| decided_already(row))
}

fn decided_already(row: &DecisionRecord) -> Error {
    Error::Question {
        what: format!("this is decided already: {} ({})", row.kind.name(), row.id),
        hint: Some(format!("`tracehound cluster revoke {}` takes that back", row.id)),
    }
}

fn unknown_choice(typed: &str) -> Error {
    Error::missing(
        format!("no link that waits for a decision is named {typed:?}"),
        "`tracehound cluster pending` and `tracehound cluster suggest` list them; `cluster withdraw` takes back \
             a link that holds",
    )
}

/// The decision on the suggested link that a person means; `None` if it is none.
fn suggested(view: &View, typed: &str, accept: bool) -> Result<Option<DecisionRecord>, Error> {
    let kind = match accept {
        true => DecisionKind::AcceptSuggestion,
        false => DecisionKind::RefuseSuggestion,
    };
    for row in view.suggested()? {
        let Some((id, tx)) = view.suggestion_id(&row) else { continue };
        if names::names(typed, &id) {
            return Ok(Some(DecisionRecord {
                tx_id: Some(view.tx_id(tx)),
                a: view.address_of(row.a.get()),
                b: view.address_of(row.b.get()),
                heuristic: Some(forensics::decisions::PERSON),
                ..empty(kind)
            }));
        }
    }
    Ok(None)
}

/// The link that a person names, among all that the last run has seen.
fn link(view: &View, typed: &str) -> Result<Link, Error> {
    let id = LinkId::parse(typed).ok_or_else(|| Error::Question {
        what: format!("{typed:?} names no link"),
        hint: Some("write it as `cluster explain` shows it, such as 5e5e5e5e-1a2b3c4d".to_owned()),
    })?;
    let links = &view.derived()?.links;
    let mut last = None;
    for link in links.all() {
        // Links stand in the order of heights: those of one transaction come together.
        let may_be = match last {
            Some((tx, may_be)) if tx == link.tx => may_be,
            _ => id.may_be_of(view.tx_id(link.tx)),
        };
        last = Some((link.tx, may_be));
        if may_be && view.link_id(&link) == id.text() {
            return Ok(link);
        }
    }
    Err(Error::missing(
        format!("no link is named {typed}"),
        "`tracehound cluster explain` shows the names of links",
    ))
}

fn revocation(log: &DecisionLog, typed: &str) -> Result<DecisionRecord, Error> {
    let row = log.find(typed)?;
    let fault = match (row.kind, log.revoked_by(&row.id)) {
        (DecisionKind::Revoke, _) => {
            Some(("is a revocation itself", "make the decision anew that it took back"))
        }
        (_, Some(_)) => {
            Some(("is revoked already", "`tracehound cluster decisions` shows by which"))
        }
        _ => None,
    };
    match fault {
        Some((what, hint)) => Err(Error::Question {
            what: format!("decision {} {what}", row.id),
            hint: Some(hint.to_owned()),
        }),
        None => Ok(DecisionRecord { revokes: Some(row.id.clone()), ..empty(DecisionKind::Revoke) }),
    }
}

/// Of one link there is at most one decision in force, so that their order says nothing.
fn undecided(log: &DecisionLog, record: &DecisionRecord) -> Result<(), Error> {
    let ends = |row: &DecisionRecord| -> Option<[Address; 2]> {
        let (a, b) = (row.a?, row.b?);
        Some([a.min(b), a.max(b)])
    };
    let of = |row: &DecisionRecord| (row.tx_id, row.heuristic, ends(row));
    let same = |row: &DecisionRecord| match record.kind {
        DecisionKind::Revoke => false,
        DecisionKind::WithdrawRule | DecisionKind::WithdrawHeights => {
            let range = |row: &DecisionRecord| (row.kind, row.from_height, row.to_height);
            range(row) == range(record) && row.heuristic == record.heuristic
        }
        _ => {
            !matches!(row.kind, DecisionKind::WithdrawRule | DecisionKind::WithdrawHeights)
                && of(row) == of(record)
        }
    };
    let decided = log.in_force().find(|(_, row)| same(row));
    match decided {
        None => Ok(()),
        Some((_, row)) => Err(decided_already(row)),
    }
}

impl View {
    /// The name of a link.
    pub(crate) fn link_id(&self, link: &Link) -> String {
        match (self.address_of(link.a), self.address_of(link.b)) {
            (Some(a), Some(b)) => link_id(self.tx_id(link.tx), link.heuristic, &a, &b),
            // Every address of a link is in the dictionary; a damaged one names nothing.
            _ => String::new(),
        }
    }
}
