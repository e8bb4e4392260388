//! Clusters: who belongs to one, and why two addresses do.

use ledger::{AddressId, ClusterId, Link, Timestamp};

use crate::answers::{EvidenceAnswer, ExplainAnswer, MembersAnswer};
use crate::view::{View, tag_answer};
use crate::{Error, stages};

impl View {
    /// The members of the cluster of an address, at most `limit` of them in full.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn members(&self, address: &str, limit: usize) -> Result<MembersAnswer, Error> {
        let (_, id) = self.known_address(address)?;
        self.derived()?;
        let cluster = self.cluster_of(id);
        let members = self.members_of(cluster);
        let mut tags = Vec::new();
        if let Some((file, rows)) = self.cluster_tags(cluster) {
            for row in rows.take(limit) {
                tags.push(tag_answer(file.tag(row)?));
            }
        }
        let listed = self.listed_clusters.members_of(cluster).take(limit);
        Ok(MembersAnswer {
            cluster,
            size: members.len() as u64,
            members: members.iter().take(limit).map(|id| self.address_text(*id)).collect(),
            truncated: members.len() > limit,
            tags,
            listed: listed.filter_map(|member| self.cluster_hit(&self.lists, member)).collect(),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// The least evidence that joins two addresses.
    ///
    /// # Errors
    /// If a text is no address or has not appeared, or no run has been made.
    pub fn explain(&self, a: &str, b: &str) -> Result<ExplainAnswer, Error> {
        let (_, id_a) = self.known_address(a)?;
        let (_, id_b) = self.known_address(b)?;
        self.derived()?;
        let (cluster_a, cluster_b) = (self.cluster_of(id_a), self.cluster_of(id_b));
        let same_cluster = cluster_a == cluster_b;
        let evidence =
            if same_cluster { self.evidence(cluster_a, id_a, id_b)? } else { Vec::new() };
        Ok(ExplainAnswer {
            a: self.address_text(id_a),
            b: self.address_text(id_b),
            same_cluster,
            cluster_a,
            cluster_b,
            confidence: if same_cluster {
                evidence.iter().map(|step| step.confidence).product()
            } else {
                0.0
            },
            evidence,
            snapshot: self.snapshot_id.clone(),
        })
    }

    fn evidence(
        &self,
        cluster: ClusterId,
        a: AddressId,
        b: AddressId,
    ) -> Result<Vec<EvidenceAnswer>, Error> {
        let links = &self.derived()?.links;
        let members = self.members_of(cluster);
        let own: Vec<Link> = members.iter().flat_map(|member| links.of(member.get())).collect();
        let steps = forensics::explain(&own, a, b).ok_or_else(|| {
            let what = format!("no links join two addresses of cluster {cluster}");
            Error::missing(what, "the derived snapshot is damaged: run `tracehound verify --rerun`")
        })?;
        let answer = |step: &forensics::Step| {
            let block = self.columns.block_of(step.tx.get());
            EvidenceAnswer {
                a: self.address_text(step.a),
                b: self.address_text(step.b),
                heuristic: stages::heuristic_name(step.heuristic),
                confidence: step.confidence,
                tx: self.tx_id(step.tx),
                height: step.height,
                time_s: Timestamp::new(block.time_s),
            }
        };
        Ok(steps.iter().map(answer).collect())
    }
}
