//! Arrow batches as a table.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

use super::texts::TextsBuilder;
use super::{Column, Frame, Texts, Values};
use crate::LearnError;

const DAY_US: i64 = 86_400_000_000;
const READ: &str = "numbers, decimals, booleans, texts, dictionaries of these, dates or timestamps";

impl Frame {
    /// The table of Arrow batches of one schema. Timestamps with a zone are instants already; those without are read as
    /// UTC; nanoseconds are cut to microseconds. Nested, binary and time-of-day columns, infinities, and times beyond the range of
    /// microseconds are errors of [`Frame::column`], not of the table.
    ///
    /// # Errors
    /// `MissingColumn`, `ColumnType` or `Length` for batches that disagree; `EmptyTable` and `ColumnName` as in [`Frame::new`].
    pub fn from_batches(batches: &[RecordBatch]) -> Result<Self, LearnError> {
        let first = batches.first().ok_or(LearnError::EmptyTable { what: "row" })?;
        let schema = first.schema();
        for batch in batches {
            let other = batch.schema();
            crate::error::same_length("a batch", schema.fields().len(), other.fields().len())?;
            for (field, theirs) in schema.fields().iter().zip(other.fields()) {
                if field.name() != theirs.name() {
                    return Err(LearnError::MissingColumn { column: field.name().clone() });
                }
                if field.data_type() != theirs.data_type() {
                    return Err(LearnError::ColumnType {
                        column: field.name().clone(),
                        found: theirs.data_type().to_string(),
                        expected: format!("{} as in the first batch", field.data_type()),
                    });
                }
            }
        }
        let n_rows = batches.iter().map(RecordBatch::num_rows).sum();
        let (mut columns, mut faults) = (Vec::new(), Vec::new());
        for (at, field) in schema.fields().iter().enumerate() {
            let chunks: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(at)).collect();
            let read = Chunks { name: field.name(), chunks: &chunks }.values(field.data_type());
            let (values, fault) = match read {
                Ok(values) => (values, None),
                Err(fault) => (
                    Values::Texts(std::iter::repeat_n(None::<&str>, n_rows).collect()),
                    Some(fault),
                ),
            };
            columns.push(Column { name: field.name().clone(), values });
            faults.push(fault);
        }
        Self::with_faults(columns, faults)
    }
}

/// One column over all batches.
struct Chunks<'a> {
    name: &'a str,
    chunks: &'a [&'a ArrayRef],
}

impl Chunks<'_> {
    fn values(&self, data_type: &DataType) -> Result<Values, LearnError> {
        Ok(match data_type {
            DataType::Null => Values::Texts(self.texts(|_, _| None)),
            DataType::Boolean => Values::Booleans(self.cells(|array, row| {
                Some(array.as_boolean()).filter(|a| a.is_valid(row)).map(|a| a.value(row))
            })),
            DataType::Int8 => self.integers::<Int8Type>(),
            DataType::Int16 => self.integers::<Int16Type>(),
            DataType::Int32 => self.integers::<Int32Type>(),
            DataType::Int64 => self.integers::<Int64Type>(),
            DataType::UInt8 => self.integers::<UInt8Type>(),
            DataType::UInt16 => self.integers::<UInt16Type>(),
            DataType::UInt32 => self.integers::<UInt32Type>(),
            DataType::UInt64 => self.unsigned(),
            DataType::Float16 => self.numbers::<Float16Type>(|value| value.to_f64()),
            DataType::Float32 => self.numbers::<Float32Type>(f64::from),
            DataType::Float64 => self.numbers::<Float64Type>(|value| value),
            DataType::Decimal32(..) => self.decimals::<Decimal32Type>(),
            DataType::Decimal64(..) => self.decimals::<Decimal64Type>(),
            DataType::Decimal128(..) => self.decimals::<Decimal128Type>(),
            DataType::Decimal256(..) => self.decimals::<Decimal256Type>(),
            DataType::Utf8 => {
                Values::Texts(self.texts(|a, row| Some(a.as_string::<i32>().value(row))))
            }
            DataType::LargeUtf8 => {
                Values::Texts(self.texts(|a, row| Some(a.as_string::<i64>().value(row))))
            }
            DataType::Utf8View => {
                Values::Texts(self.texts(|a, row| Some(a.as_string_view().value(row))))
            }
            DataType::Date32 => {
                self.times::<Date32Type>(|days| i64::from(days).checked_mul(DAY_US))?
            }
            DataType::Date64 => self.times::<Date64Type>(|ms| ms.checked_mul(1_000))?,
            DataType::Timestamp(unit, _) => self.timestamps(*unit)?,
            DataType::Dictionary(..) => self.dictionary()?,
            other => {
                return Err(LearnError::ColumnType {
                    column: self.name.to_owned(),
                    found: other.to_string(),
                    expected: READ.to_owned(),
                });
            }
        })
    }

    fn cells<T>(&self, cell: impl Fn(&ArrayRef, usize) -> Option<T>) -> Vec<Option<T>> {
        let rows =
            self.chunks.iter().flat_map(|chunk| (0..chunk.len()).map(move |row| (*chunk, row)));
        rows.map(|(chunk, row)| cell(chunk, row)).collect()
    }

    fn primitives<T: ArrowPrimitiveType, V>(
        &self,
        value: impl Fn(T::Native) -> V,
    ) -> Vec<Option<V>> {
        let cells = self.chunks.iter().flat_map(|chunk| chunk.as_primitive::<T>().iter());
        cells.map(|cell| cell.map(&value)).collect()
    }

    fn integers<T: ArrowPrimitiveType<Native: Into<i64>>>(&self) -> Values {
        Values::Integers(self.primitives::<T, i64>(Into::into))
    }

    /// Beyond `i64` the whole column becomes text: hashes are codes, and a float would join neighbors.
    fn unsigned(&self) -> Values {
        let values = self.primitives::<UInt64Type, u64>(|value| value);
        let fits = |value: &Option<u64>| value.is_none_or(|value| i64::try_from(value).is_ok());
        if values.iter().all(fits) {
            let whole = |value: u64| i64::try_from(value).ok();
            return Values::Integers(
                values.into_iter().map(|value| value.and_then(whole)).collect(),
            );
        }
        Values::Texts(values.iter().map(|value| value.map(|value| value.to_string())).collect())
    }

    fn numbers<T: ArrowPrimitiveType>(&self, value: impl Fn(T::Native) -> f64) -> Values {
        let values = self.primitives::<T, f64>(value);
        Values::Numbers(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }

    /// By way of their text, which is exact, so that the f64 is the nearest one.
    fn decimals<T: DecimalType>(&self) -> Values {
        let number = |array: &PrimitiveArray<T>, row: usize| {
            let text = array.is_valid(row).then(|| array.value_as_string(row));
            text.and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
        };
        let numbers = self.cells(|array, row| Some(number(array.as_primitive::<T>(), row)));
        Values::Numbers(numbers.into_iter().flatten().collect())
    }

    fn texts(&self, text: impl for<'b> Fn(&'b ArrayRef, usize) -> Option<&'b str>) -> Texts {
        let mut texts = TextsBuilder::default();
        for chunk in self.chunks {
            for row in 0..chunk.len() {
                texts.push(if chunk.is_valid(row) { text(chunk, row) } else { None });
            }
        }
        texts.finish()
    }

    fn timestamps(&self, unit: TimeUnit) -> Result<Values, LearnError> {
        match unit {
            TimeUnit::Second => self.times::<TimestampSecondType>(|s| s.checked_mul(1_000_000)),
            TimeUnit::Millisecond => {
                self.times::<TimestampMillisecondType>(|ms| ms.checked_mul(1_000))
            }
            TimeUnit::Microsecond => self.times::<TimestampMicrosecondType>(Some),
            TimeUnit::Nanosecond => {
                self.times::<TimestampNanosecondType>(|ns| Some(ns.div_euclid(1_000)))
            }
        }
    }

    fn times<T: ArrowPrimitiveType>(
        &self,
        micros: impl Fn(T::Native) -> Option<i64>,
    ) -> Result<Values, LearnError> {
        let values = self.primitives::<T, T::Native>(|value| value);
        let read = |(row, value): (usize, Option<T::Native>)| {
            let Some(value) = value else { return Ok(None) };
            micros(value).map(Some).ok_or_else(|| LearnError::Cell {
                column: self.name.to_owned(),
                row,
                value: format!("{value:?}"),
                expected: "a time within the range of microseconds".to_owned(),
            })
        };
        values.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Values::Times)
    }

    /// Each batch has a dictionary of its own: its values are read once, then taken by key.
    fn dictionary(&self) -> Result<Values, LearnError> {
        let plain: Result<Vec<Values>, LearnError> =
            self.chunks.iter().map(|chunk| self.plain(chunk)).collect();
        let mut plain = plain?.into_iter();
        let first = plain.next().ok_or(LearnError::EmptyTable { what: "row" })?;
        plain.try_fold(first, |all, next| self.joined(all, next))
    }

    fn plain(&self, chunk: &ArrayRef) -> Result<Values, LearnError> {
        let dictionary = chunk.as_any_dictionary();
        let values = dictionary.values();
        let levels = Chunks { name: self.name, chunks: &[values] }.values(values.data_type())?;
        // An empty dictionary has no key to normalize: all rows are missing.
        let keys =
            if values.is_empty() { vec![0; chunk.len()] } else { dictionary.normalized_keys() };
        let at = |row: usize| (chunk.is_valid(row) && !values.is_empty()).then(|| keys[row]);
        let rows = 0..chunk.len();
        Ok(match levels {
            Values::Numbers(v) => {
                Values::Numbers(rows.map(|r| at(r).map_or(f64::NAN, |k| v[k])).collect())
            }
            Values::Integers(v) => {
                Values::Integers(rows.map(|r| at(r).and_then(|k| v[k])).collect())
            }
            Values::Booleans(v) => {
                Values::Booleans(rows.map(|r| at(r).and_then(|k| v[k])).collect())
            }
            Values::Times(v) => Values::Times(rows.map(|r| at(r).and_then(|k| v[k])).collect()),
            Values::Texts(v) => Values::Texts(rows.map(|r| at(r).and_then(|k| v.get(k))).collect()),
        })
    }

    fn joined(&self, all: Values, next: Values) -> Result<Values, LearnError> {
        Ok(match (all, next) {
            (Values::Numbers(a), Values::Numbers(b)) => Values::Numbers([a, b].concat()),
            (Values::Integers(a), Values::Integers(b)) => Values::Integers([a, b].concat()),
            (Values::Booleans(a), Values::Booleans(b)) => Values::Booleans([a, b].concat()),
            (Values::Times(a), Values::Times(b)) => Values::Times([a, b].concat()),
            (Values::Texts(a), Values::Texts(b)) => {
                let cells =
                    [&a, &b].into_iter().flat_map(|t| (0..t.len()).map(move |row| t.get(row)));
                Values::Texts(cells.collect())
            }
            // Only unsigned integers have two readings, by whether one lies beyond `i64`.
            (a, b) => {
                let cells =
                    [&a, &b].into_iter().flat_map(|v| (0..v.len()).map(move |row| v.shown(row)));
                Values::Texts(cells.collect())
            }
        })
    }
}
