//! Models that are written in Python as members of a blend: the engine calls them for every fold, and whenever it predicts.

use std::sync::Arc;

use engine::tabular::{Matrix, OwnFit, OwnLearner, Training};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::folds::{features_of, rows_of};

/// Its name, whether it takes dense features, and what fits it: features, targets and weights give a function of features.
#[derive(FromPyObject)]
pub(crate) struct Member(String, bool, Py<PyAny>);

impl Member {
    /// As the engine takes it.
    pub(crate) fn learner(self) -> Arc<dyn OwnLearner> {
        Arc::new(self)
    }
}

impl OwnLearner for Member {
    fn name(&self) -> &str {
        &self.0
    }

    fn is_dense(&self) -> bool {
        self.1
    }

    fn fit(&self, training: &Training) -> Result<Arc<dyn OwnFit>, String> {
        Python::attach(|py| {
            let fitted = self.2.call1(py, (rows_of(py, training),));
            Ok(Arc::new(Fitted(fitted.map_err(|error| words(py, "fit_one", &error))?)) as _)
        })
    }
}

/// A function from features to little-endian `f64`.
struct Fitted(Py<PyAny>);

impl OwnFit for Fitted {
    fn predict(&self, features: &Matrix) -> Result<Vec<f64>, String> {
        Python::attach(|py| {
            let answer = self.0.call1(py, (features_of(py, features),));
            let answer = answer.and_then(|answer| Ok(answer.extract::<PyBackedBytes>(py)?));
            let answer = answer.map_err(|error| words(py, "predict_one", &error))?;
            let (values, _) = answer.as_chunks::<8>();
            Ok(values.iter().map(|value| f64::from_le_bytes(*value)).collect())
        })
    }
}

/// What went wrong and where, for the exception itself ends with its thread.
fn words(py: Python<'_>, what: &str, error: &PyErr) -> String {
    let trace = error.traceback(py).and_then(|trace| trace.format().ok());
    let place = trace.as_deref().and_then(|trace| {
        trace.lines().rev().map(str::trim).find(|line| line.starts_with("File "))
    });
    match place {
        Some(place) => format!("failed in {what}: {error} ({place})"),
        None => format!("failed in {what}: {error}"),
    }
}
