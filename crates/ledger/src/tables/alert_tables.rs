//! The tables of published rules, events of alerts and their facts; rows to columns and back.

use arrow_array::types::{Decimal128Type, Int8Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};

use super::columns::{Columns, batch, nullable_array, number_array, string_array};
use super::{Table, TableError, field, optional};
use crate::{
    AlertCause, AlertEvent, AlertEventKind, AlertFact, Height, RuleRecord, Severity, Timestamp,
};

/// One row a published or retired version of a rule.
pub static RULES: Table = Table {
    name: "rules",
    about: "append-only log of published rules, each version whole, with its digest and the reason; the last row of a \
            name is in force unless it is retired",
    key: None,
    columns: || {
        vec![
            field("name", DataType::Utf8),
            field("version", DataType::UInt32),
            field("retired", DataType::Boolean),
            field("digest", DataType::Utf8),
            field("text", DataType::Utf8),
            field("reason", DataType::Utf8),
            field("author", DataType::Utf8),
            field("published_at_s", DataType::Int64),
        ]
    },
};

/// One row a thing that happened to an alert.
pub static ALERT_EVENTS: Table = Table {
    name: "alert_events",
    about: "append-only log of what happened to alerts (kind: 1 raised, 2 updated, 3 withdrawn, 4 reraised, 5 merged, 6 \
            triaged, 7 assigned, 8 reviewed, 9 escalated, 10 close_requested, 11 closed, 12 reopened; severity: 1 low, 2 \
            medium, 3 high, 4 severe); an alert's state is the fold over its events",
    key: None,
    columns: event_columns,
};

fn event_columns() -> Vec<Field> {
    vec![
        field("number", DataType::UInt64),
        field("alert", DataType::Utf8),
        field("kind", DataType::UInt8),
        field("at_s", DataType::Int64),
        optional("height", DataType::UInt32),
        field("author", DataType::Utf8),
        field("reason", DataType::Utf8),
        optional("outcome", DataType::Utf8),
        optional("target", DataType::Utf8),
        optional("rule", DataType::Utf8),
        optional("rule_version", DataType::UInt32),
        optional("subject", DataType::Utf8),
        optional("severity", DataType::UInt8),
        optional("versions", DataType::Utf8),
    ]
}

/// One row a fact of the basis of an alert.
pub static ALERT_FACTS: Table = Table {
    name: "alert_facts",
    about: "the basis of alerts: one row a fact of an event that raised, updated or raised again, with the rows of tables \
            that it comes from (a line each: table, blank, key); measured is in the smallest unit",
    key: None,
    columns: || {
        vec![
            field("event", DataType::UInt64),
            field("position", DataType::UInt32),
            field("name", DataType::Utf8),
            field("unit", DataType::Utf8),
            optional("measured", DataType::Decimal128(38, 0)),
            field("worse", DataType::Int8),
            field("value", DataType::Utf8),
            field("text", DataType::Utf8),
            field("rows", DataType::Utf8),
        ]
    },
};

fn optional_strings<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    std::sync::Arc::new(values.collect::<StringArray>())
}

fn some(array: &StringArray, row: usize) -> Option<String> {
    array.is_valid(row).then(|| array.value(row).to_owned())
}

/// Rows of `rules` to columns.
pub fn rules_to(rows: &[RuleRecord]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        string_array(rows.iter().map(|row| row.name.as_str())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.version)),
        std::sync::Arc::new(arrow_array::BooleanArray::from_iter(
            rows.iter().map(|row| Some(row.retired)),
        )),
        string_array(rows.iter().map(|row| row.digest.as_str())),
        string_array(rows.iter().map(|row| row.text.as_str())),
        string_array(rows.iter().map(|row| row.reason.as_str())),
        string_array(rows.iter().map(|row| row.author.as_str())),
        number_array::<Int64Type>(rows.iter().map(|row| row.published_at.get())),
    ];
    batch(&RULES, columns)
}

/// Rows of `rules` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn rules_from(batch: &RecordBatch) -> Result<Vec<RuleRecord>, TableError> {
    let columns = Columns::new(&RULES, batch);
    let (names, versions) = (columns.strings("name")?, columns.numbers::<UInt32Type>("version")?);
    let (retired, digests) = (columns.booleans("retired")?, columns.strings("digest")?);
    let (texts, reasons) = (columns.strings("text")?, columns.strings("reason")?);
    let authors = columns.strings("author")?;
    let times = columns.numbers::<Int64Type>("published_at_s")?;
    let row = |row: usize| RuleRecord {
        name: names.value(row).to_owned(),
        version: versions[row],
        retired: retired.value(row),
        digest: digests.value(row).to_owned(),
        text: texts.value(row).to_owned(),
        reason: reasons.value(row).to_owned(),
        author: authors.value(row).to_owned(),
        published_at: Timestamp::new(times[row]),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `alert_events` to columns.
pub fn alert_events_to(rows: &[AlertEvent]) -> RecordBatch {
    let cause = || rows.iter().map(|row| row.cause.as_ref());
    let columns = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.number)),
        string_array(rows.iter().map(|row| row.alert.as_str())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.kind as u8)),
        number_array::<Int64Type>(rows.iter().map(|row| row.at.get())),
        nullable_array::<UInt32Type>(rows.iter().map(|row| row.height.map(Height::get))),
        string_array(rows.iter().map(|row| row.author.as_str())),
        string_array(rows.iter().map(|row| row.reason.as_str())),
        optional_strings(rows.iter().map(|row| row.outcome.as_deref())),
        optional_strings(rows.iter().map(|row| row.target.as_deref())),
        optional_strings(cause().map(|cause| cause.map(|cause| cause.rule.as_str()))),
        nullable_array::<UInt32Type>(cause().map(|cause| cause.map(|cause| cause.rule_version))),
        optional_strings(cause().map(|cause| cause.map(|cause| cause.subject.as_str()))),
        nullable_array::<UInt8Type>(cause().map(|cause| cause.map(|cause| cause.severity as u8))),
        optional_strings(rows.iter().map(|row| row.versions.as_deref())),
    ];
    batch(&ALERT_EVENTS, columns)
}

/// Rows of `alert_events` from columns.
///
/// # Errors
/// If the batch has another schema, an unknown kind or severity, or half a cause.
pub fn alert_events_from(batch: &RecordBatch) -> Result<Vec<AlertEvent>, TableError> {
    let columns = Columns::new(&ALERT_EVENTS, batch);
    let numbers = columns.numbers::<UInt64Type>("number")?;
    let alerts = columns.strings("alert")?;
    let kinds = columns.numbers::<UInt8Type>("kind")?;
    let times = columns.numbers::<Int64Type>("at_s")?;
    let heights = columns.nullable::<UInt32Type>("height")?;
    let (authors, reasons) = (columns.strings("author")?, columns.strings("reason")?);
    let (outcomes, targets) = (columns.strings("outcome")?, columns.strings("target")?);
    let versions = columns.strings("versions")?;
    let causes = causes(&columns)?;
    let row = |row: usize| {
        Ok(AlertEvent {
            number: numbers[row],
            alert: alerts.value(row).to_owned(),
            kind: AlertEventKind::from_number(kinds[row])
                .ok_or_else(|| columns.bad("kind", row, kinds[row]))?,
            at: Timestamp::new(times[row]),
            height: heights.is_valid(row).then(|| Height::new(heights.value(row))),
            author: authors.value(row).to_owned(),
            reason: reasons.value(row).to_owned(),
            outcome: some(outcomes, row),
            target: some(targets, row),
            versions: some(versions, row),
            cause: causes(row)?,
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn causes<'a>(
    columns: &'a Columns<'a>,
) -> Result<impl Fn(usize) -> Result<Option<AlertCause>, TableError> + 'a, TableError> {
    let rules = columns.strings("rule")?;
    let rule_versions = columns.nullable::<UInt32Type>("rule_version")?;
    let subjects = columns.strings("subject")?;
    let severities = columns.nullable::<UInt8Type>("severity")?;
    Ok(move |row: usize| {
        let n_there = [
            rules.is_valid(row),
            rule_versions.is_valid(row),
            subjects.is_valid(row),
            severities.is_valid(row),
        ];
        match n_there.iter().filter(|there| **there).count() {
            0 => Ok(None),
            4 => Ok(Some(AlertCause {
                rule: rules.value(row).to_owned(),
                rule_version: rule_versions.value(row),
                subject: subjects.value(row).to_owned(),
                severity: Severity::from_number(severities.value(row))
                    .ok_or_else(|| columns.bad("severity", row, severities.value(row)))?,
            })),
            _ => Err(columns.bad("rule", row, "half a cause")),
        }
    })
}

/// Rows of `alert_facts` to columns.
pub fn alert_facts_to(rows: &[AlertFact]) -> RecordBatch {
    let measured: PrimitiveArray<Decimal128Type> = rows.iter().map(|row| row.measured).collect();
    let measured = measured.with_precision_and_scale(38, 0).expect("38 digits are within bounds");
    let columns: Vec<ArrayRef> = vec![
        number_array::<UInt64Type>(rows.iter().map(|row| row.event)),
        number_array::<UInt32Type>(rows.iter().map(|row| row.position)),
        string_array(rows.iter().map(|row| row.name.as_str())),
        string_array(rows.iter().map(|row| row.unit.as_str())),
        std::sync::Arc::new(measured),
        number_array::<Int8Type>(rows.iter().map(|row| row.worse)),
        string_array(rows.iter().map(|row| row.value.as_str())),
        string_array(rows.iter().map(|row| row.text.as_str())),
        string_array(rows.iter().map(|row| row.rows.as_str())),
    ];
    batch(&ALERT_FACTS, columns)
}

/// Rows of `alert_facts` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn alert_facts_from(batch: &RecordBatch) -> Result<Vec<AlertFact>, TableError> {
    let columns = Columns::new(&ALERT_FACTS, batch);
    let events = columns.numbers::<UInt64Type>("event")?;
    let positions = columns.numbers::<UInt32Type>("position")?;
    let (names, units) = (columns.strings("name")?, columns.strings("unit")?);
    let measured = columns.nullable::<Decimal128Type>("measured")?;
    let worse = columns.numbers::<Int8Type>("worse")?;
    let (values, texts) = (columns.strings("value")?, columns.strings("text")?);
    let rows = columns.strings("rows")?;
    let row = |row: usize| AlertFact {
        event: events[row],
        position: positions[row],
        name: names.value(row).to_owned(),
        unit: units.value(row).to_owned(),
        measured: measured.is_valid(row).then(|| measured.value(row)),
        worse: worse[row],
        value: values.value(row).to_owned(),
        text: texts.value(row).to_owned(),
        rows: rows.value(row).to_owned(),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}
