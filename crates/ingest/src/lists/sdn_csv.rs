//! OFAC's CSV set: `sdn.csv`, `sdn_comments.csv`, and for the counts `add.csv` and `alt.csv`.
//!
//! In: the bytes of the files. Out: the entities whose remarks hold digital-currency addresses.
//! Source: OFAC data specification: 12, 2, 6 and 5 columns, null is `-0-`, the last row is 0x1A. Remarks are cut at
//! 1,000 characters, in the middle of an address if it falls so, and go on in `sdn_comments.csv`.
//! Departures from reading the two files one by one: the rest of a cut remark is joined to it, character by character,
//! before anything is looked for. Read apart, real copies lose addresses and gain halves of some.
//! Strictness: a cut remark with addresses must have its rest; the comments must be given if any remark is cut.
//! Comments for entities or remarks that do not need them (files of two dates) are warnings with their addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{ListError, ListErrorKind, Place};
use super::publication::{
    IDENTIFIER_PREFIX, ListFormat, Party, Publication, looks_like_address, nearly_identifier,
};
use super::text_rows::{Row, demand_columns, demand_end_mark, party_id, rows, text};

pub(super) const SDN_COLUMNS: usize = 12;
pub(super) const COMMENT_COLUMNS: usize = 2;
pub(super) const ADD_COLUMNS: usize = 6;
pub(super) const ALT_COLUMNS: usize = 5;

/// Remarks are cut here; blanks at the cut may have been trimmed, so a few less count as cut too.
const REMARK_CHARS_MAX: usize = 1000;
const TRIMMED_CHARS: usize = 4;

/// One file of the set.
pub(super) struct CsvFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// The files of the set, as told apart by their columns.
#[derive(Default)]
pub(super) struct CsvSet {
    pub(super) sdn: Option<CsvFile>,
    pub(super) comments: Option<CsvFile>,
    pub(super) add: Option<CsvFile>,
    pub(super) alt: Option<CsvFile>,
}

/// Reads a whole publication.
pub(super) fn read(set: &CsvSet, accept_unterminated: bool) -> Result<Publication, ListError> {
    let Some(sdn) = &set.sdn else {
        let given = [&set.comments, &set.add, &set.alt].into_iter().flatten().next();
        let file = given.map_or("OFAC CSV set", |file| file.name.as_str());
        return Err(ListError::new(
            ListErrorKind::Incomplete,
            file,
            "sdn.csv of this set is missing",
        )
        .with_hint("give the folder, or sdn.csv and sdn_comments.csv together"));
    };
    let mut publication = Publication::new(ListFormat::OfacCsv, "ofac-sdn");
    let comments = match &set.comments {
        Some(file) => Some(Comments::read(file, accept_unterminated)?),
        None => None,
    };
    let file = sdn.name.as_str();
    let (content, is_terminated) = text(&sdn.bytes, file)?;
    let mut ids = BTreeSet::new();
    for row in rows(content, file) {
        let row = row?;
        demand_columns(&row, SDN_COLUMNS, file)?;
        let id = party_id(&row, file)?;
        if !ids.insert(id.clone()) {
            return Err(ListError::malformed(
                file,
                Place::Line(row.line),
                format!("entity {id} is there twice"),
            ));
        }
        let party = party_of(&row, id, comments.as_ref(), file, &mut publication)?;
        if !party.identifiers.is_empty() {
            publication.parties.push(party);
        }
    }
    if ids.is_empty() {
        return Err(ListError::new(ListErrorKind::Truncated, file, "no rows"));
    }
    // Said last: a cut row is the better message.
    demand_end_mark(is_terminated, accept_unterminated, file)?;
    publication.entity_count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    if let Some(comments) = comments {
        comments.report_orphans(&ids, &mut publication);
    }
    for (side, n_columns) in [(&set.add, ADD_COLUMNS), (&set.alt, ALT_COLUMNS)] {
        if let Some(side) = side {
            count_side_file(side, n_columns, &ids, accept_unterminated, &mut publication)?;
        }
    }
    Ok(publication)
}

/// The entity of one row of `sdn.csv`, its remark made whole.
fn party_of(
    row: &Row,
    id: String,
    comments: Option<&Comments>,
    file: &str,
    publication: &mut Publication,
) -> Result<Party, ListError> {
    let place = Place::Line(row.line);
    let remark = whole_remark(&id, null(&row.fields[11]), comments, place, file, publication)?;
    let mut party = Party {
        name: null(&row.fields[1]).to_owned(),
        kind: match null(&row.fields[2]) {
            "" => "entity".to_owned(),
            kind => kind.to_lowercase(),
        },
        programs: programs(null(&row.fields[3])),
        id,
        ..Party::default()
    };
    if party.name.is_empty() {
        let what = format!("entity {} has no name", party.id);
        return Err(ListError::malformed(file, place, what));
    }
    remark_identifiers(&remark, &mut party, publication, place, file)?;
    Ok(party)
}

/// OFAC's null.
fn null(field: &str) -> &str {
    match field.trim() {
        "-0-" => "",
        text => text,
    }
}

/// `SDGT] [IFSR` is two programs; the outer brackets are left out in the file.
fn programs(field: &str) -> Vec<String> {
    let parts = field.split(['[', ']']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// The comments by entity, in order.
struct Comments {
    file: String,
    by_entity: BTreeMap<String, String>,
}

impl Comments {
    fn read(file: &CsvFile, accept_unterminated: bool) -> Result<Self, ListError> {
        let (content, is_terminated) = text(&file.bytes, &file.name)?;
        let mut by_entity: BTreeMap<String, String> = BTreeMap::new();
        for row in rows(content, &file.name) {
            let row = row?;
            demand_columns(&row, COMMENT_COLUMNS, &file.name)?;
            by_entity.entry(party_id(&row, &file.name)?).or_default().push_str(&row.fields[1]);
        }
        demand_end_mark(is_terminated, accept_unterminated, &file.name)?;
        Ok(Self { file: file.name.clone(), by_entity })
    }

    /// Comments of entities that are not in `sdn.csv`: the two files are of different dates.
    fn report_orphans(self, ids: &BTreeSet<String>, publication: &mut Publication) {
        let orphans: Vec<_> = self.by_entity.iter().filter(|(id, _)| !ids.contains(*id)).collect();
        if orphans.is_empty() {
            return;
        }
        let addresses: Vec<_> = orphans.iter().flat_map(|(_, text)| whole_items(text)).collect();
        let named: Vec<_> = orphans.iter().take(5).map(|(id, _)| id.as_str()).collect();
        let what = format!(
            "comments of {} entities that are not in sdn.csv ({}…), with {} addresses that were not listed: \
             the files are of different dates",
            orphans.len(),
            named.join(", "),
            addresses.len()
        );
        publication.warn(&self.file, what);
    }
}

/// Addresses in a text whose first item may be cut.
fn whole_items(text: &str) -> Vec<&str> {
    text.split(';').skip(1).filter_map(|item| identifier(item).map(|(_, rest)| rest)).collect()
}

/// A remark with its rest.
fn whole_remark(
    id: &str,
    remark: &str,
    comments: Option<&Comments>,
    place: Place,
    file: &str,
    publication: &mut Publication,
) -> Result<String, ListError> {
    let n_chars = remark.chars().count();
    let is_ended = remark.is_empty() || remark.ends_with('.');
    let is_full = n_chars + TRIMMED_CHARS >= REMARK_CHARS_MAX;
    let has_comments = comments.is_some();
    let comments = comments.and_then(|comments| Some((comments, comments.by_entity.get(id)?)));
    let rest = match comments {
        Some((comments, rest)) if is_ended && !is_full => {
            let of_rest = whole_items(rest).into_iter();
            let n_others = of_rest.filter(|text| !remark.contains(text)).count();
            let what = format!(
                "a comment continues the remark of entity {id}, which is whole; left out, with {n_others} addresses: \
                 the files are of different dates"
            );
            publication.warn(&comments.file, what);
            return Ok(remark.to_owned());
        }
        found => found.map(|(_, rest)| rest),
    };
    match rest {
        Some(rest) => Ok(format!("{remark}{rest}")),
        None if is_ended && (n_chars < REMARK_CHARS_MAX || has_comments) => Ok(remark.to_owned()),
        None if !has_comments && is_full => {
            let what = format!(
                "the remark of entity {id} is cut at {n_chars} characters and the comments are missing"
            );
            Err(ListError::new(ListErrorKind::Incomplete, file, what)
                .at(place)
                .with_hint("give sdn_comments.csv of the same date beside sdn.csv"))
        }
        None if nearly_or_identifier(remark) => {
            let what = format!(
                "the remark of entity {id} with addresses is cut, and no comment continues it"
            );
            Err(ListError::new(ListErrorKind::Incomplete, file, what).at(place).with_hint(
                "sdn.csv and sdn_comments.csv must be of the same date; fetch both again",
            ))
        }
        None => {
            publication.warn(
                file,
                format!("the remark of entity {id} is cut, and no comment continues it"),
            );
            Ok(remark.to_owned())
        }
    }
}

/// Whether a cut remark has addresses, or may have been about to name one.
fn nearly_or_identifier(remark: &str) -> bool {
    let last = remark.rsplit(';').next().unwrap_or_default().trim();
    let last = last.strip_prefix("alt. ").unwrap_or(last);
    remark.contains(IDENTIFIER_PREFIX) || (last.len() > 3 && IDENTIFIER_PREFIX.starts_with(last))
}

/// `alt. Digital Currency Address - XBT 1abc` without its prefix: `XBT 1abc`, and whether it is one at all.
fn identifier(item: &str) -> Option<(&str, &str)> {
    let item = item.trim();
    let item = item.strip_prefix("alt. ").unwrap_or(item);
    let rest = item.strip_prefix(IDENTIFIER_PREFIX)?;
    Some(rest.split_once(' ').map_or((rest, ""), |(label, text)| (label, text.trim())))
}

fn remark_identifiers(
    remark: &str,
    party: &mut Party,
    publication: &mut Publication,
    place: Place,
    file: &str,
) -> Result<(), ListError> {
    let whole = remark.trim_end();
    let whole = whole.strip_suffix('.').unwrap_or(whole);
    for item in whole.split(';').map(str::trim) {
        if let Some((label, text)) = identifier(item) {
            if label.is_empty() || text.is_empty() || text.contains(char::is_whitespace) {
                let what =
                    format!("{item:?} of entity {} is not a ticker and an address", party.id);
                return Err(ListError::malformed(file, place, what));
            }
            party.identifiers.push((label.to_owned(), text.to_owned()));
        } else if nearly_identifier(item) {
            let what = format!("{item:?} of entity {} is nearly an address", party.id);
            return Err(ListError::malformed(file, place, what)
                .with_hint(format!("expected {IDENTIFIER_PREFIX:?}, a ticker and an address")));
        } else if let Some(text) = item.split_whitespace().find(|word| looks_like_address(word)) {
            let what = format!(
                "{text:?} in the remarks of entity {} looks like an address and is not marked as one",
                party.id
            );
            publication.warn(file, what);
        }
    }
    Ok(())
}

/// Addresses and aliases of people are not read, only counted: rows of unknown entities tell of mixed dates.
fn count_side_file(
    side: &CsvFile,
    n_columns: usize,
    ids: &BTreeSet<String>,
    accept_unterminated: bool,
    publication: &mut Publication,
) -> Result<(), ListError> {
    let (content, is_terminated) = text(&side.bytes, &side.name)?;
    let mut n_orphans = 0_u64;
    for row in rows(content, &side.name) {
        let row = row?;
        demand_columns(&row, n_columns, &side.name)?;
        n_orphans += u64::from(!ids.contains(&party_id(&row, &side.name)?));
    }
    demand_end_mark(is_terminated, accept_unterminated, &side.name)?;
    if n_orphans > 0 {
        let what = format!(
            "{n_orphans} rows of entities that are not in sdn.csv: the files are of different dates"
        );
        publication.warn(&side.name, what);
    }
    Ok(())
}
