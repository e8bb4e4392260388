//! `export`: a table to a file or to standard output.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use engine::Engine;

use super::Session;
use crate::args::{ExportArgs, Format};
use crate::console::binary_output;
use crate::outcome::{Exit, Failure};
use crate::render;

#[derive(serde::Serialize)]
struct TableName {
    table: &'static str,
    about: &'static str,
}

impl Session {
    pub(super) fn export(&self, args: &ExportArgs) -> Result<Exit, Failure> {
        let Some(table) = &args.table else {
            let tables: Vec<TableName> =
                Engine::tables().map(|(table, about)| TableName { table, about }).collect();
            let rows = |tables: &Vec<TableName>, look| {
                let rows: Vec<_> = tables.iter().map(|row| (row.table, row.about)).collect();
                render::tables(&rows, look)
            };
            self.console.answer(&tables, rows)?;
            return Ok(Exit::Done);
        };
        let to_output = args.output == Path::new("-");
        if to_output && self.console.json {
            return Err(Failure::usage(
                "--json prints a report where the table itself would go",
                "give --output FILE, or leave --json out",
            ));
        }
        match to_output {
            true => self.export_to_output(table, args.format),
            false => self.export_to_file(table, args),
        }
    }

    fn export_to_output(&self, table: &str, format: Option<Format>) -> Result<Exit, Failure> {
        let format = match format {
            Some(format) => format,
            None if io::stdout().is_terminal() => Format::Csv,
            None => {
                return Err(Failure::usage(
                    "--format is not given, and standard output has no name that tells it",
                    "add --format csv, parquet or arrow",
                ));
            }
        };
        let inner = match format {
            Format::Csv => BufWriter::new(io::stdout()),
            Format::Arrow | Format::Parquet => binary_output("this format")?,
        };
        let mut output = Pipe { inner, reader_gone: false };
        let engine = self.engine(&[])?;
        let written = engine.export(table, format.into(), &mut output, &self.watcher());
        if output.reader_gone {
            return Err(Failure::ReaderGone);
        }
        written?;
        output.flush()?;
        Ok(Exit::Done)
    }

    /// Writes beside the file and renames at the end: a failed export leaves no half table under a good name.
    fn export_to_file(&self, table: &str, args: &ExportArgs) -> Result<Exit, Failure> {
        // A link is followed, so that the rename below replaces the file and not the link.
        let path = &fs::canonicalize(&args.output).unwrap_or_else(|_| args.output.clone());
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Failure::usage(
                format!("{} is no regular file", args.output.display()),
                "write to standard output with --output - and send it on from there",
            ));
        }
        let format = args.format.or_else(|| Format::of(path)).ok_or_else(|| {
            Failure::usage(
                format!("no format is told by the name of {}", path.display()),
                "add --format csv, parquet or arrow",
            )
        })?;
        let engine = self.engine(&[])?;
        let part = part_of(path);
        let file = File::create(&part).map_err(|error| Failure::file(&part, error))?;
        let mut output = BufWriter::new(file);
        let done = engine
            .export(table, format.into(), &mut output, &self.watcher())
            .map_err(Failure::from);
        let done = done.and_then(|report| {
            let file = output.into_inner().map_err(io::IntoInnerError::into_error);
            file.and_then(|file| file.sync_all()).map_err(|error| Failure::file(&part, error))?;
            fs::rename(&part, path).map_err(|error| Failure::file(path, error))?;
            Ok(report)
        });
        match done {
            Ok(report) => {
                self.console.report(&report, |report, look| render::export(report, path, look))?
            }
            Err(failure) => {
                // The failure itself matters more than one of cleaning up after it.
                let _ = fs::remove_file(&part);
                return Err(failure);
            }
        }
        Ok(Exit::Done)
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    name.into()
}

/// Standard output that remembers whether its reader has gone: formats wrap that error beyond recognition.
struct Pipe<W> {
    inner: W,
    reader_gone: bool,
}

impl<W: Write> Pipe<W> {
    fn noticed<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.reader_gone |=
            result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.noticed(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.noticed(flushed)
    }
}
