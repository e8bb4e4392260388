//! Models of tables: trained, kept as one file, asked.
//!
//! All method is in crate `learn`; here are files, the store, and answers that adapters render. The command line, the server
//! and Python go through these functions, so the same rows get the same bytes everywhere.

mod answers;
mod device;
mod own;
mod predictions;
mod served;
mod table;

use std::path::Path;
use std::sync::Arc;

use learn::LearnError;
pub use learn::automl::check_name;
pub use learn::automl::{Assessed, OwnFit, OwnLearner, Prepared, PreparedFold};
use learn::automl::{AutoOptions, Interrupt, Manifest, Model, SplitBy, TrainProgress, train_on};
use learn::network::{Cores, Device};
use learn::roles::Override;
pub use learn::{Matrix, Training};
use sha2::{Digest, Sha256};

pub use answers::{
    CompareAnswer, ComparedModel, ModelAnswer, ModelPart, PredictReport, ReasonAnswer, RowAnswer,
    TestAnswer, TrainAnswer,
};
pub use device::DeviceChoice;
pub use learn::features::UnseenKind;
pub use learn::{Column, Frame, Values};
pub use own::{assess, prepare_table};
pub use predictions::{Predicted, compare, predict, test_model};
pub use served::{
    AnswerColumn, AnswerValues, InputColumn, RowContributions, ValueType, predict_explained,
};
pub use table::Table;
pub(crate) use table::{CLOCK, KIND, unzipped};

use crate::{Error, Progress, Watch, did_you_mean};

/// Columns that a hint names at most.
const NAMED_MAX: usize = 12;

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
/// The table cannot be learned from, the search was stopped before its first learner, or it was dropped.
pub fn train_model(
    table: &Table,
    options: &AutoOptions,
    name: &str,
    watch: &dyn Watch,
) -> Result<(Vec<u8>, LoadedModel), Error> {
    train_model_on(&Cores, table, options, name, watch)
}

/// [`train_model`] with networks fitted on a device ([`DeviceChoice::open`]).
///
/// # Errors
/// As [`train_model`]; the device fails.
pub fn train_model_on(
    device: &dyn Device,
    table: &Table,
    options: &AutoOptions,
    name: &str,
    watch: &dyn Watch,
) -> Result<(Vec<u8>, LoadedModel), Error> {
    let model = trained(device, table, options, &[], watch)?;
    let (bytes, manifest) = model.packed(name, &table.sha256)?;
    let sha256 = hash(&bytes);
    Ok((bytes, LoadedModel { model, manifest, sha256 }))
}

/// [`train_model`] with learners of the caller's own in the blend. Where one of them has weight, no file can hold the model: its
/// manifest has no entries then, and its hash is empty.
///
/// # Errors
/// As [`train_model`]; one of them fails.
pub fn train_model_with(
    table: &Table,
    options: &AutoOptions,
    own: &[Arc<dyn OwnLearner>],
    name: &str,
    watch: &dyn Watch,
) -> Result<LoadedModel, Error> {
    let model = trained(&Cores, table, options, own, watch)?;
    if model.own_parts().is_empty() {
        let (bytes, manifest) = model.packed(name, &table.sha256)?;
        return Ok(LoadedModel { model, manifest, sha256: hash(&bytes) });
    }
    let manifest = model.manifest(name, &table.sha256);
    Ok(LoadedModel { model, manifest, sha256: String::new() })
}

fn trained(
    device: &dyn Device,
    table: &Table,
    options: &AutoOptions,
    own: &[Arc<dyn OwnLearner>],
    watch: &dyn Watch,
) -> Result<Model, Error> {
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
    table.check_columns(options)?;
    let options = table.completed(options);
    let (dropped, stopped) = (|| watch.dropped(), || watch.stopped());
    let interrupt = Interrupt { dropped: &dropped, stopped: &stopped };
    let model = train_on(device, &table.frame, &options, own, &mut told, interrupt);
    if begun {
        watch.tell(Progress::End);
    }
    model.map_err(|error| one_sided(error, &options))
}

/// Where rows are held out in time and all that came before are of one class, another split may do.
fn one_sided(error: LearnError, options: &AutoOptions) -> Error {
    match (&error, &options.split) {
        (LearnError::OneTarget { .. } | LearnError::OneClass { .. }, SplitBy::Time(clock)) => {
            Error::Question {
                what: format!("the earliest rows by {clock} are all of one class of {}", options.target),
                hint: Some(
                    "give more rows of the other class, or --split stratified, which judges a model more kindly"
                        .to_owned(),
                ),
            }
        }
        _ => error.into(),
    }
}

impl Table {
    /// Refuses options that name a column which the table lacks, with the option and the nearest name.
    fn check_columns(&self, options: &AutoOptions) -> Result<(), Error> {
        let names: Vec<&str> =
            self.frame.columns().iter().map(|column| column.name.as_str()).collect();
        let split = match &options.split {
            SplitBy::Time(column) | SplitBy::Group(column) => Some(column),
            _ => None,
        };
        let one = [("target", Some(&options.target)), ("weight", options.weight.as_ref())];
        let one = one.into_iter().chain([("split", split)]);
        let asked = one.filter_map(|(option, column)| Some((option, column?)));
        let roles = options.roles.keys().map(|column| ("column", column));
        let monotone = options.monotone.keys().map(|column| ("monotone", column));
        let mut asked = asked.chain(roles).chain(monotone);
        let Some((option, column)) = asked.find(|(_, column)| !names.contains(&column.as_str()))
        else {
            return Ok(());
        };
        let some = |n: usize| names[..n].join(", ");
        let all = match names.len() {
            n if n > NAMED_MAX => format!("{} and {} more", some(NAMED_MAX), n - NAMED_MAX),
            n => some(n),
        };
        Err(Error::Question {
            what: format!("the table has no column {column:?}, which --{option} ({option}) names"),
            hint: Some(match did_you_mean(column, &names) {
                Some(near) => format!("{near} its columns are {all}"),
                None => format!("its columns are {all}"),
            }),
        })
    }

    /// Options with what the file says of its columns, where the caller says nothing of them.
    fn completed(&self, options: &AutoOptions) -> AutoOptions {
        let mut options = options.clone();
        for (column, kind) in &self.kinds {
            let is_asked = *column == options.target || options.weight.as_ref() == Some(column);
            if !is_asked {
                let given = || Override { by_table: true, ..(*kind).into() };
                options.roles.entry(column.clone()).or_insert_with(given);
            }
        }
        if let (SplitBy::Auto, Some(clock)) = (&options.split, &self.clock) {
            options.split = SplitBy::Time(clock.clone());
        }
        options
    }
}

/// Opens the file of a model.
///
/// # Errors
/// It cannot be read, is damaged, or is of a later format.
pub fn open_model(path: &Path) -> Result<LoadedModel, Error> {
    let bytes =
        std::fs::read(path).map_err(|error| Error::File { path: path.to_owned(), error })?;
    LoadedModel::from_bytes(&bytes).map_err(|error| error.of(&path.display().to_string()))
}

impl LoadedModel {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`open_model`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (model, manifest) = Model::from_bytes(bytes)?;
        Ok(Self { model, manifest, sha256: hash(bytes) })
    }

    /// The bytes of its file under a name.
    ///
    /// # Errors
    /// The name has other characters than letters, digits, `-`, `_` and `.`.
    pub fn to_bytes(&self, name: &str) -> Result<Vec<u8>, Error> {
        Ok(self.model.to_bytes(name, &self.manifest.data_hash)?)
    }

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
