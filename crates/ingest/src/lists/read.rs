//! From paths to one [`ParsedList`]: what kind of file each is, by its content, and whether the kinds agree.
//!
//! In: files and folders. Out: one list, from the richest format given.
//! Strictness: formats of one publication must hold the same identifiers; a file that fits no format is refused when
//! named, and named in a warning when it merely lies in the folder under another ending.
//! Cost: XML streams; the CSV set and plain lists are held in memory (5 MB).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use ledger::Timestamp;
use sha2::{Digest, Sha256};

use super::error::{ListError, ListErrorKind};
use super::plain::PlainFile;
use super::publication::{ListFormat, ListWarning, ParsedList, Publication};
use super::sdn_csv::{ADD_COLUMNS, ALT_COLUMNS, COMMENT_COLUMNS, CsvFile, CsvSet, SDN_COLUMNS};
use super::text_rows::rows;
use super::{advanced, plain, sdn_csv, sdn_xml};

/// What the caller knows that the files do not say.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The list's name; by default `ofac-sdn` for OFAC's formats, else after the file.
    pub list: Option<String>,
    /// The publication date, for formats that have none.
    pub published: Option<Timestamp>,
    /// Accepts CSV files of OFAC's without their end mark.
    pub accept_unterminated: bool,
}

/// One file of a list: a name for messages (with its folder, which may hold the date) and its bytes.
pub struct ListFile<'a> {
    /// The path as given.
    pub name: String,
    /// The content.
    pub content: Box<dyn Read + 'a>,
}

/// Reads a list from files and folders.
///
/// # Errors
/// If a file cannot be read or is refused; nothing of the list is taken over then.
pub fn read_list(paths: &[PathBuf], options: &ReadOptions) -> Result<ParsedList, ListError> {
    let mut files = Vec::new();
    let mut warnings = Vec::new();
    for path in paths {
        for path in expand(path, &mut warnings)? {
            let name = path.display().to_string();
            let file = File::open(&path).map_err(|error| io_error(&name, &error))?;
            files.push(ListFile { name, content: Box::new(file) });
        }
    }
    let mut list = read_list_files(files, options)?;
    list.warnings.extend(warnings);
    Ok(list)
}

fn io_error(file: &str, error: &std::io::Error) -> ListError {
    ListError::new(ListErrorKind::Io, file, format!("cannot be read: {error}"))
}

/// The files of a folder that may be lists, in order of their names; a file is itself.
fn expand(path: &Path, warnings: &mut Vec<ListWarning>) -> Result<Vec<PathBuf>, ListError> {
    let name = path.display().to_string();
    let is_folder = path.metadata().map_err(|error| io_error(&name, &error))?.is_dir();
    if !is_folder {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| io_error(&name, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| io_error(&name, &error))?.path();
        let ending =
            path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        if !path.is_file() {
            continue;
        }
        match ending.as_str() {
            "xml" | "csv" | "txt" => files.push(path),
            _ => warnings.push(ListWarning {
                file: path.display().to_string(),
                what: "passed over: not .xml, .csv or .txt".to_owned(),
            }),
        }
    }
    files.sort_unstable();
    match files.is_empty() {
        true => {
            Err(ListError::new(ListErrorKind::Incomplete, &name, "no list files in this folder"))
        }
        false => Ok(files),
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Advanced,
    SdnXml,
    Sdn,
    Comments,
    Add,
    Alt,
    Lines,
    AddressCsv,
}

/// Tells the kind of a file from its first bytes.
fn kind_of(head: &[u8], file: &str) -> Result<Kind, ListError> {
    let unknown =
        || ListError::new(ListErrorKind::Unrecognized, file, "not the format of a list known here");
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start();
    if text.starts_with('<') {
        return match (has_root(text, advanced::ROOT), has_root(text, sdn_xml::ROOT)) {
            (true, false) => Ok(Kind::Advanced),
            (false, true) => Ok(Kind::SdnXml),
            _ => Err(unknown()),
        };
    }
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .ok_or_else(unknown)?;
    let names = || line.split(',').map(|field| field.trim().trim_matches('"'));
    if names().any(|name| name.eq_ignore_ascii_case("address")) {
        return Ok(Kind::AddressCsv);
    }
    let first = names().next().unwrap_or_default();
    if line.contains(',') && !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()) {
        // A first row that cannot be read says what is wrong with it.
        let row = rows(line, file).next().transpose()?;
        return match row.map_or(0, |row| row.fields.len()) {
            SDN_COLUMNS => Ok(Kind::Sdn),
            ADD_COLUMNS => Ok(Kind::Add),
            ALT_COLUMNS => Ok(Kind::Alt),
            COMMENT_COLUMNS => Ok(Kind::Comments),
            _ => Err(unknown()),
        };
    }
    let line = plain::without_comment(line).trim();
    match line.contains(',') || line.contains(char::is_whitespace) {
        true => Err(unknown()),
        false => Ok(Kind::Lines),
    }
}

/// Whether an element of this name opens in the first bytes.
fn has_root(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        matches!(before, Some('<' | ':'))
            && matches!(after, Some('>' | ' ' | '\r' | '\n' | '\t' | '/'))
    })
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n_read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n_read]);
        Ok(n_read)
    }
}

/// What the files of one call were sorted into.
#[derive(Default)]
struct Sorted {
    publications: Vec<(Publication, String)>,
    csv: CsvSet,
    lines: Vec<PlainFile>,
    address_csv: Vec<PlainFile>,
    hashes: Vec<String>,
}

/// Reads a list from open files. The files are told apart by content; formats of one publication are compared.
///
/// # Errors
/// If any file is refused, or the formats differ.
pub fn read_list_files(
    files: Vec<ListFile<'_>>,
    options: &ReadOptions,
) -> Result<ParsedList, ListError> {
    let first = files.first().map_or_else(String::new, |file| file.name.clone());
    let mut sorted = Sorted::default();
    for file in files {
        sort(file, &mut sorted)?;
    }
    let Sorted { mut publications, csv, lines, address_csv, mut hashes } = sorted;
    if csv.sdn.is_some() || csv.comments.is_some() || csv.add.is_some() || csv.alt.is_some() {
        let name = csv.sdn.as_ref().map_or_else(|| first.clone(), |file| file.name.clone());
        publications.push((sdn_csv::read(&csv, options.accept_unterminated)?, name));
    }
    if !lines.is_empty() {
        let name = lines[0].name.clone();
        publications.push((plain::read_lines(&lines)?, name));
    }
    if !address_csv.is_empty() {
        let name = address_csv[0].name.clone();
        publications.push((plain::read_csv(&address_csv)?, name));
    }
    publications.sort_by_key(|(publication, _)| publication.format);
    let agrees_with = compare(&publications)?;
    let Some((mut publication, name)) = publications.into_iter().next() else {
        return Err(ListError::new(ListErrorKind::Incomplete, "list", "no files given"));
    };
    hashes.sort_unstable();
    let version_sha256 = match hashes.as_slice() {
        [only] => only.clone(),
        several => hex(Sha256::digest(several.join("\n").as_bytes()).as_slice()),
    };
    date_publication(&mut publication, options, &name)?;
    if let Some(list) = &options.list {
        publication.list = list.clone();
    }
    let mut list = publication.decode(&name, version_sha256)?;
    list.agrees_with = agrees_with;
    Ok(list)
}

/// The XML formats say when they were published; the caller's word fills in for those that do not.
fn date_publication(
    publication: &mut Publication,
    options: &ReadOptions,
    file: &str,
) -> Result<(), ListError> {
    match (publication.published, options.published) {
        (None, Some(published)) => publication.published = Some(published),
        (Some(found), Some(told)) if found != told => {
            let what = format!("the publication date given is not the one found ({})", day(found));
            return Err(ListError::new(ListErrorKind::Disagreement, file, what)
                .with_hint("leave --published out, or give the right file"));
        }
        _ => {}
    }
    let is_xml = matches!(publication.format, ListFormat::OfacAdvancedXml | ListFormat::OfacXml);
    match publication.published {
        None if is_xml => {
            Err(ListError::new(ListErrorKind::Incomplete, file, "no publication date in this file")
                .with_hint("pass --published YYYY-MM-DD if you know it"))
        }
        _ => Ok(()),
    }
}

fn day(time: Timestamp) -> String {
    let instant = jiff::Timestamp::from_second(time.get()).unwrap_or_default();
    instant.strftime("%Y-%m-%d").to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads XML at once, and keeps other files until all of their kind are there.
fn sort(file: ListFile<'_>, sorted: &mut Sorted) -> Result<(), ListError> {
    let ListFile { name, content } = file;
    let mut reader =
        BufReader::with_capacity(1 << 16, Hashing { inner: content, hash: Sha256::new() });
    let head = reader.fill_buf().map_err(|error| io_error(&name, &error))?;
    if head.is_empty() {
        return Err(ListError::new(ListErrorKind::Truncated, &name, "the file is empty"));
    }
    let kind = kind_of(head, &name)?;
    let twice = || {
        ListError::new(ListErrorKind::Disagreement, &name, "a second file of the same kind")
            .with_hint("import one version of one list at a time")
    };
    if matches!(kind, Kind::Advanced | Kind::SdnXml) {
        if head.starts_with(b"\xef\xbb\xbf") {
            reader.consume(3);
        }
        let publication = match kind {
            Kind::Advanced => advanced::read(&mut reader, &name)?,
            _ => sdn_xml::read(&mut reader, &name)?,
        };
        if sorted.publications.iter().any(|(other, _)| other.format == publication.format) {
            return Err(twice());
        }
        sorted.publications.push((publication, name.clone()));
        let drained = std::io::copy(&mut reader, &mut std::io::sink());
        drained.map_err(|error| io_error(&name, &error))?;
    } else {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| io_error(&name, &error))?;
        let slot = match kind {
            Kind::Lines => {
                sorted.lines.push(PlainFile { name: name.clone(), bytes });
                None
            }
            Kind::AddressCsv => {
                sorted.address_csv.push(PlainFile { name: name.clone(), bytes });
                None
            }
            Kind::Sdn => Some((&mut sorted.csv.sdn, bytes)),
            Kind::Comments => Some((&mut sorted.csv.comments, bytes)),
            Kind::Add => Some((&mut sorted.csv.add, bytes)),
            _ => Some((&mut sorted.csv.alt, bytes)),
        };
        if let Some((slot, bytes)) = slot {
            if slot.is_some() {
                return Err(twice());
            }
            *slot = Some(CsvFile { name: name.clone(), bytes });
        }
    }
    sorted.hashes.push(hex(reader.into_inner().hash.finalize().as_slice()));
    Ok(())
}

/// Every format must hold the identifiers of the first; gives the others.
fn compare(publications: &[(Publication, String)]) -> Result<Vec<ListFormat>, ListError> {
    let Some(((richest, _), others)) = publications.split_first() else { return Ok(Vec::new()) };
    let is_ofac = |format| !matches!(format, ListFormat::PlainAddresses | ListFormat::AddressCsv);
    for (other, name) in others {
        if !is_ofac(other.format) {
            let what = format!("a {} beside a {}", other.format.name(), richest.format.name());
            return Err(ListError::new(ListErrorKind::Disagreement, name, what)
                .with_hint("import them one after the other"));
        }
        let (here, there) = (richest.identifiers(), other.identifiers());
        let lost: Vec<_> =
            here.iter().filter(|found| there.binary_search(found).is_err()).collect();
        let extra: Vec<_> =
            there.iter().filter(|found| here.binary_search(found).is_err()).collect();
        if here != there {
            let show = |side: &[&(&str, &str, &str)]| {
                let shown =
                    side.iter().take(3).map(|(id, label, text)| format!("{id} {label} {text}"));
                shown.collect::<Vec<_>>().join(", ")
            };
            let what = format!(
                "{} identifiers here, {} in the {}; missing here: [{}], more here: [{}]",
                there.len(),
                here.len(),
                richest.format.name(),
                show(&lost),
                show(&extra)
            );
            return Err(ListError::new(ListErrorKind::Disagreement, name, what)
                .with_hint("the files must be of one publication; fetch them again together"));
        }
        if let (Some(one), Some(two)) = (richest.published, other.published)
            && one != two
        {
            let what = format!("published {}, the other format {}", day(two), day(one));
            return Err(ListError::new(ListErrorKind::Disagreement, name, what));
        }
    }
    Ok(others.iter().map(|(other, _)| other.format).collect())
}
