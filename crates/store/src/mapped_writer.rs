//! A mapped Arrow file written in pieces, with bounded memory.
//!
//! In: values column by column, in any alternation, the number of rows unknown. Out: the same bytes as
//! [`crate::Commit::put_mapped`] writes of one batch.
//! Each column grows in a scratch file; at the end these are mapped and written out by the writer of whole batches.
//! So the format is Arrow's own code alone, at the price of one more write and read of each byte.
//! Cost: 1 MiB a column; the maps are pages that the system may take back.
//! Checked by: `tests/it/mapped_columns.rs`, against the file of one batch.

use std::sync::Arc;

use arrow::array::{ArrayData, make_array};
use arrow_array::RecordBatch;
use arrow_array::types::ArrowPrimitiveType;
use arrow_buffer::ToByteSlice;
use arrow_schema::{Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::map::Map;
use crate::scratch::{Scratch, ScratchSpace};

/// Columns that become a mapped file; see [`crate::Commit::mapped_writer`].
#[derive(Debug)]
pub struct MappedWriter {
    name: String,
    schema: SchemaRef,
    columns: Vec<Spool>,
}

#[derive(Debug)]
struct Spool {
    width: usize,
    scratch: Scratch,
    buffer: Vec<u8>,
}

const PIECE: usize = 1 << 20;

impl MappedWriter {
    pub(crate) fn create(
        name: &str,
        schema: &Schema,
        space: &ScratchSpace,
    ) -> Result<MappedWriter> {
        let wrong = |what| Error::Schema { table: name.to_owned(), what };
        let spool = |field: &Arc<arrow_schema::Field>| {
            let width = field.data_type().primitive_width();
            let width = width.filter(|_| !field.is_nullable()).ok_or_else(|| {
                wrong(format!("column {:?} is not of numbers without nulls", field.name()))
            })?;
            Ok(Spool { width, scratch: space.file()?, buffer: Vec::new() })
        };
        let columns = schema.fields().iter().map(spool).collect::<Result<Vec<Spool>>>()?;
        if columns.is_empty() {
            return Err(wrong("it has no columns".to_owned()));
        }
        let schema = Arc::new(Schema::new(schema.fields().clone()));
        Ok(MappedWriter { name: name.to_owned(), schema, columns })
    }

    /// The name the file will have in the store.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds values to a column.
    ///
    /// # Errors
    /// The column is of another type, or the disk refuses.
    ///
    /// # Panics
    /// There is no column of that number.
    pub fn extend<T: ArrowPrimitiveType>(
        &mut self,
        column: usize,
        values: &[T::Native],
    ) -> Result<()> {
        let field = self.schema.field(column);
        if field.data_type() != &T::DATA_TYPE {
            let what = format!(
                "column {:?} is of {}, got {}",
                field.name(),
                field.data_type(),
                T::DATA_TYPE
            );
            return Err(Error::Schema { table: self.name.clone(), what });
        }
        let spool = &mut self.columns[column];
        let bytes = values.to_byte_slice();
        if bytes.len() >= PIECE {
            spool.flush()?;
            return spool.scratch.put(bytes);
        }
        spool.buffer.extend_from_slice(bytes);
        if spool.buffer.len() >= PIECE {
            spool.flush()?;
        }
        Ok(())
    }

    /// The columns as one batch that lies in maps of the scratch files.
    pub(crate) fn into_batch(mut self) -> Result<RecordBatch> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        let mut rows = None;
        for (spool, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            spool.flush()?;
            spool.buffer = Vec::new();
            let bytes = spool.scratch.len();
            let found = bytes / spool.width as u64;
            let expected = *rows.get_or_insert(found);
            if found != expected {
                let what =
                    format!("column {:?} has {found} values, expected {expected}", field.name());
                return Err(Error::Schema { table: self.name, what });
            }
            let path = spool.scratch.path();
            let map = Map::of(spool.scratch.file(), path, bytes)?;
            let rows = usize::try_from(found).map_err(|_| Error::damaged(path, "too long"))?;
            let data = ArrayData::builder(field.data_type().clone()).len(rows);
            let data = data.add_buffer(map.into_buffer()).build().map_err(Error::arrow(path))?;
            arrays.push(make_array(data));
        }
        let path = self.columns[0].scratch.path();
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(Error::arrow(path))
    }
}

impl Spool {
    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.scratch.put(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}
