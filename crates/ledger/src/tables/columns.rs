//! Typed access to the columns of a batch, with errors that name table and column.

use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, PrimitiveArray, RecordBatch, StringArray,
};
use arrow_buffer::Buffer;
use arrow_schema::DataType;

use super::{Table, TableError};

/// A batch that claims to be a table of ours.
pub(super) struct Columns<'a> {
    pub(super) table: &'static Table,
    pub(super) batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    pub(super) fn new(table: &'static Table, batch: &'a RecordBatch) -> Self {
        Self { table, batch }
    }

    fn missing(&self, column: &'static str, expected: impl ToString) -> TableError {
        TableError::Column { table: self.table.name, column, expected: expected.to_string() }
    }

    pub(super) fn bad(&self, column: &'static str, row: usize, value: impl ToString) -> TableError {
        TableError::Value { table: self.table.name, column, row, value: value.to_string() }
    }

    fn any(&self, column: &'static str, expected: &DataType) -> Result<&'a ArrayRef, TableError> {
        self.batch
            .column_by_name(column)
            .filter(|array| array.data_type() == expected)
            .ok_or_else(|| self.missing(column, expected))
    }

    /// A numeric column that may hold nulls.
    pub(super) fn nullable<T: ArrowPrimitiveType>(
        &self,
        column: &'static str,
    ) -> Result<&'a PrimitiveArray<T>, TableError> {
        self.batch
            .column_by_name(column)
            .and_then(|array| array.as_primitive_opt::<T>())
            .ok_or_else(|| self.missing(column, T::DATA_TYPE))
    }

    /// A numeric column without nulls.
    pub(super) fn numbers<T: ArrowPrimitiveType>(
        &self,
        column: &'static str,
    ) -> Result<&'a [T::Native], TableError> {
        let array = self.nullable::<T>(column)?;
        match array.null_count() {
            0 => Ok(array.values()),
            _ => Err(self.missing(column, format!("{} without nulls", T::DATA_TYPE))),
        }
    }

    /// A column of byte strings of one length.
    pub(super) fn fixed<const N: usize>(
        &self,
        column: &'static str,
    ) -> Result<impl Fn(usize) -> [u8; N] + 'a, TableError> {
        let width = i32::try_from(N).expect("widths are small");
        let array = self.any(column, &DataType::FixedSizeBinary(width))?;
        let array = array.as_fixed_size_binary_opt().expect("the type was compared above");
        Ok(move |row| array.value(row).try_into().expect("the type fixes the width"))
    }

    pub(super) fn strings(&self, column: &'static str) -> Result<&'a StringArray, TableError> {
        Ok(self.any(column, &DataType::Utf8)?.as_string())
    }

    pub(super) fn booleans(&self, column: &'static str) -> Result<&'a BooleanArray, TableError> {
        Ok(self.any(column, &DataType::Boolean)?.as_boolean())
    }

    pub(super) fn binary(
        &self,
        column: &'static str,
    ) -> Result<&'a arrow_array::BinaryArray, TableError> {
        Ok(self.any(column, &DataType::Binary)?.as_binary())
    }
}

/// Byte strings of one length, without a builder's copy a row.
pub(super) fn fixed_array<'a, const N: usize>(
    values: impl ExactSizeIterator<Item = &'a [u8; N]>,
) -> ArrayRef {
    let mut bytes = Vec::with_capacity(values.len() * N);
    values.for_each(|value| bytes.extend_from_slice(value));
    let width = i32::try_from(N).expect("widths are small");
    std::sync::Arc::new(FixedSizeBinaryArray::new(width, Buffer::from_vec(bytes), None))
}

/// A numeric column without nulls.
pub(super) fn number_array<T: ArrowPrimitiveType>(
    values: impl Iterator<Item = T::Native>,
) -> ArrayRef {
    std::sync::Arc::new(PrimitiveArray::<T>::from_iter_values(values))
}

/// A numeric column with nulls.
pub(super) fn nullable_array<T: ArrowPrimitiveType>(
    values: impl Iterator<Item = Option<T::Native>>,
) -> ArrayRef {
    std::sync::Arc::new(values.collect::<PrimitiveArray<T>>())
}

/// A column of text.
pub(super) fn string_array<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    std::sync::Arc::new(StringArray::from_iter_values(values))
}

/// A batch of the table from columns in the order of its schema.
///
/// # Panics
/// If the columns do not fit the schema: a mistake of this crate, found by its round-trip tests.
pub(super) fn batch(table: &Table, columns: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(table.schema(), columns).expect("the columns are built for the schema")
}
