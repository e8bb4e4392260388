//! Tags as CSV: `address,label,category,source[,confidence][,network][,actor][,date]`, with a header.
//!
//! In: the bytes of one file. Out: the same report as for a TagPack.
//! Strictness: unknown columns and rows of another length refuse the file; a tag that cannot be read is refused alone.

use ledger::{Tag, Timestamp};

use super::error::TagError;
use super::pack::{RefusalReason, Remark, TagPackReport, decode, graded, harmless, time_of};
use crate::lists::{ListError, Place, Row, strict_rows};

const COLUMNS: [&str; 8] =
    ["address", "label", "category", "source", "confidence", "network", "actor", "date"];

fn check_header(header: &[String], pack: &str) -> Result<(), TagError> {
    if let Some(name) = header.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        return Err(TagError::new(pack, Some(1), format!("column {name:?} is not known"))
            .with_hint(format!("columns are {}", COLUMNS.join(", "))));
    }
    if ["address", "label"].iter().any(|name| !header.iter().any(|known| known == name)) {
        return Err(TagError::new(pack, Some(1), "the header has no `address` and `label`")
            .with_hint("the first line must be address,label,category,source"));
    }
    Ok(())
}

/// Reads one CSV file of tags.
///
/// # Errors
/// If the header or the shape of a row is wrong; then nothing is taken over.
pub fn read_tag_csv(
    bytes: &[u8],
    pack: &str,
    known_at: Timestamp,
) -> Result<TagPackReport, TagError> {
    let mut rows = strict_rows(bytes, pack).map_err(|error| refused(pack, &error))?.into_iter();
    let header: Vec<String> = rows
        .next()
        .map(|row| row.fields.iter().map(|name| name.to_lowercase()).collect())
        .unwrap_or_default();
    check_header(&header, pack)?;
    let column = |name: &str| header.iter().position(|known| known == name);
    let mut report = TagPackReport { pack: pack.to_owned(), ..TagPackReport::default() };
    for Row { line, fields } in rows {
        if fields.len() != header.len() {
            let what = format!("{} columns where {} belong", fields.len(), header.len());
            return Err(TagError::new(pack, Some(line), what));
        }
        let field = |name: &str| column(name).map_or("", |at| fields[at].trim());
        let (address, label) = (field("address"), field("label"));
        let decoded = match (address, label) {
            ("", _) => Err(RefusalReason::NoAddress),
            (_, "") => Err(RefusalReason::NoLabel),
            _ => decode(address, [field("network"), ""]),
        };
        let (decoded, remarks) = match decoded {
            Ok(decoded) => decoded,
            Err(reason) => {
                report.refuse(Some(line), harmless(address), reason);
                continue;
            }
        };
        remarks.into_iter().for_each(|remark| report.remark(remark));
        let modified_at = time_of(field("date"));
        if modified_at.is_none() && !field("date").is_empty() {
            report.remark(Remark::BadDate);
        }
        if field("source").is_empty() {
            report.remark(Remark::NoSource);
        }
        let (confidence_name, confidence) = graded(field("confidence"), &mut report);
        let tag = Tag {
            address: decoded,
            address_text: address.to_owned(),
            network: field("network").to_owned(),
            label: label.to_owned(),
            category: field("category").to_owned(),
            concepts: field("category").to_owned(),
            actor: field("actor").to_owned(),
            source: field("source").to_owned(),
            confidence_name,
            confidence,
            defines_cluster: false,
            pack: pack.to_owned(),
            creator: String::new(),
            modified_at,
            known_at,
        };
        report.note_category(&tag);
        report.tags.push(tag);
    }
    report.count_duplicates();
    Ok(report)
}

fn refused(pack: &str, error: &ListError) -> TagError {
    let line = match error.place() {
        Some(Place::Line(line)) => Some(line),
        _ => None,
    };
    TagError::new(pack, line, error.what()).with_hint("quote fields that hold commas")
}
