//! `tracehound export`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use engine::ExportFormat;

pub(super) const EXAMPLES: &str = "\
Examples:
  tracehound export --list
  tracehound export transactions --output transactions.parquet
  tracehound export clusters --format csv | head
  tracehound export links --format arrow > links.arrows";

/// `tracehound export`
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// Which table; `--list` names them.
    #[arg(value_name = "TABLE", required_unless_present = "list", conflicts_with = "list")]
    pub(crate) table: Option<String>,
    /// Name the tables and what they hold.
    #[arg(long)]
    pub(crate) list: bool,
    /// The form; told from the name of the output where not given.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// The file to write; `-` is standard output.
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Arrow IPC stream.
    Arrow,
    /// Apache Parquet; cannot be written to a terminal or a pipe that is cut short.
    Parquet,
    /// Comma-separated values with a header; text that a spreadsheet would run as a formula is quoted.
    Csv,
}

impl Format {
    /// The format that a file's name asks for.
    pub(crate) fn of(output: &Path) -> Option<Self> {
        match output.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "arrow" | "arrows" | "ipc" => Some(Self::Arrow),
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Arrow => Self::Arrow,
            Format::Parquet => Self::Parquet,
            Format::Csv => Self::Csv,
        }
    }
}
