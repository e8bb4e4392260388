//! Rows of tags, listings and prices to columns and back.

use std::sync::Arc;

use arrow_array::types::{Float64Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, BooleanArray, RecordBatch};

use super::columns::{Columns, batch, fixed_array, nullable_array, number_array, string_array};
use super::{LIST_IMPORTS, LISTINGS, PRICES, TAGS, TableError};
use crate::{
    ADDRESS_KEY_BYTES, Address, ListImported, Listing, ListingEvent, Price, Tag, Timestamp,
};

/// Rows of `tags` to columns.
pub fn tags_to(rows: &[Tag]) -> RecordBatch {
    let keys: Vec<_> = rows.iter().map(|row| row.address.key()).collect();
    let defines: BooleanArray = rows.iter().map(|row| Some(row.defines_cluster)).collect();
    let columns = vec![
        fixed_array(keys.iter()),
        string_array(rows.iter().map(|row| row.address_text.as_str())),
        string_array(rows.iter().map(|row| row.network.as_str())),
        string_array(rows.iter().map(|row| row.label.as_str())),
        string_array(rows.iter().map(|row| row.category.as_str())),
        string_array(rows.iter().map(|row| row.concepts.as_str())),
        string_array(rows.iter().map(|row| row.actor.as_str())),
        string_array(rows.iter().map(|row| row.source.as_str())),
        string_array(rows.iter().map(|row| row.confidence_name.as_str())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.confidence)),
        Arc::new(defines),
        string_array(rows.iter().map(|row| row.pack.as_str())),
        string_array(rows.iter().map(|row| row.creator.as_str())),
        nullable_array::<Int64Type>(rows.iter().map(|row| row.modified_at.map(Timestamp::get))),
        number_array::<Int64Type>(rows.iter().map(|row| row.known_at.get())),
    ];
    batch(&TAGS, columns)
}

/// Rows of `tags` from columns.
///
/// # Errors
/// If the batch has another schema or a key that is no address.
pub fn tags_from(batch: &RecordBatch) -> Result<Vec<Tag>, TableError> {
    let columns = Columns::new(&TAGS, batch);
    let keys = columns.fixed::<ADDRESS_KEY_BYTES>("address_key")?;
    let text = |column| {
        let strings = columns.strings(column)?;
        Ok(move |row: usize| strings.value(row).to_owned())
    };
    let (address_text, network) = (text("address_text")?, text("network")?);
    let (label, category, concepts) = (text("label")?, text("category")?, text("concepts")?);
    let (actor, source) = (text("actor")?, text("source")?);
    let confidence_name = text("confidence_name")?;
    let confidence = columns.numbers::<UInt8Type>("confidence")?;
    let defines = columns.booleans("defines_cluster")?;
    let (pack, creator) = (text("pack")?, text("creator")?);
    let modified = columns.nullable::<Int64Type>("modified_at_s")?;
    let known = columns.numbers::<Int64Type>("known_at_s")?;
    let row = |row: usize| {
        Ok(Tag {
            address: address(&columns, &keys(row), row)?,
            address_text: address_text(row),
            network: network(row),
            label: label(row),
            category: category(row),
            concepts: concepts(row),
            actor: actor(row),
            source: source(row),
            confidence_name: confidence_name(row),
            confidence: confidence[row],
            defines_cluster: defines.value(row),
            pack: pack(row),
            creator: creator(row),
            modified_at: modified.is_valid(row).then(|| Timestamp::new(modified.value(row))),
            known_at: Timestamp::new(known[row]),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of `listings` to columns.
pub fn listings_to(rows: &[Listing]) -> RecordBatch {
    let keys: Vec<_> = rows.iter().map(|row| row.address.key()).collect();
    let columns = vec![
        string_array(rows.iter().map(|row| row.list.as_str())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.event as u8)),
        fixed_array(keys.iter()),
        string_array(rows.iter().map(|row| row.address_text.as_str())),
        string_array(rows.iter().map(|row| row.label.as_str())),
        string_array(rows.iter().map(|row| row.entity_id.as_str())),
        string_array(rows.iter().map(|row| row.entity_name.as_str())),
        string_array(rows.iter().map(|row| row.programs.as_str())),
        number_array::<Int64Type>(rows.iter().map(|row| row.effective_at.get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.known_at.get())),
        string_array(rows.iter().map(|row| row.list_version.as_str())),
    ];
    batch(&LISTINGS, columns)
}

/// Rows of `listings` from columns.
///
/// # Errors
/// If the batch has another schema, an unknown event or a key that is no address.
pub fn listings_from(batch: &RecordBatch) -> Result<Vec<Listing>, TableError> {
    let columns = Columns::new(&LISTINGS, batch);
    let keys = columns.fixed::<ADDRESS_KEY_BYTES>("address_key")?;
    let events = columns.numbers::<UInt8Type>("event")?;
    let text = |column| {
        let strings = columns.strings(column)?;
        Ok(move |row: usize| strings.value(row).to_owned())
    };
    let (list, address_text, label) = (text("list")?, text("address_text")?, text("label")?);
    let (entity_id, entity_name) = (text("entity_id")?, text("entity_name")?);
    let (programs, list_version) = (text("programs")?, text("list_version")?);
    let effective = columns.numbers::<Int64Type>("effective_at_s")?;
    let known = columns.numbers::<Int64Type>("known_at_s")?;
    let row = |row: usize| {
        Ok(Listing {
            list: list(row),
            event: ListingEvent::from_number(events[row])
                .ok_or_else(|| columns.bad("event", row, events[row]))?,
            address: address(&columns, &keys(row), row)?,
            address_text: address_text(row),
            label: label(row),
            entity_id: entity_id(row),
            entity_name: entity_name(row),
            programs: programs(row),
            effective_at: Timestamp::new(effective[row]),
            known_at: Timestamp::new(known[row]),
            list_version: list_version(row),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of `list_imports` to columns.
pub fn list_imports_to(rows: &[ListImported]) -> RecordBatch {
    let columns = vec![
        string_array(rows.iter().map(|row| row.list.as_str())),
        string_array(rows.iter().map(|row| row.list_version.as_str())),
        string_array(rows.iter().map(|row| row.format.as_str())),
        nullable_array::<Int64Type>(rows.iter().map(|row| row.published_at.map(Timestamp::get))),
        number_array::<Int64Type>(rows.iter().map(|row| row.known_at.get())),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_entries)),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_added)),
        number_array::<UInt64Type>(rows.iter().map(|row| row.n_removed)),
    ];
    batch(&LIST_IMPORTS, columns)
}

/// Rows of `list_imports` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn list_imports_from(batch: &RecordBatch) -> Result<Vec<ListImported>, TableError> {
    let columns = Columns::new(&LIST_IMPORTS, batch);
    let lists = columns.strings("list")?;
    let versions = columns.strings("list_version")?;
    let formats = columns.strings("format")?;
    let published = columns.nullable::<Int64Type>("published_at_s")?;
    let known = columns.numbers::<Int64Type>("known_at_s")?;
    let n_entries = columns.numbers::<UInt64Type>("n_entries")?;
    let n_added = columns.numbers::<UInt64Type>("n_added")?;
    let n_removed = columns.numbers::<UInt64Type>("n_removed")?;
    let row = |row: usize| ListImported {
        list: lists.value(row).to_owned(),
        list_version: versions.value(row).to_owned(),
        format: formats.value(row).to_owned(),
        published_at: published.is_valid(row).then(|| Timestamp::new(published.value(row))),
        known_at: Timestamp::new(known[row]),
        n_entries: n_entries[row],
        n_added: n_added[row],
        n_removed: n_removed[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `prices` to columns.
pub fn prices_to(rows: &[Price]) -> RecordBatch {
    let columns = vec![
        string_array(rows.iter().map(|row| row.asset.as_str())),
        string_array(rows.iter().map(|row| row.currency.as_str())),
        number_array::<Int64Type>(rows.iter().map(|row| row.time.get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.interval_s)),
        number_array::<Float64Type>(rows.iter().map(|row| row.open)),
        number_array::<Float64Type>(rows.iter().map(|row| row.high)),
        number_array::<Float64Type>(rows.iter().map(|row| row.low)),
        number_array::<Float64Type>(rows.iter().map(|row| row.close)),
        number_array::<Float64Type>(rows.iter().map(|row| row.volume)),
    ];
    batch(&PRICES, columns)
}

/// Rows of `prices` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn prices_from(batch: &RecordBatch) -> Result<Vec<Price>, TableError> {
    let columns = Columns::new(&PRICES, batch);
    let assets = columns.strings("asset")?;
    let currencies = columns.strings("currency")?;
    let times = columns.numbers::<Int64Type>("time_s")?;
    let intervals = columns.numbers::<UInt32Type>("interval_s")?;
    let number = |column| columns.numbers::<Float64Type>(column);
    let (open, high, low) = (number("open")?, number("high")?, number("low")?);
    let (close, volume) = (number("close")?, number("volume")?);
    let row = |row: usize| Price {
        asset: assets.value(row).to_owned(),
        currency: currencies.value(row).to_owned(),
        time: Timestamp::new(times[row]),
        interval_s: intervals[row],
        open: open[row],
        high: high[row],
        low: low[row],
        close: close[row],
        volume: volume[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

fn address(
    columns: &Columns<'_>,
    key: &[u8; ADDRESS_KEY_BYTES],
    row: usize,
) -> Result<Address, TableError> {
    Address::from_key(key).ok_or_else(|| columns.bad("address_key", row, format!("{key:02x?}")))
}
