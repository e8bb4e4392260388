//! What every list format is read to: parties with identifiers, then one [`ParsedList`].

use std::fmt;

use ledger::{Address, AddressError, AddressNote, Timestamp, parse_address};

use super::error::{ListError, ListErrorKind};

/// The prefix of every digital-currency identifier of OFAC, whatever the format.
pub(super) const IDENTIFIER_PREFIX: &str = "Digital Currency Address - ";

/// Tickers that OFAC has used so far. Others are accepted, and reported as new.
const KNOWN_LABELS: [&str; 20] = [
    "XBT", "ETH", "XMR", "LTC", "ZEC", "DASH", "BTG", "ETC", "BSV", "BCH", "XVG", "USDT", "XRP",
    "ARB", "BSC", "USDC", "TRX", "SOL", "DOGE", "BNB",
];

/// The formats that lists come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ListFormat {
    /// OFAC `SDN_ADVANCED.XML`: the richest, with dates.
    OfacAdvancedXml,
    /// OFAC `SDN.XML`.
    OfacXml,
    /// OFAC `sdn.csv`, `sdn_comments.csv`, and where given `add.csv` and `alt.csv`.
    OfacCsv,
    /// One address a line.
    PlainAddresses,
    /// CSV with a header that has `address`.
    AddressCsv,
}

impl ListFormat {
    /// The name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::OfacAdvancedXml => "OFAC SDN_ADVANCED.XML",
            Self::OfacXml => "OFAC SDN.XML",
            Self::OfacCsv => "OFAC CSV set",
            Self::PlainAddresses => "plain address list",
            Self::AddressCsv => "address CSV",
        }
    }
}

/// One identifier of one party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The list's own identifier of the party (OFAC: `ent_num` = `uid` = profile id); empty if it gives none.
    pub entity_id: String,
    /// The party's primary name, `LAST, First` for people; empty if the list gives none.
    pub entity_name: String,
    /// `individual`, `entity`, `vessel` or `aircraft`; empty if the list does not say.
    pub entity_kind: String,
    /// Sanctions programs, sorted, each once.
    pub programs: Vec<String>,
    /// The ticker beside the address; never used for matching.
    pub label: String,
    /// The address as the list writes it.
    pub address_text: String,
    /// The decoded address; of family `Opaque` for an [`UnmatchedEntry`].
    pub address: Address,
    /// The list's own date of the party's listing, if it gives one.
    pub listed_at: Option<Timestamp>,
}

/// An identifier that no decoder reads. It is listed by the hash of its exact text, and reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedEntry {
    /// The identifier.
    pub entry: ListEntry,
    /// Why it is not decoded.
    pub reason: AddressError,
}

/// Something odd that did not keep a list from being read, and that a person should see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListWarning {
    /// The file, or empty for the list as a whole.
    pub file: String,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for ListWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file.as_str() {
            "" => write!(f, "{}", self.what),
            file => write!(f, "{file}: {}", self.what),
        }
    }
}

/// One version of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedList {
    /// Which list: `ofac-sdn`.
    pub list: String,
    /// When this version was published, if the files, the folder or the caller say so.
    pub published: Option<Timestamp>,
    /// SHA-256 of the file; of the sorted SHA-256 of the files where there are several.
    pub version_sha256: String,
    /// Identifiers that were decoded.
    pub entries: Vec<ListEntry>,
    /// Identifiers that were not.
    pub unmatched: Vec<UnmatchedEntry>,
    /// Parties in the publication, with and without addresses; distinct addresses where it has no parties.
    pub entity_count: u64,
    /// The number of records that the publication itself claims (`SDN.XML`), which was found.
    pub record_count: Option<u64>,
    /// The format read.
    pub format: ListFormat,
    /// Other formats of the same publication, found to hold exactly the same identifiers.
    pub agrees_with: Vec<ListFormat>,
    /// What a person should see.
    pub warnings: Vec<ListWarning>,
}

impl ParsedList {
    /// Every identifier, decoded or not.
    pub fn identifiers(&self) -> impl Iterator<Item = &ListEntry> {
        self.entries.iter().chain(self.unmatched.iter().map(|unmatched| &unmatched.entry))
    }
}

/// A party that has identifiers, as a reader found it.
#[derive(Clone, Debug, Default)]
pub(super) struct Party {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) programs: Vec<String>,
    pub(super) listed_at: Option<Timestamp>,
    /// Label and text.
    pub(super) identifiers: Vec<(String, String)>,
}

/// What a reader makes of one format of a publication.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    pub(super) format: ListFormat,
    pub(super) list: String,
    pub(super) published: Option<Timestamp>,
    pub(super) parties: Vec<Party>,
    pub(super) entity_count: u64,
    pub(super) record_count: Option<u64>,
    pub(super) warnings: Vec<ListWarning>,
}

impl Publication {
    pub(super) fn new(format: ListFormat, list: &str) -> Self {
        Self {
            format,
            list: list.to_owned(),
            published: None,
            parties: Vec::new(),
            entity_count: 0,
            record_count: None,
            warnings: Vec::new(),
        }
    }

    pub(super) fn warn(&mut self, file: &str, what: impl Into<String>) {
        self.warnings.push(ListWarning { file: file.to_owned(), what: what.into() });
    }

    /// Party, label and text of every identifier, sorted: what two formats of one publication must share.
    pub(super) fn identifiers(&self) -> Vec<(&str, &str, &str)> {
        let mut all: Vec<_> = self
            .parties
            .iter()
            .flat_map(|party| {
                let identifiers = party.identifiers.iter();
                identifiers.map(|(label, text)| (party.id.as_str(), label.as_str(), text.as_str()))
            })
            .collect();
        all.sort_unstable();
        all
    }

    /// Decodes the identifiers.
    ///
    /// # Errors
    /// If there are none: an empty list would take every listing out of force.
    pub(super) fn decode(
        mut self,
        file: &str,
        version_sha256: String,
    ) -> Result<ParsedList, ListError> {
        let (mut entries, mut unmatched) = (Vec::new(), Vec::new());
        let mut new_labels: Vec<String> = Vec::new();
        for party in std::mem::take(&mut self.parties) {
            let mut programs = party.programs;
            programs.sort_unstable();
            programs.dedup();
            for (label, text) in party.identifiers {
                if !label.is_empty()
                    && !KNOWN_LABELS.contains(&label.as_str())
                    && !new_labels.contains(&label)
                {
                    new_labels.push(label.clone());
                }
                let decoded = parse_address(&text);
                if decoded
                    .as_ref()
                    .is_ok_and(|parsed| parsed.notes.contains(&AddressNote::ChecksumMismatch))
                {
                    self.warn("", format!("the letter case of {text} does not fit its checksum; listed all the same"));
                }
                let entry = ListEntry {
                    entity_id: party.id.clone(),
                    entity_name: party.name.clone(),
                    entity_kind: party.kind.clone(),
                    programs: programs.clone(),
                    label,
                    address: decoded
                        .as_ref()
                        .map_or_else(|_| Address::opaque(&text), |parsed| parsed.address),
                    address_text: text,
                    listed_at: party.listed_at,
                };
                match decoded {
                    Ok(_) => entries.push(entry),
                    Err(reason) => unmatched.push(UnmatchedEntry { entry, reason }),
                }
            }
        }
        if entries.is_empty() {
            let what = format!("no digital-currency address in this {}", self.format.name());
            return Err(ListError::new(ListErrorKind::Incomplete, file, what).with_hint(
                "an empty list would take every listing out of force; fetch the file again",
            ));
        }
        for label in new_labels {
            self.warn(
                "",
                format!(
                    "label {label:?} is new to this program; its addresses were read all the same"
                ),
            );
        }
        Ok(ParsedList {
            list: self.list,
            published: self.published,
            version_sha256,
            entries,
            unmatched,
            entity_count: self.entity_count,
            record_count: self.record_count,
            format: self.format,
            agrees_with: Vec::new(),
            warnings: self.warnings,
        })
    }
}

/// Whether a text holds an address that a checksum vouches for: such a text outside the fields for addresses is
/// worth a warning.
pub(super) fn looks_like_address(text: &str) -> bool {
    (25..=128).contains(&text.len())
        && parse_address(text).is_ok_and(|parsed| !parsed.notes.contains(&AddressNote::NoChecksum))
}

/// Whether the name of a field is meant to be OFAC's for an address, and is not written as OFAC writes it.
pub(super) fn nearly_identifier(name: &str) -> bool {
    if name.starts_with(IDENTIFIER_PREFIX) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    if has(&["digital curr", "currency addr", "virtual curr", "cryptocurr"]) {
        return true;
    }
    // Few names come this far, so the distance may cost what it costs.
    let start: String =
        lower.chars().skip_while(|c| !c.is_alphanumeric()).take(IDENTIFIER_PREFIX.len()).collect();
    has(&["igital", "urrency", "ddress"])
        && distance(&start, &IDENTIFIER_PREFIX.to_ascii_lowercase()) <= 6
}

/// How many characters must be changed, added or left out to make one text of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, d) in other.iter().enumerate() {
            let changed = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// Midnight UTC of a calendar date; `None` if there is no such date.
pub(super) fn date(year: i16, month: i8, day: i8) -> Option<Timestamp> {
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::new(zoned.timestamp().as_second()))
}

/// `YYYY-MM-DD`.
pub(super) fn iso_date(text: &str) -> Option<Timestamp> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}
