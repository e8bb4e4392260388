//! What long work reports when it is done: plain data, like the answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ledger::Timestamp;
use serde::Serialize;

/// Where blocks come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BitcoinSource {
    /// Files or a folder; what they are is told from what they hold: a Bitcoin Core data directory, raw blocks, or
    /// bitcoin-etl exports.
    Path(Vec<PathBuf>),
    /// A Bitcoin Core node.
    Node {
        /// `http://127.0.0.1:8332`
        url: String,
        /// `user:password`; the cookie file is used where it is empty.
        user: String,
        /// The node's cookie file.
        cookie: Option<PathBuf>,
        /// Fetch whole blocks over REST in place of JSON-RPC.
        rest: bool,
        /// Go on for ever, following the tip.
        follow: bool,
    },
}

/// How blocks are taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestOptions {
    /// Take in blocks that do not connect to what the ledger holds.
    pub allow_gaps: bool,
    /// The height of the first block where nothing else tells it.
    pub first_height: Option<u32>,
    /// Use blocks that the ledger holds already, or that lie before it, to resolve unknown inputs.
    pub resolve: bool,
    /// Pass over bytes of a `blk*.dat` file that are no block, counted, in place of refusing the file.
    pub skip_garbage: bool,
    /// Stop after this height.
    pub last_height: Option<u32>,
}

/// What an intake did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IngestReport {
    /// Blocks taken in.
    pub blocks: u64,
    /// Their raw size.
    pub bytes: u64,
    /// Transactions taken in.
    pub transactions: u64,
    /// Inputs taken in.
    pub inputs: u64,
    /// Of them, inputs whose spent output is unknown.
    pub inputs_unknown: u64,
    /// Outputs taken in.
    pub outputs: u64,
    /// Addresses seen for the first time.
    pub addresses_new: u64,
    /// Inputs of earlier blocks that are known now.
    pub inputs_resolved: u64,
    /// Blocks passed over because the ledger holds them.
    pub blocks_held: u64,
    /// Blocks taken back because another branch has more work.
    pub blocks_unwound: u64,
    /// Height of the last block held.
    pub last_height: Option<u32>,
    /// Commits made.
    pub commits: u64,
    /// What a person should know: files passed over, checks that could not be made, stale branches.
    pub notes: Vec<String>,
    /// Alerts that payments to monitored addresses raised at once; the rules that need more than lists are asked by the
    /// next run.
    pub alerts_raised: u64,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// Which list is imported, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListImport {
    /// Name of the list: `ofac-sdn`.
    pub list: String,
    /// Its files or folder.
    pub paths: Vec<PathBuf>,
    /// Its publication date, where the files do not tell it.
    pub published: Option<Timestamp>,
    /// Up to so many addresses may vanish from the list.
    pub accept_removals: Option<usize>,
    /// Take CSV files of OFAC's that lack their end mark, which a cut download lacks too.
    pub accept_unterminated: bool,
    /// Say what would change, and change nothing.
    pub dry_run: bool,
}

/// What a list import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListReport {
    /// The list.
    pub list: String,
    /// The format found.
    pub format: String,
    /// Hash of the files.
    pub version: String,
    /// Publication date.
    pub published_s: Option<Timestamp>,
    /// Entities read.
    pub entities: u64,
    /// Addresses read.
    pub entries: u64,
    /// Identifiers that are no address we decode, as `ticker text (reason)`; kept out of matching, never dropped
    /// silently.
    pub unmatched: Vec<String>,
    /// Addresses new on the list.
    pub added: Vec<String>,
    /// Addresses gone from it.
    pub removed: Vec<String>,
    /// Addresses on both.
    pub unchanged: u64,
    /// Of them, with another name, ticker or program than before.
    pub relabelled: u64,
    /// Live entries after it.
    pub live: u64,
    /// What was odd about the files, without being an error.
    pub warnings: Vec<String>,
    /// Of the added ones, how many have appeared in the ledger.
    pub added_in_ledger: u64,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What the import of one tag pack did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackReport {
    /// The pack.
    pub pack: String,
    /// Tags kept.
    pub tags: u64,
    /// Tags refused.
    pub refused: u64,
    /// Tags that say again what another tag of the pack says; one of them is kept.
    pub duplicates: u64,
    /// How many tags were refused for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// How many of the tags kept each remark applies to.
    pub remarks: BTreeMap<String, u64>,
    /// The first refusals in full.
    pub refusals: Vec<String>,
}

/// What an import of tag packs did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TagsReport {
    /// Each pack, in order of its name.
    pub packs: Vec<PackReport>,
    /// Tags kept in all.
    pub tags: u64,
    /// Tags refused in all.
    pub refused: u64,
    /// Addresses that the same packs tagged before and do not any more.
    pub removed: u64,
    /// Packs that are held under another name too, so that what they say counts twice.
    pub twice: Vec<String>,
    /// Actors read from actor packs.
    pub actors: u64,
    /// Packs that could not be read at all, with the reason.
    pub failed: Vec<String>,
    /// Tags in the store after it.
    pub tags_held: u64,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// Links made.
    pub links_new: u64,
    /// Links in all.
    pub links: u64,
    /// Of them by heuristic.
    pub links_by_heuristic: BTreeMap<String, u64>,
    /// Links that the collapse guard holds until a person decides.
    pub held_links: u64,
    /// Links that behavior suggests; nothing follows them until a person accepts.
    pub suggested_links: u64,
    /// Addresses whose cluster was made again because of other decisions or tags; null if all were made from empty.
    pub addresses_rebuilt: Option<u64>,
    /// Decisions in force that name nothing in this ledger.
    pub decisions_without_effect: u64,
    /// Clusters of two or more.
    pub clusters: u64,
    /// Addresses in them.
    pub clustered_addresses: u64,
    /// Size of the largest.
    pub largest_cluster: u64,
    /// Pairs of clusters between which value moved.
    pub cluster_edges: u64,
    /// Edges of the flow graph.
    pub flow_edges: u64,
    /// Transactions that may be collaborative.
    pub mixing_transactions: u64,
    /// Of them, by the protocol that made them, those that carry a label.
    pub mixes_by_protocol: BTreeMap<String, u64>,
    /// Whether links of change are made: version of the model, or why there are none.
    pub change_model: String,
    /// Clusters with a listed member.
    pub listed_clusters: u64,
    /// Clusters with a tagged member.
    pub tagged_clusters: u64,
    /// Clusters within the bound of a listed one, from it and to it.
    pub near_listed: [u64; 2],
    /// Known parties: those of lists and tags that hold a cluster.
    pub known_parties: u64,
    /// Clusters with money from a known party, or to one.
    pub exposed_clusters: u64,
    /// Clusters within the bound of a known party.
    pub near_known_clusters: u64,
    /// Typologies found.
    pub patterns: u64,
    /// Clusters with a score above nothing.
    pub scored_clusters: u64,
    /// What happened to alerts: raised, raised again, updated, withdrawn, joined.
    pub alerts: AlertsOfRun,
    /// Whether there was nothing to do.
    pub up_to_date: bool,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What publishing a profile of scores did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileReport {
    /// The profile in force before.
    pub before: String,
    /// The profile in force from the next run on.
    pub after: String,
    /// Whether they differ.
    pub changed: bool,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What the rules made of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlertsOfRun {
    /// Rules in force.
    pub rules: u64,
    /// Alerts that are new.
    pub raised: u64,
    /// Alerts whose cause came back.
    pub reraised: u64,
    /// Alerts whose basis changed.
    pub updated: u64,
    /// Alerts whose cause went.
    pub withdrawn: u64,
    /// Alerts that became one with an older one.
    pub merged: u64,
    /// Evaluations that could not say, because a fact is not known.
    pub unknown: u64,
    /// Rules of which a part cannot be read today, with the reason: what it says is unknown of everybody.
    pub cannot_say: Vec<String>,
}

/// What verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// Files read and hashed.
    pub files: u64,
    /// What is damaged, each with its file.
    pub damage: Vec<String>,
    /// Contradictions between tables, each with its place.
    pub contradictions: Vec<String>,
    /// Whether the derived tables were made again and compared.
    pub rerun: bool,
    /// Why they were not, where that was asked for: they are out of date, which is no damage.
    pub not_compared: Vec<String>,
    /// Whether everything that was read is sound.
    pub sound: bool,
    /// The store snapshot verified.
    pub snapshot: String,
}

impl VerifyReport {
    /// Whether everything that was asked for was compared, and is sound.
    pub fn all_holds(&self) -> bool {
        self.sound && self.not_compared.is_empty()
    }
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Arrow IPC stream.
    Arrow,
    /// Parquet.
    Parquet,
    /// Comma-separated values with a header; text that a spreadsheet would run as a formula is quoted.
    Csv,
}

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// The table.
    pub table: String,
    /// Rows written.
    pub rows: u64,
    /// The store snapshot exported.
    pub snapshot: String,
}
