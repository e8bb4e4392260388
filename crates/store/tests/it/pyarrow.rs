//! Another program reads the mapped files: pyarrow, where it is installed, without a copy.

use std::process::Command;
use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, RecordBatch, UInt8Array, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};

use crate::model::{create, run};

/// Opens the files of a graph snapshot and prints a sum of each column, how much Arrow allocated, and whether
/// the first value is where the map has it.
const READER: &str = r"
import sys
import pyarrow as pa
maps = [pa.memory_map(path) for path in sys.argv[1:]]
batches = [pa.ipc.open_file(source).get_batch(0) for source in maps]
assert pa.total_allocated_bytes() == 0, pa.total_allocated_bytes()
for source, batch in zip(maps, batches):
    whole = source.read_buffer(source.size())
    for name, column in zip(batch.schema.names, batch.columns):
        data = column.buffers()[1]
        assert column.null_count == 0 and data.address % 64 == whole.address % 64
        value = memoryview(data).cast('B').cast({1: 'B', 4: 'I', 8: 'Q'}[column.type.bit_width // 8])
        print(name, column.type, len(column), sum(value[:len(column)]))
assert pa.total_allocated_bytes() == 0, pa.total_allocated_bytes()
";

/// The program to run, or `None` and one line that says so.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn python() -> Option<String> {
    let python = std::env::var("TRACEHOUND_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import pyarrow"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("skipped: {python} has no pyarrow");
    None
}

#[test]
fn pyarrow_maps_the_files_of_a_graph() {
    let Some(python) = python() else { return };
    let n = 1000u32;
    let longs = |by: u64| -> ArrayRef {
        Arc::new((0..u64::from(n)).map(|at| at * by).collect::<UInt64Array>())
    };
    let words =
        |by: u32| -> ArrayRef { Arc::new((0..n).map(|at| at * by).collect::<UInt32Array>()) };
    let flags: ArrayRef =
        Arc::new((0..n).map(|at| u8::try_from(at % 8).unwrap()).collect::<UInt8Array>());
    let nodes = [("out_offset", longs(3)), ("in_offset", longs(2))];
    let edges = [
        ("target", words(1)),
        ("weight", longs(1 << 40)),
        ("count", words(2)),
        ("first_time", words(3)),
        ("last_time", words(4)),
        ("flags", flags),
    ];
    let (_dir, store) = create();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    commit.put_mapped("nodes", &RecordBatch::try_from_iter(nodes).unwrap()).unwrap();
    commit.put_mapped("edges", &RecordBatch::try_from_iter(edges).unwrap()).unwrap();
    // This one in pieces.
    let field = |name: &str| Field::new(name, DataType::UInt32, false);
    let schema = Schema::new(vec![field("source"), field("edge")]);
    let mut columns = commit.mapped_writer("in_edges", &schema).unwrap();
    for at in 0..n {
        columns.extend::<UInt32Type>(0, &[at * 5]).unwrap();
        columns.extend::<UInt32Type>(1, &[at * 6]).unwrap();
    }
    commit.put_mapped_columns(columns).unwrap();
    let snapshot = commit.finish(run("graph")).unwrap();
    let files = ["nodes", "edges", "in_edges"]
        .map(|name| snapshot.path(&snapshot.manifest().mapped[name].path));
    let output = Command::new(python).arg("-c").arg(READER).args(&files).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let sum = u64::from(n) * u64::from(n - 1) / 2;
    let expected = [
        format!("out_offset uint64 {n} {}", sum * 3),
        format!("in_offset uint64 {n} {}", sum * 2),
        format!("target uint32 {n} {sum}"),
        format!("weight uint64 {n} {}", sum << 40),
        format!("count uint32 {n} {}", sum * 2),
        format!("first_time uint32 {n} {}", sum * 3),
        format!("last_time uint32 {n} {}", sum * 4),
        format!("flags uint8 {n} {}", (0..8).sum::<u32>() * n / 8),
        format!("source uint32 {n} {}", sum * 5),
        format!("edge uint32 {n} {}", sum * 6),
    ];
    let found = String::from_utf8_lossy(&output.stdout);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
}
