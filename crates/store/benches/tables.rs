//! How fast rows are committed and read back: a table as wide as a transaction output's row.
//!
//! `cargo bench -p tracehound-store --bench tables -- [ROWS] [FOLDER]`, by default 4 million rows
//! in the system's folder for temporary files, in commits of a block's worth (6,000 rows) and of a
//! hundred blocks' worth.

use std::fs;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{FixedSizeBinaryArray, RecordBatch, UInt8Array, UInt32Array, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use tracehound_store::{Error, Run, Store, TableSpec};

const BLOCK_ROWS: u32 = 6_000;

fn spec() -> TableSpec {
    let fields = vec![
        Field::new("height", DataType::UInt32, false),
        Field::new("tx", DataType::UInt64, false),
        Field::new("index", DataType::UInt32, false),
        Field::new("address", DataType::UInt32, false),
        Field::new("amount", DataType::UInt64, false),
        Field::new("kind", DataType::UInt8, false),
        Field::new("hash", DataType::FixedSizeBinary(32), false),
    ];
    TableSpec::new("rows", Arc::new(Schema::new(fields))).key("height")
}

fn noise(number: u64) -> u64 {
    let z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z ^ (z >> 29)
}

fn block(height: u32) -> Result<RecordBatch, ArrowError> {
    let first = u64::from(height) * u64::from(BLOCK_ROWS);
    let rows = first..first + u64::from(BLOCK_ROWS);
    let low = |number: u64| u32::try_from(number & 0xffff_ffff).expect("masked");
    let heights: UInt32Array = rows.clone().map(|_| height).collect();
    let txs: UInt64Array = rows.clone().map(|row| row / 2).collect();
    let indexes: UInt32Array = rows.clone().map(|row| low(row % 2)).collect();
    let addresses: UInt32Array = rows.clone().map(|row| low(noise(row)) % 1_000_000).collect();
    let amounts: UInt64Array = rows.clone().map(|row| noise(row) >> 30).collect();
    let kinds: UInt8Array =
        rows.clone().map(|row| u8::try_from(noise(row) % 5).expect("small")).collect();
    let hashes: Vec<u8> = rows
        .flat_map(|row| (0..4).map(move |part| noise(row * 4 + part)))
        .flat_map(u64::to_le_bytes)
        .collect();
    let hashes = FixedSizeBinaryArray::try_new(32, hashes.into(), None)?;
    RecordBatch::try_new(
        spec().schema,
        vec![
            Arc::new(heights),
            Arc::new(txs),
            Arc::new(indexes),
            Arc::new(addresses),
            Arc::new(amounts),
            Arc::new(kinds),
            Arc::new(hashes),
        ],
    )
}

fn row(what: &str, value: &str) {
    writeln!(io::stdout(), "{what:<44}{value:>30}").expect("standard output takes a line");
}

fn rate(what: &str, rows: u64, took: Duration) {
    let seconds = took.as_secs_f64();
    let megabytes = rows as f64 * 61.0 / 1e6;
    row(
        what,
        &format!("{:.2} M rows/s, {:.0} MB/s", rows as f64 / seconds / 1e6, megabytes / seconds),
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let rows: u32 = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(4_000_000);
    let base = arguments.get(1).map_or_else(std::env::temp_dir, |dir| dir.into());
    for blocks_per_commit in [1, 100] {
        let dir = base.join(format!("tables-bench-{}", std::process::id()));
        let store = Store::create(&dir)?;
        let mut writer = store.writer()?;
        let (mut append, mut finish, mut commits) = (Duration::ZERO, Duration::ZERO, 0_u32);
        let heights: Vec<u32> = (0..rows / BLOCK_ROWS).collect();
        for heights in heights.chunks(blocks_per_commit) {
            let batches: Vec<RecordBatch> =
                heights.iter().map(|height| block(*height)).collect::<Result<_, _>>()?;
            let began = Instant::now();
            let mut commit = writer.begin();
            batches.iter().try_for_each(|batch| commit.append(&spec(), "main", batch))?;
            append += began.elapsed();
            let began = Instant::now();
            commit.finish(Run::default())?;
            finish += began.elapsed();
            commits += 1;
        }
        let written = u64::from(rows / BLOCK_ROWS * BLOCK_ROWS);
        row("blocks a commit", &blocks_per_commit.to_string());
        rate("  append and finish, fsynced", written, append + finish);
        row(
            "  a commit",
            &format!("{:.2} ms", (append + finish).as_secs_f64() * 1e3 / f64::from(commits)),
        );
        let began = Instant::now();
        writer.compact_all(Run::default())?;
        row("  merge of all files", &format!("{:.2} s", began.elapsed().as_secs_f64()));
        let snapshot = writer.snapshot();
        let bytes: u64 = snapshot.files("rows", "main").iter().map(|file| file.bytes).sum();
        row("  bytes a row (61 raw)", &format!("{:.1}", bytes as f64 / written as f64));
        let began = Instant::now();
        let read: usize = snapshot
            .scan("rows", "main", None, None)?
            .map(|rows| rows.map_or(0, |rows| rows.num_rows()))
            .sum();
        rate("  scan of all columns", read as u64, began.elapsed());
        let began = Instant::now();
        let middle = u64::from(rows / BLOCK_ROWS / 2);
        let found = snapshot.scan("rows", "main", None, Some(middle..=middle))?.count();
        row(
            "  scan of one height",
            &format!("{:.2} ms, {found} batch", began.elapsed().as_secs_f64() * 1e3),
        );
        drop((snapshot, writer));
        fs::remove_dir_all(&dir).map_err(|source| Error::Io {
            what: "remove",
            path: dir,
            source,
        })?;
    }
    Ok(())
}
