//! Clusters: who belongs to one, and why two addresses do; today or as of a height, with all rules or without some.

use std::collections::BTreeSet;

use forensics::{ClusterRules, ClustersAsOf, ExplainOptions, HeldLink, Prefer};
use ledger::{AddressId, ClusterId, Height, Link, LinkSource, Timestamp, tables};

use crate::answers::{EvidenceAnswer, ExplainAnswer, MembersAnswer, SourceAnswer};
use crate::layout::SHARED;
use crate::ownership::number_of;
use crate::stages::RulesOfRun;
use crate::staleness::Asked;
use crate::view::{View, tag_answer};
use crate::{Error, stages};

/// Which explanation is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainRequest {
    /// As of this height: later links do not count.
    pub as_of: Option<u32>,
    /// Without the links of these rules, by name.
    pub without_rules: Vec<String>,
    /// The chain with the greatest product of confidences in place of the one with the fewest steps.
    pub most_probable: bool,
}

/// What a question about one cluster works with: the links that have to do with it, and the rules of the last run.
struct Part {
    /// The cluster asked for and those that held links tie to it, ascending.
    clusters: Vec<ClusterId>,
    links: Vec<Link>,
    rules: ClusterRules,
    held: Vec<HeldLink>,
}

impl Part {
    /// Its clusters as of a height, without the links of some rules.
    fn as_of(&self, height_max: Option<Height>, without: &[u8]) -> ClustersAsOf {
        let used = self.links.iter().filter(|link| !without.contains(&link.heuristic));
        let links: Vec<Link> = used.copied().collect();
        let height = height_max.unwrap_or(Height::new(u32::MAX));
        forensics::clusters_as_of(&links, &self.rules, height)
    }
}

impl View {
    /// The members of the cluster of an address, at most `limit` of them in full; as of a height if one is given.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn members(
        &self,
        address: &str,
        as_of: Option<u32>,
        limit: usize,
    ) -> Result<MembersAnswer, Error> {
        let (_, id) = self.known_address(address)?;
        self.derived()?;
        let today = self.cluster_of(id);
        let members = match as_of {
            None => self.members_of(today),
            Some(height) => self.part(today)?.as_of(Some(Height::new(height)), &[]).members(id),
        };
        let cluster = members.first().map_or(today, |first| ClusterId::new(*first));
        let is_member = |id: &AddressId| as_of.is_none() || members.binary_search(id).is_ok();
        let mut tags = Vec::new();
        if let Some((file, rows)) = self.cluster_tags(today) {
            for row in rows {
                let tag = file.tag(row)?;
                if tags.len() < limit && self.id_of(&tag.address).is_some_and(|id| is_member(&id)) {
                    tags.push(tag_answer(tag));
                }
            }
        }
        let listed = self.listed_clusters.members_of(today).filter(is_member).take(limit);
        Ok(MembersAnswer {
            cluster,
            as_of: as_of.map(Height::new),
            size: members.len() as u64,
            members: members.iter().take(limit).map(|id| self.address_text(*id)).collect(),
            truncated: members.len() > limit,
            tags,
            listed: listed.filter_map(|member| self.cluster_hit(&self.lists, member)).collect(),
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// The evidence that joins two addresses.
    ///
    /// # Errors
    /// If a text is no address or has not appeared, a rule does not exist, or no run has been made.
    pub fn explain(
        &self,
        a: &str,
        b: &str,
        request: &ExplainRequest,
    ) -> Result<ExplainAnswer, Error> {
        let (_, id_a) = self.known_address(a)?;
        let (_, id_b) = self.known_address(b)?;
        self.derived()?;
        let without = request.without_rules.iter().map(|rule| number_of(rule));
        let without = without.collect::<Result<Vec<u8>, Error>>()?;
        let part = self.part(self.cluster_of(id_a))?;
        let (clusters, explanation) = self.found(&part, [id_a, id_b], &without, request)?;
        let steps = explanation.as_ref().map_or(&[][..], |found| &found.steps);
        let sources = self.link_sources()?;
        let answer = |step: &forensics::Step| -> Result<EvidenceAnswer, Error> {
            let contributions = self.contributions(step)?;
            Ok(EvidenceAnswer { contributions, ..self.evidence(step, &part, &sources) })
        };
        Ok(ExplainAnswer {
            a: self.address_text(id_a),
            b: self.address_text(id_b),
            same_cluster: clusters[0] == clusters[1],
            cluster_a: clusters[0],
            cluster_b: clusters[1],
            as_of: request.as_of.map(Height::new),
            without_rules: request.without_rules.clone(),
            most_probable: request.most_probable,
            confidence: explanation.as_ref().map_or(0.0, |found| found.confidence),
            weakest: explanation.as_ref().and_then(|found| found.weakest),
            evidence: steps.iter().map(answer).collect::<Result<_, _>>()?,
            not_followed: match clusters[0] == clusters[1] {
                true => Vec::new(),
                // What no run follows is between the clusters of today, whatever the conditions.
                false => self.not_followed([id_a, id_b].map(|id| self.cluster_of(id)))?,
            },
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// The clusters of two addresses under the conditions of the request, and their explanation if they share one.
    fn found(
        &self,
        part: &Part,
        ends: [AddressId; 2],
        without: &[u8],
        request: &ExplainRequest,
    ) -> Result<([ClusterId; 2], Option<forensics::Explanation>), Error> {
        let mut clusters = ends.map(|id| self.cluster_of(id));
        let mut held = part.held.clone();
        let height_max = request.as_of.map(Height::new);
        if height_max.is_some() || !without.is_empty() {
            let then = part.as_of(height_max, without);
            clusters[0] = then.cluster_of(ends[0]);
            // Without some links, a held one may hold no longer: then they share a cluster that they do not share today.
            let is_tied = part.clusters.binary_search(&clusters[1]).is_ok();
            clusters[1] = match is_tied {
                true => then.cluster_of(ends[1]),
                false => self.part(clusters[1])?.as_of(height_max, without).cluster_of(ends[1]),
            };
            held = then.held;
        }
        if clusters[0] != clusters[1] {
            return Ok((clusters, None));
        }
        let options = ExplainOptions {
            prefer: if request.most_probable { Prefer::MostProbable } else { Prefer::FewestSteps },
            height_max,
            without,
            held: &held,
            decisions: Some(&part.rules.decisions),
        };
        match forensics::explain_with(&part.links, ends[0], ends[1], &options) {
            Some(found) => Ok((clusters, Some(found))),
            None => Err(Error::missing(
                format!("no links join two addresses of cluster {}", clusters[0]),
                "the derived snapshot is damaged: run `tracehound verify --rerun`",
            )),
        }
    }

    /// The links of a cluster and of those that held links tie to it, and the rules of the last run.
    fn part(&self, cluster: ClusterId) -> Result<Part, Error> {
        let links = &self.derived()?.links;
        let links_of = |transactions: &BTreeSet<_>| {
            links.all().filter(|link| transactions.contains(&link.tx)).collect()
        };
        let RulesOfRun { rules, held } = RulesOfRun::read(&self.snapshot, links_of)?;
        let tied = forensics::tied_by_held(&held, |id| self.cluster_of(id), [cluster]);
        let members = tied.iter().flat_map(|cluster| self.members_of(*cluster));
        let own: Vec<Link> = members.flat_map(|member| links.of(member.get())).collect();
        Ok(Part { clusters: tied, links: own, rules, held })
    }

    fn evidence(
        &self,
        step: &forensics::Step,
        part: &Part,
        sources: &[LinkSource],
    ) -> EvidenceAnswer {
        let block = self.columns.block_of(step.tx.get());
        let (a, b) = (step.a.min(step.b), step.a.max(step.b));
        // A step between two inputs of one transaction rests on the transaction; there may be no row between just these.
        let row = part.links.iter().find(|link| {
            (link.tx, link.heuristic, link.a, link.b) == (step.tx, step.heuristic, a, b)
        });
        let source = sources.iter().find(|source| source.id == step.source);
        EvidenceAnswer {
            link: row.map(|link| self.link_id(link)),
            a: self.address_text(step.a),
            b: self.address_text(step.b),
            heuristic: stages::heuristic_name(step.heuristic),
            confidence: step.confidence,
            tx: self.tx_id(step.tx),
            height: step.height,
            time_s: Timestamp::new(block.time_s),
            contributions: Vec::new(),
            source: source.map(|source| SourceAnswer {
                kind: source.kind.clone(),
                name: source.name.clone(),
                about: source.about.clone(),
            }),
        }
    }

    fn link_sources(&self) -> Result<Vec<LinkSource>, Error> {
        let mut rows = Vec::new();
        for batch in self.snapshot.scan(tables::LINK_SOURCES.name, SHARED, None, None)? {
            rows.append(&mut tables::link_sources_from(&batch?)?);
        }
        Ok(rows)
    }
}
