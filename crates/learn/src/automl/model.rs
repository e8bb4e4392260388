//! A trained model: predicts, explains, says how it came about.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::AutoOptions;
use super::assess::ModelReport;
use super::member::{Explainer, Learner};
use crate::blend::Blend;
use crate::features::{Lineage, Unseen};
use crate::roles::{Role, Targets};
use crate::{Contributions, Frame, LearnError, Matrix, Pipeline, Task};

/// A learner and its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) learner: Learner,
    /// Added to its margins, one an output: where classes were given other weights in training, the logarithm of what that
    /// did to their odds. Empty for nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) shift: Vec<f64>,
}

impl Member {
    /// Margins on the scale of the task, row after row, one an output.
    pub(super) fn margins(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        let mut margins = self.learner.margins(features)?;
        shift(&mut margins, &self.shift);
        Ok(margins)
    }
}

/// Adds one number an output to margins, row after row.
pub(super) fn shift(margins: &mut [f64], by: &[f64]) {
    for row in margins.chunks_mut(by.len().max(1)) {
        row.iter_mut().zip(by).for_each(|(margin, by)| *margin += by);
    }
}

/// What a model was trained on, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Provenance {
    pub(super) n_rows: usize,
    pub(super) n_columns: usize,
    pub(super) held_out: String,
    pub(super) n_folds: usize,
    /// Whether the caller stopped the search.
    pub(super) stopped: bool,
    pub(super) options: AutoOptions,
    /// What networks were fitted on; empty for the cores of the machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) devices: Vec<String>,
}

/// A trained model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    pub(super) pipeline: Pipeline,
    pub(super) targets: Targets,
    pub(super) members: Vec<Member>,
    pub(super) blend: Blend,
    pub(super) provenance: Provenance,
    /// How good it is, and what it is made of.
    pub report: ModelReport,
    /// What learners prepare at the first explanation.
    #[serde(skip)]
    explainers: Prepared,
}

/// Made at the first explanation. A copy of a model makes its own.
#[derive(Default)]
struct Prepared(OnceLock<Vec<Explainer>>);

impl Clone for Prepared {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.get().is_some() { "prepared" } else { "not prepared" })
    }
}

/// Predictions of some rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// What is predicted.
    pub task: Task,
    /// Names of the classes, in order of their numbers; empty for numbers.
    pub classes: Vec<String>,
    /// Row after row: the number; the probability of class 1; or one probability a class.
    pub values: Vec<f64>,
    /// What the rows brought that training had not seen.
    pub unseen: Unseen,
}

impl Prediction {
    /// The most probable class of every row; empty for numbers.
    pub fn labels(&self) -> Vec<&str> {
        match self.task {
            Task::Regression => Vec::new(),
            Task::Binary => {
                let class = |p: &f64| self.classes[usize::from(*p >= 0.5)].as_str();
                self.values.iter().map(class).collect()
            }
            Task::Multiclass { .. } => {
                let rows = self.values.chunks(self.classes.len());
                rows.map(|row| self.classes[largest(row)].as_str()).collect()
            }
        }
    }
}

/// The place of the largest value, the first of equals.
pub(super) fn largest(values: &[f64]) -> usize {
    let better = |best: usize, at: usize| if values[at] > values[best] { at } else { best };
    (1..values.len()).fold(0, better)
}

/// Why rows are predicted as they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What contributes: a column of the table, or several of them together, such as both ends of a time.
    pub sources: Vec<Vec<String>>,
    /// What each did to the margin of the blend, before calibration; `base + Σ = margin`.
    pub contributions: Contributions,
    /// Margins of the rows, row after row, one an output.
    pub margins: Vec<f64>,
}

impl Explanation {
    /// The output with the largest margin of a row: the class that is predicted, where there are several.
    pub fn likeliest(&self, row: usize) -> usize {
        let n_outputs = self.contributions.n_outputs();
        largest(&self.margins[row * n_outputs..(row + 1) * n_outputs])
    }
}

/// One reason for one row, the strongest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// The column, or columns.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What it did to the margin.
    pub contribution: f64,
    /// In words: `plan is "monthly", which raises churn`.
    pub words: String,
}

impl Model {
    pub(super) fn new(
        pipeline: Pipeline,
        targets: Targets,
        members: Vec<Member>,
        blend: Blend,
        provenance: Provenance,
    ) -> Self {
        let report = ModelReport::default();
        Self {
            pipeline,
            targets,
            members,
            blend,
            provenance,
            report,
            explainers: Prepared::default(),
        }
    }

    /// Devices that networks were fitted on; none for the cores of the machine.
    pub fn devices(&self) -> &[String] {
        &self.provenance.devices
    }

    /// What is predicted.
    pub fn task(&self) -> Task {
        self.targets.task
    }

    /// The target of another table, read as in training, with the classes under the same numbers.
    ///
    /// # Errors
    /// As [`Targets::read_alike`].
    pub fn targets_of(&self, frame: &Frame) -> Result<Targets, LearnError> {
        self.targets.read_alike(frame)
    }

    /// What rows weigh by the column that weighed training: `None` where it had none, or where the table lacks it.
    ///
    /// # Errors
    /// A weight is no finite number, or below 0.
    pub fn weights_of(&self, frame: &Frame) -> Result<Option<Vec<f64>>, LearnError> {
        let column = self.provenance.options.weight.as_deref();
        let present = column.filter(|column| frame.column(column).is_ok());
        present.map(|column| super::weights::of_rows(frame, Some(column))).transpose()
    }

    /// The column that is predicted.
    pub fn target(&self) -> &str {
        &self.targets.column
    }

    /// Names of the classes, in order of their numbers; empty for numbers.
    pub fn classes(&self) -> &[String] {
        &self.targets.classes
    }

    /// The role of every column of the training table.
    pub fn roles(&self) -> &[Role] {
        self.pipeline.roles()
    }

    /// Where each feature comes from.
    pub fn lineage(&self) -> &[Lineage] {
        self.pipeline.lineage()
    }

    /// Columns that rows must bring, and the type of values they had in training.
    pub fn schema(&self) -> Vec<(&str, &str)> {
        self.pipeline.schema()
    }

    /// What was asked for in training.
    pub fn options(&self) -> &AutoOptions {
        &self.provenance.options
    }

    /// Names of the learners in the blend with their weights.
    pub fn parts(&self) -> Vec<(&str, f64)> {
        let names = self.members.iter().map(|member| member.name.as_str());
        names.zip(self.blend.weights.iter().copied()).collect()
    }

    /// Trees of all its learners together: what a prediction costs.
    pub fn n_trees(&self) -> usize {
        let of = |member: &Member| match &member.learner {
            Learner::Trees(model) | Learner::Forest(model) => model.n_trees(),
            Learner::Linear(_) | Learner::Network(_) | Learner::Own(_) => 0,
        };
        self.members.iter().map(of).sum()
    }

    /// Names of the learners of the caller's own that have weight in the blend.
    pub fn own_parts(&self) -> Vec<&str> {
        let own = self.members.iter().filter(|member| matches!(member.learner, Learner::Own(_)));
        own.map(|member| member.name.as_str()).collect()
    }

    /// Predicts rows.
    ///
    /// # Errors
    /// A column is missing or holds values of another type than in training.
    pub fn predict(&self, frame: &Frame) -> Result<Prediction, LearnError> {
        let (features, unseen) = self.pipeline.transform(frame)?;
        self.predicted(&self.margins_of_parts(&features)?, unseen)
    }

    fn predicted(&self, parts: &[Vec<f64>], unseen: Unseen) -> Result<Prediction, LearnError> {
        let values = self.blend.predictions(parts)?;
        Ok(Prediction { task: self.task(), classes: self.classes().to_vec(), values, unseen })
    }

    pub(super) fn margins_of_parts(&self, features: &Matrix) -> Result<Vec<Vec<f64>>, LearnError> {
        self.members.iter().map(|member| member.margins(features)).collect()
    }

    /// Explains rows.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn explain(&self, frame: &Frame) -> Result<Explanation, LearnError> {
        let (features, _) = self.pipeline.transform(frame)?;
        self.explained(&features)
    }

    /// [`Model::predict`] and [`Model::explain`] with the work that they share done once.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn predict_explained(
        &self,
        frame: &Frame,
    ) -> Result<(Prediction, Explanation), LearnError> {
        let (features, unseen) = self.pipeline.transform(frame)?;
        let parts = self.margins_of_parts(&features)?;
        let explanation = self.explained_parts(&features, &parts)?;
        Ok((self.predicted(&parts, unseen)?, explanation))
    }

    pub(super) fn explained(&self, features: &Matrix) -> Result<Explanation, LearnError> {
        self.explained_parts(features, &self.margins_of_parts(features)?)
    }

    fn explained_parts(
        &self,
        features: &Matrix,
        margins: &[Vec<f64>],
    ) -> Result<Explanation, LearnError> {
        let explainers = self
            .explainers
            .0
            .get_or_init(|| self.members.iter().map(|member| member.learner.explainer()).collect());
        let of = |(member, explainer): (&Member, &Explainer)| {
            let mut own = member.learner.contributions(features, explainer)?;
            shift(&mut own.base, &member.shift);
            Ok(own)
        };
        let parts: Result<Vec<Contributions>, LearnError> =
            self.members.iter().zip(explainers).map(of).collect();
        let by_feature = self.blend.contributions(&parts?)?;
        let margins = self.blend.margins(margins)?;
        let (sources, place) = sources_of(self.lineage());
        let contributions = summed(&by_feature, sources.len(), &place);
        Ok(Explanation { sources, contributions, margins })
    }

    /// The `n` strongest reasons for each row, for the class that is predicted.
    ///
    /// # Errors
    /// As [`Model::predict`].
    pub fn reasons(&self, frame: &Frame, n: usize) -> Result<Vec<Vec<Reason>>, LearnError> {
        Ok(self.reasons_of(frame, &self.explain(frame)?, n))
    }

    /// [`Model::reasons`] of rows that are explained already.
    pub fn reasons_of(
        &self,
        frame: &Frame,
        explanation: &Explanation,
        n: usize,
    ) -> Vec<Vec<Reason>> {
        let of_row = |row: usize| {
            let output = explanation.likeliest(row);
            let values = explanation.contributions.of(row, output);
            let mut order: Vec<usize> = (0..values.len()).filter(|at| values[*at] != 0.0).collect();
            order.sort_by(|a, b| values[*b].abs().total_cmp(&values[*a].abs()).then(a.cmp(b)));
            order.truncate(n);
            let reason =
                |at: usize| self.reason(frame, row, &explanation.sources[at], values[at], output);
            order.into_iter().map(reason).collect()
        };
        (0..frame.n_rows()).map(of_row).collect()
    }

    fn reason(
        &self,
        frame: &Frame,
        row: usize,
        sources: &[String],
        contribution: f64,
        output: usize,
    ) -> Reason {
        let shown = |name: &String| {
            let raw = frame.column(name).ok().and_then(|column| column.values.told(row));
            raw.unwrap_or_else(|| "missing".to_owned())
        };
        let column = joined(sources);
        let value = joined(&sources.iter().map(shown).collect::<Vec<_>>());
        let what = match self.task() {
            Task::Regression => self.target().to_owned(),
            Task::Binary => format!("{} = {}", self.target(), self.classes()[1]),
            Task::Multiclass { .. } => format!("{} = {}", self.target(), self.classes()[output]),
        };
        let does = if contribution > 0.0 { "raises" } else { "lowers" };
        let words = format!("{column} is {value}, which {does} {what}");
        Reason { column, value, contribution, words }
    }
}

/// `start and end`.
pub(super) fn joined(names: &[String]) -> String {
    names.join(" and ")
}

/// The different sources of features, in order of their first feature, and for every feature the place of its own.
/// Told apart by the columns themselves: a column may be named like two others joined.
pub(super) fn sources_of(lineage: &[Lineage]) -> (Vec<Vec<String>>, Vec<usize>) {
    let mut sources: Vec<Vec<String>> = Vec::new();
    let place = lineage.iter().map(|feature| {
        sources.iter().position(|known| *known == feature.sources).unwrap_or_else(|| {
            sources.push(feature.sources.clone());
            sources.len() - 1
        })
    });
    let place = place.collect();
    (sources, place)
}

/// Contributions of features summed by their sources.
fn summed(by_feature: &Contributions, n_sources: usize, place: &[usize]) -> Contributions {
    let mut values = vec![0.0; by_feature.n_rows * by_feature.n_outputs() * n_sources];
    let parts = by_feature.values.chunks(by_feature.n_features.max(1));
    for (from, to) in parts.zip(values.chunks_mut(n_sources.max(1))) {
        for (value, place) in from.iter().zip(place) {
            to[*place] += value;
        }
    }
    let (n_rows, base) = (by_feature.n_rows, by_feature.base.clone());
    Contributions { n_rows, n_features: n_sources, base, values }
}
