#![allow(clippy::unwrap_used)]
//! Small publications of each format, all saying the same, and what every test needs.

mod formats;
mod live;
mod mutations;
mod real;

use ledger::Timestamp;

use super::*;

/// The identifiers of every sample: party, label, text.
const IDENTIFIERS: [(&str, &str, &str); 7] = [
    ("1001", "ETH", "0x901bb9583b24D97e995513C6778dc6888AB6870e"),
    ("1001", "USDT", "0x901bb9583b24D97e995513C6778dc6888AB6870e"),
    ("1001", "XBT", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"),
    ("1001", "XBT", "1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U"),
    ("1003", "USDT", "TBHTJqAy4DhHhmT3dNceJYNRz4SdLofLre"),
    ("1003", "XBT", "bc1qvhnfknw852ephxyc5hm4q520zmvf9maphetc9z"),
    ("1003", "XMR", "5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320"),
];

/// 2024-09-27.
const PUBLISHED: Timestamp = Timestamp::new(1_727_395_200);
const NOW: Timestamp = Timestamp::new(1_727_500_000);

fn file<'a>(name: &str, text: &'a str) -> ListFile<'a> {
    ListFile { name: name.to_owned(), content: Box::new(text.as_bytes()) }
}

fn read(files: &[(&str, &str)]) -> Result<ParsedList, ListError> {
    read_with(files, &ReadOptions::default())
}

fn read_with(files: &[(&str, &str)], options: &ReadOptions) -> Result<ParsedList, ListError> {
    read_list_files(files.iter().map(|(name, text)| file(name, text)).collect(), options)
}

fn identifiers(list: &ParsedList) -> Vec<(String, String, String)> {
    let of = |entry: &ListEntry| {
        (entry.entity_id.clone(), entry.label.clone(), entry.address_text.clone())
    };
    let mut all: Vec<_> = list.identifiers().map(of).collect();
    all.sort();
    all
}

fn expected() -> Vec<(String, String, String)> {
    IDENTIFIERS
        .iter()
        .map(|(id, label, text)| ((*id).to_owned(), (*label).to_owned(), (*text).to_owned()))
        .collect()
}

fn feature(type_id: u32, text: &str) -> String {
    format!(
        "<Feature ID=\"9\" FeatureTypeID=\"{type_id}\"><FeatureVersion ID=\"7\" ReliabilityID=\"1\"><Comment />\
         <VersionDetail DetailTypeID=\"1432\">{text}</VersionDetail></FeatureVersion>\
         <IdentityReference IdentityID=\"4\" IdentityFeatureLinkTypeID=\"1\" /></Feature>\n"
    )
}

/// A party with parts of its name as last name and first name.
fn party(id: u32, sub_type: u32, names: &[(u32, &str)], features: &str) -> String {
    let parts: String = names
        .iter()
        .map(|(group, text)| {
            format!("<DocumentedNamePart><NamePartValue NamePartGroupID=\"{group}\" ScriptID=\"215\">{text}</NamePartValue></DocumentedNamePart>")
        })
        .collect();
    let groups: String = names
        .iter()
        .map(|(group, _)| {
            let type_id = if names.len() == 1 { 1525 } else { 1519 + group };
            format!("<MasterNamePartGroup><NamePartGroup ID=\"{group}\" NamePartTypeID=\"{type_id}\" /></MasterNamePartGroup>")
        })
        .collect();
    format!(
        "<DistinctParty FixedRef=\"{id}\"><Comment />\n<Profile ID=\"{id}\" PartySubTypeID=\"{sub_type}\">\
         <Identity ID=\"4\" FixedRef=\"{id}\" Primary=\"true\" False=\"false\">\
         <Alias FixedRef=\"{id}\" AliasTypeID=\"1400\" Primary=\"false\" LowQuality=\"false\"><DocumentedName ID=\"1\" DocNameStatusID=\"1\">\
         <DocumentedNamePart><NamePartValue NamePartGroupID=\"9\">AN ALIAS</NamePartValue></DocumentedNamePart></DocumentedName></Alias>\
         <Alias FixedRef=\"{id}\" AliasTypeID=\"1403\" Primary=\"true\" LowQuality=\"false\">\
         <DocumentedName ID=\"3\" FixedRef=\"{id}\" DocNameStatusID=\"2\"><DocumentedNamePart><NamePartValue NamePartGroupID=\"9\">Имя</NamePartValue></DocumentedNamePart></DocumentedName>\
         <DocumentedName ID=\"2\" FixedRef=\"{id}\" DocNameStatusID=\"1\">{parts}</DocumentedName></Alias>\
         <NamePartGroups>{groups}</NamePartGroups></Identity>\n{features}</Profile></DistinctParty>\n"
    )
}

fn sanctions_entry(id: u32, year: u32, programs: &[&str]) -> String {
    let measures: String = programs
        .iter()
        .map(|program| format!("<SanctionsMeasure ID=\"6\" SanctionsTypeID=\"1\"><Comment>{program}</Comment><DatePeriod /></SanctionsMeasure>"))
        .collect();
    format!(
        "<SanctionsEntry ID=\"{id}\" ProfileID=\"{id}\" ListID=\"1550\"><EntryEvent ID=\"5\" EntryEventTypeID=\"1\" LegalBasisID=\"1\"><Comment />\
         <Date CalendarTypeID=\"1\"><Year>{year}</Year><Month>9</Month><Day>10</Day></Date></EntryEvent>\
         <SanctionsMeasure ID=\"5\" SanctionsTypeID=\"2\"><Comment>not a program</Comment></SanctionsMeasure>{measures}</SanctionsEntry>\n"
    )
}

/// `SDN_ADVANCED.XML` in small: three parties, two with addresses.
fn advanced() -> String {
    let types = [
        (1, "Vessel Call Sign"),
        (8, "Birthdate"),
        (344, "XBT"),
        (345, "ETH"),
        (444, "XMR"),
        (887, "USDT"),
    ];
    let feature_types: String = types
        .iter()
        .map(|(id, text)| match *id > 100 {
            true => format!("<FeatureType ID=\"{id}\" FeatureTypeGroupID=\"1\">Digital Currency Address - {text}</FeatureType>\n"),
            false => format!("<FeatureType ID=\"{id}\" FeatureTypeGroupID=\"1\">{text}</FeatureType>\n"),
        })
        .collect();
    let [eth, usdt, xbt, xbt2, tron, segwit, xmr] = IDENTIFIERS.map(|(_, _, text)| text);
    let first = [
        feature(345, eth),
        feature(887, usdt),
        feature(344, xbt),
        feature(344, xbt2),
        feature(8, "26 Dec 1992"),
    ]
    .concat();
    let third = [feature(887, tron), feature(344, segwit), feature(444, xmr)].concat();
    let parties = [
        party(1001, 4, &[(1, "LIFSHITS"), (2, "Artem Mikhaylovich")], &first),
        party(1002, 1, &[(1, "MAR AZUL")], &feature(1, "CL2192")),
        party(1003, 3, &[(1, "BAD &amp; CO.")], &third),
    ]
    .concat();
    let entries = [
        sanctions_entry(1001, 2020, &["CYBER2", "ELECTION-EO13848"]),
        sanctions_entry(1002, 1989, &["CUBA"]),
        sanctions_entry(1003, 2021, &["CYBER2"]),
    ]
    .concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Sanctions xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns=\"https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML\" Version=\"1\">\n\
         <DateOfIssue CalendarTypeID=\"1\"><Year>2024</Year><Month>9</Month><Day>27</Day></DateOfIssue>\n<ReferenceValueSets>\n\
         <AliasTypeValues><AliasType ID=\"1400\">A.K.A.</AliasType><AliasType ID=\"1403\">Name</AliasType></AliasTypeValues>\n\
         <AreaCodeValues><AreaCode ID=\"11029\" CountryID=\"11029\">AF</AreaCode></AreaCodeValues>\n\
         <DocNameStatusValues><DocNameStatus ID=\"1\">Primary Latin</DocNameStatus><DocNameStatus ID=\"2\">Others</DocNameStatus></DocNameStatusValues>\n\
         <FeatureTypeValues>\n{feature_types}</FeatureTypeValues>\n\
         <ListValues><List ID=\"1550\">SDN List</List></ListValues>\n\
         <NamePartTypeValues><NamePartType ID=\"1520\">Last Name</NamePartType><NamePartType ID=\"1521\">First Name</NamePartType><NamePartType ID=\"1525\">Entity Name</NamePartType></NamePartTypeValues>\n\
         <PartySubTypeValues><PartySubType ID=\"1\" PartyTypeID=\"4\">Vessel</PartySubType><PartySubType ID=\"3\" PartyTypeID=\"2\">Unknown</PartySubType><PartySubType ID=\"4\" PartyTypeID=\"1\">Unknown</PartySubType></PartySubTypeValues>\n\
         <PartyTypeValues><PartyType ID=\"1\">Individual</PartyType><PartyType ID=\"2\">Entity</PartyType><PartyType ID=\"4\">Transport</PartyType></PartyTypeValues>\n\
         <SanctionsTypeValues><SanctionsType ID=\"1\">Program</SanctionsType><SanctionsType ID=\"2\">Block</SanctionsType></SanctionsTypeValues>\n\
         </ReferenceValueSets>\n<Locations><Location ID=\"5\"><LocationCountry CountryID=\"11029\" /></Location></Locations>\n<IDRegDocuments />\n\
         <DistinctParties>\n{parties}</DistinctParties>\n<ProfileRelationships />\n<SanctionsEntries>\n{entries}</SanctionsEntries>\n<SanctionsEntryLinks />\n</Sanctions>\n"
    )
}

/// `SDN.XML` in small.
fn sdn_xml() -> String {
    let id = |label: &str, text: &str| {
        format!(
            "<id><uid>7</uid><idType>Digital Currency Address - {label}</idType><idNumber>{text}</idNumber></id>\n"
        )
    };
    let ids = |party: &str| -> String {
        IDENTIFIERS
            .iter()
            .filter(|(owner, _, _)| *owner == party)
            .map(|(_, label, text)| id(label, text))
            .collect()
    };
    format!(
        "<?xml version=\"1.0\" standalone=\"yes\"?>\n<sdnList xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns=\"https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML\">\n\
         <publshInformation><Publish_Date>09/27/2024</Publish_Date><Record_Count>3</Record_Count></publshInformation>\n\
         <sdnEntry><uid>1001</uid><firstName>Artem Mikhaylovich</firstName><lastName>LIFSHITS</lastName><sdnType>Individual</sdnType>\
         <programList><program>ELECTION-EO13848</program><program>CYBER2</program></programList>\
         <idList>{}<id><uid>8</uid><idType>Gender</idType><idNumber>Male</idNumber></id></idList>\
         <akaList><aka><uid>5</uid><type>a.k.a.</type><lastName>X</lastName></aka></akaList></sdnEntry>\n\
         <sdnEntry><uid>1002</uid><lastName>MAR AZUL</lastName><sdnType>Vessel</sdnType><programList><program>CUBA</program></programList>\
         <vesselInfo><callSign>CL2192</callSign></vesselInfo></sdnEntry>\n\
         <sdnEntry><uid>1003</uid><lastName>BAD &amp; CO.</lastName><sdnType>Entity</sdnType><programList><program>CYBER2</program></programList>\
         <remarks>(Linked To: X)</remarks><idList>{}</idList></sdnEntry>\n</sdnList>\n",
        ids("1001"),
        ids("1003")
    )
}

/// The CSV set in small: `sdn.csv`, whose third remark is cut within an address, and `sdn_comments.csv`.
fn csv_set() -> (String, String) {
    let items = |party: &str| -> String {
        let of = IDENTIFIERS.iter().filter(|(owner, _, _)| *owner == party);
        let items = of.enumerate().map(|(at, (_, label, text))| {
            format!(
                "{}Digital Currency Address - {label} {text}",
                if at > 0 { "alt. " } else { "" }
            )
        });
        items.collect::<Vec<_>>().join("; ")
    };
    let long = format!(
        "Website bad.example; {}; {}; a.k.a. 'BAD'.",
        "Phone Number 79315403678; ".repeat(33),
        items("1003")
    );
    let (cut, rest) = long.split_at(1000);
    let row = |id: u32, name: &str, kind: &str, program: &str, remark: &str| {
        format!(
            "{id},\"{name}\",{kind},\"{program}\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,{remark}\r\n"
        )
    };
    let sdn = [
        row(
            1001,
            "LIFSHITS, Artem Mikhaylovich",
            "\"individual\"",
            "CYBER2] [ELECTION-EO13848",
            &format!("\"DOB 26 Dec 1992; Gender Male; {}; Passport 719032284.\"", items("1001")),
        ),
        row(1002, "MAR AZUL", "\"vessel\"", "CUBA", "-0- "),
        row(1003, "BAD & CO.", "-0- ", "CYBER2", &format!("\"{cut}\"")),
    ];
    (format!("{}\u{1a}", sdn.concat()), format!("1003,\"{rest}\"\r\n\u{1a}"))
}

/// Plain lists in a dated folder.
fn plain() -> Vec<(String, String)> {
    let labels = ["ETH", "USDT", "XBT", "XMR"];
    let lines = |label: &str| -> String {
        IDENTIFIERS
            .iter()
            .filter(|(_, known, _)| *known == label)
            .map(|(_, _, text)| format!("{text}\n"))
            .collect()
    };
    labels
        .iter()
        .map(|label| (format!("lists/2024-09-27/sanctioned_addresses_{label}.txt"), lines(label)))
        .collect()
}
