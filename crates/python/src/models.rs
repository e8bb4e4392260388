//! Trained models: predictions, explanations, and their file.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray, UInt32Array};
use engine::Task;
use engine::tabular::{self, LoadedModel};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::columns::{Columns, shared};
use crate::errors::{internal, raised};
use crate::members::Member;
use crate::options::Options;
use crate::tables::Table;

/// A trained model.
#[pyclass(frozen, module = "tracehound._native")]
pub(crate) struct Model {
    loaded: Arc<LoadedModel>,
}

/// Numbers as little-endian `f64`, row after row; the class of every row; what training had not seen, in words.
type Answer<'py> = (Bound<'py, PyBytes>, Vec<usize>, Vec<String>);

/// Column, value, contribution, words.
type Reason = (String, String, f64, String);

#[pymethods]
impl Model {
    /// Trains a model; `tell` is called with the fits done and planned. A member is its name, whether it takes dense features, and
    /// a function of features, targets and weights that gives a function of features.
    #[staticmethod]
    #[pyo3(signature = (table, options, name, tell=None, members=Vec::new()))]
    fn train(
        py: Python<'_>,
        table: &Table,
        options: Options,
        name: String,
        tell: Option<Bound<'_, PyAny>>,
        members: Vec<Member>,
    ) -> PyResult<Self> {
        let options = options.read(table)?;
        let own = members.into_iter().map(Member::learner).collect();
        let table = Arc::clone(&table.inner);
        let loaded = crate::training::train(py, table, options, name, own, tell)?;
        Ok(Self { loaded: Arc::new(loaded) })
    }

    /// Opens the file of a model.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let loaded = py.detach(|| tabular::open_model(&path)).map_err(raised)?;
        Ok(Self { loaded: Arc::new(loaded) })
    }

    /// Reads the bytes of a file.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let loaded = py.detach(|| LoadedModel::from_bytes(bytes)).map_err(raised)?;
        Ok(Self { loaded: Arc::new(loaded) })
    }

    /// The bytes of its file, under a name.
    fn to_bytes<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.loaded.to_bytes(name)).map_err(raised)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Names of the members of the caller's own that have weight.
    #[getter]
    fn own_parts(&self) -> Vec<&str> {
        self.loaded.model.own_parts()
    }

    /// The name in its file.
    #[getter]
    fn name(&self) -> &str {
        &self.loaded.manifest.name
    }

    /// The column it predicts.
    #[getter]
    fn target(&self) -> &str {
        self.loaded.model.target()
    }

    /// `regression`, `binary` or `multiclass`.
    #[getter]
    fn task(&self) -> &'static str {
        task_name(self.loaded.model.task())
    }

    /// Names of the classes in order; none for numbers.
    #[getter]
    fn classes(&self) -> Vec<String> {
        self.loaded.model.classes().to_vec()
    }

    /// Columns that rows must bring.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.loaded.model.schema().into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// Every column of the training table.
    #[getter]
    fn table_columns(&self) -> Vec<&str> {
        self.loaded.model.roles().iter().map(|role| role.column.as_str()).collect()
    }

    /// What is told of it, as JSON.
    fn answer(&self) -> PyResult<String> {
        let answer = serde_json::to_string(&self.loaded.answer());
        answer.map_err(|error| internal(error.to_string()))
    }

    /// The report: a page of HTML, or JSON.
    fn report(&self, py: Python<'_>, json: bool) -> String {
        py.detach(|| match json {
            true => self.loaded.report_json(),
            false => self.loaded.report_html(),
        })
    }

    /// Predicts rows: numbers, probabilities of class 1, or one probability a class.
    fn predict<'py>(&self, py: Python<'py>, table: &Table) -> PyResult<Answer<'py>> {
        let predicted = py.detach(|| tabular::predict(&self.loaded, &table.inner, 0));
        let prediction = predicted.map_err(raised)?.prediction;
        let place = |label: &&str| prediction.classes.iter().position(|class| class == label);
        let labels = prediction.labels().iter().filter_map(place).collect();
        let unseen = tabular::unseen_words(&prediction.unseen);
        Ok((little_endian(py, prediction.values.iter().copied()), labels, unseen))
    }

    /// What was asked for in training, as JSON.
    fn options(&self) -> PyResult<String> {
        let options = serde_json::to_string(self.loaded.model.options());
        options.map_err(|error| internal(error.to_string()))
    }

    /// Figures of the predictions of a table that holds the target; `None` where it does not.
    fn figures(&self, py: Python<'_>, table: &Table) -> PyResult<Option<Vec<(&'static str, f64)>>> {
        let predicted = py.detach(|| tabular::predict(&self.loaded, &table.inner, 0));
        Ok(predicted.map_err(raised)?.assessed.map(|assessed| assessed.figures()))
    }

    /// What every column did to the margin of every row (and class), with the base they add to.
    fn explain(&self, py: Python<'_>, table: &Table) -> PyResult<Columns> {
        let explanation = py.detach(|| self.loaded.model.explain(&table.inner.frame));
        let explanation = explanation.map_err(|error| raised(error.into()))?;
        let contributions = &explanation.contributions;
        let n_outputs = contributions.n_outputs();
        let n = contributions.n_rows * n_outputs;
        let each = |value: &dyn Fn(usize, usize) -> f64| -> ArrayRef {
            let cells = (0..n).map(|at| value(at / n_outputs, at % n_outputs));
            shared(cells.collect::<Float64Array>())
        };
        let mut columns = Vec::new();
        if let Task::Multiclass { .. } = self.loaded.model.task() {
            let classes = self.loaded.model.classes();
            let row = |at: usize| u32::try_from(at / n_outputs).expect("rows are below 2^32");
            let rows: UInt32Array = (0..n).map(|at| Some(row(at))).collect();
            let names = (0..n).map(|at| Some(classes[at % n_outputs].as_str()));
            columns.push(("row".to_owned(), shared(rows)));
            columns.push(("class".to_owned(), shared(names.collect::<StringArray>())));
        }
        columns.push(("base".to_owned(), each(&|_, output| contributions.base[output])));
        for (at, sources) in explanation.sources.iter().enumerate() {
            let name = format!("contribution_{}", sources.join(" and "));
            columns.push((name, each(&|row, output| contributions.of(row, output)[at])));
        }
        let margin = |row: usize, output: usize| explanation.margins[row * n_outputs + output];
        columns.push(("margin".to_owned(), each(&margin)));
        Columns::new(columns)
    }

    /// The `n` strongest reasons of every row, for the class that is predicted.
    fn reasons(&self, py: Python<'_>, table: &Table, n: usize) -> PyResult<Vec<Vec<Reason>>> {
        let reasons = py.detach(|| self.loaded.model.reasons(&table.inner.frame, n));
        let reasons = reasons.map_err(|error| raised(error.into()))?.into_iter();
        let rows = reasons.map(|row| {
            let row = row.into_iter();
            row.map(|one| (one.column, one.value, one.contribution, one.words)).collect()
        });
        Ok(rows.collect())
    }
}

/// A task in a word.
pub(crate) fn task_name(task: Task) -> &'static str {
    match task {
        Task::Regression => "regression",
        Task::Binary => "binary",
        Task::Multiclass { .. } => "multiclass",
    }
}

/// Numbers as bytes that NumPy, `array` and `struct` read alike.
pub(crate) fn little_endian<'py>(
    py: Python<'py>,
    values: impl Iterator<Item = f64>,
) -> Bound<'py, PyBytes> {
    let bytes: Vec<u8> = values.flat_map(f64::to_le_bytes).collect();
    PyBytes::new(py, &bytes)
}
