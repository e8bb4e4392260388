//! Whether a model that was read from a file holds together.
//!
//! In: a model as its JSON says. Out: nothing, or what is wrong. A file is a stranger's: it can be whole by its hashes and still
//! name features that nothing makes, or ask for a vector of a trillion numbers. All that later code takes for granted is
//! looked at here once, so that a model that was opened predicts, explains and reports without a panic.
//! Source: the checks of stored trees (`trees::stored`). Departures: figures and words of a report are believed as they are.
//! Cost: O(bytes of the file). Checked against: files edited at random (`tests/it/hostile_model.rs`).

use super::assess::ModelReport;
use super::member::Learner;
use super::model::{Member, Model};
use crate::{FeatureKind, Reliability, Task};

/// Rows that a report can count: beyond, bounds of a share take forever.
const COUNT_MAX: u64 = 1 << 32;
/// Bins of a reliability.
const BINS_MAX: usize = 1_000;

impl Model {
    /// What is wrong with it, in words.
    pub(super) fn sound(&self) -> Result<(), String> {
        let of = |part: &str| {
            let part = part.to_owned();
            move |what: &str| format!("{part}: {what}")
        };
        self.targets.sound().map_err(of("the target"))?;
        self.pipeline.sound().map_err(of("the features"))?;
        self.blend.sound(self.task(), self.members.len()).map_err(of("the blend"))?;
        let features: Vec<(&str, FeatureKind)> = self.pipeline.features().collect();
        for member in &self.members {
            let name: String = member.name.chars().take(64).collect();
            member.sound(self.task(), &features).map_err(of(&format!("learner {name:?}")))?;
        }
        report(&self.report, self.task()).map_err(of("the report"))
    }
}

impl Member {
    /// Whether it is of the task and takes these features.
    fn sound(&self, task: Task, features: &[(&str, FeatureKind)]) -> Result<(), &'static str> {
        if !(self.shift.is_empty() || self.shift.len() == task.n_outputs()) {
            return Err("it is shifted in another number of outputs than it has");
        }
        let (of_task, kinds, names) = match &self.learner {
            Learner::Linear(model) => {
                model.sound()?;
                (model.task(), model.schema().kinds(), Some(model.schema().names()))
            }
            Learner::Network(model) => {
                model.sound()?;
                (model.task(), model.schema().kinds(), Some(model.schema().names()))
            }
            Learner::Trees(model) | Learner::Forest(model) => (model.task(), model.kinds(), None),
            // Code: no file holds it.
            Learner::Own(_) => return Ok(()),
        };
        if of_task != task {
            return Err("it is of another task than the model");
        }
        let same_names = names.is_none_or(|names| {
            names.iter().map(String::as_str).eq(features.iter().map(|feature| feature.0))
        });
        if same_names && kinds.iter().eq(features.iter().map(|feature| &feature.1)) {
            Ok(())
        } else {
            Err("it takes other features than the pipeline makes")
        }
    }
}

/// Whether a page can be made of it: as many numbers as there are outputs, and counts of rows.
fn report(report: &ModelReport, task: Task) -> Result<(), &'static str> {
    let mut bins = report.dependence.iter().flat_map(|one| &one.bins);
    if !bins.all(|bin| bin.contributions.len() == task.n_outputs()) {
        return Err("contributions are not those of its outputs");
    }
    let of_classes = report.by_class.iter().filter_map(|class| class.reliability.as_ref());
    let mut all =
        [&report.reliability, &report.reliability_before].into_iter().flatten().chain(of_classes);
    let counts = |one: &Reliability| {
        one.bins.len() <= BINS_MAX && one.bins.iter().all(|bin| bin.count <= COUNT_MAX)
    };
    if all.all(counts) { Ok(()) } else { Err("it counts more rows than a table can have") }
}
