//! How fast the dictionary gives out and finds ids, and what it costs in bytes.
//!
//! `cargo bench -p tracehound-store --bench dictionary -- [KEYS] [FOLDER]`, by default 20 million
//! keys of 33 bytes in the system's folder for temporary files. Keys are pseudo-random; nothing is
//! asserted but that hits hit and misses miss. Latencies include some 20 ns for reading the clock.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use tracehound_store::{Dictionary, Error, Run, Snapshot, Store};

const WIDTH: usize = 33;
const BATCH: u64 = 5_000;
const COMMIT: u64 = 200_000;
const PROBES: u64 = 1_000_000;

fn mix(number: u64) -> u64 {
    // The finalizer of SplitMix64: a bijection, so no key comes twice.
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A family byte, 20 bytes of hash, zeros: what most keys of this width look like.
fn key(number: u64) -> [u8; WIDTH] {
    let mut key = [0; WIDTH];
    key[0] = 1 + u8::try_from(number % 3).expect("below 3");
    key[1..9].copy_from_slice(&mix(number).to_le_bytes());
    key[9..17].copy_from_slice(&mix(!number).to_le_bytes());
    key[17..21].copy_from_slice(&mix(number).to_be_bytes()[..4]);
    key
}

fn keys(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    numbers.flat_map(key).collect()
}

/// A line of the system's account of this process, in MiB.
fn memory_mib(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kib = found.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

fn bytes_below(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

struct Table {
    out: io::Stdout,
}

impl Table {
    fn row(&mut self, what: &str, value: impl std::fmt::Display) {
        writeln!(self.out, "{what:<44}{value:>24}").expect("standard output takes a line");
    }

    fn rate(&mut self, what: &str, count: u64, took: Duration) {
        let per_second = count as f64 / took.as_secs_f64() / 1e6;
        self.row(what, format!("{per_second:.2} M/s"));
    }
}

fn insert(store: &Store, count: u64, table: &mut Table) -> Result<Snapshot, Error> {
    let mut writer = store.writer()?;
    let (mut anonymous, mut longest, start) = (0, Duration::ZERO, Instant::now());
    let mut spent = Duration::ZERO;
    for first in (0..count).step_by(usize::try_from(COMMIT).expect("small")) {
        let mut commit = writer.begin();
        let last = (first + COMMIT).min(count);
        let began = Instant::now();
        for from in (first..last).step_by(usize::try_from(BATCH).expect("small")) {
            let batch = keys(from..(from + BATCH).min(last));
            let began = Instant::now();
            commit.dictionary("keys", WIDTH)?.assign(&batch)?;
            spent += began.elapsed();
        }
        let finishing = Instant::now();
        commit.finish(Run::default())?;
        spent += finishing.elapsed();
        longest = longest.max(began.elapsed());
        anonymous = anonymous.max(memory_mib("RssAnon"));
    }
    table.rate("insert, new keys, with commits", count, spent);
    table.row("  wall time", format!("{:.1} s", start.elapsed().as_secs_f64()));
    table.row("  longest commit", format!("{:.0} ms", longest.as_secs_f64() * 1e3));
    table.row("  peak memory of its own (RssAnon)", format!("{anonymous} MiB"));
    Ok(writer.snapshot())
}

fn again(store: &Store, count: u64, table: &mut Table) -> Result<(), Error> {
    let mut writer = store.writer()?;
    let mut commit = writer.begin();
    let mut spent = Duration::ZERO;
    for batch in 0..PROBES / BATCH {
        let known = keys((0..BATCH).map(|at| mix(batch * BATCH + at) % count));
        let mut dictionary = commit.dictionary("keys", WIDTH)?;
        let began = Instant::now();
        dictionary.assign(&known)?;
        spent += began.elapsed();
    }
    table.rate("assign, known keys, batches of 5,000", PROBES, spent);
    Ok(())
}

fn batched(
    dictionary: &Dictionary,
    what: &str,
    hit: bool,
    number: impl Fn(u64) -> u64,
    table: &mut Table,
) {
    let mut spent = Duration::ZERO;
    for batch in 0..PROBES / BATCH {
        let probes = keys((0..BATCH).map(|at| number(batch * BATCH + at)));
        let began = Instant::now();
        let ids = dictionary.lookup(&probes);
        spent += began.elapsed();
        assert!(ids.iter().all(|id| id.is_some() == hit));
    }
    table.rate(what, PROBES, spent);
}

fn single(
    dictionary: &Dictionary,
    what: &str,
    hit: bool,
    number: impl Fn(u64) -> u64,
    table: &mut Table,
) {
    let mut taken = Vec::new();
    for at in 0..PROBES {
        let probe = key(number(at));
        let began = Instant::now();
        let id = dictionary.lookup_one(&probe);
        taken.push(began.elapsed());
        assert_eq!(id.is_some(), hit);
    }
    taken.sort_unstable();
    // Shares in thousandths: integers all the way.
    let at = |thousandths: usize| taken[(taken.len() - 1) * thousandths / 1000].as_nanos();
    let text = format!("{} / {} / {} ns", at(500), at(990), at(999));
    table.row(&format!("{what}, p50 / p99 / p99.9"), text);
}

fn main() -> Result<(), Error> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let count = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(20_000_000);
    let base = arguments.get(1).map_or_else(std::env::temp_dir, |dir| dir.into());
    let dir = base.join(format!("dictionary-bench-{}", std::process::id()));
    let store = Store::create(&dir)?;
    let mut table = Table { out: io::stdout() };
    table.row("keys", count);
    let snapshot = insert(&store, count, &mut table)?;
    let bytes = bytes_below(&dir.join("dictionaries"));
    table.row("bytes on disk per key", format!("{:.1}", bytes as f64 / count as f64));
    table.row("segments", snapshot.manifest().dictionaries["keys"].segments.len());
    drop(snapshot);

    let began = Instant::now();
    let dictionary = store.snapshot()?.dictionary("keys")?;
    dictionary.warm();
    table.row("open and warm", format!("{:.1} ms", began.elapsed().as_secs_f64() * 1e3));
    let known = |at| mix(at) % count;
    let unknown = |at| count + at;
    single(&dictionary, "single, hit, first pass", true, known, &mut table);
    single(&dictionary, "single, hit, cached", true, known, &mut table);
    single(&dictionary, "single, miss", false, unknown, &mut table);
    batched(&dictionary, "lookup, hit, batches of 5,000", true, known, &mut table);
    batched(&dictionary, "lookup, miss, batches of 5,000", false, unknown, &mut table);
    again(&store, count, &mut table)?;
    table.row("peak memory with mapped files (VmHWM)", format!("{} MiB", memory_mib("VmHWM")));
    fs::remove_dir_all(&dir).map_err(|source| Error::Io { what: "remove", path: dir, source })
}
