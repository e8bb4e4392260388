//! Tensors of a request in JSON as columns.
//!
//! In: the body of a request. Out: a table, a column a tensor. A value that its datatype does not hold is an error with its
//! column and row; nothing is rounded but a number that has no f64 of its own.

use std::fmt;

use engine::tabular::{Column, Frame, Values};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::catalog::Served;
use super::catalog::datatype;
use crate::fault::Fault;

/// Datatypes that are read; of floating point, of whole numbers with their range.
const WHOLE: [(&str, i64, i64); 8] = [
    ("INT64", i64::MIN, i64::MAX),
    ("INT32", i32::MIN as i64, i32::MAX as i64),
    ("INT16", i16::MIN as i64, i16::MAX as i64),
    ("INT8", i8::MIN as i64, i8::MAX as i64),
    ("UINT64", 0, i64::MAX),
    ("UINT32", 0, u32::MAX as i64),
    ("UINT16", 0, u16::MAX as i64),
    ("UINT8", 0, u8::MAX as i64),
];

/// A request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InferRequest {
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) parameters: Map<String, Value>,
    inputs: Vec<Tensor>,
    /// Outputs that are wanted; all, where none is named.
    #[serde(default)]
    outputs: Vec<Wanted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tensor {
    name: String,
    shape: Vec<u64>,
    datatype: String,
    #[serde(default)]
    parameters: Map<String, Value>,
    data: Cells,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

/// Values of a tensor, row after row, however they were nested.
#[derive(Debug)]
struct Cells(Vec<Cell>);

#[derive(Debug)]
enum Cell {
    Null,
    Bool(bool),
    Whole(i64),
    Float(f64),
    Text(String),
    /// A list within the list: a row of a tensor of two dimensions.
    Row(Vec<Cell>),
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rows = Vec::<Cell>::deserialize(from)?;
        if !rows.iter().any(|cell| matches!(cell, Cell::Row(_))) {
            return Ok(Self(rows));
        }
        let mut cells = Vec::with_capacity(rows.len());
        for row in rows {
            match row {
                Cell::Row(mut row) if row.len() == 1 && !matches!(row[0], Cell::Row(_)) => {
                    cells.append(&mut row);
                }
                _ => {
                    return Err(de::Error::custom(
                        "rows of a tensor are values, or lists of one value",
                    ));
                }
            }
        }
        Ok(Self(cells))
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number, a text, true, false, null, or a list of one of them")
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Whole(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        // Beyond i64 no datatype that we read holds it, but for those of floating point.
        Ok(i64::try_from(value).map_or(Cell::Float(value as f64), Cell::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cell, E> {
        Ok(Cell::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Cell, E> {
        Ok(Cell::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Cell, A::Error> {
        let mut row = Vec::new();
        while let Some(cell) = rows.next_element()? {
            row.push(cell);
        }
        Ok(Cell::Row(row))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Whole(value) => write!(out, "{value}"),
            Self::Float(value) => write!(out, "{value}"),
            Self::Text(text) => write!(out, "{:?}", text.chars().take(64).collect::<String>()),
            Self::Row(_) => out.write_str("a list"),
        }
    }
}

impl InferRequest {
    /// Reads a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Fault> {
        let request: Self = serde_json::from_slice(body).map_err(|error| {
            Fault::malformed(format!("the request: {error}")).hinted(
                "a request is {\"inputs\": [{\"name\", \"shape\", \"datatype\", \"data\"}, …]}",
            )
        })?;
        let of_tensors = request.inputs.iter().map(|input| (&input.name, &input.parameters));
        let of_outputs = request.outputs.iter().map(|output| (&output.name, &output.parameters));
        for (name, parameters) in of_tensors.chain(of_outputs) {
            if let Some(other) = parameters.keys().find(|key| *key != "content_type") {
                return Err(Fault::malformed(format!("tensor {name:?} has a parameter {other:?}"))
                    .hinted("give data in the request; the binary extension is not spoken, Arrow streams are"));
            }
        }
        Ok(request)
    }

    /// The rows; tensors are taken apart.
    pub(super) fn frame(&mut self, served: &Served) -> Result<Frame, Fault> {
        let tensors = std::mem::take(&mut self.inputs);
        let Some(first) = tensors.first() else {
            return Err(Fault::malformed("the request has no input")
                .hinted("give one tensor a column of the model"));
        };
        let (first, n_rows) = (first.name.clone(), first.rows(served)?);
        let mut columns = Vec::with_capacity(tensors.len());
        for tensor in tensors {
            let n = tensor.rows(served)?;
            if n != n_rows {
                let what = format!("input {:?} has {n} rows, {first:?} has {n_rows}", tensor.name);
                return Err(Fault::malformed(what)
                    .hinted("give every tensor a value a row, null where missing"));
            }
            columns.push(tensor.column()?);
        }
        Frame::new(columns).map_err(|error| engine::Error::from(error).into())
    }

    /// Whether an output is wanted.
    pub(super) fn wants(&self, output: &str) -> bool {
        self.outputs.is_empty() || self.outputs.iter().any(|wanted| wanted.name == output)
    }

    /// Refuses outputs that there are none of.
    pub(super) fn check_wanted(&self, given: &[String]) -> Result<(), Fault> {
        let unknown = self.outputs.iter().find(|wanted| !given.contains(&wanted.name));
        match unknown {
            None => Ok(()),
            Some(wanted) => Err(Fault::malformed(format!("no output is named {:?}", wanted.name))
                .hinted(format!("outputs of this request: {}", given.join(", ")))),
        }
    }
}

impl Tensor {
    /// Rows of a tensor of shape `[n]` or `[n, 1]`.
    fn rows(&self, served: &Served) -> Result<usize, Fault> {
        let n = match self.shape[..] {
            [n] | [n, 1] => n,
            _ => {
                let what = format!(
                    "input {:?} has shape {:?}, expected [n] or [n, 1]",
                    self.name, self.shape
                );
                let columns = served.inputs.iter().take(3);
                let columns: Vec<String> = columns
                    .map(|input| format!("{:?} ({})", input.name, datatype(input.values)))
                    .collect();
                return Err(Fault::malformed(what)
                    .hinted(format!("give one tensor a column: {}, …", columns.join(", "))));
            }
        };
        let found = self.data.0.len();
        if usize::try_from(n) == Ok(found) {
            return Ok(found);
        }
        Err(Fault::malformed(format!(
            "input {:?} has shape {:?} and {found} values",
            self.name, self.shape
        )))
    }

    fn column(self) -> Result<Column, Fault> {
        let Self { name, datatype, data: Cells(cells), .. } = self;
        let refused = |row: usize, cell: &Cell| {
            Fault::unfit(format!(
                "column {name:?}, row {} is {cell}, expected {datatype} or null",
                row + 1
            ))
            .hinted("give the tensor the datatype of its values, and null where a value is missing")
        };
        let values = match datatype.as_str() {
            "FP64" | "FP32" => {
                let number = |value: f64| single(&datatype, value);
                let cell = |(row, cell): (usize, &Cell)| match cell {
                    Cell::Null => Ok(f64::NAN),
                    Cell::Whole(value) => Ok(number(*value as f64)),
                    Cell::Float(value) => Ok(number(*value)),
                    _ => Err(refused(row, cell)),
                };
                Values::Numbers(cells.iter().enumerate().map(cell).collect::<Result<_, _>>()?)
            }
            "BOOL" => {
                let cell = |(row, cell): (usize, &Cell)| match cell {
                    Cell::Null => Ok(None),
                    Cell::Bool(value) => Ok(Some(*value)),
                    _ => Err(refused(row, cell)),
                };
                Values::Booleans(cells.iter().enumerate().map(cell).collect::<Result<_, _>>()?)
            }
            "BYTES" => {
                let cell = |(row, cell): (usize, &Cell)| match cell {
                    Cell::Null => Ok(None),
                    // In a file a field without a letter is missing, too.
                    Cell::Text(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
                    _ => Err(refused(row, cell)),
                };
                let texts: Vec<Option<String>> =
                    cells.iter().enumerate().map(cell).collect::<Result<_, _>>()?;
                Values::Texts(texts.into_iter().collect())
            }
            other => {
                let Some((_, least, most)) = WHOLE.iter().find(|(name, ..)| *name == other) else {
                    return Err(Fault::malformed(format!(
                        "input {name:?} is of datatype {other:?}"
                    ))
                    .hinted("give FP64, FP32, INT8 to INT64, UINT8 to UINT64, BOOL or BYTES"));
                };
                let cell = |(row, cell): (usize, &Cell)| match cell {
                    Cell::Null => Ok(None),
                    Cell::Whole(value) if (least..=most).contains(&value) => Ok(Some(*value)),
                    _ => Err(refused(row, cell)),
                };
                Values::Integers(cells.iter().enumerate().map(cell).collect::<Result<_, _>>()?)
            }
        };
        Ok(Column { name, values })
    }
}

/// A value of FP32 is the nearest f32; it may be infinite then, which the table refuses with its row.
#[expect(clippy::cast_possible_truncation, reason = "that is what FP32 means")]
fn single(datatype: &str, value: f64) -> f64 {
    if datatype == "FP32" { f64::from(value as f32) } else { value }
}
