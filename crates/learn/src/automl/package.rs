//! A model as one file: a ZIP archive of JSON that any tool can open and none can execute.
//!
//! In: a [`Model`]. Out: bytes, always the same for the same model: entries in a fixed order, without times.
//! `manifest.json` names every entry with its length and SHA-256, the version of the format, and where the model comes from;
//! `model.json` holds features, learners and blend; `report.json` what is told of it. Reading checks all of it first.
//! Source: MLflow's and ONNX's packages. Departures: no pickle, no code, no environment: numbers and names only. Numbers are
//! written so that they read back to the same bits.
//! Cost: O(bytes). Checked against: read back and written again, damaged bytes (`tests/it/automl.rs`).

use std::io::{Cursor, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::model::Model;
use crate::LearnError;

/// Version of the format.
const FORMAT: u32 = 1;
/// Bytes of an entry when unpacked, at most: beyond, a file is hostile.
const ENTRY_BYTES_MAX: u64 = 1 << 31;

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
    /// If a name has other characters than letters, digits, `-`, `_` and `.`, or `OwnLearner` where the blend holds a learner of
    /// the caller's own.
    pub fn to_bytes(&self, name: &str, data_hash: &str) -> Result<Vec<u8>, LearnError> {
        Ok(self.packed(name, data_hash)?.0)
    }

    /// [`Model::to_bytes`], with what the file says about itself.
    ///
    /// # Errors
    /// As [`Model::to_bytes`].
    pub fn packed(&self, name: &str, data_hash: &str) -> Result<(Vec<u8>, Manifest), LearnError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(damaged(format!(
                "{name:?} is no name of a model: letters, digits, - _ and . make one"
            )));
        }
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
            entries: Vec::new(),
        }
    }

    /// Reads a file; every entry must be what the manifest says.
    ///
    /// # Errors
    /// The file is no package, is damaged, or is of a later format.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Manifest), LearnError> {
        let mut archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| damaged(format!("it is no model file: {error}")))?;
        let manifest: Manifest = parsed("manifest.json", &entry(&mut archive, "manifest.json")?)?;
        if manifest.format != FORMAT {
            return Err(damaged(format!(
                "its format is {}, this program reads format {FORMAT}",
                manifest.format
            )));
        }
        let mut model: Option<Self> = None;
        for told in &manifest.entries {
            let bytes = entry(&mut archive, &told.name)?;
            if hex(&Sha256::digest(&bytes)) != told.sha256 || bytes.len() as u64 != told.n_bytes {
                return Err(damaged(format!("{} is not what the manifest says", told.name)));
            }
            if told.name == "model.json" {
                model = Some(parsed(&told.name, &bytes)?);
            }
        }
        let model = model.ok_or_else(|| damaged("it has no entry model.json"))?;
        Ok((model, manifest))
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

fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, LearnError> {
    let file = archive.by_name(name).map_err(|error| damaged(format!("entry {name}: {error}")))?;
    let mut bytes = Vec::new();
    let mut limited = file.take(ENTRY_BYTES_MAX + 1);
    limited.read_to_end(&mut bytes).map_err(|error| damaged(format!("entry {name}: {error}")))?;
    if bytes.len() as u64 > ENTRY_BYTES_MAX {
        return Err(damaged(format!("entry {name} unpacks to more than {ENTRY_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

fn parsed<T: serde::de::DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, LearnError> {
    serde_json::from_slice(bytes).map_err(|error| damaged(format!("entry {name}: {error}")))
}
