//! Names in the store: which columns, dictionaries, mapped files and checkpoints this product keeps, and what a
//! record of each is. `docs/reference/tables.md` describes the tables.

use std::sync::LazyLock;

use ledger::tables::{self, Table};
use store::TableSpec;

/// The partition of tables that belong to Bitcoin.
pub(crate) const BITCOIN: &str = "bitcoin";
/// The partition of tables over all chains.
pub(crate) const SHARED: &str = "all";

/// Address keys to address ids.
pub(crate) const ADDRESSES: &str = "addresses";
/// Transaction ids to transaction indexes, one dictionary a chain.
pub(crate) const BITCOIN_TX: &str = "bitcoin_tx";
/// A transaction id is 32 bytes.
pub(crate) const TX_KEY_BYTES: usize = 32;

/// Per transaction: the index of its first output (u64), little-endian.
pub(crate) const FIRST_OUTPUT: &str = "bitcoin_first_output";
/// Per output: amount in satoshi (u64), address id (u32, [`NO_ADDRESS`] for none), script type (u8).
pub(crate) const OUTPUTS: &str = "bitcoin_outputs";
/// Per block: see [`BlockRecord`].
pub(crate) const BLOCKS: &str = "bitcoin_blocks";
/// Stands for "no address" where an id is stored as a bare number.
pub(crate) const NO_ADDRESS: u32 = u32::MAX;

pub(crate) const FIRST_OUTPUT_BYTES: usize = 8;
pub(crate) const OUTPUT_BYTES: usize = 13;

/// Checkpoints: the height up to which a stage has gone, plus one (so that 0 means nothing).
pub(crate) mod checkpoint {
    /// Blocks are in the ledger below this height.
    pub(crate) const LEDGER: &str = "ledger.bitcoin";
    /// Links are made below this height.
    pub(crate) const LINKS: &str = "links.bitcoin";
    /// The model of change that links are made with: its number, 0 for none.
    pub(crate) const LINKS_MODEL: &str = "links.model";
    /// Rows of `resolutions` that links have taken in.
    pub(crate) const LINKS_RESOLUTIONS: &str = "links.resolutions";
    /// Clusters and everything after them stand for blocks below this height.
    pub(crate) const CLUSTERS: &str = "clusters.bitcoin";
    /// Links that the clusters have taken in.
    pub(crate) const CLUSTERS_LINKS: &str = "clusters.links";
    /// The attribution (lists and tags) that proximity was computed for: see `attribution`.
    pub(crate) const ATTRIBUTION: &str = "attribution";
    /// The attribution that `run` has taken in.
    pub(crate) const RUN_ATTRIBUTION: &str = "run.attribution";
    /// Decisions that `run` has followed.
    pub(crate) const RUN_DECISIONS: &str = "run.decisions";
    /// The model of resolution that suggestions were made with: its number, 0 for none.
    pub(crate) const RUN_RESOLUTION: &str = "run.resolution";
    /// The configuration of ownership that `run` followed: see `OwnershipConfig::stamp`.
    pub(crate) const RUN_OWNERSHIP: &str = "run.ownership";
    /// The configuration of risk that `run` followed: see `RiskConfig::stamp`.
    pub(crate) const RUN_RISK: &str = "run.risk";
    /// The thresholds and windows of patterns at the last run, by what they say.
    pub(crate) const RUN_PATTERNS: &str = "run.patterns";
    /// The profile of scores in force at the last run, by what it says, embedded or published.
    pub(crate) const RUN_PROFILE: &str = "run.profile";
    /// Rows of `monitored` that `run` has followed.
    pub(crate) const RUN_MONITORED: &str = "run.monitored";
    /// Rows of `risk_models` that `run` has followed.
    pub(crate) const RUN_MODELS: &str = "run.models";
    /// The bound of screening, in hops, that the last run looked to.
    pub(crate) const RUN_SCREENING: &str = "run.screening";
    /// 1 once rules were asked about the tables of the last run; 0 between its two commits, and where a run was cut off there.
    pub(crate) const RUN_ALERTS: &str = "run.alerts";
    /// Rows of `rules` that were asked about the last run.
    pub(crate) const RUN_RULES: &str = "run.rules";
    /// Imports of prices that changed something.
    pub(crate) const PRICES: &str = "prices";
    /// The prices that `run` has taken in.
    pub(crate) const RUN_PRICES: &str = "run.prices";
    /// The configuration of money that `run` followed: see `MoneyConfig::stamp`.
    pub(crate) const RUN_MONEY: &str = "run.money";
    /// The prices that links of change are made with; 0 without a model of change.
    pub(crate) const LINKS_PRICES: &str = "links.prices";
    /// Inputs in the ledger.
    pub(crate) const INPUTS: &str = "count.inputs";
    /// Inputs whose spent output was unknown when their block came in.
    pub(crate) const INPUTS_UNKNOWN: &str = "count.inputs_unknown";
}

/// Mapped Arrow files of the derived snapshot.
pub(crate) mod mapped {
    /// Per address: label of its cluster.
    pub(crate) const LABELS: &str = "cluster_labels";
    /// Per address (plus one): offset into the members of the cluster it names.
    pub(crate) const MEMBER_OFFSETS: &str = "member_offsets";
    /// Addresses grouped by cluster.
    pub(crate) const MEMBERS: &str = "members";
    /// Flow edges in time order.
    pub(crate) const EDGES: &str = "flow_edges";
    /// Per node (plus one): offsets of outgoing and incoming edge ids.
    pub(crate) const NODES: &str = "flow_nodes";
    /// Edge ids by source, and by target.
    pub(crate) const EDGE_IDS: &str = "flow_edge_ids";
    /// Per address (plus one): offsets into its links.
    pub(crate) const LINK_OFFSETS: &str = "link_offsets";
    /// Link ids by address.
    pub(crate) const LINK_IDS: &str = "link_ids";
    /// Links, in order.
    pub(crate) const LINKS: &str = "link_ends";
    /// Transactions that are labelled or possibly collaborative, by transaction.
    pub(crate) const MIXES: &str = "mixes";
    /// Rows of `cluster_features`, by cluster.
    pub(crate) const FEATURES: &str = "cluster_features";
    /// The entity that each address is known to be of, by address.
    pub(crate) const ENTITIES: &str = "address_entities";
    /// Tags sorted by address key.
    pub(crate) const TAGS: &str = "tags_by_address";
    /// Tags of addresses that have appeared, by cluster, the most confident first.
    pub(crate) const CLUSTER_TAGS: &str = "cluster_tags";
    /// Rows of `cluster_edges` with their value, by source and target.
    pub(crate) const EDGE_VALUES: &str = "edge_values";
    /// Prices as they were known, by time.
    pub(crate) const PRICES: &str = "prices_known";
    /// Prefix of the four proximity results.
    pub(crate) const PROXIMITY: &str = "proximity";
}

/// What is kept of a block for fast look-ups: hash, height, addresses and transactions so far, time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockRecord {
    pub(crate) hash: [u8; 32],
    pub(crate) height: u32,
    /// Addresses in the dictionary once the block was in.
    pub(crate) n_addresses_after: u32,
    /// Compact proof-of-work target; branches are compared by it.
    pub(crate) bits: u32,
    pub(crate) time_s: i64,
    pub(crate) first_tx: u64,
    /// Inputs, and inputs unknown, once the block was in.
    pub(crate) inputs_after: u64,
    pub(crate) inputs_unknown_after: u64,
}

impl BlockRecord {
    pub(crate) const BYTES: usize = 76;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..32].copy_from_slice(&self.hash);
        bytes[32..36].copy_from_slice(&self.height.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.n_addresses_after.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.time_s.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.first_tx.to_le_bytes());
        bytes[56..64].copy_from_slice(&self.inputs_after.to_le_bytes());
        bytes[64..72].copy_from_slice(&self.inputs_unknown_after.to_le_bytes());
        bytes[72..].copy_from_slice(&self.bits.to_le_bytes());
        bytes
    }

    /// From a stored record.
    ///
    /// # Panics
    /// If the slice is shorter than a record; columns hand out whole records only.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let four =
            |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let eight =
            |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Self {
            hash: bytes[..32].try_into().expect("32 bytes"),
            height: four(32),
            n_addresses_after: four(36),
            bits: four(72),
            time_s: i64::from_le_bytes(bytes[40..48].try_into().expect("eight bytes")),
            first_tx: eight(48),
            inputs_after: eight(56),
            inputs_unknown_after: eight(64),
        }
    }
}

/// The store's view of a table of the ledger.
pub(crate) fn spec(table: &'static Table) -> TableSpec {
    let spec = TableSpec::new(table.name, table.schema());
    match table.key {
        Some(key) => spec.key(key),
        None => spec,
    }
}

/// The tables that belong to Bitcoin and are unwound by height.
pub(crate) static BY_HEIGHT: LazyLock<[&'static Table; 7]> = LazyLock::new(|| {
    [
        &tables::BLOCKS,
        &tables::TRANSACTIONS,
        &tables::INPUTS,
        &tables::OUTPUTS,
        &tables::ALIASES,
        &tables::LINKS,
        &tables::MIXES,
    ]
});

/// The tables of risk: each made whole by a run, and mapped under its own name for questions.
pub(crate) static RISK: LazyLock<[&'static Table; 9]> = LazyLock::new(|| {
    [
        &tables::ENTITIES,
        &tables::ENTITY_CLUSTERS,
        &tables::EXPOSURES,
        &tables::PROXIMITIES,
        &tables::PATTERNS,
        &tables::RANKS,
        &tables::SCORES,
        &tables::SCORE_TERMS,
        &tables::MONITORED_PAYMENTS,
    ]
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_record_is_read_back() {
        let record = BlockRecord {
            hash: [7; 32],
            height: 1,
            n_addresses_after: 2,
            bits: 0x1d00_ffff,
            time_s: -3,
            first_tx: 1 << 40,
            inputs_after: 5,
            inputs_unknown_after: 6,
        };
        assert_eq!(BlockRecord::from_bytes(&record.to_bytes()), record);
    }
}
