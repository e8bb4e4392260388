//! Held links and the log of decisions: what waits for a person, and what people decided.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ledger::{ClusterId, DecisionKind, DecisionRecord, HeldRecord, Timestamp};

use crate::answers::{
    ApartAnswer, DecisionAnswer, DecisionsAnswer, HeldAnswer, PendingAnswer, PendingPair,
    SideAnswer,
};
use crate::layout::checkpoint;
use crate::ownership::{DecisionLog, link_id};
use crate::staleness::Asked;
use crate::view::View;
use crate::{Error, reader, stages};

/// Names shown of each side; more of them tell a person nothing new.
const NAMES_SHOWN: usize = 3;

impl View {
    /// The links that the last run held.
    pub(crate) fn held(&self) -> Result<Vec<HeldRecord>, Error> {
        reader::held(&self.snapshot)
    }

    /// The links that wait for a person, by pair of clusters; at most `limit` pairs.
    ///
    /// # Errors
    /// If no run has been made or a table is damaged.
    pub fn pending(&self, limit: usize) -> Result<PendingAnswer, Error> {
        self.derived()?;
        let log = DecisionLog::open(&self.snapshot)?;
        let mut pairs: BTreeMap<(ClusterId, ClusterId), Vec<HeldRecord>> = BTreeMap::new();
        for row in self.held()? {
            let ends = (self.cluster_of(row.link.a), self.cluster_of(row.link.b));
            let pair = (ends.0.min(ends.1), ends.0.max(ends.1));
            // What came together in another way waits for nobody.
            if pair.0 != pair.1 {
                pairs.entry(pair).or_default().push(row);
            }
        }
        let total = pairs.values().map(|links| links.len() as u64).sum();
        let size = |cluster: ClusterId| self.members_of(cluster).len() as u64;
        let mut sized: Vec<_> =
            pairs.into_iter().map(|((a, b), links)| ((a, size(a)), (b, size(b)), links)).collect();
        // What would move most addresses at once comes first.
        sized.sort_by_key(|(a, b, _)| (Reverse(a.1.min(b.1)), Reverse(a.1.max(b.1)), a.0, b.0));
        let answer = |(a, b, links): ((ClusterId, u64), (ClusterId, u64), Vec<HeldRecord>)| {
            Ok(PendingPair {
                a: self.side(a)?,
                b: self.side(b)?,
                links: links.iter().map(|row| self.held_answer(row, &log)).collect(),
            })
        };
        let pairs: Result<Vec<PendingPair>, Error> =
            sized.into_iter().take(limit).map(answer).collect();
        Ok(PendingAnswer {
            pairs: pairs?,
            total,
            guard_addresses: self.config.ownership.guard_addresses,
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    pub(super) fn side(&self, (cluster, size): (ClusterId, u64)) -> Result<SideAnswer, Error> {
        Ok(SideAnswer {
            cluster,
            address: self.cluster_text(cluster),
            size,
            known_as: self.names_of(cluster)?,
        })
    }

    /// What a cluster is known as: its listed name, then the labels of its tags, each once.
    pub(crate) fn names_of(&self, cluster: ClusterId) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: String| {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
            names.len() < NAMES_SHOWN
        };
        add(self.entity_of(cluster));
        if let Some((file, rows)) = self.cluster_tags(cluster) {
            for row in rows {
                if !add(file.tag(row)?.label) {
                    break;
                }
            }
        }
        Ok(names)
    }

    /// Links between two clusters that no cluster follows: those that the last run held, and those decided against.
    pub(super) fn not_followed(&self, ends: [ClusterId; 2]) -> Result<Vec<ApartAnswer>, Error> {
        let log = DecisionLog::open(&self.snapshot)?;
        let joins = |a: ClusterId, b: ClusterId| [a, b] == ends || [b, a] == ends;
        let mut found = Vec::new();
        for row in self.held()? {
            if joins(self.cluster_of(row.link.a), self.cluster_of(row.link.b)) {
                let held = self.held_answer(&row, &log);
                let own = log.in_force().find(|(_, row)| link_of(row).as_ref() == Some(&held.id));
                found.push(ApartAnswer {
                    link: held.id,
                    a: held.a,
                    b: held.b,
                    heuristic: held.heuristic,
                    tx: held.tx,
                    state: own.map_or("held", |(_, row)| row.kind.name()),
                    because: own.map_or(held.because, |(_, row)| row.reason.clone()),
                    decision: own.map(|(_, row)| row.id.clone()),
                });
            }
        }
        for (_, row) in log.in_force().filter(|(_, row)| is_against(row.kind)) {
            let (Some(link), Some(tx), Some(a), Some(b)) = (link_of(row), row.tx_id, row.a, row.b)
            else {
                continue;
            };
            let cluster = |address| self.id_of(&address).map(|id| self.cluster_of(id));
            let (Some(from), Some(to)) = (cluster(a), cluster(b)) else { continue };
            if joins(from, to) && found.iter().all(|one| one.link != link) {
                let text = |address: ledger::Address| address.display(ledger::Chain::Bitcoin);
                found.push(ApartAnswer {
                    link,
                    a: text(a),
                    b: text(b),
                    heuristic: row.heuristic.map_or("unknown", stages::heuristic_name),
                    tx,
                    state: row.kind.name(),
                    because: row.reason.clone(),
                    decision: Some(row.id.clone()),
                });
            }
        }
        Ok(found)
    }

    fn held_answer(&self, row: &HeldRecord, log: &DecisionLog) -> HeldAnswer {
        let link = &row.link;
        let id = self.link_id(link);
        let block = self.columns.block_of(link.tx.get());
        let decided = log.in_force().find(|(_, row)| link_of(row).as_deref() == Some(id.as_str()));
        HeldAnswer {
            decided: decided.map(|(_, row)| row.kind.name()),
            id,
            a: self.address_text(link.a),
            b: self.address_text(link.b),
            heuristic: stages::heuristic_name(link.heuristic),
            confidence: link.confidence,
            tx: self.tx_id(link.tx),
            height: link.height,
            time_s: Timestamp::new(block.time_s),
            because: held_because(row),
        }
    }

    /// The log of decisions, the oldest first.
    ///
    /// # Errors
    /// If the table is damaged.
    pub fn decisions(&self) -> Result<DecisionsAnswer, Error> {
        let log = DecisionLog::open(&self.snapshot)?;
        let followed = self.snapshot.checkpoint(checkpoint::RUN_DECISIONS).unwrap_or(0);
        let rows = (0_u64..).zip(log.rows());
        let decisions = rows.map(|(at, row)| decision_answer(row, &log, at < followed)).collect();
        Ok(DecisionsAnswer {
            decisions,
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }
}

/// Whether a decision keeps a link from being followed.
fn is_against(kind: DecisionKind) -> bool {
    matches!(
        kind,
        DecisionKind::RefuseLink | DecisionKind::RefuseSuggestion | DecisionKind::WithdrawLink
    )
}

fn held_because(row: &HeldRecord) -> String {
    match &row.entities {
        [Some(a), Some(b)] => format!("{a} and {b} are two entities"),
        _ => format!("it would join {} addresses with {}", row.sizes[0], row.sizes[1]),
    }
}

/// The name of the link that a decision is about.
pub(crate) fn link_of(row: &DecisionRecord) -> Option<String> {
    Some(link_id(row.tx_id?, row.heuristic?, &row.a?, &row.b?))
}

fn decision_answer(row: &DecisionRecord, log: &DecisionLog, followed: bool) -> DecisionAnswer {
    let text = |address: ledger::Address| address.display(ledger::Chain::Bitcoin);
    DecisionAnswer {
        id: row.id.clone(),
        kind: row.kind.name(),
        link: link_of(row),
        a: row.a.map(text),
        b: row.b.map(text),
        tx: row.tx_id,
        heuristic: row.heuristic.map(stages::heuristic_name),
        from_height: row.from_height,
        to_height: row.to_height,
        revokes: row.revokes.clone(),
        revoked_by: log.revoked_by(&row.id).map(|other| other.id.clone()),
        reason: row.reason.clone(),
        author: row.author.clone(),
        decided_at_s: row.decided_at,
        followed,
    }
}
