//! The tables of decisions, held links, models and what stands behind links; rows to columns and back.

use std::sync::Arc;

use arrow_array::types::{Float32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::columns::{Columns, batch, nullable_array, number_array, string_array};
use super::{Table, TableError, field, optional};
use crate::{
    ADDRESS_KEY_BYTES, Address, AddressId, ClusterId, DecisionKind, DecisionRecord, Height,
    HeldRecord, Link, LinkSource, ModelRecord, Timestamp, TxId, TxIndex,
};

const ADDRESS_KEY: i32 = 34;
const _: () = assert!(ADDRESS_KEY_BYTES == 34);

/// One row a decision of a person.
pub static DECISIONS: Table = Table {
    name: "decisions",
    about: "append-only log of what people decided about links (kind: 1 accept_link, 2 refuse_link, 3 withdraw_link, 4 \
            withdraw_rule, 5 withdraw_heights, 6 revoke, 7 accept_suggestion, 8 refuse_suggestion), by transaction and \
            address, with the reason",
    key: None,
    columns: || {
        vec![
            field("id", DataType::Utf8),
            field("kind", DataType::UInt8),
            optional("tx_id", DataType::FixedSizeBinary(32)),
            optional("address_a_key", DataType::FixedSizeBinary(ADDRESS_KEY)),
            optional("address_b_key", DataType::FixedSizeBinary(ADDRESS_KEY)),
            optional("heuristic", DataType::UInt8),
            optional("from_height", DataType::UInt32),
            optional("to_height", DataType::UInt32),
            optional("revokes", DataType::Utf8),
            field("reason", DataType::Utf8),
            field("author", DataType::Utf8),
            field("decided_at_s", DataType::Int64),
        ]
    },
};

/// One row a link that the collapse guard holds.
pub static HELD_LINKS: Table = Table {
    name: "held_links",
    about: "links that were not followed until a person decides (reason: 1 both clusters are large, 2 their entities \
            conflict), with clusters, sizes and entities of both sides when they were held. A view over links",
    key: None,
    columns: || {
        vec![
            field("tx", DataType::UInt64),
            field("height", DataType::UInt32),
            field("address_a", DataType::UInt32),
            field("address_b", DataType::UInt32),
            field("heuristic", DataType::UInt8),
            field("confidence", DataType::Float32),
            field("source", DataType::UInt32),
            field("reason", DataType::UInt8),
            field("cluster_a", DataType::UInt32),
            field("cluster_b", DataType::UInt32),
            field("size_a", DataType::UInt32),
            field("size_b", DataType::UInt32),
            optional("entity_a", DataType::Utf8),
            optional("entity_b", DataType::Utf8),
        ]
    },
};

/// One row a source of links.
pub static LINK_SOURCES: Table = Table {
    name: "link_sources",
    about: "what stands behind links whose source is not 0: a fitted model or a decision of a person",
    key: None,
    columns: || {
        vec![
            field("id", DataType::UInt32),
            field("kind", DataType::Utf8),
            field("name", DataType::Utf8),
            field("about", DataType::Utf8),
        ]
    },
};

/// One row a fitted model.
pub static MODELS: Table = Table {
    name: "models",
    about: "append-only log of fitted models (kind: change, resolution), whole, with their figures; the last of a kind is \
            in force",
    key: None,
    columns: || {
        vec![
            field("id", DataType::UInt32),
            field("kind", DataType::Utf8),
            field("version", DataType::Utf8),
            field("text", DataType::Utf8),
            field("fitted_at_s", DataType::Int64),
        ]
    },
};

/// Rows of `decisions` to columns.
pub fn decisions_to(rows: &[DecisionRecord]) -> RecordBatch {
    let hashes = rows.iter().map(|row| row.tx_id.map(|id| *id.as_bytes()));
    let a: Vec<_> = rows.iter().map(|row| row.a.map(|address| address.key())).collect();
    let b: Vec<_> = rows.iter().map(|row| row.b.map(|address| address.key())).collect();
    let height = |height: Option<Height>| height.map(Height::get);
    let columns = vec![
        string_array(rows.iter().map(|row| row.id.as_str())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.kind as u8)),
        sparse_array(hashes.collect::<Vec<_>>()),
        sparse_array(a),
        sparse_array(b),
        nullable_array::<UInt8Type>(rows.iter().map(|row| row.heuristic)),
        nullable_array::<UInt32Type>(rows.iter().map(|row| height(row.from_height))),
        nullable_array::<UInt32Type>(rows.iter().map(|row| height(row.to_height))),
        Arc::new(rows.iter().map(|row| row.revokes.as_deref()).collect::<StringArray>()),
        string_array(rows.iter().map(|row| row.reason.as_str())),
        string_array(rows.iter().map(|row| row.author.as_str())),
        number_array::<Int64Type>(rows.iter().map(|row| row.decided_at.get())),
    ];
    batch(&DECISIONS, columns)
}

/// Rows of `decisions` from columns.
///
/// # Errors
/// If the batch has another schema, an unknown kind or a key that is no address.
pub fn decisions_from(batch: &RecordBatch) -> Result<Vec<DecisionRecord>, TableError> {
    let columns = Columns::new(&DECISIONS, batch);
    let ids = columns.strings("id")?;
    let kinds = columns.numbers::<UInt8Type>("kind")?;
    let tx_ids = sparse::<32>(&columns, "tx_id")?;
    let a = sparse::<ADDRESS_KEY_BYTES>(&columns, "address_a_key")?;
    let b = sparse::<ADDRESS_KEY_BYTES>(&columns, "address_b_key")?;
    let heuristics = columns.nullable::<UInt8Type>("heuristic")?;
    let from_heights = columns.nullable::<UInt32Type>("from_height")?;
    let to_heights = columns.nullable::<UInt32Type>("to_height")?;
    let revokes = columns.strings("revokes")?;
    let (reasons, authors) = (columns.strings("reason")?, columns.strings("author")?);
    let times = columns.numbers::<Int64Type>("decided_at_s")?;
    let address = |column, key: Option<[u8; ADDRESS_KEY_BYTES]>, row| match key {
        None => Ok(None),
        Some(key) => match Address::from_key(&key) {
            Some(address) => Ok(Some(address)),
            None => Err(columns.bad(column, row, format!("{key:02x?}"))),
        },
    };
    let row = |row: usize| {
        Ok(DecisionRecord {
            id: ids.value(row).to_owned(),
            kind: DecisionKind::from_number(kinds[row])
                .ok_or_else(|| columns.bad("kind", row, kinds[row]))?,
            tx_id: tx_ids(row).map(TxId::from_bytes),
            a: address("address_a_key", a(row), row)?,
            b: address("address_b_key", b(row), row)?,
            heuristic: heuristics.is_valid(row).then(|| heuristics.value(row)),
            from_height: from_heights.is_valid(row).then(|| Height::new(from_heights.value(row))),
            to_height: to_heights.is_valid(row).then(|| Height::new(to_heights.value(row))),
            revokes: revokes.is_valid(row).then(|| revokes.value(row).to_owned()),
            reason: reasons.value(row).to_owned(),
            author: authors.value(row).to_owned(),
            decided_at: Timestamp::new(times[row]),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of `held_links` to columns.
pub fn held_links_to(rows: &[HeldRecord]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.link.tx.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.link.height.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.link.a.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.link.b.get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.link.heuristic)),
        number_array::<Float32Type>(rows.iter().map(|row| row.link.confidence)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.link.source)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.reason)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.clusters[0].get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.clusters[1].get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.sizes[0])),
        number_array::<UInt32Type>(rows.iter().map(|row| row.sizes[1])),
        Arc::new(rows.iter().map(|row| row.entities[0].as_deref()).collect::<StringArray>()),
        Arc::new(rows.iter().map(|row| row.entities[1].as_deref()).collect::<StringArray>()),
    ];
    batch(&HELD_LINKS, columns)
}

/// Rows of `held_links` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn held_links_from(batch: &RecordBatch) -> Result<Vec<HeldRecord>, TableError> {
    let columns = Columns::new(&HELD_LINKS, batch);
    let numbers = |column| columns.numbers::<UInt32Type>(column);
    let transactions = columns.numbers::<UInt64Type>("tx")?;
    let (heights, sources) = (numbers("height")?, numbers("source")?);
    let (a, b) = (numbers("address_a")?, numbers("address_b")?);
    let heuristics = columns.numbers::<UInt8Type>("heuristic")?;
    let confidences = columns.numbers::<Float32Type>("confidence")?;
    let reasons = columns.numbers::<UInt8Type>("reason")?;
    let clusters = [numbers("cluster_a")?, numbers("cluster_b")?];
    let sizes = [numbers("size_a")?, numbers("size_b")?];
    let entities = [columns.strings("entity_a")?, columns.strings("entity_b")?];
    let row = |row: usize| HeldRecord {
        link: Link {
            tx: TxIndex::new(transactions[row]),
            height: Height::new(heights[row]),
            a: AddressId::new(a[row]),
            b: AddressId::new(b[row]),
            heuristic: heuristics[row],
            confidence: confidences[row],
            source: sources[row],
        },
        reason: reasons[row],
        clusters: clusters.map(|ids| ClusterId::new(AddressId::new(ids[row]))),
        sizes: sizes.map(|column| column[row]),
        entities: entities.map(|names| names.is_valid(row).then(|| names.value(row).to_owned())),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `link_sources` to columns.
pub fn link_sources_to(rows: &[LinkSource]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.id)),
        string_array(rows.iter().map(|row| row.kind.as_str())),
        string_array(rows.iter().map(|row| row.name.as_str())),
        string_array(rows.iter().map(|row| row.about.as_str())),
    ];
    batch(&LINK_SOURCES, columns)
}

/// Rows of `link_sources` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn link_sources_from(batch: &RecordBatch) -> Result<Vec<LinkSource>, TableError> {
    let columns = Columns::new(&LINK_SOURCES, batch);
    let ids = columns.numbers::<UInt32Type>("id")?;
    let (kinds, names) = (columns.strings("kind")?, columns.strings("name")?);
    let about = columns.strings("about")?;
    let row = |row: usize| LinkSource {
        id: ids[row],
        kind: kinds.value(row).to_owned(),
        name: names.value(row).to_owned(),
        about: about.value(row).to_owned(),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `models` to columns.
pub fn models_to(rows: &[ModelRecord]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.id)),
        string_array(rows.iter().map(|row| row.kind.as_str())),
        string_array(rows.iter().map(|row| row.version.as_str())),
        string_array(rows.iter().map(|row| row.text.as_str())),
        number_array::<Int64Type>(rows.iter().map(|row| row.fitted_at.get())),
    ];
    batch(&MODELS, columns)
}

/// Rows of `models` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn models_from(batch: &RecordBatch) -> Result<Vec<ModelRecord>, TableError> {
    let columns = Columns::new(&MODELS, batch);
    let ids = columns.numbers::<UInt32Type>("id")?;
    let (kinds, versions) = (columns.strings("kind")?, columns.strings("version")?);
    let texts = columns.strings("text")?;
    let times = columns.numbers::<Int64Type>("fitted_at_s")?;
    let row = |row: usize| ModelRecord {
        id: ids[row],
        kind: kinds.value(row).to_owned(),
        version: versions.value(row).to_owned(),
        text: texts.value(row).to_owned(),
        fitted_at: Timestamp::new(times[row]),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Byte strings of one length, null where there is none.
fn sparse_array<const N: usize>(values: Vec<Option<[u8; N]>>) -> ArrayRef {
    let width = i32::try_from(N).expect("widths are small");
    let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), width);
    Arc::new(array.expect("every value has the width of its type"))
}

/// Access to a column of byte strings with nulls.
fn sparse<'a, const N: usize>(
    columns: &Columns<'a>,
    column: &'static str,
) -> Result<impl Fn(usize) -> Option<[u8; N]> + 'a, TableError> {
    let at = columns.fixed::<N>(column)?;
    let array = columns.batch.column_by_name(column).expect("`fixed` found it");
    Ok(move |row| array.is_valid(row).then(|| at(row)))
}
