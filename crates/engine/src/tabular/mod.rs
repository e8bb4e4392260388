//! Models of tables: trained, kept as one file, asked.
//!
//! All method is in crate `learn`; here are files, the store, and answers that adapters render. The command line, the server
//! and Python go through these functions, so the same rows get the same bytes everywhere.

mod answers;
mod predictions;
mod table;

use std::path::Path;

use learn::automl::{AutoOptions, Manifest, Model, TrainProgress, train};
use sha2::{Digest, Sha256};

pub use answers::{
    CompareAnswer, ComparedModel, ModelAnswer, ModelPart, PredictReport, ReasonAnswer, RowAnswer,
    TestAnswer, TrainAnswer,
};
pub use predictions::{Predicted, compare, predict, test_model};
pub use table::Table;

use crate::{Error, Progress, Watch};

/// A model and where it came from.
#[derive(Debug)]
pub struct LoadedModel {
    /// The model.
    pub model: Model,
    /// What its file says about itself.
    pub manifest: Manifest,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
}

/// Trains a model on a table; `name` is how it is served. Gives the bytes of its file.
///
/// # Errors
/// The table cannot be learned from, or the search was stopped before its first learner.
pub fn train_model(
    table: &Table,
    options: &AutoOptions,
    name: &str,
    watch: &dyn Watch,
) -> Result<(Vec<u8>, LoadedModel), Error> {
    let mut begun = false;
    let mut told = |progress: &TrainProgress| {
        if !begun {
            begun = true;
            watch.tell(Progress::Begin {
                what: "training".to_owned(),
                total: Some(progress.planned.into()),
                unit: "fits",
            });
        }
        watch.tell(Progress::At { done: progress.done.into() });
        !watch.stopped()
    };
    let model = train(&table.frame, options, &mut told);
    if begun {
        watch.tell(Progress::End);
    }
    let model = model?;
    let (bytes, manifest) = model.packed(name, &table.sha256)?;
    let sha256 = hash(&bytes);
    Ok((bytes, LoadedModel { model, manifest, sha256 }))
}

/// Opens the file of a model.
///
/// # Errors
/// It cannot be read, is damaged, or is of a later format.
pub fn open_model(path: &Path) -> Result<LoadedModel, Error> {
    let bytes =
        std::fs::read(path).map_err(|error| Error::File { path: path.to_owned(), error })?;
    let (model, manifest) = Model::from_bytes(&bytes)?;
    Ok(LoadedModel { model, manifest, sha256: hash(&bytes) })
}

impl LoadedModel {
    /// The report as one page of HTML that needs nothing beside it.
    pub fn report_html(&self) -> String {
        learn::report::html(&self.model, &self.manifest)
    }

    /// The report as JSON.
    pub fn report_json(&self) -> String {
        learn::report::json(&self.model, &self.manifest)
    }
}

/// What rows brought that training had not seen, in words.
pub fn unseen_words(unseen: &learn::features::Unseen) -> Vec<String> {
    use learn::features::UnseenKind;
    let words = |found: &learn::features::UnseenColumn| {
        let what = match found.what {
            UnseenKind::Level => "a level that training never saw",
            UnseenKind::Value => "a value that cannot be read",
        };
        format!(
            "{}: {what} in {} of the rows, first {:?} in row {}; it counts as missing",
            found.column,
            found.n_rows,
            found.example,
            found.first_row + 1
        )
    };
    unseen.columns.iter().map(words).collect()
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
