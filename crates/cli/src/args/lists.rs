//! `tracehound lists …` and `tracehound tags …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use engine::Time;

use super::words::time;

const LISTS_EXAMPLES: &str = "\
Examples:
  tracehound lists import ofac SDN_ADVANCED.XML
  tracehound lists import ofac sdn/ --dry-run               what would change
  tracehound lists import ofac sdn.csv --accept-removals 3  three addresses were really delisted
  tracehound lists import house addresses.txt --published 2024-09-27

An import that would lose addresses is refused unless --accept-removals says how many may go: a cut-off
download must not take anybody off a list.";

const TAGS_EXAMPLES: &str = "\
Examples:
  tracehound tags import packs/
  tracehound tags import exchanges.yaml mixers.yaml
  tracehound tags import exchanges.yaml --accept-removals 3  three were really taken back

A pack replaces the one of the same file name (within a folder: of the same path in it). One that would
lose tagged addresses is refused unless --accept-removals says how many may go: another pack that happens
to have the same name must not clear anybody.";

/// `tracehound lists …`
#[derive(Debug, Subcommand)]
pub(crate) enum ListsAction {
    /// Import a list, or its next versions.
    ///
    /// Each folder is one publication, taken in by date; loose files together are one.
    #[command(after_help = LISTS_EXAMPLES)]
    Import(ListsImportArgs),
    /// Show the lists that are held, with their versions and age.
    #[command(after_help = "Example:\n  tracehound lists show")]
    Show,
}

/// `tracehound lists import`
#[derive(Args, Debug)]
pub(crate) struct ListsImportArgs {
    /// Which list: `ofac` (the SDN list), or a name of your own for a plain list of addresses.
    #[arg(value_name = "LIST")]
    pub(crate) list: String,
    /// Its files or folder.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// When it was published, where the files do not tell; a date (midnight UTC) or RFC 3339.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) published: Option<Time>,
    /// Up to so many addresses may vanish from the list.
    #[arg(long, value_name = "N")]
    pub(crate) accept_removals: Option<usize>,
    /// Take CSV files of OFAC's without their end mark (a cut download lacks it too).
    #[arg(long)]
    pub(crate) accept_unterminated: bool,
    /// Say what would change, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `tracehound tags …`
#[derive(Debug, Subcommand)]
pub(crate) enum TagsAction {
    /// Import tag packs (GraphSense YAML); says for each pack what was kept and what was refused.
    #[command(after_help = TAGS_EXAMPLES)]
    Import {
        /// Files or folders of packs.
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Up to so many tagged addresses may vanish from packs that are held.
        #[arg(long, value_name = "N")]
        accept_removals: Option<u64>,
    },
}
