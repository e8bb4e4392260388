//! Arrow IPC files of exactly one record batch, mapped and read without a copy.
//!
//! In: a record batch. Out: `mapped/<name>/….arrow`, buffers aligned to 64 bytes, no compression,
//! so that pyarrow can map the same file. Opening checks length, frame hash (everything but the
//! column data) and every bound before Arrow sees it: what a rotten frame would make Arrow slice or
//! trust is refused here, by name. Rot in the column data itself shows in `verify`, not at opening:
//! hashing gigabytes at each start is what maps avoid.
//! Checked by: `tests/it/rot.rs`, which flips and cuts.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use arrow::ipc::{Block, Footer, MessageHeader, MetadataVersion, root_as_footer, root_as_message};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::{ArrowError, Schema};
use sha2::Digest;
use xxhash_rust::xxh3::Xxh3;

use crate::directory::Shared;
use crate::error::{Error, Result};
use crate::manifest::{MappedEntry, hash_hex, hex};
use crate::map::Map;
use crate::staging::Staging;
use crate::table::Sink;

const ALIGNMENT: usize = 64;

pub(crate) fn write(staging: &mut Staging, name: &str, batch: &RecordBatch) -> Result<MappedEntry> {
    let (relative, file) = staging.create(&format!("mapped/{name}"), "arrow")?;
    let shared = staging.shared.clone();
    let path = shared.path(&relative);
    let mut sink = Sink::new(shared.disk.clone(), file, path.clone());
    let encode = |sink: &mut Sink| -> Result<(), ArrowError> {
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
        let schema = Schema::new(batch.schema_ref().fields().clone());
        let mut writer = FileWriter::try_new_with_options(sink, &schema, options)?;
        writer.write(batch)?;
        writer.finish()?;
        writer.get_mut().flush()?;
        Ok(())
    };
    encode(&mut sink).map_err(Error::arrow(&path))?;
    let bytes = sink.offset;
    let buffer = Map::open(&path, bytes)?.into_buffer();
    let frame = Frame::find(&path, &buffer)?.hash(&buffer);
    let sha256 = hex(&sink.hash.finalize());
    Ok(MappedEntry { path: relative, bytes, rows: batch.num_rows() as u64, sha256, frame })
}

pub(crate) fn open(shared: &Shared, entry: &MappedEntry) -> Result<RecordBatch> {
    let path = shared.path(&entry.path);
    let damaged = |what: String| Error::damaged(&path, what);
    let found = std::fs::metadata(&path).map_err(Error::io("open", &path))?.len();
    if found != entry.bytes {
        return Err(damaged(format!("{found} bytes, {} expected", entry.bytes)));
    }
    read(&path, &Map::open(&path, entry.bytes)?.into_buffer(), entry)
}

/// An Arrow file that lies in memory, checked as [`crate::Snapshot::mapped`] checks one on the disk;
/// `name` is for messages.
///
/// # Errors
/// The bytes are not those of the entry: their number, the frame, the rows.
pub fn mapped_from_bytes(name: &Path, bytes: &Buffer, entry: &MappedEntry) -> Result<RecordBatch> {
    if bytes.len() as u64 != entry.bytes {
        let what = format!("{} bytes, {} expected", bytes.len(), entry.bytes);
        return Err(Error::damaged(name, what));
    }
    read(name, bytes, entry)
}

/// The hash of a file's frame, which [`MappedEntry::frame`] keeps.
///
/// # Errors
/// The bytes are no Arrow file of one record batch.
pub fn mapped_frame(name: &Path, bytes: &Buffer) -> Result<String> {
    Ok(Frame::find(name, bytes)?.hash(bytes))
}

fn read(path: &Path, buffer: &Buffer, entry: &MappedEntry) -> Result<RecordBatch> {
    let damaged = |what: String| Error::damaged(path, what);
    let frame = Frame::find(path, buffer)?;
    let found = frame.hash(buffer);
    if found != entry.frame {
        return Err(damaged(format!("frame hash {found}, {} expected", entry.frame)));
    }
    let batch = frame.decode(path, buffer)?;
    if batch.num_rows() as u64 != entry.rows {
        return Err(damaged(format!("{} rows, {} expected", batch.num_rows(), entry.rows)));
    }
    Ok(batch)
}

/// Where the parts of an Arrow file lie, with every bound checked.
struct Frame {
    footer: std::ops::Range<usize>,
    /// Message header and column data of the record batch, and of each Arrow dictionary before it.
    batch: Part,
    dictionaries: Vec<Part>,
}

struct Part {
    block: Block,
    head: std::ops::Range<usize>,
    body: std::ops::Range<usize>,
}

impl Part {
    /// Whether the message is uncompressed, every buffer lies in the data, and no count is so large
    /// that bytes counted from it overflow. Where all columns are numbers, also whether each has its
    /// buffers and a bit for every row that may be null: Arrow panics on a header that lies there.
    fn is_bounded(&self, buffer: &Buffer, schema: &Schema) -> bool {
        let head = &buffer[self.head.clone()];
        let start = if head.starts_with(&[0xff; 4]) { 8 } else { 4 };
        let Some(Ok(message)) = head.get(start..).map(root_as_message) else { return false };
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => {
                message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data())
            }
            _ => None,
        };
        let Some(batch) = batch else { return false };
        let len = self.body.len() as u64;
        let nodes: Vec<_> = batch.nodes().iter().flatten().collect();
        let buffers: Vec<_> = batch.buffers().iter().flatten().collect();
        let flat = schema.fields().iter().all(|field| field.data_type().is_primitive());
        let n_columns = schema.fields().len();
        if flat && (nodes.len() != n_columns || buffers.len() != 2 * n_columns) {
            return false;
        }
        let valid = nodes.iter().zip(buffers.chunks(2)).all(|(node, buffers)| {
            node.null_count() == 0 || node.length() <= buffers[0].length().saturating_mul(8)
        });
        let counted = |count: i64| (0..1 << 48).contains(&count);
        let inside = |offset: i64, length: i64| {
            let (offset, length) = (u64::try_from(offset).ok()?, u64::try_from(length).ok()?);
            offset.checked_add(length).filter(|&end| end <= len)
        };
        batch.compression().is_none()
            && counted(batch.length())
            && buffers.iter().all(|part| inside(part.offset(), part.length()).is_some())
            && nodes.iter().all(|node| counted(node.length()) && counted(node.null_count()))
            && (!flat || valid)
    }
}

/// The longest thing after the footer: its length and `ARROW1`.
const TRAILER: usize = 10;

impl Frame {
    fn find(path: &Path, buffer: &Buffer) -> Result<Frame> {
        let damaged = |what: &str| Error::damaged(path, what);
        let end = buffer.len().checked_sub(TRAILER).ok_or_else(|| damaged("it is too short"))?;
        let trailer = buffer[end..].try_into().expect("the trailer has ten bytes");
        let len = read_footer_length(trailer).map_err(Error::arrow(path))?;
        let start = end.checked_sub(len).ok_or_else(|| damaged("its footer is longer than it"))?;
        let footer = footer(path, &buffer[start..end])?;
        let part = |block: &Block| {
            let number = |number: i64| usize::try_from(number).ok();
            let head = number(block.offset())?;
            let body = head.checked_add(number(block.metaDataLength().into())?)?;
            let stop = body.checked_add(number(block.bodyLength())?)?;
            let fits = head.is_multiple_of(8) && head + 8 <= body && stop <= start;
            fits.then_some(Part { block: *block, head: head..body, body: body..stop })
        };
        let parts = |blocks: Vec<&Block>| {
            let parts: Option<Vec<Part>> = blocks.into_iter().map(part).collect();
            parts.ok_or_else(|| damaged("its footer points outside of it"))
        };
        let dictionaries = parts(footer.dictionaries().into_iter().flatten().collect())?;
        let batches = parts(footer.recordBatches().into_iter().flatten().collect())?;
        let [batch] = <[Part; 1]>::try_from(batches).map_err(|batches| {
            damaged(&format!("{} record batches instead of one", batches.len()))
        })?;
        Ok(Frame { footer: start..end, batch, dictionaries })
    }

    fn hash(&self, buffer: &Buffer) -> String {
        let mut hash = Xxh3::new();
        for part in self.dictionaries.iter().chain([&self.batch]) {
            hash.update(&buffer[part.head.clone()]);
        }
        hash.update(&buffer[self.footer.start..]);
        hash_hex(hash.digest())
    }

    /// Only after the frame's hash was compared: Arrow trusts the schema. The bounds in the message
    /// headers, which it slices by, are looked at once more.
    fn decode(&self, path: &Path, buffer: &Buffer) -> Result<RecordBatch> {
        let footer = footer(path, &buffer[self.footer.clone()])?;
        let schema = footer.schema().ok_or_else(|| Error::damaged(path, "it has no schema"))?;
        let schema = Arc::new(fb_to_schema(schema));
        let mut decoder =
            FileDecoder::new(schema.clone(), footer.version()).with_require_alignment(true);
        let data = |part: &Part| {
            buffer.slice_with_length(part.head.start, part.body.end - part.head.start)
        };
        for part in self.dictionaries.iter().chain([&self.batch]) {
            if !part.is_bounded(buffer, &schema) {
                return Err(Error::damaged(path, "a message header points outside of its data"));
            }
        }
        for part in &self.dictionaries {
            decoder.read_dictionary(&part.block, &data(part)).map_err(Error::arrow(path))?;
        }
        let batch = decoder.read_record_batch(&self.batch.block, &data(&self.batch));
        let batch = batch.map_err(Error::arrow(path))?;
        batch.ok_or_else(|| Error::damaged(path, "it holds no record batch"))
    }
}

fn footer<'a>(path: &Path, bytes: &'a [u8]) -> Result<Footer<'a>> {
    root_as_footer(bytes).map_err(|error| Error::damaged(path, format!("its footer: {error}")))
}
