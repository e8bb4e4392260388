//! A model as one file: a ZIP archive of JSON that any tool can open and none can execute.
//!
//! In: a [`Model`]. Out: bytes, always the same for the same model: entries in a fixed order, without times.
//! `manifest.json` names every entry with its length and SHA-256, the version of the format, and where the model comes from;
//! `model.json` holds features, learners and blend; `report.json` what is told of it. Reading checks all of it first: names,
//! lengths and hashes, then that the parts of the model belong together (`sound`).
//! Source: MLflow's and ONNX's packages. Departures: no pickle, no code, no environment: numbers and names only. Numbers are
//! written so that they read back to the same bits.
//! Cost: O(bytes). Checked against: read back and written again, damaged bytes (`tests/it/automl.rs`), edited and swollen files
//! (`tests/it/hostile_model.rs`).

use std::io::{Cursor, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::model::Model;
use crate::LearnError;
use crate::frame::cut;

/// Version of the format.
const FORMAT: u32 = 1;
/// Bytes of an entry when unpacked, at most: beyond, a file is hostile.
const ENTRY_BYTES_MAX: u64 = 1 << 31;
/// The same of the manifest: some names and hashes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Times that an entry may be larger than the whole file. Models of real tables are 3 to 12 times as large; deflate can swell
/// a thousandfold.
const SWELLING_MAX: u64 = 100;
/// Entries that a manifest names at most.
const ENTRIES_MAX: usize = 16;
/// Characters of a name at most: it is part of paths and addresses.
const NAME_MAX: usize = 200;

/// What a package says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// Name of the model, as it is served.
    pub name: String,
    /// Version of the program that trained it.
    pub code_version: String,
    /// SHA-256 of the training table as it was read, in hexadecimal digits.
    pub data_hash: String,
    /// The column that is predicted.
    pub target: String,
    /// The task in words.
    pub task: String,
    /// Every draw followed from it.
    pub seed: u64,
    /// Devices that its networks were fitted on: a fit there is not promised to repeat to the bit. Empty, and not written, for the
    /// cores of a machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// The other entries.
    pub entries: Vec<PackageEntry>,
}

/// An entry of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageEntry {
    /// Its name.
    pub name: String,
    /// Bytes, unpacked.
    pub n_bytes: u64,
    /// SHA-256 of them, in hexadecimal digits.
    pub sha256: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn damaged(what: impl Into<String>) -> LearnError {
    LearnError::Package { what: what.into() }
}

impl Model {
    /// The model as bytes of a file. `name` is how it is served, `data_hash` names the table it was trained on.
    ///
    /// # Errors
    /// As [`check_name`], or `OwnLearner` where the blend holds a learner of the caller's own.
    pub fn to_bytes(&self, name: &str, data_hash: &str) -> Result<Vec<u8>, LearnError> {
        Ok(self.packed(name, data_hash)?.0)
    }

    /// [`Model::to_bytes`], with what the file says about itself.
    ///
    /// # Errors
    /// As [`Model::to_bytes`].
    pub fn packed(&self, name: &str, data_hash: &str) -> Result<(Vec<u8>, Manifest), LearnError> {
        check_name(name)?;
        if let Some(own) = self.own_parts().first() {
            let problem = "is code of your own, and no file of a model holds code".to_owned();
            return Err(LearnError::OwnLearner { name: (*own).to_owned(), problem });
        }
        let report = &self.report;
        let parts = [
            ("model.json", serde_json::to_vec(self)),
            ("report.json", serde_json::to_vec_pretty(report)),
        ];
        let mut entries = Vec::new();
        let mut contents = Vec::new();
        for (entry, json) in parts {
            let bytes = json.map_err(|error| damaged(format!("{entry}: {error}")))?;
            let sha256 = hex(&Sha256::digest(&bytes));
            entries.push(PackageEntry {
                name: entry.to_owned(),
                n_bytes: bytes.len() as u64,
                sha256,
            });
            contents.push((entry, bytes));
        }
        let manifest = Manifest { entries, ..self.manifest(name, data_hash) };
        let json = serde_json::to_vec_pretty(&manifest).expect("names and numbers");
        contents.insert(0, ("manifest.json", json));
        let bytes = written(&contents).map_err(|error| damaged(error.to_string()))?;
        Ok((bytes, manifest))
    }

    /// What a file would say about itself, but for its entries: also of a model that no file can hold.
    pub fn manifest(&self, name: &str, data_hash: &str) -> Manifest {
        Manifest {
            format: FORMAT,
            name: name.to_owned(),
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            data_hash: data_hash.to_owned(),
            target: self.target().to_owned(),
            task: format!("{:?}", self.task()),
            seed: self.options().seed,
            devices: self.devices().to_vec(),
            entries: Vec::new(),
        }
    }

    /// Reads a file; every entry must be what the manifest says, and the model must hold together.
    ///
    /// # Errors
    /// The file is no package, is damaged, or is of a later format.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Manifest), LearnError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| damaged(format!("it is no model file: {error}")))?;
        let manifest = entry(&mut archive, "manifest.json", MANIFEST_BYTES_MAX)?;
        let manifest: Manifest = parsed("manifest.json", &manifest)?;
        manifest.check(bytes.len() as u64)?;
        let mut model: Option<Self> = None;
        for told in &manifest.entries {
            let bytes = entry(&mut archive, &told.name, told.n_bytes)?;
            if hex(&Sha256::digest(&bytes)) != told.sha256 || bytes.len() as u64 != told.n_bytes {
                return Err(damaged(format!("{} is not what the manifest says", told.name)));
            }
            if told.name == "model.json" {
                model = Some(parsed(&told.name, &bytes)?);
            }
        }
        let model = model.ok_or_else(|| damaged("it has no entry model.json"))?;
        model.sound().map_err(|what| damaged(format!("model.json: {what}")))?;
        let said = (manifest.target.as_str(), format!("{:?}", model.task()));
        if said != (model.target(), manifest.task.clone()) {
            return Err(damaged("its manifest tells of another target or task than its model"));
        }
        Ok((model, manifest))
    }
}

/// Refuses what cannot be the name of a model: it stands in addresses and in names of files.
///
/// # Errors
/// `Package` for a name that is empty, longer than 200 characters, begins with a point, or has other characters than letters,
/// digits, `-`, `_` and `.`.
pub fn check_name(name: &str) -> Result<(), LearnError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = (1..=NAME_MAX).contains(&name.len()) && name.chars().all(is_plain);
    if is_name && !name.starts_with('.') {
        return Ok(());
    }
    Err(LearnError::ModelName { name: cut(name) })
}

impl Manifest {
    /// Refuses what could take more than the file is worth, before anything is unpacked.
    fn check(&self, file_bytes: u64) -> Result<(), LearnError> {
        if self.format != FORMAT {
            return Err(damaged(format!(
                "its format is {}, this program reads format {FORMAT}",
                self.format
            )));
        }
        check_name(&self.name).map_err(|error| damaged(format!("its manifest: {error}")))?;
        let mut names: Vec<&str> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
        names.sort_unstable();
        if names.len() > ENTRIES_MAX || names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(damaged("its manifest names an entry twice, or too many"));
        }
        let most = ENTRY_BYTES_MAX.min(file_bytes.saturating_mul(SWELLING_MAX));
        match self.entries.iter().find(|entry| entry.n_bytes > most) {
            Some(told) => Err(damaged(format!(
                "entry {} would unpack to {} bytes, from a file of {file_bytes}",
                cut(&told.name),
                told.n_bytes
            ))),
            None => Ok(()),
        }
    }
}

fn written(contents: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, bytes) in contents {
        writer.start_file(*name, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The bytes of an entry, `n_bytes_max` at most.
fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    n_bytes_max: u64,
) -> Result<Vec<u8>, LearnError> {
    let fault = |error: &dyn std::fmt::Display| damaged(format!("entry {}: {error}", cut(name)));
    let file = archive.by_name(name).map_err(|error| fault(&error))?;
    let mut bytes = Vec::new();
    let mut limited = file.take(n_bytes_max.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(|error| fault(&error))?;
    if bytes.len() as u64 > n_bytes_max {
        return Err(fault(&format!("it unpacks to more than {n_bytes_max} bytes")));
    }
    Ok(bytes)
}

fn parsed<T: serde::de::DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, LearnError> {
    serde_json::from_slice(bytes).map_err(|error| damaged(format!("entry {name}: {error}")))
}
