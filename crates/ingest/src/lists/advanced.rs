//! OFAC `SDN_ADVANCED.XML` (and its consolidated sibling): parties, features, sanctions entries.
//!
//! In: a reader of about 80 MB. Out: the parties whose features are digital-currency addresses.
//! Source: Advanced Sanctions Data Model as OFAC publishes it. Ids of feature types change between publications, so
//! they are resolved by their text, `Digital Currency Address - XBT`; an unknown ending is read like any other.
//! Strictness: every feature must be of a declared type, every address feature must hold a text, every sanctions entry
//! must belong to a party that was read, and every party with addresses must have a sanctions entry.
//! Cost: one pass; memory holds the parties with addresses and one number per party.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use ledger::Timestamp;

use super::error::{ListError, ListErrorKind};
use super::publication::{
    IDENTIFIER_PREFIX, ListFormat, Party, Publication, date, looks_like_address, nearly_identifier,
};
use super::xml::Walk;

pub(super) const ROOT: &str = "Sanctions";
/// The present namespace, and the one before 2024.
const NAMESPACES: &[&str] = &[
    "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML",
    "http://www.un.org/sanctions/1.0",
];

/// What the reference sets at the head declare, by id.
#[derive(Default)]
struct References {
    feature_types: BTreeMap<String, String>,
    alias_types: BTreeMap<String, String>,
    part_types: BTreeMap<String, String>,
    name_statuses: BTreeMap<String, String>,
    party_types: BTreeMap<String, String>,
    /// Sub-type to its text and the id of its party type.
    party_sub_types: BTreeMap<String, (String, String)>,
    sanctions_types: BTreeMap<String, String>,
    lists: BTreeMap<String, String>,
}

struct Reading<R> {
    walk: Walk<R>,
    references: References,
    publication: Publication,
    /// Profile ids of every party.
    profiles: BTreeSet<String>,
    /// Position in `publication.parties` of those with addresses.
    positions: BTreeMap<String, usize>,
    /// Address-like texts in features of other types.
    strays: Vec<String>,
    /// Parties with addresses whose sanctions entry was found.
    entered: BTreeSet<String>,
    list_names: BTreeSet<String>,
    n_entries: u64,
}

/// Reads a whole publication.
pub(super) fn read(reader: impl BufRead, file: &str) -> Result<Publication, ListError> {
    let mut reading = Reading {
        walk: Walk::new(reader, file, NAMESPACES),
        references: References::default(),
        publication: Publication::new(ListFormat::OfacAdvancedXml, "ofac-sdn"),
        profiles: BTreeSet::new(),
        positions: BTreeMap::new(),
        strays: Vec::new(),
        entered: BTreeSet::new(),
        list_names: BTreeSet::new(),
        n_entries: 0,
    };
    reading.document()?;
    reading.finish()
}

impl<R: BufRead> Reading<R> {
    fn document(&mut self) -> Result<(), ListError> {
        self.walk.root(ROOT)?;
        while self.walk.child()? {
            match self.walk.name() {
                "DateOfIssue" => {
                    let issued = self.date()?;
                    self.publication.published = Some(issued);
                }
                "ReferenceValueSets" => self.reference_sets()?,
                "DistinctParties" => {
                    while self.walk.child()? {
                        self.expect("DistinctParty")?;
                        self.party()?;
                    }
                }
                "SanctionsEntries" => {
                    while self.walk.child()? {
                        self.expect("SanctionsEntry")?;
                        self.sanctions_entry()?;
                    }
                }
                "Locations" | "IDRegDocuments" | "ProfileRelationships" | "SanctionsEntryLinks" => {
                    self.skip_other()?;
                }
                _ => self.skip_unknown()?,
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Publication, ListError> {
        let Self { walk, mut publication, .. } = self;
        let file = walk.file().to_owned();
        let incomplete = |what: String| ListError::new(ListErrorKind::Incomplete, &file, what);
        walk.finish()?;
        if publication.entity_count == 0 {
            return Err(incomplete("no <DistinctParty> in this file".to_owned()));
        }
        if self.n_entries == 0 {
            publication.warn(
                &file,
                "no <SanctionsEntry>: neither programs nor dates of listing are known",
            );
        } else if let Some(party) =
            publication.parties.iter().find(|party| !self.entered.contains(&party.id))
        {
            let what = format!("party {} has addresses and no <SanctionsEntry>", party.id);
            return Err(incomplete(what).with_hint("the file may have been cut; fetch it again"));
        }
        for stray in self.strays {
            publication.warn(&file, stray);
        }
        if !self.list_names.is_empty() && !self.list_names.contains("SDN List") {
            publication.list = "ofac-consolidated".to_owned();
        }
        Ok(publication)
    }

    fn expect(&self, name: &str) -> Result<(), ListError> {
        match self.walk.name() == name {
            true => Ok(()),
            false => {
                Err(self.walk.malformed(format!("<{}> where <{name}> belongs", self.walk.name())))
            }
        }
    }

    /// Passes over an element that holds no addresses in this format, and refuses it if it does.
    fn skip_other(&mut self) -> Result<(), ListError> {
        self.walk.skip(|walk| match walk.attribute("FeatureTypeID") {
            None => Ok(()),
            Some(_) => {
                Err(walk.malformed(format!("a feature outside <Profile>, in <{}>", walk.name())))
            }
        })
    }

    fn skip_unknown(&mut self) -> Result<(), ListError> {
        let what = format!("element <{}> is not known here and was passed over", self.walk.name());
        if !self.publication.warnings.iter().any(|warning| warning.what == what) {
            let file = self.walk.file().to_owned();
            self.publication.warn(&file, what);
        }
        self.skip_other()
    }

    /// A date of which year, month and day are children.
    fn date(&mut self) -> Result<Timestamp, ListError> {
        let mut parts = [None; 3];
        while self.walk.child()? {
            let slot = match self.walk.name() {
                "Year" => 0,
                "Month" => 1,
                "Day" => 2,
                _ => {
                    self.walk.skip(|_| Ok(()))?;
                    continue;
                }
            };
            let text = self.walk.leaf()?;
            parts[slot] = text.parse::<i16>().ok();
        }
        let [Some(year), Some(month), Some(day)] = parts else {
            return Err(self.walk.malformed("a date without year, month or day"));
        };
        let narrow = |part: i16| i8::try_from(part).unwrap_or(-1);
        date(year, narrow(month), narrow(day))
            .ok_or_else(|| self.walk.malformed(format!("no such date: {year}-{month}-{day}")))
    }

    fn reference_sets(&mut self) -> Result<(), ListError> {
        while self.walk.child()? {
            // The sets: <FeatureTypeValues> and its kin, each a flat list of id and text.
            while self.walk.child()? {
                let name = self.walk.name().to_owned();
                let id = self.walk.attribute("ID").unwrap_or_default().trim().to_owned();
                let party_type = self.walk.attribute("PartyTypeID").unwrap_or_default().to_owned();
                let wanted = matches!(
                    name.as_str(),
                    "FeatureType"
                        | "AliasType"
                        | "NamePartType"
                        | "DocNameStatus"
                        | "PartyType"
                        | "PartySubType"
                        | "SanctionsType"
                        | "List"
                );
                if !wanted {
                    self.walk.skip(|_| Ok(()))?;
                    continue;
                }
                if id.is_empty() {
                    return Err(self.walk.malformed(format!("<{name}> has no attribute ID")));
                }
                let text = self.walk.leaf()?;
                self.declare(&name, id, text, party_type)?;
            }
        }
        Ok(())
    }

    fn declare(
        &mut self,
        name: &str,
        id: String,
        text: String,
        party_type: String,
    ) -> Result<(), ListError> {
        if name == "FeatureType" && nearly_identifier(&text) {
            let what = format!("feature type {text:?} is nearly that of an address");
            return Err(self
                .walk
                .malformed(what)
                .with_hint(format!("expected {IDENTIFIER_PREFIX:?} and a ticker")));
        }
        let references = &mut self.references;
        let earlier = match name {
            "FeatureType" => references.feature_types.insert(id.clone(), text),
            "AliasType" => references.alias_types.insert(id.clone(), text),
            "NamePartType" => references.part_types.insert(id.clone(), text),
            "DocNameStatus" => references.name_statuses.insert(id.clone(), text),
            "PartyType" => references.party_types.insert(id.clone(), text),
            "SanctionsType" => references.sanctions_types.insert(id.clone(), text),
            "List" => references.lists.insert(id.clone(), text),
            _ => references
                .party_sub_types
                .insert(id.clone(), (text, party_type))
                .map(|(text, _)| text),
        };
        match earlier {
            None => Ok(()),
            Some(_) => Err(self.walk.malformed(format!("<{name} ID=\"{id}\"> is declared twice"))),
        }
    }

    fn party(&mut self) -> Result<(), ListError> {
        self.publication.entity_count += 1;
        let mut n_profiles = 0;
        while self.walk.child()? {
            match self.walk.name() {
                "Profile" => {
                    n_profiles += 1;
                    self.profile()?;
                }
                "Comment" => self.skip_other()?,
                _ => self.skip_unknown()?,
            }
        }
        match n_profiles {
            0 => Err(self.walk.malformed("<DistinctParty> without <Profile>")),
            _ => Ok(()),
        }
    }

    fn profile(&mut self) -> Result<(), ListError> {
        let mut party = Party { id: self.walk.demand("ID")?, ..Party::default() };
        party.kind = self.party_kind();
        if !self.profiles.insert(party.id.clone()) {
            return Err(self.walk.malformed(format!("profile {} is there twice", party.id)));
        }
        while self.walk.child()? {
            match self.walk.name() {
                "Identity" => {
                    let is_primary = self.walk.attribute("Primary") != Some("false");
                    let name = self.identity()?;
                    if party.name.is_empty() || (is_primary && !name.is_empty()) {
                        party.name = name;
                    }
                }
                "Feature" => self.feature(&mut party)?,
                "Comment" | "SanctionsEntryReference" | "ExternalReference" => self.skip_other()?,
                _ => self.skip_unknown()?,
            }
        }
        if !party.identifiers.is_empty() {
            self.positions.insert(party.id.clone(), self.publication.parties.len());
            self.publication.parties.push(party);
        }
        Ok(())
    }

    /// `individual`, `entity`, `vessel` or `aircraft`: the sub-type where it says more than the type.
    fn party_kind(&self) -> String {
        let id = self.walk.attribute("PartySubTypeID").unwrap_or_default();
        let Some((text, type_id)) = self.references.party_sub_types.get(id) else {
            return String::new();
        };
        let kind = match text.as_str() {
            "Unknown" | "" => self.references.party_types.get(type_id).map_or("", String::as_str),
            text => text,
        };
        kind.to_lowercase()
    }

    fn feature(&mut self, party: &mut Party) -> Result<(), ListError> {
        let type_id = self.walk.demand("FeatureTypeID")?;
        let Some(type_text) = self.references.feature_types.get(&type_id).cloned() else {
            return Err(self
                .walk
                .malformed(format!("feature of type {type_id}, which is not declared")));
        };
        let label = type_text.strip_prefix(IDENTIFIER_PREFIX).map(|label| label.trim().to_owned());
        let mut n_texts = 0;
        while self.walk.child()? {
            if self.walk.name() != "FeatureVersion" {
                self.skip_other()?;
                continue;
            }
            while self.walk.child()? {
                if self.walk.name() != "VersionDetail" {
                    self.skip_other()?;
                    continue;
                }
                let text = self.walk.leaf()?;
                match &label {
                    Some(_) if text.is_empty() => {
                        return Err(self.walk.malformed("an address without text"));
                    }
                    Some(label) => {
                        n_texts += 1;
                        party.identifiers.push((label.clone(), text));
                    }
                    None if looks_like_address(&text) => {
                        self.strays.push(format!(
                            "{text:?} looks like an address and is a {type_text:?} of party {}",
                            party.id
                        ));
                    }
                    None => {}
                }
            }
        }
        match (&label, n_texts) {
            (Some(label), 0) => Err(self.walk.malformed(format!(
                "{label} address of party {} without <VersionDetail>",
                party.id
            ))),
            _ => Ok(()),
        }
    }

    /// The primary name of an identity.
    fn identity(&mut self) -> Result<String, ListError> {
        let mut name = String::new();
        // Which kind of name part each group of this identity is; it stands after the names that use it.
        let mut group_types: BTreeMap<String, String> = BTreeMap::new();
        let mut parts: Vec<(String, String)> = Vec::new();
        while self.walk.child()? {
            match self.walk.name() {
                "Alias" => {
                    let type_id = self.walk.attribute("AliasTypeID").unwrap_or_default();
                    let type_text =
                        self.references.alias_types.get(type_id).map_or("", String::as_str);
                    let is_name =
                        type_text == "Name" || self.walk.attribute("Primary") == Some("true");
                    let found = self.alias()?;
                    if is_name && parts.is_empty() {
                        parts = found;
                    }
                }
                "NamePartGroups" => self.name_part_groups(&mut group_types)?,
                _ => self.skip_other()?,
            }
        }
        for (at, (group, text)) in parts.iter().enumerate() {
            let is_last_name = group_types
                .get(group)
                .and_then(|id| self.references.part_types.get(id))
                .is_some_and(|text| text == "Last Name");
            name.push_str(text);
            if at + 1 < parts.len() {
                name.push_str(if is_last_name { ", " } else { " " });
            }
        }
        Ok(name)
    }

    /// Group id and text of every part of an alias, in its Latin form.
    fn alias(&mut self) -> Result<Vec<(String, String)>, ListError> {
        let mut best: Vec<(String, String)> = Vec::new();
        let mut best_is_latin = false;
        while self.walk.child()? {
            if self.walk.name() != "DocumentedName" {
                self.skip_other()?;
                continue;
            }
            let status = self.walk.attribute("DocNameStatusID").unwrap_or_default();
            let is_latin = self
                .references
                .name_statuses
                .get(status)
                .is_some_and(|text| text == "Primary Latin");
            let mut parts = Vec::new();
            while self.walk.child()? {
                if self.walk.name() != "DocumentedNamePart" {
                    self.skip_other()?;
                    continue;
                }
                while self.walk.child()? {
                    if self.walk.name() != "NamePartValue" {
                        self.skip_other()?;
                        continue;
                    }
                    let group =
                        self.walk.attribute("NamePartGroupID").unwrap_or_default().to_owned();
                    parts.push((group, self.walk.leaf()?));
                }
            }
            if best.is_empty() || (is_latin && !best_is_latin) {
                best = parts;
                best_is_latin = is_latin;
            }
        }
        Ok(best)
    }

    fn name_part_groups(&mut self, groups: &mut BTreeMap<String, String>) -> Result<(), ListError> {
        self.walk.skip(|walk| {
            if let ("NamePartGroup", Some(id), Some(type_id)) =
                (walk.name(), walk.attribute("ID"), walk.attribute("NamePartTypeID"))
            {
                groups.insert(id.to_owned(), type_id.to_owned());
            }
            Ok(())
        })
    }

    fn sanctions_entry(&mut self) -> Result<(), ListError> {
        self.n_entries += 1;
        let profile = self.walk.demand("ProfileID")?;
        if !self.profiles.contains(&profile) {
            let what = format!("a sanctions entry of profile {profile}, which is not in this file");
            return Err(self
                .walk
                .malformed(what)
                .with_hint("a party may have been lost; fetch the file again"));
        }
        if let Some(name) =
            self.walk.attribute("ListID").and_then(|id| self.references.lists.get(id))
        {
            self.list_names.insert(name.clone());
        }
        let (mut programs, mut listed_at) = (Vec::new(), None::<Timestamp>);
        while self.walk.child()? {
            match self.walk.name() {
                "EntryEvent" => {
                    while self.walk.child()? {
                        if self.walk.name() == "Date" {
                            let date = self.date()?;
                            listed_at = Some(listed_at.map_or(date, |earlier| earlier.min(date)));
                        } else {
                            self.skip_other()?;
                        }
                    }
                }
                "SanctionsMeasure" => programs.extend(self.program()?),
                _ => self.skip_other()?,
            }
        }
        if let Some(party) =
            self.positions.get(&profile).map(|at| &mut self.publication.parties[*at])
        {
            party.programs.extend(programs);
            party.listed_at = match (party.listed_at, listed_at) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            self.entered.insert(profile);
        }
        Ok(())
    }

    /// The program that a measure names in its comment; other measures (`Block`) name none.
    fn program(&mut self) -> Result<Option<String>, ListError> {
        let type_id = self.walk.attribute("SanctionsTypeID").unwrap_or_default();
        let type_text = self.references.sanctions_types.get(type_id);
        let is_program = type_text.is_none_or(|text| text == "Program");
        let mut program = None;
        while self.walk.child()? {
            if self.walk.name() == "Comment" {
                let text = self.walk.leaf()?;
                program = (is_program && !text.is_empty()).then_some(text);
            } else {
                self.skip_other()?;
            }
        }
        Ok(program)
    }
}
