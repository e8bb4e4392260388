//! `tracehound screen`

use std::path::PathBuf;

use clap::Args;
use engine::Time;

use super::words::time;

pub(super) const EXAMPLES: &str = "\
Examples:
  tracehound screen 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h
  tracehound screen 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h --as-of 2018-11-27
  tracehound screen --file customers.txt --json > answers.jsonl
  cut -d, -f3 deposits.csv | tracehound screen --file - --arrow > answers.arrows

One address on the command line is answered in full, with --json as one object. Several, or a --file, are
answered with a line each: text, or with --json one object a line (JSON Lines). An address that cannot be
read does not stop the others; its line then has `error` in place of an answer. With --within N, the field
`hit` and the exit code count an entity listed within N hops as a hit too. Where no run has computed N
hops of an address, it is undecided: no hit, but not cleared either.

Exit code 3 on a hit, 4 on a stale answer with --fail-stale, 5 where an address could not be read or
--within could not be decided.";

/// `tracehound screen`
#[derive(Args, Debug)]
pub(crate) struct ScreenArgs {
    /// Addresses of any chain; `-` reads them from standard input.
    #[arg(value_name = "ADDRESS", required_unless_present = "file")]
    pub(crate) addresses: Vec<String>,
    /// A file of addresses, one a line; `#` begins a comment; `-` is standard input.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
    /// Print the answers as an Arrow IPC stream of flat columns.
    #[arg(long, conflicts_with = "json")]
    pub(crate) arrow: bool,
    /// Match the lists as they stood then; a date (midnight UTC) or RFC 3339.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) as_of: Option<Time>,
    /// Use only what was known to this store then.
    #[arg(long, value_name = "DATE", value_parser = time)]
    pub(crate) known_at: Option<Time>,
    /// A listed entity within so many hops, in either direction, is a hit too; not beside --as-of.
    #[arg(long, value_name = "N", conflicts_with_all = ["as_of", "known_at"])]
    pub(crate) within: Option<u32>,
    /// Exit with code 4 if an answer may be out of date.
    #[arg(long)]
    pub(crate) fail_stale: bool,
    /// Print addresses and transactions whole.
    #[arg(long)]
    pub(crate) full: bool,
}
