//! What models answer, for adapters to render.

use learn::Role;
use learn::automl::{Assessed, ColumnImportance, LeaderboardRow, LeakCheck};
use serde::Serialize;

use super::LoadedModel;

/// A part of a blend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelPart {
    /// The learner.
    pub name: String,
    /// Its weight.
    pub weight: f64,
}

/// What is told of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelAnswer {
    /// Its name, as it is served.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// The column that it predicts.
    pub target: String,
    /// What that is.
    pub task: String,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// SHA-256 of the table it was trained on.
    pub data_hash: String,
    /// Rows of that table.
    pub n_rows: usize,
    /// Rows that were left out before, for they had no target.
    pub n_without_target: usize,
    /// How rows were held out.
    pub held_out: String,
    /// Figures on held-out rows, by name.
    pub figures: Vec<(&'static str, f64)>,
    /// What it is made of.
    pub parts: Vec<ModelPart>,
    /// What was tried, the best first.
    pub leaderboard: Vec<LeaderboardRow>,
    /// The most important columns first.
    pub importance: Vec<ColumnImportance>,
    /// What every column was taken for.
    pub roles: Vec<Role>,
    /// Whether its figures can be believed, question by question.
    pub checks: Vec<LeakCheck>,
    /// What to look at before it is used.
    pub warnings: Vec<String>,
}

/// What training made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainAnswer {
    /// The model.
    #[serde(flatten)]
    pub model: ModelAnswer,
    /// Where it was written.
    pub file: String,
    /// Bytes of the file.
    pub n_bytes: u64,
    /// Columns that became features.
    pub n_columns_used: usize,
    /// Seconds that passed.
    pub wall_s: f64,
    /// How it does on another table, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<TestAnswer>,
}

/// A model on a table that it was not trained on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestAnswer {
    /// The table.
    pub table: String,
    /// Its rows.
    pub n_rows: usize,
    /// Rows of it that equal one of the training table in every column that is used, and in the target.
    pub n_copies: usize,
    /// The first of them, from 1.
    pub first_copy: Option<usize>,
    /// Figures, by name.
    pub figures: Vec<(&'static str, f64)>,
    /// What the rows brought that training had not seen, in words.
    pub unseen: Vec<String>,
}

impl LoadedModel {
    /// What is told of it.
    pub fn answer(&self) -> ModelAnswer {
        let (model, manifest) = (&self.model, &self.manifest);
        let report = &model.report;
        let part = |(name, weight): (&str, f64)| ModelPart { name: name.to_owned(), weight };
        ModelAnswer {
            name: manifest.name.clone(),
            sha256: self.sha256.clone(),
            target: model.target().to_owned(),
            task: match model.task() {
                learn::Task::Regression => "regression".to_owned(),
                learn::Task::Binary => "two classes".to_owned(),
                learn::Task::Multiclass { n_classes } => format!("{n_classes} classes"),
            },
            classes: model.classes().to_vec(),
            data_hash: manifest.data_hash.clone(),
            n_rows: report.split.n_rows,
            n_without_target: report.split.n_without_target,
            held_out: report.split.sentence.clone(),
            figures: report.assessed.figures(),
            parts: model.parts().into_iter().map(part).collect(),
            leaderboard: report.leaderboard.clone(),
            importance: report.importance.clone(),
            roles: report.roles.clone(),
            checks: report.checks.clone(),
            warnings: report.warnings.clone(),
        }
    }

    /// What training made, after its file was written.
    pub fn trained(&self, file: &str, n_bytes: u64, wall_s: f64) -> TrainAnswer {
        TrainAnswer {
            n_columns_used: self.model.schema().len(),
            model: self.answer(),
            file: file.to_owned(),
            n_bytes,
            wall_s,
            test: None,
        }
    }
}

/// What predicting a table did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PredictReport {
    /// The model.
    pub model: String,
    /// Rows that were predicted.
    pub n_rows: usize,
    /// Where they were written.
    pub file: String,
    /// What the rows brought that training had not seen, in words.
    pub unseen: Vec<String>,
    /// Figures, where the table holds the target.
    pub figures: Vec<(&'static str, f64)>,
}

/// One reason of one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReasonAnswer {
    /// The column.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What it did to the margin.
    pub contribution: f64,
    /// In words.
    pub words: String,
}

/// One row, explained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowAnswer {
    /// The row, from 1.
    pub row: usize,
    /// The class, or the number.
    pub prediction: String,
    /// The probability of `event`; the number again for numbers.
    pub value: f64,
    /// Of two classes that the second is true, of more that the predicted one is: `COLUMN = CLASS`.
    pub event: Option<String>,
    /// What the row holds that training did not know, a sentence a column.
    pub unseen: Vec<String>,
    /// The margin before any column is known.
    pub base: f64,
    /// The margin: base and all contributions.
    pub margin: f64,
    /// The strongest first.
    pub reasons: Vec<ReasonAnswer>,
}

/// Models on one table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompareAnswer {
    /// The table; empty where the models' own held-out rows are compared.
    pub table: String,
    /// In the order they were given.
    pub models: Vec<ComparedModel>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedModel {
    /// Its file.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The column that it predicts.
    pub target: String,
    /// Figures.
    pub assessed: Assessed,
}
