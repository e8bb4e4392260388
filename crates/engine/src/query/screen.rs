//! Screening one address: list hits by decoded bytes, hits of its cluster, hops to the nearest listed and tagged
//! entities, with everything that a person needs to believe or refute the answer.

use forensics::screening::{ListIndex, ListedClusters};
use ledger::{Address, AddressId, Chain, ClusterId, ParsedAddress, Timestamp};

use crate::answers::{
    ClusterHit, NearestAnswer, ProximityAnswer, ScoreGlance, ScreenAnswer, TagAnswer, Verdict,
};
use crate::derived::Distance;
use crate::layout::checkpoint;
use crate::staleness::Asked;
use crate::view::{self, View, listing_answer, tag_answer};
use crate::{Error, stages};

/// Listed addresses and tags of a cluster that are shown in full; the true number stands beside them.
const SHOWN_MAX: usize = 10;

/// How a question is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScreenOptions {
    /// The time now, by which lists are found to be old; `None` leaves their age out of the answer.
    pub now: Option<Timestamp>,
    /// Lists as they stood then. Clusters and hops are those of today; hops to listed entities are left out,
    /// because they were computed for the list as it stands.
    pub as_of: Option<Timestamp>,
    /// Lists by what was known then.
    pub known_at: Option<Timestamp>,
}

/// The lists that a question is put to.
struct Lists<'a> {
    index: &'a ListIndex,
    clusters: &'a ListedClusters,
    as_stored: bool,
}

impl View {
    /// Screens one address.
    ///
    /// # Errors
    /// If the text is no address, or the derived snapshot is damaged: a damaged page never reads as "clear".
    pub fn screen(&self, text: &str, options: &ScreenOptions) -> Result<ScreenAnswer, Error> {
        let parsed = ledger::parse_address(text)?;
        if options.as_of.is_none() && options.known_at.is_none() {
            let lists =
                Lists { index: &self.lists, clusters: &self.listed_clusters, as_stored: true };
            return self.screen_against(text, &parsed, &lists, options);
        }
        let index = view::live_lists(&self.snapshot, options.as_of, options.known_at)?;
        let clusters = view::listed_clusters(&index, &self.addresses, self.labels());
        let lists = Lists { index: &index, clusters: &clusters, as_stored: false };
        self.screen_against(text, &parsed, &lists, options)
    }

    fn screen_against(
        &self,
        text: &str,
        parsed: &ParsedAddress,
        lists: &Lists<'_>,
        options: &ScreenOptions,
    ) -> Result<ScreenAnswer, Error> {
        let address = &parsed.address;
        let id = self.id_of(address);
        let cluster = id.map(|id| self.cluster_of(id));
        let direct: Vec<_> = lists.index.find(address).iter().map(listing_answer).collect();
        let (cluster_hits, cluster_hit_count) = self.cluster_hits(lists, cluster, id);
        let (tags, cluster_tags, cluster_tag_count) = self.tags_of(address, cluster)?;
        let proximity = self.proximity(cluster, lists.as_stored)?;
        let score = match cluster {
            Some(cluster) if lists.as_stored => self.score_glance(cluster)?,
            _ => None,
        };
        let mut stale_because = self.stale_because(Asked::Screening, options.now);
        if !lists.as_stored {
            stale_because.push(
                "hops to listed entities are not computed for lists of another date".to_owned(),
            );
        }
        let chain = parsed.chains.iter().next().unwrap_or(Chain::Bitcoin);
        let mut answer = ScreenAnswer {
            query: text.to_owned(),
            address: address.display(chain),
            family: address.family().name(),
            chains: parsed.chains.iter().collect(),
            notes: parsed.notes.iter().map(|note| note.about().to_owned()).collect(),
            verdict: Verdict::NothingFound,
            hit: false,
            direct,
            cluster_hits,
            cluster_hit_count,
            tags,
            cluster_tags,
            cluster_tag_count,
            in_ledger: id.is_some(),
            cluster,
            cluster_size: cluster.map_or(0, |cluster| self.cluster_size(cluster)),
            proximity,
            score,
            stale: !stale_because.is_empty(),
            stale_because,
            list_version: self.list_version.clone(),
            snapshot: self.snapshot_id.clone(),
            as_of_s: options.as_of,
        };
        answer.verdict = verdict(&answer);
        answer.hit = answer.verdict.is_hit();
        // Whoever was listed after the last run has the points of before: they would read as harmless beside a hit.
        let is_by_listing = |score: &ScoreGlance| score.hard_rule.is_some();
        if answer.hit && !answer.score.as_ref().is_some_and(is_by_listing) {
            answer.score = None;
        }
        Ok(answer)
    }

    pub(crate) fn cluster_size(&self, cluster: ClusterId) -> u64 {
        let root = stages::root(cluster).get();
        self.derived.as_ref().map_or(1, |derived| derived.members(&root).len() as u64)
    }

    fn cluster_hits(
        &self,
        lists: &Lists<'_>,
        cluster: Option<ClusterId>,
        own: Option<AddressId>,
    ) -> (Vec<ClusterHit>, u64) {
        let Some(cluster) = cluster else { return (Vec::new(), 0) };
        let members = lists.clusters.members_of(cluster).filter(|member| Some(*member) != own);
        let mut hits = Vec::new();
        let mut count = 0;
        for member in members {
            count += 1;
            if hits.len() < SHOWN_MAX {
                hits.extend(self.cluster_hit(lists.index, member));
            }
        }
        (hits, count)
    }

    pub(crate) fn cluster_hit(&self, index: &ListIndex, member: AddressId) -> Option<ClusterHit> {
        let address = self.addresses.key(member.get()).and_then(Address::from_key)?;
        let listings = index.find(&address).iter().map(listing_answer).collect();
        Some(ClusterHit { address: self.address_text(member), listings })
    }

    fn tags_of(
        &self,
        address: &Address,
        cluster: Option<ClusterId>,
    ) -> Result<(Vec<TagAnswer>, Vec<TagAnswer>, u64), Error> {
        let mut tags = Vec::new();
        if let Some(file) = &self.tags {
            for row in file.find(address) {
                tags.push(tag_answer(file.tag(row)?));
            }
        }
        let Some((file, rows)) = cluster.and_then(|cluster| self.cluster_tags(cluster)) else {
            return Ok((tags, Vec::new(), 0));
        };
        let count = rows.len() as u64;
        let others =
            rows.filter(|row| file.address(*row).as_ref() != Some(address)).take(SHOWN_MAX);
        let shown = others.map(|row| file.tag(row).map(tag_answer)).collect::<Result<_, _>>()?;
        Ok((tags, shown, count))
    }

    fn proximity(
        &self,
        cluster: Option<ClusterId>,
        with_listed: bool,
    ) -> Result<ProximityAnswer, Error> {
        // What was looked to, not what is configured now: "none within 20" of a search to 1 would clear the guilty.
        let bound = self.snapshot.checkpoint(checkpoint::RUN_SCREENING);
        let covered = self.derived.is_some()
            && bound.is_some()
            && cluster.is_none_or(|cluster| self.is_of_run(cluster));
        let mut answer = ProximityAnswer {
            hops_max: bound.and_then(|bound| u32::try_from(bound).ok()).unwrap_or(0),
            listed_computed: covered && with_listed,
            tagged_computed: covered,
            ..ProximityAnswer::default()
        };
        let Some(cluster) = cluster else { return Ok(answer) };
        for distance in Distance::ALL {
            if distance.of_listed() && !with_listed {
                continue;
            }
            let nearest = self.nearest(cluster, distance)?;
            match distance {
                Distance::FromListed => answer.from_listed = nearest,
                Distance::ToListed => answer.to_listed = nearest,
                Distance::FromTagged => answer.from_tagged = nearest,
                Distance::ToTagged => answer.to_tagged = nearest,
            }
        }
        Ok(answer)
    }

    fn nearest(
        &self,
        cluster: ClusterId,
        distance: Distance,
    ) -> Result<Option<NearestAnswer>, Error> {
        let Some(derived) = &self.derived else { return Ok(None) };
        let root = stages::root(cluster).get();
        if !self.is_of_run(cluster) {
            // Nodes from here on are junctions of that run.
            return Ok(None);
        }
        let proximity = derived.proximity(distance)?;
        let Some(hops) = proximity.hops(root) else { return Ok(None) };
        let Some(path) = derived.flow()?.nearest(&proximity, cluster)? else { return Ok(None) };
        let end = match distance.direction() {
            graph::Direction::Forward => path.hops.first().map(|hop| hop.from),
            graph::Direction::Backward => path.hops.last().map(|hop| hop.to),
        };
        let end = end.unwrap_or(cluster);
        Ok(Some(NearestAnswer {
            hops: u32::from(hops),
            cluster: end,
            address: self.cluster_text(end),
            entity: if distance.of_listed() { self.entity_of(end) } else { self.tag_label(end) },
            path: self.hop_answers(&path.hops),
        }))
    }

    /// The most confident tag of a cluster, with its category.
    fn tag_label(&self, cluster: ClusterId) -> String {
        self.best_tag(cluster).map_or_else(String::new, |tag| match tag.category.as_str() {
            "" => tag.label,
            category => format!("{} ({category})", tag.label),
        })
    }
}

fn verdict(answer: &ScreenAnswer) -> Verdict {
    let near = &answer.proximity;
    if !answer.direct.is_empty() {
        Verdict::Listed
    } else if answer.cluster_hit_count > 0 {
        Verdict::ClusterListed
    } else if near.from_listed.is_some() || near.to_listed.is_some() {
        Verdict::Connected
    } else if !answer.tags.is_empty()
        || answer.cluster_tag_count > 0
        || near.from_tagged.is_some()
        || near.to_tagged.is_some()
    {
        Verdict::Tagged
    } else {
        Verdict::NothingFound
    }
}
