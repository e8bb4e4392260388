//! Tables: a file, an Arrow stream, or columns of numbers and texts.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, LargeStringArray, RecordBatch,
    TimestampMicrosecondArray, UInt64Array,
};
use engine::tabular;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3_arrow::PyTable;

use crate::errors::{internal, raised};

/// A table in memory, as training and predicting take it.
#[pyclass(frozen, module = "tracehound._native")]
pub(crate) struct Table {
    pub(crate) inner: Arc<tabular::Table>,
}

impl From<tabular::Table> for Table {
    fn from(table: tabular::Table) -> Self {
        Self { inner: Arc::new(table) }
    }
}

/// Cells of one column: little-endian numbers of 8 bytes, truth values of one byte, or texts.
#[derive(FromPyObject)]
enum Cells {
    Bytes(PyBackedBytes),
    Texts(Vec<Option<String>>),
}

/// Name, kind (`f64`, `i64`, `u64`, `bool`, `us` or `text`), cells, and a byte a row that is 1 where it is missing.
type Given = (String, String, Cells, Option<PyBackedBytes>);

#[pymethods]
impl Table {
    /// Reads a file: CSV, TSV (also gzipped), Parquet or Arrow.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| tabular::Table::open(&path)).map(Self::from).map_err(raised)
    }

    /// Takes anything with `__arrow_c_stream__`; its columns are read once.
    #[staticmethod]
    fn from_arrow(py: Python<'_>, stream: PyTable, name: &str) -> PyResult<Self> {
        let (batches, _) = stream.into_inner();
        let table = py.detach(|| tabular::Table::from_batches(&batches, name));
        table.map(Self::from).map_err(raised)
    }

    /// Takes columns of equal length.
    #[staticmethod]
    fn from_columns(py: Python<'_>, columns: Vec<Given>, name: &str) -> PyResult<Self> {
        let table = py.detach(|| {
            let arrays = columns.into_iter().map(|(name, kind, cells, missing)| {
                let array = array(&kind, cells, missing.as_deref());
                array.map(|array| (name, array))
            });
            let arrays = arrays.collect::<Result<Vec<_>, String>>()?;
            let batch = RecordBatch::try_from_iter_with_nullable(
                arrays.into_iter().map(|(name, array)| (name, array, true)),
            );
            let batch = batch.map_err(|error| error.to_string())?;
            Ok(tabular::Table::from_batches(&[batch], name))
        });
        let table: Result<_, String> = table;
        table.map_err(internal)?.map(Self::from).map_err(raised)
    }

    /// How many rows.
    #[getter]
    fn n_rows(&self) -> usize {
        self.inner.frame.n_rows()
    }

    /// Names of the columns, in order.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.inner.frame.columns().iter().map(|column| column.name.as_str()).collect()
    }

    /// What they hold: numbers, integers, booleans, texts or times.
    #[getter]
    fn types(&self) -> Vec<&'static str> {
        self.inner.frame.columns().iter().map(|column| column.values.type_name()).collect()
    }

    /// The distinct values of a column as they are named in models, with the first row of each; none that is missing.
    fn distinct(&self, column: &str) -> PyResult<Vec<(String, usize)>> {
        let column = self.inner.frame.column(column);
        let values = &column.map_err(|error| raised(error.into()))?.values;
        let mut seen = BTreeSet::new();
        let cells = (0..values.len()).filter_map(|row| Some((values.shown(row)?, row)));
        Ok(cells.filter(|(text, _)| seen.insert(text.clone())).collect())
    }

    /// The named rows, in that order.
    fn take(&self, rows: Vec<u32>) -> PyResult<Self> {
        self.inner.take(&rows).map(Self::from).map_err(raised)
    }

    /// The same columns under other names.
    fn renamed(&self, names: Vec<String>) -> PyResult<Self> {
        self.inner.renamed(&names).map(Self::from).map_err(raised)
    }

    /// The columns of this table and those of another.
    fn beside(&self, other: &Self) -> PyResult<Self> {
        self.inner.beside(&other.inner).map(Self::from).map_err(raised)
    }
}

impl Table {
    /// Distinct values of a column.
    pub(crate) fn n_distinct(&self, column: &str) -> PyResult<usize> {
        Ok(self.distinct(column)?.len())
    }
}

fn array(kind: &str, cells: Cells, missing: Option<&[u8]>) -> Result<ArrayRef, String> {
    let is_known = |row: usize| missing.is_none_or(|missing| missing.get(row) == Some(&0));
    let bytes = match cells {
        Cells::Texts(texts) => return Ok(Arc::new(LargeStringArray::from(texts))),
        Cells::Bytes(bytes) => bytes,
    };
    if kind == "bool" {
        let cell = |(row, byte): (usize, &u8)| is_known(row).then_some(*byte != 0);
        let cells = bytes.iter().enumerate().map(cell);
        return Ok(Arc::new(cells.collect::<BooleanArray>()));
    }
    let (words, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(format!("{} bytes are no whole number of cells", bytes.len()));
    }
    let rows = words.iter().enumerate();
    Ok(match kind {
        "f64" => {
            let number = |word: &[u8; 8]| f64::from_le_bytes(*word);
            Arc::new(words.iter().map(number).collect::<Float64Array>())
        }
        "i64" | "us" => {
            let cell =
                |(row, word): (usize, &[u8; 8])| is_known(row).then(|| i64::from_le_bytes(*word));
            match kind {
                "us" => Arc::new(rows.map(cell).collect::<TimestampMicrosecondArray>()),
                _ => Arc::new(rows.map(cell).collect::<Int64Array>()),
            }
        }
        "u64" => {
            let cell =
                |(row, word): (usize, &[u8; 8])| is_known(row).then(|| u64::from_le_bytes(*word));
            Arc::new(rows.map(cell).collect::<UInt64Array>())
        }
        other => return Err(format!("{other:?} is no kind of cells")),
    })
}
