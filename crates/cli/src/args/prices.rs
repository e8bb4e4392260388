//! `tracehound prices …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(super) const EXAMPLE: &str = "Example:\n  tracehound prices import btc-usd.csv";

const IMPORT_EXAMPLES: &str = "\
Examples:
  tracehound prices import btc-usd-1h.csv --asset BTC --currency USD
  tracehound prices import 2018.csv 2019.csv --dry-run        what would change
  tracehound prices import btc.parquet --keep last            two candles of one time: the last counts

A file has a header that names time (or date, timestamp, unix), open, high, low and close; asset (or
symbol), currency and volume if it has them. Rows may be newest or oldest first, times seconds,
milliseconds or dates. A gap is told and never filled: what moved then has no value.";

/// `tracehound prices …`
#[derive(Debug, Subcommand)]
pub(crate) enum PricesAction {
    /// Import candles (CSV or Parquet): all of the files, or nothing.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(PricesImportArgs),
    /// Show the prices that are held: asset, currency, from, to, interval, gaps.
    #[command(after_help = "Example:\n  tracehound prices list --json")]
    List,
}

/// `tracehound prices import`
#[derive(Args, Debug)]
pub(crate) struct PricesImportArgs {
    /// The files.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The asset of rows that name none.
    #[arg(long, value_name = "TICKER")]
    pub(crate) asset: Option<String>,
    /// The currency of rows that name none.
    #[arg(long, value_name = "TICKER")]
    pub(crate) currency: Option<String>,
    /// Which of two different candles of one time counts, in the order of the files; if not given, they refuse the import.
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) keep: Option<KeepWhich>,
    /// Length of a candle (30s, 15m, 1h, 1d), where the steps between times do not tell it.
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub(crate) interval: Option<u32>,
    /// Take the other rows where some are no candle.
    #[arg(long)]
    pub(crate) accept_refused: bool,
    /// Replace candles that are held with other figures.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Say what would change, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which of two candles counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepWhich {
    /// The one that stands first.
    First,
    /// The one that stands last.
    Last,
}

impl From<KeepWhich> for engine::Keep {
    fn from(which: KeepWhich) -> Self {
        match which {
            KeepWhich::First => Self::First,
            KeepWhich::Last => Self::Last,
        }
    }
}

/// `15m`, in seconds.
fn interval(text: &str) -> Result<u32, String> {
    let fault = || "write a number and s, m, h or d, such as 15m".to_owned();
    let unit = text.chars().last().ok_or_else(fault)?;
    let in_s: u32 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(fault()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| fault())?;
    number.checked_mul(in_s).filter(|interval_s| *interval_s > 0).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_a_unit() {
        let check = |text: &str, expected| assert_eq!(interval(text).ok(), expected, "{text}");
        check("30s", Some(30));
        check("15m", Some(900));
        check("1d", Some(86_400));
        for bad in ["", "m", "15", "0h", "99999999d", "1é", "-1m"] {
            check(bad, None);
        }
    }
}
