//! Folds and features for models that are written in Python.

use engine::tabular::{self, Prepared, assess};
use engine::{ColumnKind, Task};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::errors::{raised, refused};
use crate::models::{little_endian, task_name};
use crate::options::Options;
use crate::tables::Table;

/// A table cut into folds, with the features of each.
#[pyclass(frozen, module = "tracehound._native")]
pub(crate) struct Folds {
    prepared: Prepared,
}

/// Little-endian `f64` column by column, and how many rows and columns.
pub(crate) type Features<'py> = (Bound<'py, PyBytes>, usize, usize);
/// Features, targets and weights.
pub(crate) type Rows<'py> = (Features<'py>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pymethods]
impl Folds {
    /// Cuts a table the way training would; `dense` features have no missing value, no category, and one scale.
    #[new]
    fn new(py: Python<'_>, table: &Table, options: Options, dense: bool) -> PyResult<Self> {
        let options = options.read(table)?;
        let prepared = py.detach(|| tabular::prepare_table(&table.inner, &options, dense));
        Ok(Self { prepared: prepared.map_err(raised)? })
    }

    fn __len__(&self) -> usize {
        self.prepared.folds.len()
    }

    /// `regression`, `binary` or `multiclass`.
    #[getter]
    fn task(&self) -> &'static str {
        task_name(self.prepared.training.task)
    }

    /// Names of the classes in order; none for numbers.
    #[getter]
    fn classes(&self) -> Vec<String> {
        self.prepared.classes.clone()
    }

    /// How rows are held out, in words.
    #[getter]
    fn held_out(&self) -> &str {
        &self.prepared.held_out
    }

    /// Names of the features of all rows.
    #[getter]
    fn feature_names(&self) -> Vec<String> {
        self.prepared.training.features.names().to_vec()
    }

    /// Every column of the table with what it was taken for.
    #[getter]
    fn roles(&self) -> Vec<(String, String)> {
        let roles = self.prepared.pipeline.roles().iter();
        let name = |kind: ColumnKind| format!("{kind:?}").to_lowercase();
        roles.map(|role| (role.column.clone(), name(role.kind))).collect()
    }

    /// Rows of a fold: those that are trained on, and those that are held out.
    fn rows(&self, fold: usize) -> PyResult<(Vec<u32>, Vec<u32>)> {
        let fold = self.fold(fold)?;
        Ok((fold.rows.clone(), fold.held_rows.clone()))
    }

    /// What a learner gets of a fold, or of all rows.
    #[pyo3(signature = (fold=None))]
    fn training<'py>(&self, py: Python<'py>, fold: Option<usize>) -> PyResult<Rows<'py>> {
        Ok(match fold {
            None => rows_of(py, &self.prepared.training),
            Some(fold) => rows_of(py, &self.fold(fold)?.training),
        })
    }

    /// What it is judged by.
    fn held<'py>(&self, py: Python<'py>, fold: usize) -> PyResult<Rows<'py>> {
        Ok(rows_of(py, &self.fold(fold)?.held))
    }

    /// Features of other rows, as those of all rows were made.
    fn transform<'py>(&self, py: Python<'py>, table: &Table) -> PyResult<Features<'py>> {
        let made = py.detach(|| self.prepared.features(&table.inner.frame));
        let features = made.map_err(|error| raised(error.into()))?;
        Ok(features_of(py, &features))
    }

    /// Figures of predictions of one fold's held-out rows, or of those of all folds one after another.
    #[pyo3(signature = (predictions, fold=None))]
    fn assess(
        &self,
        predictions: PyBackedBytes,
        fold: Option<usize>,
    ) -> PyResult<Vec<(&'static str, f64)>> {
        let folds = match fold {
            None => self.prepared.folds.iter().collect(),
            Some(fold) => vec![self.fold(fold)?],
        };
        let (words, _) = predictions.as_chunks::<8>();
        let predictions: Vec<f64> = words.iter().map(|word| f64::from_le_bytes(*word)).collect();
        let targets: Vec<f64> =
            folds.iter().flat_map(|fold| fold.held.targets.iter().copied()).collect();
        let weights: Vec<f64> =
            folds.iter().flat_map(|fold| fold.held.weights.iter().copied()).collect();
        let task: Task = self.prepared.training.task;
        Ok(assess(task, &predictions, &targets, &weights).map_err(raised)?.figures())
    }
}

impl Folds {
    fn fold(&self, at: usize) -> PyResult<&tabular::PreparedFold> {
        let n = self.prepared.folds.len();
        self.prepared
            .folds
            .get(at)
            .ok_or_else(|| refused(format!("fold {at} of {n}"), "folds are counted from 0"))
    }
}

pub(crate) fn rows_of<'py>(py: Python<'py>, rows: &tabular::Training) -> Rows<'py> {
    let numbers = |values: &[f64]| little_endian(py, values.iter().copied());
    (features_of(py, &rows.features), numbers(&rows.targets), numbers(&rows.weights))
}

pub(crate) fn features_of<'py>(py: Python<'py>, features: &tabular::Matrix) -> Features<'py> {
    let (n_rows, n_features) = (features.n_rows(), features.n_features());
    let cells = (0..n_features).flat_map(|at| features.column(at).iter().copied());
    (little_endian(py, cells), n_rows, n_features)
}
