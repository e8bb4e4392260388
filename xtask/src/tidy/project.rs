//! What the rules read: the files, the crates of the workspace with their edges, and every package
//! that a build on this machine takes in.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Tree;
use crate::{Failure, setup};

/// Everything the rules read.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The files.
    pub tree: Tree,
    /// The crates of the workspace.
    pub members: Vec<Member>,
    /// The packages of others.
    pub packages: Vec<Package>,
}

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// The package without `tracehound-`, which is also its folder.
    pub noun: String,
    /// The crates of the workspace it uses.
    pub edges: Vec<Edge>,
}

/// A dependency on another crate of the workspace.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The noun of the crate used.
    pub to: String,
    /// What uses it.
    pub kind: EdgeKind,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// The crate itself, or its build script.
    Normal,
    /// Its tests, benches and examples.
    Dev,
}

/// A package of somebody else.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name as on the registry.
    pub name: String,
    /// Its `license` field; empty where it has none.
    pub license: String,
}

impl Project {
    /// Reads the files at `root`, and from `cargo metadata` the crates and packages.
    ///
    /// # Errors
    /// A file cannot be read, or cargo refuses (a manifest is wrong, Cargo.lock is out of date).
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let metadata = metadata(root)?;
        let (mut members, mut packages) = (Vec::new(), Vec::new());
        for package in list(&metadata["packages"]) {
            if package["source"].is_null() {
                members.push(member(package));
            } else {
                let license = string(&package["license"]);
                packages.push(Package { name: string(&package["name"]), license });
            }
        }
        Ok(Self { tree: Tree::read(root)?, members, packages })
    }

    /// The Rust sources that the rules are about, sorted by path.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.tree.with_extension("rs");
        files.filter(|(path, _)| path.starts_with("crates/") || path.starts_with("xtask/"))
    }
}

fn member(package: &Value) -> Member {
    let edges = list(&package["dependencies"]).iter().filter(|d| d["path"].is_string());
    let edges = edges.map(|dependency| Edge {
        to: noun(&string(&dependency["name"])),
        kind: if dependency["kind"] == "dev" { EdgeKind::Dev } else { EdgeKind::Normal },
    });
    Member { noun: noun(&string(&package["name"])), edges: edges.collect() }
}

/// Only packages for this machine's own platform: the rest (Windows, WebAssembly) would have to be
/// downloaded just to be read, and is no part of what is built here.
fn metadata(root: &Path) -> Result<Value, Failure> {
    let version = run(root, "rustc".as_ref(), &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let arguments = ["metadata", "--format-version=1", "--locked", "--filter-platform", host];
    let metadata = run(root, &setup::cargo_path(), &arguments)?;
    serde_json::from_str(&metadata)
        .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))
}

fn run(root: &Path, program: &std::ffi::OsStr, arguments: &[&str]) -> Result<String, Failure> {
    let line = format!("{} {}", program.display(), arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .map_err(|error| Failure::new(format!("could not start `{line}`: {error}")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::new(format!("`{line}` failed")).with_hint(said))
    }
}

fn noun(package: &str) -> String {
    package.strip_prefix("tracehound-").unwrap_or(package).to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
