//! TagPacks: a header whose fields every tag inherits, and a list of tags.
//!
//! In: the bytes of one pack. Out: a tag an address, and why each of the others was refused.
//! Source: GraphSense TagPack specification: any field of a tag may stand in the header; a tag's own field wins.
//! Departures: a tag may itself hold `tags`, which inherit from it, and several addresses (`address` as a list, or
//! `addresses`); a tag that cannot be read is refused alone, where the original refuses the pack.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Address, AddressErrorKind, AddressNote, Category, Tag, Timestamp, parse_address};

use super::confidence::{UNKNOWN, confidence_level};
use super::currency::{families, is_token};
use super::error::TagError;
use super::yaml::{self, Node};

/// Tags within tags.
const NESTING_MAX: usize = 8;
/// An alias repeated without end must not fill the memory.
const TAGS_MAX: u64 = 20_000_000;

/// Why a tag was not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Not a map of fields.
    NotAMap,
    /// No address.
    NoAddress,
    /// The tag is of a transaction.
    OfATransaction,
    /// No label, neither its own nor the header's.
    NoLabel,
    /// One field is there twice.
    FieldTwice,
    /// A field that should be a text is a list or a map.
    FieldNotText,
    /// The checksum of the address fails.
    BadChecksum,
    /// The address is damaged otherwise.
    BadAddress,
    /// A hash or key, not an address.
    NotAnAddress,
    /// An address of a test network.
    Testnet,
}

impl RefusalReason {
    /// The name used in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAMap => "not a map of fields",
            Self::NoAddress => "no address",
            Self::OfATransaction => "tag of a transaction",
            Self::NoLabel => "no label",
            Self::FieldTwice => "a field given twice",
            Self::FieldNotText => "a field that is not text",
            Self::BadChecksum => "checksum of the address fails",
            Self::BadAddress => "damaged address",
            Self::NotAnAddress => "not an address",
            Self::Testnet => "testnet address",
        }
    }
}

/// Something about a tag that was taken over all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Remark {
    /// No decoder reads the address; it is kept under the hash of its text.
    KeptAsText,
    /// The currency or network is not one that the address can be of.
    CurrencyContradicts,
    /// No confidence is given; taken as `unknown`.
    NoConfidence,
    /// The confidence is not on the scale; taken as `unknown` under its own name.
    UnknownConfidence,
    /// No source is given.
    NoSource,
    /// The date cannot be read.
    BadDate,
    /// The letter case of an EVM address does not fit its checksum.
    LetterCase,
    /// Blanks around the address were left out.
    Trimmed,
}

impl Remark {
    /// The name used in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeptAsText => "kept as text",
            Self::CurrencyContradicts => "currency contradicts the address",
            Self::NoConfidence => "no confidence given",
            Self::UnknownConfidence => "confidence not on the scale",
            Self::NoSource => "no source given",
            Self::BadDate => "date not read",
            Self::LetterCase => "letter-case checksum fails",
            Self::Trimmed => "blanks around the address",
        }
    }
}

/// One tag that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line it starts on, from 1.
    pub line: Option<u64>,
    /// The address as the pack writes it; empty if it has none.
    pub address_text: String,
    /// Why.
    pub reason: RefusalReason,
}

/// What became of a pack. `tags` and `refused` together are every tag in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagPackReport {
    /// The pack, as the caller names it.
    pub pack: String,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub creator: String,
    /// The tags, in order of the file.
    pub tags: Vec<Tag>,
    /// The others, in order of the file.
    pub refused: Vec<Refusal>,
    /// How many were refused for each reason.
    pub count_by_reason: BTreeMap<RefusalReason, u64>,
    /// How many were taken over with each remark.
    pub count_by_remark: BTreeMap<Remark, u64>,
    /// Categories of no kind of ours, none of their concepts either: such a tag is of the kind `other`. How many have each.
    pub unknown_categories: BTreeMap<String, u64>,
    /// Tags that repeat an earlier one of the pack (same address, label, source and network); they are in `tags`.
    pub duplicates: u64,
}

impl TagPackReport {
    /// The number of tags in the file.
    pub fn n_tags(&self) -> u64 {
        u64::try_from(self.tags.len() + self.refused.len()).unwrap_or(u64::MAX)
    }

    pub(super) fn refuse(&mut self, line: Option<u64>, address_text: &str, reason: RefusalReason) {
        *self.count_by_reason.entry(reason).or_default() += 1;
        self.refused.push(Refusal { line, address_text: address_text.to_owned(), reason });
    }

    pub(super) fn remark(&mut self, remark: Remark) {
        *self.count_by_remark.entry(remark).or_default() += 1;
    }

    /// Counts a tag whose category says nothing to us: it would pass as harmless, so that must be seen.
    pub(super) fn note_category(&mut self, tag: &Tag) {
        let is_known =
            |word: &str| word == "other" || Category::of_concept(word) != Category::OTHER;
        let mut words = std::iter::once(tag.category.as_str()).chain(tag.concepts.split(';'));
        if !tag.category.is_empty() && !words.any(is_known) {
            *self.unknown_categories.entry(tag.category.clone()).or_default() += 1;
        }
    }

    pub(super) fn count_duplicates(&mut self) {
        let mut seen = BTreeSet::new();
        seen.extend(
            self.tags.iter().map(|tag| (tag.address, &tag.label, &tag.source, &tag.network)),
        );
        self.duplicates = u64::try_from(self.tags.len() - seen.len()).unwrap_or(u64::MAX);
    }
}

/// The text of a pack's bytes.
pub(super) fn utf8<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, TagError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        TagError::new(file, u64::try_from(line).ok(), "not UTF-8")
    })
}

/// Reads one TagPack. `known_at` is when we learnt of it.
///
/// # Errors
/// If the file is no YAML or has no list of `tags`; then nothing is taken over.
pub fn read_tag_pack(
    bytes: &[u8],
    pack: &str,
    known_at: Timestamp,
) -> Result<TagPackReport, TagError> {
    let root = yaml::parse(utf8(bytes, pack)?, pack)?;
    from_root(&root, pack, known_at)
}

pub(super) fn from_root(
    root: &Node<'_>,
    pack: &str,
    known_at: Timestamp,
) -> Result<TagPackReport, TagError> {
    let Some(mut header) = root.fields() else {
        return Err(TagError::new(pack, Some(root.line), "the pack is not a map of fields"));
    };
    // Fields may also stand under `header`.
    if let Some(inner) = value(&header, "header").and_then(Node::fields) {
        header.retain(|(key, _)| *key != "header");
        header.extend(inner);
    }
    if let Some(key) = first_repeated(&header) {
        return Err(TagError::new(pack, Some(root.line), format!("the header has {key:?} twice")));
    }
    let Some(tags) = value(&header, "tags") else {
        return Err(TagError::new(pack, Some(root.line), "no field `tags`")
            .with_hint("a TagPack has a list of `tags`, an ActorPack one of `actors`"));
    };
    let text = |key: &str| value(&header, key).and_then(Node::text).unwrap_or("").to_owned();
    let mut reader = Reader {
        report: TagPackReport {
            pack: pack.to_owned(),
            title: text("title"),
            creator: text("creator"),
            ..TagPackReport::default()
        },
        known_at,
    };
    reader.tags(tags, &[&header])?;
    reader.report.count_duplicates();
    Ok(reader.report)
}

type Fields<'n, 'a> = [(&'n str, &'n Node<'a>)];

fn value<'n, 'a>(fields: &Fields<'n, 'a>, key: &str) -> Option<&'n Node<'a>> {
    fields.iter().find(|(known, _)| *known == key).map(|(_, node)| *node)
}

fn first_repeated<'n>(fields: &Fields<'n, '_>) -> Option<&'n str> {
    let repeats = |at: usize, key: &str| fields[..at].iter().any(|(known, _)| *known == key);
    fields.iter().enumerate().find(|(at, (key, _))| repeats(*at, key)).map(|(_, (key, _))| *key)
}

struct Reader {
    report: TagPackReport,
    known_at: Timestamp,
}

/// The fields of a tag and of what it inherits from, the nearest first.
struct Inherited<'s, 'n, 'a> {
    levels: &'s [&'s Fields<'n, 'a>],
}

impl<'n, 'a> Inherited<'_, 'n, 'a> {
    fn node(&self, key: &str) -> Option<&'n Node<'a>> {
        self.levels.iter().find_map(|fields| value(fields, key).filter(|node| !node.is_null()))
    }

    /// The text of a field, trimmed; empty if there is none.
    fn text(&self, key: &str) -> Result<&'n str, RefusalReason> {
        match self.node(key) {
            None => Ok(""),
            Some(node) => node.text().map(str::trim).ok_or(RefusalReason::FieldNotText),
        }
    }

    /// The texts of a field that is a text or a list of texts.
    fn texts(&self, key: &str) -> Result<Vec<&'n str>, RefusalReason> {
        let Some(node) = self.node(key) else { return Ok(Vec::new()) };
        match node.list() {
            None => self.text(key).map(|text| vec![text]),
            Some(items) => {
                let text = |item: &'n std::rc::Rc<Node<'a>>| item.text().map(str::trim);
                items.iter().map(|item| text(item).ok_or(RefusalReason::FieldNotText)).collect()
            }
        }
    }
}

impl Reader {
    fn tags(&mut self, tags: &Node<'_>, outer: &[&Fields<'_, '_>]) -> Result<(), TagError> {
        let pack = self.report.pack.clone();
        // What is left of a pack from which everything was taken.
        if tags.is_null() {
            return Ok(());
        }
        let Some(items) = tags.list() else {
            return Err(TagError::new(&pack, Some(tags.line), "`tags` is not a list"));
        };
        for item in items {
            if self.report.n_tags() >= TAGS_MAX {
                return Err(TagError::new(&pack, Some(item.line), "too many tags for one pack"));
            }
            let Some(own) = item.fields() else {
                self.report.refuse(
                    Some(item.line),
                    item.text().unwrap_or(""),
                    RefusalReason::NotAMap,
                );
                continue;
            };
            let mut levels: Vec<&Fields<'_, '_>> = Vec::with_capacity(outer.len() + 1);
            levels.push(&own);
            levels.extend_from_slice(outer);
            match value(&own, "tags") {
                Some(inner) if levels.len() <= NESTING_MAX => self.tags(inner, &levels)?,
                Some(inner) => {
                    return Err(TagError::new(&pack, Some(inner.line), "tags nested too deeply"));
                }
                None => self.tag(item.line, &own, &Inherited { levels: &levels }),
            }
        }
        Ok(())
    }

    /// One item of the list: a tag for each of its addresses.
    fn tag(&mut self, line: u64, own: &Fields<'_, '_>, all: &Inherited<'_, '_, '_>) {
        let addresses = match value(own, "address").or_else(|| value(own, "addresses")) {
            Some(node) => match node.list() {
                Some(items) => items.iter().map(|item| item.text().unwrap_or("")).collect(),
                None => vec![node.text().unwrap_or("")],
            },
            None => vec![all.text("address").unwrap_or("")],
        };
        let line = Some(line);
        for text in addresses {
            let tag = match (first_repeated(own), text.trim()) {
                (Some(_), _) => Err(RefusalReason::FieldTwice),
                (None, "") if value(own, "tx_hash").is_some() => Err(RefusalReason::OfATransaction),
                (None, "") => Err(RefusalReason::NoAddress),
                (None, _) => self.build(text, all),
            };
            match tag {
                Ok(tag) => {
                    self.report.note_category(&tag);
                    self.report.tags.push(tag);
                }
                Err(reason) => self.report.refuse(line, harmless(text), reason),
            }
        }
    }

    fn build(&mut self, text: &str, all: &Inherited<'_, '_, '_>) -> Result<Tag, RefusalReason> {
        let (currency, network) = (all.text("currency")?, all.text("network")?);
        let network = if network.is_empty() { currency } else { network };
        let label = all.text("label")?;
        if label.is_empty() {
            return Err(RefusalReason::NoLabel);
        }
        let (abuse, category) = (all.text("abuse")?, all.text("category")?);
        let mut concepts = all.texts("concepts")?;
        concepts.extend([abuse, category]);
        let mut known = BTreeSet::new();
        concepts.retain(|concept| !concept.is_empty() && known.insert(*concept));
        let first_concept = concepts.first().copied().unwrap_or("");
        let nearest = [abuse, category, first_concept].into_iter().find(|text| !text.is_empty());
        let (source, actor) = (all.text("source")?, all.text("actor")?);
        let (confidence, lastmod) = (all.text("confidence")?, all.text("lastmod")?);
        let definer = all.text("is_cluster_definer")?;
        let (address, remarks) = decode(text, [currency, network])?;

        // From here on the tag is taken over.
        let report = &mut self.report;
        remarks.into_iter().for_each(|remark| report.remark(remark));
        if source.is_empty() {
            report.remark(Remark::NoSource);
        }
        let (confidence_name, confidence) = graded(confidence, report);
        let modified_at = time_of(lastmod);
        if modified_at.is_none() && !lastmod.is_empty() {
            report.remark(Remark::BadDate);
        }
        Ok(Tag {
            address,
            address_text: text.to_owned(),
            network: network.to_owned(),
            label: label.to_owned(),
            category: nearest.unwrap_or("").to_owned(),
            concepts: concepts.join(";"),
            actor: actor.to_owned(),
            source: source.to_owned(),
            confidence_name,
            confidence,
            defines_cluster: matches!(definer, "true" | "True" | "TRUE" | "yes" | "Yes" | "on"),
            pack: report.pack.clone(),
            creator: report.creator.clone(),
            modified_at,
            known_at: self.known_at,
        })
    }
}

/// The text, unless it is a private key: reports are passed on.
pub(super) fn harmless(text: &str) -> &str {
    match parse_address(text).map_err(|error| error.kind()) {
        Err(AddressErrorKind::NotAnAddress("private key")) => "(not shown)",
        _ => text,
    }
}

/// Name and number of a confidence.
pub(super) fn graded(name: &str, report: &mut TagPackReport) -> (String, u8) {
    if name.is_empty() {
        report.remark(Remark::NoConfidence);
        return (UNKNOWN.0.to_owned(), UNKNOWN.1);
    }
    let level = confidence_level(name);
    if level.is_none() {
        report.remark(Remark::UnknownConfidence);
    }
    (name.to_owned(), level.unwrap_or(UNKNOWN.1))
}

/// Decodes the address of a tag. A text that no decoder reads is kept as it is, unless it is of a currency that we do
/// decode and so must be damaged: then nobody could ever find it.
pub(super) fn decode(
    text: &str,
    currencies: [&str; 2],
) -> Result<(Address, Vec<Remark>), RefusalReason> {
    let known: Vec<_> = currencies.iter().filter_map(|currency| families(currency)).collect();
    let is_named = currencies.iter().any(|currency| !currency.is_empty());
    let mut remarks = Vec::new();
    let error = match parse_address(text) {
        Ok(parsed) => {
            for note in &parsed.notes {
                match note {
                    AddressNote::ChecksumMismatch => remarks.push(Remark::LetterCase),
                    AddressNote::Trimmed => remarks.push(Remark::Trimmed),
                    _ => {}
                }
            }
            let family = parsed.address.family();
            if is_named && !known.iter().any(|families| families.contains(&family)) {
                remarks.push(Remark::CurrencyContradicts);
            }
            return Ok((parsed.address, remarks));
        }
        Err(error) => error,
    };
    let is_ours = !known.is_empty() && !currencies.iter().any(|currency| is_token(currency));
    let (reason, is_refused) = match error.kind() {
        // A private key must not be kept, whatever the currency.
        AddressErrorKind::NotAnAddress("private key") => (RefusalReason::NotAnAddress, true),
        AddressErrorKind::NotAnAddress(_) => (RefusalReason::NotAnAddress, is_ours || !is_named),
        AddressErrorKind::Checksum(_) => (RefusalReason::BadChecksum, is_ours || !is_named),
        AddressErrorKind::Testnet => (RefusalReason::Testnet, is_ours || !is_named),
        AddressErrorKind::Malformed(_) | AddressErrorKind::NotAscii => {
            (RefusalReason::BadAddress, is_ours || !is_named)
        }
        AddressErrorKind::Unsupported(_) => (RefusalReason::BadAddress, false),
        _ => (RefusalReason::BadAddress, is_ours),
    };
    match is_refused {
        true => Err(reason),
        false => Ok((Address::opaque(text.trim()), vec![Remark::KeptAsText])),
    }
}

/// The time that a pack writes as a date or a time, with or without offset.
pub(super) fn time_of(text: &str) -> Option<Timestamp> {
    if text.is_empty() {
        return None;
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::new(instant.as_second()));
    }
    if let Ok(time) = text.parse::<jiff::civil::DateTime>() {
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some(Timestamp::new(zoned.timestamp().as_second()));
    }
    // `2022-10-1`
    let mut parts = text.split('-').map(str::parse::<i16>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let date =
        jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::new(zoned.timestamp().as_second()))
}
