#![doc = include_str!("../README.md")]

mod checked;
mod column;
mod column_writer;
mod commit;
mod compact;
mod dictionary;
mod directory;
mod disk;
mod error;
mod failpoint;
mod manifest;
mod map;
mod mapped;
mod mapped_writer;
mod runs;
mod scan;
mod scratch;
mod snapshot;
mod stage;
mod staging;
mod table;
mod verify;
mod writer;

pub use column::Column;
pub use commit::Commit;
pub use dictionary::{Dictionary, DictionaryWriter, KEY_BYTES_MAX};
pub use directory::{Settings, Store};
pub use error::{Error, Result};
pub use failpoint::{Failpoints, Fault};
pub use manifest::{
    Chunk, ColumnEntry, DictionaryEntry, FORMAT, FieldEntry, Manifest, MappedEntry, Run, RunLog,
    SegmentEntry, SnapshotId, TableEntry, TableFile,
};
pub use mapped::{mapped_frame, mapped_from_bytes};
pub use mapped_writer::MappedWriter;
pub use scan::Scan;
pub use scratch::{Scratch, ScratchSpace};
pub use snapshot::Snapshot;
pub use table::TableSpec;
pub use verify::Damage;
pub use writer::Writer;
