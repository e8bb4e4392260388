//! Columns that go back to Python as an Arrow stream.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use pyo3::prelude::*;
use pyo3_arrow::PyTable;

use crate::errors::internal;

/// Columns for anything that reads the Arrow C stream: pyarrow, pandas, Polars, DuckDB.
#[pyclass(frozen, module = "tracehound._native")]
pub(crate) struct Columns {
    batch: RecordBatch,
}

impl Columns {
    /// Columns of one length; a name that is taken gets a number, since data frames refuse it twice.
    pub(crate) fn new(columns: Vec<(String, ArrayRef)>) -> PyResult<Self> {
        let mut named: Vec<(String, ArrayRef)> = Vec::new();
        for (name, array) in columns {
            let is_taken = |name: &str| named.iter().any(|(taken, _)| taken == name);
            let numbered = (2..).map(|number| format!("{name} ({number})"));
            let mut names = std::iter::once(name.clone()).chain(numbered);
            let name = names.find(|name| !is_taken(name)).expect("numbers do not end");
            named.push((name, array));
        }
        let batch = RecordBatch::try_from_iter(named);
        Ok(Self { batch: batch.map_err(|error| internal(error.to_string()))? })
    }

    fn schema(&self) -> SchemaRef {
        self.batch.schema()
    }
}

#[pymethods]
impl Columns {
    /// The Arrow C stream.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let table = PyTable::try_new(vec![self.batch.clone()], self.schema())?;
        Bound::new(py, table)?.call_method1("__arrow_c_stream__", (requested_schema,))
    }

    /// The Arrow C schema.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let table = PyTable::try_new(Vec::new(), self.schema())?;
        Bound::new(py, table)?.call_method0("__arrow_c_schema__")
    }

    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    /// The numbers of a column as little-endian `f64`; `None` where it holds something else.
    fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let column = self.batch.column_by_name(name)?;
        let numbers = column.as_any().downcast_ref::<arrow::array::Float64Array>()?;
        Some(numbers.values().to_vec())
    }

    fn __repr__(&self) -> String {
        let names = self.column_names().join(", ");
        format!("<{} rows of {names}>", self.batch.num_rows())
    }
}

/// An array to share.
pub(crate) fn shared(array: impl arrow::array::Array + 'static) -> ArrayRef {
    Arc::new(array)
}
