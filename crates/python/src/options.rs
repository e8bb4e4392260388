//! Options of training as Python passes them.

use std::collections::BTreeMap;

use engine::{AutoOptions, ColumnKind, Imbalance, Method, Monotone, SplitBy, Task, did_you_mean};
use pyo3::prelude::*;

use crate::errors::refused;
use crate::tables::Table;

/// A dictionary with these keys.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    target: String,
    task: Option<String>,
    time_budget: f64,
    split: String,
    folds: Option<Vec<u32>>,
    seed: u64,
    weight: Option<String>,
    columns: BTreeMap<String, String>,
    methods: Vec<String>,
    monotone: BTreeMap<String, String>,
    imbalance: Option<Balance>,
}

/// `balanced`, or what the second of two classes weighs.
#[derive(FromPyObject)]
enum Balance {
    Factor(f64),
    Word(String),
}

const KINDS: [(&str, ColumnKind); 6] = [
    ("number", ColumnKind::Number),
    ("category", ColumnKind::Category),
    ("ordered", ColumnKind::Ordered),
    ("time", ColumnKind::Time),
    ("text", ColumnKind::Text),
    ("identifier", ColumnKind::Identifier),
];

impl Options {
    /// As the engine takes them.
    pub(crate) fn read(self, table: &Table) -> PyResult<AutoOptions> {
        let mut options = AutoOptions::for_target(self.target);
        options.task = task(self.task.as_deref(), &options.target, table)?;
        options.budget_s = self.time_budget;
        options.split = match self.folds {
            Some(folds) => SplitBy::Folds(folds),
            None => split(&self.split)?,
        };
        options.seed = self.seed;
        options.weight = self.weight;
        let methods = self.methods.iter().map(|name| method(name));
        options.methods = methods.collect::<PyResult<_>>()?;
        for (column, way) in self.monotone {
            let way = match way.as_str() {
                "rising" => Monotone::Rising,
                "falling" => Monotone::Falling,
                other => return Err(unknown("way to be monotone", other, &["rising", "falling"])),
            };
            options.monotone.insert(column, way);
        }
        options.imbalance = match self.imbalance {
            None => Imbalance::AsIs,
            Some(Balance::Factor(factor)) => Imbalance::PositiveWeight(factor),
            Some(Balance::Word(word)) if word == "balanced" => Imbalance::Balanced,
            Some(Balance::Word(word)) => {
                return Err(unknown("imbalance", &word, &["balanced", "a number above 0"]));
            }
        };
        for (column, kind) in self.columns {
            let found = KINDS.iter().find(|(name, _)| *name == kind);
            let Some((_, kind)) = found else {
                return Err(unknown("kind of column", &kind, &KINDS.map(|kind| kind.0)));
            };
            options.roles.insert(column, (*kind).into());
        }
        Ok(options)
    }
}

/// `classification` is as many classes as the column has; more than two need to be counted.
fn task(name: Option<&str>, target: &str, table: &Table) -> PyResult<Option<Task>> {
    let classes = |n: usize| match u32::try_from(n) {
        Ok(n_classes) if n > 2 => Task::Multiclass { n_classes },
        _ => Task::Binary,
    };
    Ok(match name {
        None => None,
        Some("regression") => Some(Task::Regression),
        Some("binary") => Some(Task::Binary),
        Some("classification") => Some(classes(table.n_distinct(target)?)),
        Some(other) => {
            return Err(unknown("task", other, &["classification", "binary", "regression"]));
        }
    })
}

fn split(text: &str) -> PyResult<SplitBy> {
    match text.split_once(':') {
        None if text == "auto" => Ok(SplitBy::Auto),
        None if text == "random" => Ok(SplitBy::Random),
        None if text == "stratified" => Ok(SplitBy::Stratified),
        Some(("time", column)) if !column.is_empty() => Ok(SplitBy::Time(column.to_owned())),
        Some(("group", column)) if !column.is_empty() => Ok(SplitBy::Group(column.to_owned())),
        _ => {
            Err(unknown("split", text, &["auto", "random", "stratified", "time:COL", "group:COL"]))
        }
    }
}

fn method(name: &str) -> PyResult<Method> {
    let names = Method::ALL.map(Method::name);
    let found = Method::ALL.into_iter().find(|method| method.name() == name);
    found.ok_or_else(|| unknown("method", name, &names))
}

pub(crate) fn unknown(what: &str, found: &str, known: &[&str]) -> PyErr {
    let hint = did_you_mean(found, known);
    let hint = hint.unwrap_or_else(|| format!("it is one of {}", known.join(", ")));
    refused(format!("{found:?} is no {what}"), hint)
}
