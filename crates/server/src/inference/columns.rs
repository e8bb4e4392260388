//! Rows and answers as Arrow streams.

use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::{Arc, Once};

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use engine::tabular::{AnswerColumn, AnswerValues, Frame, RowContributions};

use crate::fault::Fault;

/// The media type of a stream of columns.
pub(super) const MEDIA_TYPE: &str = "application/vnd.apache.arrow.stream";
/// Cells of a request, at most: a column of nothing takes no byte on the wire and 4 here.
const CELLS_MAX: usize = 1 << 24;

/// The rows of a stream.
pub(super) fn frame(body: &[u8]) -> Result<Frame, Fault> {
    // Arrow checks a message before it is read, and panics on some that are made to mislead it.
    let decoded = quietly(|| batches(body));
    let batches =
        decoded.unwrap_or_else(|_| Err(Fault::malformed("the Arrow stream is damaged")))?;
    Frame::from_batches(&batches).map_err(|error| engine::Error::from(error).into())
}

thread_local! {
    /// Whether a panic of this thread is expected.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Catches a panic without a word on standard error: a stranger must not be able to fill the log with backtraces. Reading the
/// message by rules of our own first was turned down: they would have to be Arrow's, and would miss some.
fn quietly<T>(work: impl FnOnce() -> T + UnwindSafe) -> std::thread::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                told(info);
            }
        }));
    });
    EXPECTED.set(true);
    let done = panic::catch_unwind(work);
    EXPECTED.set(false);
    done
}

/// Pushed through the decoder, which takes memory for what came; the reader takes what a message claims.
fn batches(body: &[u8]) -> Result<Vec<RecordBatch>, Fault> {
    let fault = |error: arrow::error::ArrowError| {
        Fault::malformed(format!("the Arrow stream: {error}"))
            .hinted("send an uncompressed IPC stream: a schema, batches, an end")
    };
    let mut decoder = StreamDecoder::new();
    let mut rest = Buffer::from(body);
    let (mut batches, mut n_cells) = (Vec::new(), 0_usize);
    while !rest.is_empty() {
        let Some(batch) = decoder.decode(&mut rest).map_err(fault)? else { continue };
        let cells = batch.num_rows().saturating_mul(batch.num_columns().max(1));
        n_cells = n_cells.saturating_add(cells);
        if n_cells > CELLS_MAX {
            let what = format!("the stream has more than {CELLS_MAX} cells");
            return Err(Fault::too_large(what).hinted("send it in several requests"));
        }
        batches.push(batch);
    }
    decoder.finish().map_err(fault)?;
    Ok(batches)
}

/// The answer as one batch. `notes` stand in the schema's metadata.
pub(super) fn stream(
    columns: &[AnswerColumn],
    contributions: Option<&RowContributions>,
    notes: Vec<(String, String)>,
) -> Result<Vec<u8>, Fault> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let mut push = |name: &str, array: ArrayRef, nullable: bool| {
        let data_type: DataType = array.data_type().clone();
        fields.push(Field::new(name, data_type, nullable));
        arrays.push(array);
    };
    for column in columns {
        match &column.values {
            AnswerValues::Numbers(values) => {
                push(&column.name, Arc::new(Float64Array::from(values.clone())), true);
            }
            AnswerValues::Texts(values) => {
                push(&column.name, Arc::new(StringArray::from_iter(values)), true);
            }
        }
    }
    if let Some(rows) = contributions {
        let numbers = |values: Vec<f64>| Arc::new(Float64Array::from(values));
        push("base", numbers(rows.base.clone()), false);
        push("margin", numbers(rows.margin.clone()), false);
        for (at, column) in rows.columns.iter().enumerate() {
            let values = rows.values.iter().skip(at).step_by(rows.columns.len().max(1));
            push(&format!("contribution_of_{column}"), numbers(values.copied().collect()), false);
        }
    }
    let schema = Arc::new(Schema::new(fields).with_metadata(notes.into_iter().collect()));
    let fault = |error: arrow::error::ArrowError| Fault::from(engine::Error::from(error));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(fault)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).map_err(fault)?;
    writer.write(&batch).map_err(fault)?;
    writer.into_inner().map_err(fault)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{panic, quietly};

    #[test]
    fn an_expected_panic_says_nothing_and_another_does() {
        static TOLD: AtomicU32 = AtomicU32::new(0);
        panic::set_hook(Box::new(|_| {
            TOLD.fetch_add(1, Ordering::SeqCst);
        }));
        assert!(quietly(|| panic!("made by a stranger")).is_err());
        assert_eq!(TOLD.load(Ordering::SeqCst), 0);
        assert!(panic::catch_unwind(|| panic!("a fault of ours")).is_err());
        assert_eq!(TOLD.load(Ordering::SeqCst), 1);
    }
}
