//! What the fuzz target and the test of the store both run: bytes through the opener of mapped files.
//!
//! In: any bytes. They are taken as instructions to change a valid file, and as a file by themselves.
//! No panic, no endless loop; a frame that was changed is refused, data that was changed is not.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt32Array, UInt64Array};
use arrow_buffer::{Buffer, MutableBuffer};
use tracehound_store::{MappedEntry, Run, Store, mapped_frame, mapped_from_bytes};

/// A valid file and its entry.
pub(crate) struct Valid {
    pub(crate) bytes: Vec<u8>,
    pub(crate) entry: MappedEntry,
    pub(crate) batch: RecordBatch,
}

/// Writes a small file with a store in `folder`, which is empty.
pub(crate) fn valid(folder: &Path) -> Valid {
    let offsets = UInt64Array::from((0..20).map(|n| n * 3).collect::<Vec<_>>());
    let targets = UInt32Array::from((0..20).collect::<Vec<u32>>());
    let batch = RecordBatch::try_from_iter([
        ("offset", Arc::new(offsets) as _),
        ("target", Arc::new(targets) as _),
    ])
    .expect("columns of one length");
    let store = Store::create(&folder.join("store")).expect("an empty folder");
    let mut writer = store.writer().expect("nobody else writes");
    let mut commit = writer.begin();
    commit.put_mapped("file", &batch).expect("the disk takes it");
    let snapshot = commit.finish(Run::default()).expect("the disk takes it");
    let entry = snapshot.manifest().mapped["file"].clone();
    let bytes = std::fs::read(snapshot.path(&entry.path)).expect("it was written");
    Valid { bytes, entry, batch }
}

/// Aligned as a map is.
fn buffer(bytes: &[u8]) -> Buffer {
    let mut aligned = MutableBuffer::new(bytes.len());
    aligned.extend_from_slice(bytes);
    aligned.into()
}

/// Any entry, so that nothing but the frame's own checks stands before Arrow.
fn trusted(name: &Path, bytes: &Buffer, rows: u64) -> Option<MappedEntry> {
    let frame = mapped_frame(name, bytes).ok()?;
    let (path, sha256) = (String::new(), String::new());
    Some(MappedEntry { path, bytes: bytes.len() as u64, rows, sha256, frame })
}

pub(crate) fn run(valid: &Valid, data: &[u8]) {
    let name = Path::new("file.arrow");
    // As a file by themselves.
    let whole = buffer(data);
    assert!(mapped_from_bytes(name, &whole, &valid.entry).is_err());
    let _refused_or_not = mapped_frame(name, &whole);
    // As changes to a valid one: three bytes each, a place and what to flip there; the first byte cuts.
    let Some((&cut, changes)) = data.split_first() else { return };
    let mut bytes = valid.bytes.clone();
    let footer_len = i32::from_le_bytes(
        bytes[bytes.len() - 10..bytes.len() - 6].try_into().expect("four bytes"),
    );
    let footer = bytes.len() - 10 - usize::try_from(footer_len).expect("a valid file");
    let mut schema_changed = false;
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
        bytes[at] ^= change[2];
        schema_changed |= at >= footer && change[2] != 0;
    }
    if cut > 200 {
        bytes.truncate(bytes.len() - usize::from(cut - 200));
    }
    let changed = buffer(&bytes);
    match mapped_from_bytes(name, &changed, &valid.entry) {
        Ok(batch) => assert_eq!(batch.schema(), valid.batch.schema()),
        Err(error) => assert!(error.to_string().contains("file.arrow"), "{error}"),
    }
    // Arrow is only ever given a schema that the manifest vouches for; message headers it is given as they are.
    if schema_changed {
        return;
    }
    if let Some(entry) = trusted(name, &changed, valid.entry.rows)
        && let Ok(batch) = mapped_from_bytes(name, &changed, &entry)
    {
        // Every value can be read.
        let _text = format!("{batch:?}");
    }
}
