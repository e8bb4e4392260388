//! From paths to packs: which files of a folder are packs, and of which kind.
//!
//! In: files and folders, searched to the bottom. Out: one report a file.

use std::path::{Path, PathBuf};

use ledger::Timestamp;

use super::actors::{self, ActorPackReport};
use super::error::TagError;
use super::pack::{self, TagPackReport, utf8};
use super::rows::read_tag_csv;
use super::yaml;

/// A file that holds tags or actors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFile {
    /// The pack's name: its path within the folder given, else its file name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What a file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagFileContent {
    /// Tags.
    Tags(TagPackReport),
    /// Actors.
    Actors(ActorPackReport),
}

/// The pack files under `paths`: every `.yaml`, `.yml` and `.csv` of a folder, in order of their paths, but not
/// `config.yaml`, which describes a repository of packs.
///
/// # Errors
/// If a folder cannot be read or holds no packs.
pub fn tag_files(paths: &[PathBuf]) -> Result<Vec<TagFile>, TagError> {
    let mut files = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let metadata = path.metadata().map_err(|error| io_error(&shown, &error))?;
        if metadata.is_dir() {
            let n_before = files.len();
            search(path, path, 0, &mut files)?;
            if files.len() == n_before {
                return Err(TagError::new(&shown, None, "no packs in this folder")
                    .with_hint("packs are .yaml, .yml or .csv files"));
            }
        } else {
            let name = path
                .file_name()
                .map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
            files.push(TagFile { name, path: path.clone() });
        }
    }
    Ok(files)
}

fn io_error(file: &str, error: &std::io::Error) -> TagError {
    TagError::new(file, None, format!("cannot be read: {error}"))
}

fn search(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<TagFile>,
) -> Result<(), TagError> {
    let shown = folder.display().to_string();
    if depth > 16 {
        return Err(TagError::new(&shown, None, "folders nested too deeply"));
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| io_error(&shown, &error))? {
        paths.push(entry.map_err(|error| io_error(&shown, &error))?.path());
    }
    paths.sort_unstable();
    for path in paths {
        if path.is_dir() {
            search(root, &path, depth + 1, files)?;
            continue;
        }
        let ending =
            path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let is_config = path.file_stem().is_some_and(|stem| stem == "config");
        if matches!(ending.as_str(), "yaml" | "yml" | "csv") && !is_config {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            files.push(TagFile { name, path });
        }
    }
    Ok(())
}

/// Reads one file, of tags or actors.
///
/// # Errors
/// If it cannot be read, or is refused as a whole.
pub fn read_tag_file(file: &TagFile, known_at: Timestamp) -> Result<TagFileContent, TagError> {
    let bytes = std::fs::read(&file.path)
        .map_err(|error| io_error(&file.path.display().to_string(), &error))?;
    read_tag_bytes(&bytes, &file.name, known_at)
}

/// The same for bytes: YAML with `actors` is an ActorPack, YAML otherwise a TagPack, and a first line of column names a
/// CSV of tags.
///
/// # Errors
/// If the pack is refused as a whole.
pub fn read_tag_bytes(
    bytes: &[u8],
    name: &str,
    known_at: Timestamp,
) -> Result<TagFileContent, TagError> {
    let text = utf8(bytes, name)?;
    let first_line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let columns = || first_line.split(',').map(|column| column.trim().trim_matches('"'));
    if columns().count() > 1 && columns().any(|column| column.eq_ignore_ascii_case("address")) {
        return read_tag_csv(bytes, name, known_at).map(TagFileContent::Tags);
    }
    let root = yaml::parse(text, name)?;
    let has_actors =
        root.fields().is_some_and(|fields| fields.iter().any(|(key, _)| *key == "actors"));
    match has_actors {
        true => actors::from_root(&root, name).map(TagFileContent::Actors),
        false => pack::from_root(&root, name, known_at).map(TagFileContent::Tags),
    }
}
