//! What the engine answers: plain data in the user's words, ready for text, JSON, Arrow and Python. Adapters only
//! render it.

mod alerts;
mod money;
mod ownership;
mod risk;

use ledger::{Amount, Chain, ClusterId, Height, Timestamp, TxId};
use serde::Serialize;

pub use alerts::*;
pub use money::*;
pub use ownership::*;
pub use risk::*;

/// An amount with its asset, exact in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sats(pub u64);

impl Serialize for Sats {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl std::fmt::Display for Sats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{} BTC", Amount::from_sat(self.0).in_coins(8)))
    }
}

/// One ownership change on a path: all of it in one transaction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HopAnswer {
    /// The transaction.
    pub tx: TxId,
    /// Its block's height.
    pub height: Height,
    /// Its block's time.
    pub time_s: Timestamp,
    /// The sending cluster, and the address of it by which it is named.
    pub from_cluster: ClusterId,
    /// The smallest address of the sending cluster, as text.
    pub from_address: String,
    /// The receiving cluster.
    pub to_cluster: ClusterId,
    /// The smallest address of the receiving cluster, as text.
    pub to_address: String,
    /// What the receiver got of the sender, or the most it can have got where the transaction mixes several.
    pub amount_sat: Sats,
    /// Whether several owners may have joined in the transaction, so that who paid whom is not known.
    pub mixing: bool,
    /// The mixing protocol that made it, where it carries a label.
    pub protocol: Option<&'static str>,
    /// What the amount was worth then; null where no price was known.
    pub value: Option<ValueAnswer>,
    /// Whether it fell into a period of high volatility; null where that is not known.
    pub high_volatility: Option<bool>,
}

/// A path of hops, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathAnswer {
    /// How many ownership changes.
    pub hops: u32,
    /// The smallest amount along it; null for a path without hops.
    pub bottleneck_sat: Option<Sats>,
    /// What the cluster at its end is known as; empty if nothing is known of it.
    pub reached: String,
    /// The hops, oldest first.
    pub path: Vec<HopAnswer>,
}

/// A live entry of a sanctions list that names an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListingAnswer {
    /// Which list.
    pub list: String,
    /// The list's identifier of the party.
    pub entity_id: String,
    /// The party.
    pub entity_name: String,
    /// Sanctions programs.
    pub programs: String,
    /// The address as the list writes it.
    pub listed_as: String,
    /// The ticker beside it; not used for matching.
    pub label: String,
    /// Since when it is listed.
    pub listed_from_s: Timestamp,
    /// Since when we know.
    pub known_at_s: Timestamp,
    /// Hash of the list files in which it came.
    pub list_version: String,
}

/// A tag of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagAnswer {
    /// The tagged address as the pack writes it.
    pub address: String,
    /// Who or what it is said to be.
    pub label: String,
    /// Its category.
    pub category: String,
    /// Identifier of the real-world party.
    pub actor: String,
    /// Confidence, 0 to 100.
    pub confidence: u8,
    /// Where the claim comes from.
    pub source: String,
    /// The pack it came in.
    pub pack: String,
}

/// A listed address that shares the cluster of the one asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterHit {
    /// The listed address.
    pub address: String,
    /// Its entries.
    pub listings: Vec<ListingAnswer>,
}

/// The nearest entity of some kind, in one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearestAnswer {
    /// Ownership changes to it; 0 if the cluster itself is one.
    pub hops: u32,
    /// The cluster at the other end.
    pub cluster: ClusterId,
    /// Its smallest address.
    pub address: String,
    /// What it is: entity names or tag labels, the strongest first.
    pub entity: String,
    /// The way there, oldest hop first.
    pub path: Vec<HopAnswer>,
}

/// The four distances of proximity. A null means none within the bound of the last run where it was computed, and
/// nothing at all where it was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProximityAnswer {
    /// The bound of the search in hops.
    pub hops_max: u32,
    /// Whether hops to listed entities are known: a run covers the address, and the lists are those of today.
    pub listed_computed: bool,
    /// Whether hops to tagged entities are known: a run covers the address.
    pub tagged_computed: bool,
    /// Funds came from a listed entity.
    pub from_listed: Option<NearestAnswer>,
    /// Funds went to a listed entity.
    pub to_listed: Option<NearestAnswer>,
    /// Funds came from a tagged entity.
    pub from_tagged: Option<NearestAnswer>,
    /// Funds went to a tagged entity.
    pub to_tagged: Option<NearestAnswer>,
}

/// The strongest thing that screening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No list or ledger says anything of it, within the stated bounds.
    NothingFound,
    /// The address, its cluster or somebody within the bound is tagged.
    Tagged,
    /// A listed entity lies within the bound, in one direction or both.
    Connected,
    /// Another address of the same cluster is listed.
    ClusterListed,
    /// The address itself is listed.
    Listed,
}

impl Verdict {
    /// Whether the verdict is a hit: the address or its cluster is on a list.
    pub fn is_hit(self) -> bool {
        self >= Self::ClusterListed
    }

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::NothingFound => "nothing_found",
            Self::Tagged => "tagged",
            Self::Connected => "connected",
            Self::ClusterListed => "cluster_listed",
            Self::Listed => "listed",
        }
    }
}

/// The score beside a screening: what `tracehound risk` explains in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreGlance {
    /// 0 to 100.
    pub points: Points,
    /// Its band; null if the profile that made it is no longer the one in force.
    pub band: Option<String>,
    /// The hard rule that set it, if one did.
    pub hard_rule: Option<String>,
    /// What weighs most in it; empty if nothing does.
    pub because: String,
    /// The profile by which it was made: name and version.
    pub profile: String,
    /// Whether anything that it rests on changed since.
    pub stale: bool,
}

/// The answer to one screened address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScreenAnswer {
    /// The text asked for.
    pub query: String,
    /// The decoded address in its usual writing.
    pub address: String,
    /// Its family.
    pub family: &'static str,
    /// The chains on which the text is valid.
    pub chains: Vec<Chain>,
    /// Remarks on the text, such as a wrong checksum of capitals.
    pub notes: Vec<String>,
    /// The strongest finding.
    pub verdict: Verdict,
    /// Whether the address or its cluster is on a list.
    pub hit: bool,
    /// Entries that name the address itself.
    pub direct: Vec<ListingAnswer>,
    /// Listed addresses of its cluster, at most ten.
    pub cluster_hits: Vec<ClusterHit>,
    /// How many there are.
    pub cluster_hit_count: u64,
    /// Tags on the address itself.
    pub tags: Vec<TagAnswer>,
    /// Tags on other addresses of its cluster, at most ten, the most confident first.
    pub cluster_tags: Vec<TagAnswer>,
    /// How many tags the cluster has, those of the address itself among them.
    pub cluster_tag_count: u64,
    /// Whether the address has appeared in the ledger.
    pub in_ledger: bool,
    /// Its cluster; null if it has not appeared.
    pub cluster: Option<ClusterId>,
    /// How many addresses the cluster has.
    pub cluster_size: u64,
    /// Hops to the nearest listed and tagged entities.
    pub proximity: ProximityAnswer,
    /// How risky its owner is, by the last run; null where that run did not know it, beside lists of
    /// another date, and where a list that names it came after the run.
    pub score: Option<ScoreGlance>,
    /// Whether any part of the answer but the score may be out of date.
    pub stale: bool,
    /// Why.
    pub stale_because: Vec<String>,
    /// Hash over the versions of all lists.
    pub list_version: String,
    /// The store snapshot that answered.
    pub snapshot: String,
    /// The list as it stood then; null means now.
    pub as_of_s: Option<Timestamp>,
}

/// The answer to a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceAnswer {
    /// The address asked from.
    pub from: String,
    /// The address or category asked for.
    pub to: String,
    /// Whether times along the path never decrease.
    pub time_respecting: bool,
    /// Whether both ends are one cluster, so that there is nothing to trace.
    pub same_cluster: bool,
    /// The path with the fewest hops.
    pub shortest: Option<PathAnswer>,
    /// The next shortest, no two over the same clusters; as many as were asked for, or all there are.
    pub further: Vec<PathAnswer>,
    /// The path with the largest bottleneck.
    pub widest: Option<PathAnswer>,
    /// Which limit cut the search for the shortest and those next to it; null means that all of them are right.
    pub shortest_truncated_by: Option<String>,
    /// Which limit cut the search for the widest; null means that its answer is complete.
    pub widest_truncated_by: Option<String>,
    /// Edges visited by both searches.
    pub edges_visited: u64,
    /// Longest path looked for.
    pub hops_max: u32,
    /// Clusters with more outgoing transfers were not walked through.
    pub degree_max: u64,
    /// Categories whose clusters were reached but not walked through.
    pub not_through: Vec<String>,
    /// How many clusters these were.
    pub clusters_not_passed: u64,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// One step of the proof that two addresses have one owner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvidenceAnswer {
    /// The name of the link by which it can be withdrawn; null where the step rests on a whole transaction.
    pub link: Option<String>,
    /// One address.
    pub a: String,
    /// The other.
    pub b: String,
    /// The rule.
    pub heuristic: &'static str,
    /// Probability that the rule is right here.
    pub confidence: f32,
    /// The transaction that shows it.
    pub tx: TxId,
    /// The height by which the evidence was complete.
    pub height: Height,
    /// The time of the transaction's block.
    pub time_s: Timestamp,
    /// What stands behind it besides the rule: a fitted model, a person's decision.
    pub source: Option<SourceAnswer>,
    /// For a link of change: what each rule adds to its log-odds; empty for other links.
    pub contributions: Vec<ContributionAnswer>,
}

/// What stands behind a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceAnswer {
    /// `model` or `decision`.
    pub kind: String,
    /// The model's version, or the decision's name.
    pub name: String,
    /// In words.
    pub about: String,
}

/// Why two addresses are in one cluster, or that they are not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainAnswer {
    /// One address.
    pub a: String,
    /// The other.
    pub b: String,
    /// Whether they share a cluster.
    pub same_cluster: bool,
    /// The cluster of the first.
    pub cluster_a: ClusterId,
    /// The cluster of the second.
    pub cluster_b: ClusterId,
    /// As of which height; null means today.
    pub as_of: Option<Height>,
    /// Rules whose links were left out.
    pub without_rules: Vec<String>,
    /// Whether the chain is the most probable one, in place of the one with the fewest steps.
    pub most_probable: bool,
    /// The chain of evidence that joins them, in order.
    pub evidence: Vec<EvidenceAnswer>,
    /// Links between the two clusters that no cluster follows, because they wait for a person or one refused them.
    pub not_followed: Vec<ApartAnswer>,
    /// The product of the confidences: the least probable reading is that one of them is wrong.
    pub confidence: f64,
    /// Place in `evidence` of the piece with the least confidence.
    pub weakest: Option<usize>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// The members of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MembersAnswer {
    /// The cluster.
    pub cluster: ClusterId,
    /// As of which height; null means today.
    pub as_of: Option<Height>,
    /// How many addresses it has.
    pub size: u64,
    /// The first of them, by id; as many as were asked for.
    pub members: Vec<String>,
    /// Whether there are more than shown.
    pub truncated: bool,
    /// Tags on its members.
    pub tags: Vec<TagAnswer>,
    /// Listed members.
    pub listed: Vec<ClusterHit>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// One neighbor of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NeighborAnswer {
    /// The neighboring cluster.
    pub cluster: ClusterId,
    /// Its smallest address.
    pub address: String,
    /// What it is known as, if it is tagged or listed.
    pub entity: String,
    /// Moved in all; an upper bound where transactions mix several owners.
    pub amount_sat: u128,
    /// In how many transfers.
    pub n_transfers: u64,
    /// Time of the first.
    pub first_time_s: Timestamp,
    /// Time of the last.
    pub last_time_s: Timestamp,
    /// What it was worth when it moved, and in what transactions.
    #[serde(flatten)]
    pub worth: WorthAnswer,
}

/// The neighbors of a cluster in one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NeighborsAnswer {
    /// The address asked for.
    pub address: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// `out`: whom it paid; `in`: who paid it.
    pub direction: &'static str,
    /// The largest amounts first.
    pub neighbors: Vec<NeighborAnswer>,
    /// How many there are.
    pub total: u64,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// How many neighbors a cluster has in one direction, and how many of them are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// How many there are; 0 where they were not looked at.
    pub total: u64,
    /// How many are among the pairs, those with the largest amounts.
    pub shown: u64,
}

/// A cluster of a neighborhood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeighborhoodNode {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its smallest address.
    pub address: String,
    /// What it is known as, if it is tagged or listed.
    pub entity: String,
    /// Whether an address of it is on a list.
    pub listed: bool,
    /// How far it is from the cluster asked for.
    pub hops: u32,
    /// Whom it paid.
    pub paid: Shown,
    /// Who paid it.
    pub paid_by: Shown,
    /// `walked`; or why its neighbors are not shown: `last_hop`, `not_through`, `cut` by a limit.
    pub state: &'static str,
}

/// What one cluster of a neighborhood paid another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeighborhoodPair {
    /// Who paid.
    pub from: ClusterId,
    /// Who was paid.
    pub to: ClusterId,
    /// Moved in all; an upper bound where transactions mix several owners.
    pub amount_sat: u128,
    /// In how many transfers.
    pub n_transfers: u64,
    /// Time of the first.
    pub first_time_s: Timestamp,
    /// Time of the last.
    pub last_time_s: Timestamp,
    /// What it was worth when it moved, and in what transactions; nothing where transfers were filtered.
    #[serde(flatten)]
    pub worth: WorthAnswer,
}

/// The clusters around one, and what they paid each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeighborhoodAnswer {
    /// The address asked for.
    pub address: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// `out`: along payments; `in`: against them; `both`.
    pub direction: &'static str,
    /// How far was looked.
    pub hops_max: u32,
    /// Neighbors shown of a cluster in one direction at most.
    pub neighbors_max: u64,
    /// The clusters, nearest first.
    pub nodes: Vec<NeighborhoodNode>,
    /// The payments, as they were found.
    pub pairs: Vec<NeighborhoodPair>,
    /// Edges visited.
    pub edges_visited: u64,
    /// Which limit left something out; null means that all is shown that was asked for.
    pub truncated_by: Option<String>,
    /// Clusters nearer than this were all walked.
    pub complete_hops: u32,
    /// Categories whose clusters were reached but not walked through.
    pub not_through: Vec<String>,
    /// How many clusters these were.
    pub clusters_not_passed: u64,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// A large cluster, for the status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LargeCluster {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its smallest address.
    pub address: String,
    /// How many addresses it has.
    pub size: u64,
    /// What it is known as.
    pub entity: String,
}

/// The state of the store in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StatusAnswer {
    /// Blocks held.
    pub blocks: u64,
    /// Height of the first; null if there is none.
    pub first_height: Option<u32>,
    /// Height of the last.
    pub last_height: Option<u32>,
    /// Hash of the last.
    pub last_block: Option<String>,
    /// Time of the last.
    pub last_time_s: Option<i64>,
    /// Transactions held.
    pub transactions: u64,
    /// Inputs held; coinbase inputs spend nothing and are not counted.
    pub inputs: u64,
    /// Inputs whose spent output is not known.
    pub inputs_unknown: u64,
    /// Inputs that became known after their block came in.
    pub inputs_resolved_later: u64,
    /// Outputs held.
    pub outputs: u64,
    /// Addresses that have appeared.
    pub addresses: u64,
    /// Pieces of evidence that two addresses have one owner.
    pub links: u64,
    /// Clusters of two or more addresses.
    pub clusters: u64,
    /// Addresses in clusters of two or more.
    pub clustered_addresses: u64,
    /// The largest clusters.
    pub largest_clusters: Vec<LargeCluster>,
    /// Pairs of clusters between which value moved.
    pub cluster_edges: u64,
    /// Tags held.
    pub tags: u64,
    /// Addresses of the ledger that carry a tag.
    pub tagged_addresses: u64,
    /// Live entries of sanctions lists.
    pub listings: u64,
    /// Addresses of the ledger that are listed.
    pub listed_addresses: u64,
    /// Each list with its number of live entries and version.
    pub lists: Vec<ListStatus>,
    /// Hash over the versions of all lists.
    pub list_version: String,
    /// Whether the derived tables stand for the whole ledger, the lists and the tags.
    pub stale: bool,
    /// Why not.
    pub stale_because: Vec<String>,
    /// The store snapshot.
    pub snapshot: String,
    /// The number of its commit.
    pub commit: u64,
}

/// One list, for the status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListStatus {
    /// The list.
    pub list: String,
    /// Live entries.
    pub entries: u64,
    /// Hash of the files of its last version.
    pub version: String,
    /// When it was last imported.
    pub imported_at_s: Timestamp,
}
