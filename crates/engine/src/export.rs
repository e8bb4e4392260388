//! Exports: any table of the store as an Arrow stream, Parquet or CSV, in the order in which it is stored.

mod transfers;

use std::io::Write;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use ledger::tables::{self, Table};
use parquet::arrow::ArrowWriter;
use std::sync::Arc;
use store::Snapshot;

use crate::layout::{BITCOIN, SHARED};
use crate::{Engine, Error, ExportFormat, ExportReport, Progress, Watch, did_you_mean};

impl Engine {
    /// Name and meaning of every table that can be exported.
    pub fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
        let stored = tables::ALL.iter().map(|table| (table.name, table.about));
        stored.chain([(transfers::NAME, transfers::ABOUT)])
    }

    /// Writes a table; of a table over several chains, one after the other.
    ///
    /// # Errors
    /// If there is no such table, or the output cannot be written.
    pub fn export(
        &self,
        table: &str,
        format: ExportFormat,
        output: &mut (dyn Write + Send),
        watch: &dyn Watch,
    ) -> Result<ExportReport, Error> {
        if table == transfers::NAME {
            return self.export_transfers(format, output, watch);
        }
        let names: Vec<&str> = Self::tables().map(|(name, _)| name).collect();
        let found = tables::ALL.iter().find(|known| known.name == table).ok_or_else(|| {
            Error::Question {
                what: format!("there is no table {table:?}"),
                hint: did_you_mean(table, &names)
                    .or_else(|| Some(format!("tables: {}", names.join(", ")))),
            }
        })?;
        let snapshot = self.store.snapshot()?;
        let total = [BITCOIN, SHARED].iter().map(|part| snapshot.rows(table, part)).sum();
        watch.tell(Progress::Begin {
            what: format!("export {table}"),
            total: Some(total),
            unit: "rows",
        });
        let rows = write(&snapshot, found, format, output, watch)?;
        watch.tell(Progress::End);
        Ok(ExportReport { table: table.to_owned(), rows, snapshot: snapshot.id().to_string() })
    }
}

/// Takes batch by batch and ends the file.
enum Sink<'a> {
    Arrow(Box<StreamWriter<&'a mut (dyn Write + Send)>>),
    Parquet(Box<ArrowWriter<&'a mut (dyn Write + Send)>>),
    Csv(Box<arrow::csv::Writer<&'a mut (dyn Write + Send)>>, SchemaRef),
}

fn write(
    snapshot: &Snapshot,
    table: &'static Table,
    format: ExportFormat,
    output: &mut (dyn Write + Send),
    watch: &dyn Watch,
) -> Result<u64, Error> {
    let schema = table.schema();
    let mut sink = Sink::open(format, &schema, output)?;
    let mut rows = 0;
    for partition in [BITCOIN, SHARED] {
        for batch in snapshot.scan(table.name, partition, None, None)? {
            let batch = batch?;
            rows += batch.num_rows() as u64;
            sink.write(&batch)?;
            watch.tell(Progress::At { done: rows });
            if watch.stopped() {
                return Err(Error::Stopped);
            }
        }
    }
    sink.finish()?;
    Ok(rows)
}

impl<'a> Sink<'a> {
    fn open(
        format: ExportFormat,
        schema: &SchemaRef,
        output: &'a mut (dyn Write + Send),
    ) -> Result<Self, Error> {
        let mut sink = match format {
            ExportFormat::Arrow => Sink::Arrow(Box::new(StreamWriter::try_new(output, schema)?)),
            ExportFormat::Parquet => Sink::Parquet(Box::new(
                ArrowWriter::try_new(output, schema.clone(), None).map_err(ArrowError::from)?,
            )),
            ExportFormat::Csv => {
                let writer = WriterBuilder::new().with_header(true).build(output);
                Sink::Csv(Box::new(writer), text_schema(schema))
            }
        };
        // An empty batch first, so that an empty table still has its header.
        sink.write(&RecordBatch::new_empty(schema.clone()))?;
        Ok(sink)
    }
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        match self {
            Self::Arrow(writer) => Ok(writer.write(batch)?),
            Self::Parquet(writer) => Ok(writer.write(batch).map_err(ArrowError::from)?),
            Self::Csv(writer, schema) => Ok(writer.write(&as_text(batch, schema)?)?),
        }
    }

    fn finish(self) -> Result<(), Error> {
        match self {
            Self::Arrow(mut writer) => Ok(writer.finish()?),
            Self::Parquet(writer) => Ok(writer.close().map(drop).map_err(ArrowError::from)?),
            Self::Csv(writer, _) => Ok(writer.into_inner().flush().map_err(ArrowError::from)?),
        }
    }
}

/// A batch as the bytes of a file.
pub(crate) fn file_of(batch: &RecordBatch, format: ExportFormat) -> Result<Vec<u8>, Error> {
    let (schema, mut bytes) = (batch.schema(), Vec::new());
    let mut sink = Sink::open(format, &schema, &mut bytes)?;
    sink.write(batch)?;
    sink.finish()?;
    Ok(bytes)
}

/// The schema with every byte string as text.
fn text_schema(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::FixedSizeBinary(_) | DataType::Binary => {
            Field::new(field.name(), DataType::Utf8, field.is_nullable())
        }
        _ => field.as_ref().clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// Byte strings in hexadecimal, hashes back to front as explorers show them, and texts disarmed.
fn as_text(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        match column.data_type() {
            DataType::FixedSizeBinary(32) => {
                let rows = column.as_fixed_size_binary().iter();
                Arc::new(
                    rows.map(|row| row.map(|bytes| hex(bytes.iter().rev())))
                        .collect::<StringArray>(),
                )
            }
            DataType::FixedSizeBinary(_) => {
                let rows = column.as_fixed_size_binary().iter();
                Arc::new(
                    rows.map(|row| row.map(|bytes| hex(bytes.iter()))).collect::<StringArray>(),
                )
            }
            DataType::Binary => {
                let rows = column.as_binary::<i32>().iter();
                Arc::new(
                    rows.map(|row| row.map(|bytes| hex(bytes.iter()))).collect::<StringArray>(),
                )
            }
            DataType::Utf8 => {
                let rows = column.as_string::<i32>().iter();
                Arc::new(rows.map(|row| row.map(disarmed)).collect::<StringArray>())
            }
            _ => column.clone(),
        }
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect())?)
}

fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// A text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV injection").
fn disarmed(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_nothing_else_is_touched() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("-0-", "'-0-"),
            ("+49", "'+49"),
            ("Bitmarket = good", "Bitmarket = good"),
            ("", ""),
        ] {
            assert_eq!(disarmed(text), expected);
        }
    }
}
