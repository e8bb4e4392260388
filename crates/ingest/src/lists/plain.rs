//! Plain lists: one address a line, or CSV with a header.
//!
//! In: the bytes of the files. Out: their addresses; the ticker comes from the file name, the date from the folder.
//! Source: the `sanctioned_addresses_XBT.txt` files that others distill from OFAC's list; our own CSV.
//! Strictness: a line that is no address is reported, and too many of them refuse the file: it is another kind of text.

use super::error::{ListError, ListErrorKind, Place};
use super::publication::{ListFormat, Party, Publication, iso_date};
use super::text_rows::{demand_columns, rows, text};

/// One file, with the name and folder it was found under.
pub(super) struct PlainFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

const COLUMNS: [&str; 7] = ["address", "date", "entity", "entity_id", "kind", "program", "label"];

/// The ticker at the end of a file's name: `XBT` of `sanctioned_addresses_XBT.txt`.
fn label_of(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let last = stem.rsplit(['_', '-']).next().unwrap_or_default();
    let is_ticker = (2..=8).contains(&last.len())
        && last.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && last.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_ticker && last != stem { last.to_owned() } else { String::new() }
}

/// The date in a path, the one nearest to the file: `…/addresses-2024-09-27/…`.
pub(super) fn date_of(path: &str) -> Option<ledger::Timestamp> {
    let starts = (0..path.len()).rev();
    starts.filter_map(|start| path.get(start..start + 10)).find_map(iso_date)
}

/// Reads files of one address a line as one list.
pub(super) fn read_lines(files: &[PlainFile]) -> Result<Publication, ListError> {
    let mut publication = Publication::new(ListFormat::PlainAddresses, list_name(files));
    let mut party = Party::default();
    for file in files {
        let (content, _) = text(&file.bytes, &file.name)?;
        let label = label_of(&file.name);
        let mut n_lines = 0_u64;
        let mut n_strange = 0_u64;
        for (line, number) in content.lines().zip(1..) {
            let line = without_comment(line).trim();
            if line.is_empty() {
                continue;
            }
            if line.contains(char::is_whitespace) || line.contains(',') || line.len() > 256 {
                let what = "more than one address on a line";
                return Err(ListError::malformed(&file.name, Place::Line(number), what));
            }
            n_lines += 1;
            n_strange += u64::from(ledger::parse_address(line).is_err());
            party.identifiers.push((label.clone(), line.to_owned()));
        }
        check_share(&file.name, n_strange, n_lines)?;
    }
    publication.published = common_date(files)?;
    publication.entity_count = distinct(&party);
    publication.parties.push(party);
    Ok(publication)
}

/// A line without what `#` begins at its start or after a blank; within a text it is a part of it.
pub(crate) fn without_comment(line: &str) -> &str {
    let begins =
        |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = line.match_indices('#').find(begins);
    comment.map_or(line, |(at, _)| &line[..at])
}

/// Reads CSV files with a header as one list.
pub(super) fn read_csv(files: &[PlainFile]) -> Result<Publication, ListError> {
    let mut publication = Publication::new(ListFormat::AddressCsv, list_name(files));
    for file in files {
        let (content, _) = text(&file.bytes, &file.name)?;
        let mut all = rows(content, &file.name);
        let header = all.next().transpose()?;
        let header: Vec<String> = header
            .map(|row| row.fields.iter().map(|name| name.to_lowercase()).collect())
            .unwrap_or_default();
        if let Some(name) = header.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
            let what = format!("column {name:?} is not known");
            return Err(ListError::malformed(&file.name, Place::Line(1), what)
                .with_hint(format!("columns are {}", COLUMNS.join(", "))));
        }
        let column = |name: &str| header.iter().position(|known| known == name);
        let (mut n_lines, mut n_strange) = (0_u64, 0_u64);
        for row in all {
            let row = row?;
            demand_columns(&row, header.len(), &file.name)?;
            let field = |name: &str| column(name).map_or("", |at| row.fields[at].trim());
            let listed_at = match field("date") {
                "" => None,
                date => Some(iso_date(date).ok_or_else(|| {
                    ListError::malformed(
                        &file.name,
                        Place::Line(row.line),
                        format!("{date:?} is not YYYY-MM-DD"),
                    )
                })?),
            };
            let address = field("address");
            if address.is_empty() {
                return Err(ListError::malformed(
                    &file.name,
                    Place::Line(row.line),
                    "a row without address",
                ));
            }
            n_lines += 1;
            n_strange += u64::from(ledger::parse_address(address).is_err());
            publication.parties.push(Party {
                id: field("entity_id").to_owned(),
                name: field("entity").to_owned(),
                kind: field("kind").to_lowercase(),
                programs: field("program")
                    .split(';')
                    .map(str::trim)
                    .filter(|p| !p.is_empty())
                    .map(str::to_owned)
                    .collect(),
                listed_at,
                identifiers: vec![(field("label").to_owned(), address.to_owned())],
            });
        }
        check_share(&file.name, n_strange, n_lines)?;
    }
    publication.published = common_date(files)?;
    let mut entities: Vec<_> =
        publication.parties.iter().map(|party| (&party.id, &party.name)).collect();
    entities.sort_unstable();
    entities.dedup();
    publication.entity_count = u64::try_from(entities.len()).unwrap_or(u64::MAX);
    Ok(publication)
}

/// Lists distilled from OFAC's keep its name; others are called after their file.
fn list_name(files: &[PlainFile]) -> &str {
    let name = files.first().map_or("", |file| file.name.as_str());
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match base.starts_with("sanctioned_addresses") {
        true => "ofac-sdn",
        false => base.rsplit_once('.').map_or(base, |(stem, _)| stem),
    }
}

fn distinct(party: &Party) -> u64 {
    let mut texts: Vec<_> = party.identifiers.iter().map(|(_, text)| text).collect();
    texts.sort_unstable();
    texts.dedup();
    u64::try_from(texts.len()).unwrap_or(u64::MAX)
}

/// Refuses a file of which more than a tenth (and more than one line) is no address.
fn check_share(file: &str, n_strange: u64, n_lines: u64) -> Result<(), ListError> {
    if n_lines == 0 {
        return Err(ListError::new(ListErrorKind::Truncated, file, "no addresses in this file"));
    }
    match n_strange > 1 && n_strange * 10 > n_lines || n_strange == n_lines && n_lines > 1 {
        true => {
            let what = format!("{n_strange} of {n_lines} lines are no address");
            Err(ListError::new(ListErrorKind::Unrecognized, file, what))
        }
        false => Ok(()),
    }
}

/// The date that the paths name; two different ones are two versions.
fn common_date(files: &[PlainFile]) -> Result<Option<ledger::Timestamp>, ListError> {
    let mut dates: Vec<_> = files.iter().filter_map(|file| date_of(&file.name)).collect();
    dates.sort_unstable();
    dates.dedup();
    match dates.as_slice() {
        [] => Ok(None),
        [date] => Ok(Some(*date)),
        _ => {
            let file = files.first().map_or("", |file| file.name.as_str());
            Err(ListError::new(ListErrorKind::Disagreement, file, "files of several dates")
                .with_hint("import one version at a time, oldest first"))
        }
    }
}
