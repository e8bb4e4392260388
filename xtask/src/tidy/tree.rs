//! The files of the working tree: tracked, or new and not ignored.
//!
//! Asked of git where there is one; else walked, because a release archive has no `.git`, and a
//! container may refuse git a folder that another user owns.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Failure;

/// What is read as text; everything else is only known to exist.
const TEXT: &[&str] = &["rs", "md", "toml", "lock"];
/// Folders that are nobody's source, for the walk without git.
const SKIPPED: &[&str] = &[".git", "target", "node_modules"];

/// Files by path (relative to the root, with `/`), with the text of Rust, Markdown, TOML and lock files.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// A tree of these files, for tests.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Self { files: files.collect() }
    }

    /// Reads the tree at `root`.
    ///
    /// # Errors
    /// A file cannot be read, or is not UTF-8.
    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        let mut files = BTreeMap::new();
        for path in paths {
            let text = if TEXT.contains(&extension(&path)) {
                fs::read_to_string(root.join(&path))
                    .map_err(|error| Failure::new(format!("could not read {path}: {error}")))?
            } else {
                String::new()
            };
            files.insert(path, text);
        }
        Ok(Self { files })
    }

    /// Every path, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Files with this extension, sorted by path.
    pub(crate) fn with_extension(&self, wanted: &str) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        files.filter(move |(path, _)| extension(path) == wanted)
    }

    /// Whether there is a file or folder of this path.
    pub(crate) fn contains(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self
                .files
                .range(folder.clone()..)
                .next()
                .is_some_and(|(k, _)| k.starts_with(&folder))
    }

    /// The nouns of the crates under `crates/`, sorted.
    pub(crate) fn crates(&self) -> Vec<&str> {
        self.paths()
            .filter_map(|path| path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
            .filter(|noun| !noun.contains('/'))
            .collect()
    }
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// `None` where git is missing, refuses, or does not know this folder as its own.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    let listed = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = listed
        .split('\0')
        // A deleted file stays in the index until the next commit.
        .filter(|path| root.join(path).is_file())
        .map(str::to_owned)
        .collect();
    (output.status.success() && paths.iter().any(|path| path == "Cargo.toml")).then_some(paths)
}

fn walked(root: &Path) -> Result<Vec<String>, Failure> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Failure::new(format!("could not list `{folder}`: {error}"));
        for entry in fs::read_dir(root.join(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                folders.push(format!("{folder}{name}/"));
            } else if kind.is_file() {
                paths.push(format!("{folder}{name}"));
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_tree_without_git_is_walked_past_what_is_built() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["Cargo.toml", "crates/a/src/lib.rs", "target/x.rs", ".git/config", ".ci/run"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text\n").unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        assert_eq!(
            tree.paths().collect::<Vec<_>>(),
            [".ci/run", "Cargo.toml", "crates/a/src/lib.rs"]
        );
        assert_eq!((tree.text(".ci/run"), tree.text("Cargo.toml")), (Some(""), Some("text\n")));
    }

    #[test]
    fn a_folder_is_contained_by_its_whole_name() {
        let tree = Tree::of(&[("docs/guide/a.md", "")]);
        let found = ["docs", "docs/guide", "docs/gui", "docs/guide/a.md", "docs/guide/b.md"];
        assert_eq!(found.map(|path| tree.contains(path)), [true, true, false, true, false]);
    }
}
