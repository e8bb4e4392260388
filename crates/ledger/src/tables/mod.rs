//! Tables: the Arrow schema of every stored table, and rows to columns and back.
//!
//! In: rows of this crate. Out: one `RecordBatch` a table, in the order of the rows. Each table is one [`Table`] constant:
//! name, key column (non-decreasing within a chain; the store prunes and unwinds by it) and schema. Hashes are
//! `FixedSizeBinary(32)` in chain order (back to front of how they are shown), heights `UInt32`, times `Int64` Unix
//! seconds, Bitcoin amounts `UInt64` satoshi, sums over clusters `Decimal128(38, 0)`.
//!
//! Checked by: round trips of every table over simulated worlds (`tests.rs`).

mod alert_tables;
mod attribution_tables;
mod chain_tables;
mod columns;
mod decision_tables;
mod derived_tables;
mod feature_tables;
mod mix_tables;
mod model_tables;
mod monitored_tables;
mod risk_entities;
mod risk_exposures;
mod risk_patterns;
mod risk_payments;
mod risk_proximities;
mod risk_ranks;
mod risk_scores;
mod suggestion_tables;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};

pub use alert_tables::{
    ALERT_EVENTS, ALERT_FACTS, RULES, alert_events_from, alert_events_to, alert_facts_from,
    alert_facts_to, rules_from, rules_to,
};
pub use attribution_tables::{
    list_imports_from, list_imports_to, listings_from, listings_to, prices_from, prices_to,
    tags_from, tags_to,
};
pub use chain_tables::{
    aliases_from, aliases_to, batch_from, blocks_from, blocks_to, inputs_from, inputs_to,
    outputs_from, outputs_to, resolutions_from, resolutions_to, transactions_from, transactions_to,
};
pub use decision_tables::{
    DECISIONS, HELD_LINKS, LINK_SOURCES, MODELS, decisions_from, decisions_to, held_links_from,
    held_links_to, link_sources_from, link_sources_to, models_from, models_to,
};
pub use derived_tables::{
    cluster_edges_from, cluster_edges_to, clusters_from, clusters_to, links_from, links_to,
};
pub use feature_tables::{
    CLUSTER_FEATURES, ClusterFeatures, FEATURE_COLUMNS, FeatureColumn, cluster_features_from,
    cluster_features_to,
};
pub use mix_tables::{MIXES, mixes_from, mixes_to};
pub use model_tables::{
    RISK_MODEL_LOG, RISK_MODELS, risk_model_package, risk_models_from, risk_models_to,
};
pub use monitored_tables::{MONITORED, monitored_from, monitored_to};
pub use risk_entities::{
    ENTITIES, ENTITY_CLUSTERS, entities_from, entities_to, entity_clusters_from, entity_clusters_to,
};
pub use risk_exposures::{EXPOSURES, exposures_from, exposures_to};
pub use risk_patterns::{PATTERNS, patterns_from, patterns_to};
pub use risk_payments::{MONITORED_PAYMENTS, monitored_payments_from, monitored_payments_to};
pub use risk_proximities::{PROXIMITIES, proximities_from, proximities_to};
pub use risk_ranks::{RANKS, ranks_from, ranks_to};
pub use risk_scores::{
    SCORE_TERMS, SCORES, score_terms_from, score_terms_to, scores_from, scores_to,
};
pub use suggestion_tables::{SUGGESTED_LINKS, suggested_links_from, suggested_links_to};

/// A stored table: its name, the column it is ordered and unwound by, and its schema.
#[derive(Debug)]
pub struct Table {
    /// The name, also the folder of its files.
    pub name: &'static str,
    /// What a row is, for the reference page.
    pub about: &'static str,
    /// The non-decreasing column; `None` for tables replaced as a whole.
    pub key: Option<&'static str>,
    columns: fn() -> Vec<Field>,
}

impl Table {
    /// The Arrow schema.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new((self.columns)()))
    }
}

/// Why a batch read from disk is not a table of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// A column is missing or has another type.
    #[error("table {table}: column {column} is missing or not of type {expected}")]
    Column {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The type it should have.
        expected: String,
    },
    /// A stored value is out of range.
    #[error("table {table}: column {column}, row {row}: {value} is not a known value")]
    Value {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row of the batch, from 0.
        row: usize,
        /// What stands there.
        value: String,
    },
}

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn hash(name: &str) -> Field {
    field(name, DataType::FixedSizeBinary(32))
}

/// One row a block.
pub static BLOCKS: Table = Table {
    name: "blocks",
    about: "one row a block of the best chain",
    key: Some("height"),
    columns: || {
        vec![
            field("height", DataType::UInt32),
            hash("hash"),
            hash("previous_hash"),
            hash("merkle_root"),
            field("time_s", DataType::Int64),
            field("bits", DataType::UInt32),
            field("size_bytes", DataType::UInt32),
            field("n_transactions", DataType::UInt32),
            field("first_tx", DataType::UInt64),
        ]
    },
};

/// One row a transaction.
pub static TRANSACTIONS: Table = Table {
    name: "transactions",
    about: "one row a transaction, in chain order",
    key: Some("height"),
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("time_s", DataType::Int64),
            hash("tx_id"),
            field("version", DataType::Int32),
            field("lock_time", DataType::UInt32),
            field("size_bytes", DataType::UInt32),
            field("weight", DataType::UInt32),
            field("n_inputs", DataType::UInt32),
            field("n_outputs", DataType::UInt32),
            field("coinbase", DataType::Boolean),
        ]
    },
};

/// One row an input.
pub static INPUTS: Table = Table {
    name: "inputs",
    about: "one row an input; coinbase inputs are left out. Where the spent output is unknown, amount and address are \
            null (never guessed)",
    key: Some("height"),
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("position", DataType::UInt32),
            hash("previous_tx_id"),
            field("previous_output", DataType::UInt32),
            field("sequence", DataType::UInt32),
            field("marks", DataType::UInt8),
            optional("address", DataType::UInt32),
            optional("amount_sat", DataType::UInt64),
            optional("script_type", DataType::UInt8),
        ]
    },
};

/// One row an output.
pub static OUTPUTS: Table = Table {
    name: "outputs",
    about: "one row an output; address is null where nobody can spend it; script is kept where the address does not \
            say it all",
    key: Some("height"),
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("position", DataType::UInt32),
            optional("address", DataType::UInt32),
            field("amount_sat", DataType::UInt64),
            field("script_type", DataType::UInt8),
            optional("script", DataType::Binary),
        ]
    },
};

/// One row a same-key or same-script fact.
pub static ALIASES: Table = Table {
    name: "aliases",
    about: "two addresses that one key or script controls, as the chain reveals it (kind: 1 same_key, 2 wrapped_script)",
    key: Some("height"),
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("kind", DataType::UInt8),
            field("address_a", DataType::UInt32),
            field("address_b", DataType::UInt32),
        ]
    },
};

/// One row an input that was unknown at first and is known since.
pub static RESOLUTIONS: Table = Table {
    name: "resolutions",
    about: "inputs whose spent output became known after their block was ingested; complete `inputs` by (tx, position)",
    key: None,
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("position", DataType::UInt32),
            optional("address", DataType::UInt32),
            field("amount_sat", DataType::UInt64),
            field("script_type", DataType::UInt8),
        ]
    },
};

/// One row a claim on an address.
pub static TAGS: Table = Table {
    name: "tags",
    about: "one row a claim on an address, as a tag pack makes it",
    key: None,
    columns: || {
        vec![
            field("address_key", DataType::FixedSizeBinary(34)),
            field("address_text", DataType::Utf8),
            field("network", DataType::Utf8),
            field("label", DataType::Utf8),
            field("category", DataType::Utf8),
            field("concepts", DataType::Utf8),
            field("actor", DataType::Utf8),
            field("source", DataType::Utf8),
            field("confidence_name", DataType::Utf8),
            field("confidence", DataType::UInt8),
            field("defines_cluster", DataType::Boolean),
            field("pack", DataType::Utf8),
            field("creator", DataType::Utf8),
            optional("modified_at_s", DataType::Int64),
            field("known_at_s", DataType::Int64),
        ]
    },
};

/// One row an event of a sanctions list.
pub static LISTINGS: Table = Table {
    name: "listings",
    about: "append-only log of list events (event: 1 listed, 2 delisted) in two times: effective and known",
    key: None,
    columns: || {
        vec![
            field("list", DataType::Utf8),
            field("event", DataType::UInt8),
            field("address_key", DataType::FixedSizeBinary(34)),
            field("address_text", DataType::Utf8),
            field("label", DataType::Utf8),
            field("entity_id", DataType::Utf8),
            field("entity_name", DataType::Utf8),
            field("programs", DataType::Utf8),
            field("effective_at_s", DataType::Int64),
            field("known_at_s", DataType::Int64),
            field("list_version", DataType::Utf8),
        ]
    },
};

/// One row a version of a list that was taken in.
pub static LIST_IMPORTS: Table = Table {
    name: "list_imports",
    about: "one row a version of a list that was taken in, whether or not it changed anything",
    key: None,
    columns: || {
        vec![
            field("list", DataType::Utf8),
            field("list_version", DataType::Utf8),
            field("format", DataType::Utf8),
            optional("published_at_s", DataType::Int64),
            field("known_at_s", DataType::Int64),
            field("n_entries", DataType::UInt64),
            field("n_added", DataType::UInt64),
            field("n_removed", DataType::UInt64),
        ]
    },
};

/// One row a candle.
pub static PRICES: Table = Table {
    name: "prices",
    about: "one row a price interval of an asset in a currency",
    key: None,
    columns: || {
        vec![
            field("asset", DataType::Utf8),
            field("currency", DataType::Utf8),
            field("time_s", DataType::Int64),
            field("interval_s", DataType::UInt32),
            field("open", DataType::Float64),
            field("high", DataType::Float64),
            field("low", DataType::Float64),
            field("close", DataType::Float64),
            field("volume", DataType::Float64),
        ]
    },
};

/// One row a piece of evidence that two addresses have one owner.
pub static LINKS: Table = Table {
    name: "links",
    about: "evidence that two addresses have one owner: transaction, heuristic, confidence, and what stands behind it \
            (source: 0 the rule itself, else a row of link_sources)",
    key: Some("height"),
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("address_a", DataType::UInt32),
            field("address_b", DataType::UInt32),
            field("heuristic", DataType::UInt8),
            field("confidence", DataType::Float32),
            field("source", DataType::UInt32),
        ]
    },
};

/// One row a member of a cluster of two or more.
pub static CLUSTERS: Table = Table {
    name: "clusters",
    about: "members of clusters of two or more addresses; an address without a row is its own cluster. A view over links",
    key: None,
    columns: || vec![field("cluster", DataType::UInt32), field("address", DataType::UInt32)],
};

/// One row a pair of clusters and an asset.
pub static CLUSTER_EDGES: Table = Table {
    name: "cluster_edges",
    about: "what one cluster moved to another per asset: amount, its value when it moved (millionths of the currency), the \
            amount that had no price then, and transactions by mark. A view over the ledger, clusters and prices",
    key: None,
    columns: || {
        vec![
            field("source", DataType::UInt32),
            field("target", DataType::UInt32),
            field("asset", DataType::Utf8),
            field("amount", DataType::Decimal128(38, 0)),
            field("n_transactions", DataType::UInt64),
            field("n_mixing", DataType::UInt64),
            field("n_amount_unknown", DataType::UInt64),
            field("value_micros", DataType::Decimal128(38, 0)),
            field("amount_unpriced", DataType::Decimal128(38, 0)),
            field("n_high_volatility", DataType::UInt64),
            field("first_time_s", DataType::Int64),
            field("last_time_s", DataType::Int64),
        ]
    },
};

/// Every table, in the order of the line of data.
pub static ALL: LazyLock<Vec<&'static Table>> = LazyLock::new(|| {
    vec![
        &BLOCKS,
        &TRANSACTIONS,
        &INPUTS,
        &OUTPUTS,
        &ALIASES,
        &RESOLUTIONS,
        &TAGS,
        &LISTINGS,
        &PRICES,
        &MONITORED,
        &LINKS,
        &MIXES,
        &CLUSTERS,
        &CLUSTER_EDGES,
        &DECISIONS,
        &HELD_LINKS,
        &LINK_SOURCES,
        &MODELS,
        &CLUSTER_FEATURES,
        &SUGGESTED_LINKS,
        &ENTITIES,
        &ENTITY_CLUSTERS,
        &MONITORED_PAYMENTS,
        &RULES,
        &ALERT_EVENTS,
        &ALERT_FACTS,
        &RANKS,
        &SCORES,
        &SCORE_TERMS,
        &RISK_MODELS,
        &EXPOSURES,
        &PATTERNS,
        &PROXIMITIES,
    ]
});
