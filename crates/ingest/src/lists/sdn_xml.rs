//! OFAC `SDN.XML`: one element an entry, with a count of records to hold it to.
//!
//! In: a reader. Out: the entries whose `idList` has digital-currency addresses.
//! Source: OFAC `sdn.xsd` (whose `publshInformation` is spelt so).
//! Strictness: `Record_Count` must be the number of entries, uids must be unique, every id must have a type.

use std::collections::BTreeSet;
use std::io::BufRead;

use super::error::{ListError, ListErrorKind};
use super::publication::{
    IDENTIFIER_PREFIX, ListFormat, Party, Publication, date, looks_like_address, nearly_identifier,
};
use super::xml::Walk;

pub(super) const ROOT: &str = "sdnList";
/// The present namespace, and the one before 2024.
const NAMESPACES: &[&str] = &[
    "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML",
    "http://tempuri.org/sdnList.xsd",
];

/// Reads a whole publication.
pub(super) fn read(reader: impl BufRead, file: &str) -> Result<Publication, ListError> {
    let mut walk = Walk::new(reader, file, NAMESPACES);
    let mut publication = Publication::new(ListFormat::OfacXml, "ofac-sdn");
    let mut uids = BTreeSet::new();
    walk.root(ROOT)?;
    while walk.child()? {
        match walk.name() {
            "publshInformation" => information(&mut walk, &mut publication)?,
            "sdnEntry" => {
                publication.entity_count += 1;
                let party = entry(&mut walk, &mut publication)?;
                if !uids.insert(party.id.clone()) {
                    return Err(walk.malformed(format!("uid {} is there twice", party.id)));
                }
                if !party.identifiers.is_empty() {
                    publication.parties.push(party);
                }
            }
            name => return Err(walk.malformed(format!("<{name}> does not belong into <{ROOT}>"))),
        }
    }
    walk.finish()?;
    match publication.record_count {
        Some(claimed) if claimed == publication.entity_count => Ok(publication),
        Some(claimed) => {
            let what = format!(
                "Record_Count is {claimed}, but {} entries were found",
                publication.entity_count
            );
            Err(ListError::new(ListErrorKind::Count, file, what))
        }
        None => Err(ListError::new(
            ListErrorKind::Incomplete,
            file,
            "no Record_Count in <publshInformation>",
        )),
    }
}

fn information<R: BufRead>(
    walk: &mut Walk<R>,
    publication: &mut Publication,
) -> Result<(), ListError> {
    while walk.child()? {
        match walk.name() {
            "Publish_Date" => {
                let text = walk.leaf()?;
                let published = us_date(&text).ok_or_else(|| {
                    walk.malformed(format!("Publish_Date {text:?} is not MM/DD/YYYY"))
                })?;
                publication.published = Some(published);
            }
            "Record_Count" => {
                let text = walk.leaf()?;
                let count = text.parse().map_err(|_| {
                    walk.malformed(format!("Record_Count {text:?} is not a number"))
                })?;
                publication.record_count = Some(count);
            }
            _ => walk.skip(|_| Ok(()))?,
        }
    }
    Ok(())
}

/// `MM/DD/YYYY`.
fn us_date(text: &str) -> Option<ledger::Timestamp> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    date(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn entry<R: BufRead>(
    walk: &mut Walk<R>,
    publication: &mut Publication,
) -> Result<Party, ListError> {
    /// Parts of an entry that hold no identifiers.
    const OTHERS: [&str; 10] = [
        "title",
        "remarks",
        "akaList",
        "addressList",
        "nationalityList",
        "citizenshipList",
        "dateOfBirthList",
        "placeOfBirthList",
        "vesselInfo",
        "aircraftInfo",
    ];
    let mut party = Party::default();
    let (mut last_name, mut first_name) = (String::new(), String::new());
    while walk.child()? {
        match walk.name() {
            "uid" => party.id = walk.leaf()?,
            "lastName" => last_name = walk.leaf()?,
            "firstName" => first_name = walk.leaf()?,
            "sdnType" => party.kind = walk.leaf()?.to_lowercase(),
            "programList" => {
                while walk.child()? {
                    match walk.name() {
                        "program" => party.programs.push(walk.leaf()?),
                        name => {
                            return Err(walk.malformed(format!(
                                "<{name}> does not belong into <programList>"
                            )));
                        }
                    }
                }
            }
            "idList" => ids(walk, &mut party, publication)?,
            name if OTHERS.contains(&name) => walk.skip(no_ids)?,
            name => {
                let what = format!("element <{name}> is not known here and was passed over");
                if !publication.warnings.iter().any(|warning| warning.what == what) {
                    let file = walk.file().to_owned();
                    publication.warn(&file, what);
                }
                walk.skip(no_ids)?;
            }
        }
    }
    if party.id.is_empty() || !party.id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(walk.malformed(format!("<sdnEntry> with uid {:?}", party.id)));
    }
    if last_name.is_empty() {
        return Err(walk.malformed(format!("entry {} has no <lastName>", party.id)));
    }
    party.name = match first_name.as_str() {
        "" => last_name,
        first => format!("{last_name}, {first}"),
    };
    Ok(party)
}

/// Identifiers stand in `idList` only.
fn no_ids<R: BufRead>(walk: &Walk<R>) -> Result<(), ListError> {
    match walk.name() {
        name @ ("idType" | "idNumber" | "sdnEntry") => {
            Err(walk.malformed(format!("<{name}> outside of its list")))
        }
        _ => Ok(()),
    }
}

fn ids<R: BufRead>(
    walk: &mut Walk<R>,
    party: &mut Party,
    publication: &mut Publication,
) -> Result<(), ListError> {
    while walk.child()? {
        if walk.name() != "id" {
            return Err(walk.malformed(format!("<{}> does not belong into <idList>", walk.name())));
        }
        let (mut id_type, mut number) = (String::new(), String::new());
        while walk.child()? {
            match walk.name() {
                "idType" => id_type = walk.leaf()?,
                "idNumber" => number = walk.leaf()?,
                "uid" | "idCountry" | "issueDate" | "expirationDate" => walk.skip(no_ids)?,
                name => return Err(walk.malformed(format!("<{name}> does not belong into <id>"))),
            }
        }
        if id_type.is_empty() {
            return Err(walk.malformed(format!("an id of entry {} without <idType>", party.id)));
        }
        if nearly_identifier(&id_type) {
            let what = format!("idType {id_type:?} is nearly that of an address");
            return Err(walk
                .malformed(what)
                .with_hint(format!("expected {IDENTIFIER_PREFIX:?} and a ticker")));
        }
        match id_type.strip_prefix(IDENTIFIER_PREFIX) {
            Some(label) if number.is_empty() => {
                return Err(walk.malformed(format!(
                    "{label} address of entry {} without <idNumber>",
                    party.id
                )));
            }
            Some(label) => party.identifiers.push((label.trim().to_owned(), number)),
            None if looks_like_address(&number) => {
                let file = walk.file().to_owned();
                let id = &party.id;
                publication.warn(
                    &file,
                    format!("{number:?} looks like an address and is a {id_type:?} of entry {id}"),
                );
            }
            None => {}
        }
    }
    Ok(())
}
