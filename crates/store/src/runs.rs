//! The log of runs: which program run made each commit, for as long as the store lives.
//!
//! The newest lie in the manifest. Older ones are spilled, many at a time, into an append-only
//! column of JSON lines `[commit,run]`, so that neither the manifest nor the number of files grows
//! with every commit. Finding one is a binary search over the bytes for the line: O(log n) reads.

use std::collections::BTreeMap;

use crate::column::Records;
use crate::column_writer::ColumnWriter;
use crate::directory::Shared;
use crate::error::{Error, Result};
use crate::manifest::{Run, RunLog};
use crate::staging::Staging;

const FOLDER: &str = "runs";

/// Moves all runs but those of the newest commit out of the manifest when there are too many.
pub(crate) fn spill(staging: &mut Staging, log: &mut RunLog) -> Result<()> {
    if log.recent.len() <= staging.shared.settings.runs_recent {
        return Ok(());
    }
    let shared = staging.shared.clone();
    let mut column = match &log.spilled {
        Some(entry) => ColumnWriter::open(&shared, FOLDER, FOLDER, entry)?,
        None => ColumnWriter::create(&shared, FOLDER, FOLDER, 1),
    };
    for entry in &log.recent {
        let mut line = serde_json::to_vec(&entry).expect("maps with string keys always serialize");
        line.push(b'\n');
        column.extend(staging, &line)?;
    }
    log.spilled = Some(column.finish(staging)?);
    log.recent.clear();
    Ok(())
}

pub(crate) fn find(shared: &Shared, log: &RunLog, commit: u64) -> Result<Option<Run>> {
    if let Some(run) = log.recent.get(&commit) {
        return Ok(Some(run.clone()));
    }
    let Some(entry) = &log.spilled else { return Ok(None) };
    let records = Records::open(shared, FOLDER, entry)?;
    let lines = Lines { shared, records: &records };
    // The first byte at or before which our line starts.
    let (mut low, mut high) = (0, records.len);
    while low < high {
        let middle = low + (high - low) / 2;
        let start = lines.start(middle);
        let (found, run, end) = lines.parse(start)?;
        match found.cmp(&commit) {
            std::cmp::Ordering::Equal => return Ok(Some(run)),
            std::cmp::Ordering::Less => low = end,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    Ok(None)
}

pub(crate) fn all(shared: &Shared, log: &RunLog) -> Result<BTreeMap<u64, Run>> {
    let mut runs = log.recent.clone();
    let Some(entry) = &log.spilled else { return Ok(runs) };
    let records = Records::open(shared, FOLDER, entry)?;
    let lines = Lines { shared, records: &records };
    let mut at = 0;
    while at < records.len {
        let (commit, run, end) = lines.parse(at)?;
        runs.insert(commit, run);
        at = end;
    }
    Ok(runs)
}

struct Lines<'a> {
    shared: &'a Shared,
    records: &'a Records,
}

impl Lines<'_> {
    fn is_newline(&self, at: u64) -> bool {
        self.records.get(at) == Some(b"\n")
    }

    /// Where the line that holds byte `at` starts.
    fn start(&self, at: u64) -> u64 {
        (0..at).rev().find(|&before| self.is_newline(before)).map_or(0, |newline| newline + 1)
    }

    /// The line at `start`, and where the next one starts.
    fn parse(&self, start: u64) -> Result<(u64, Run, u64)> {
        let damaged =
            || Error::damaged(&self.shared.path(FOLDER), "a line of the run log is broken");
        let end = (start..self.records.len).find(|&at| self.is_newline(at)).ok_or_else(damaged)?;
        let line = self.records.read(start, end).ok_or_else(damaged)?;
        let (commit, run) = serde_json::from_slice(&line).map_err(|_| damaged())?;
        Ok((commit, run, end + 1))
    }
}
