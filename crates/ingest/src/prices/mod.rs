//! Prices: candles of an asset in a currency, as exchanges and data vendors publish them.
//!
//! In: CSV or Parquet files with a header, in any order of columns and rows. Out: [`ledger::Price`] rows by series (asset and
//! currency), by time, each time once; and an account of every row that was not taken over.
//! Source: the files of CryptoDataDownload, Binance, Bitstamp and Kaggle, which differ in names, units and order.
//! Rules, each counted in the answer with its first rows (`docs/methods/prices.md`):
//! - The unit of times is decided for a whole file and stated; times of two kinds in one file refuse it.
//! - Rows that are equal throughout are one. Two different rows of one time refuse the import, unless [`Keep`] says which counts.
//! - A row with a price that is none, or with prices that contradict each other, is refused with its line; and with it
//!   the import, unless refused rows are accepted.
//! - The interval is the most frequent step between times; a longer step is a gap, which is told and never filled.
//!
//! Cost: one pass; about 100 bytes a row. Checked against: rows written in every dress (`tests/it/prices.rs`) and arbitrary
//! bytes, which never panic.

mod assemble;
mod cells;
mod error;
mod file;
mod header;
mod times;

use std::path::Path;

pub use assemble::{Gap, Gaps, PriceSeries};
pub use error::PriceError;
pub use file::{FileRead, Order};
pub use times::TimeUnit;

/// How files of prices are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceReadOptions {
    /// The asset of rows that name none.
    pub asset: Option<String>,
    /// The currency of rows that name none.
    pub currency: Option<String>,
    /// Which of two different rows of one time counts; `None` refuses the import.
    pub keep: Option<Keep>,
    /// Take the other rows where some are refused.
    pub accept_refused: bool,
    /// The interval in seconds, where it is not to be told by the steps between times.
    pub interval_s: Option<u32>,
    /// Take each time in the unit that its size tells, where a file mixes them; else such a file is refused. For figures that
    /// are looked at, not for prices that are kept.
    pub mixed_units: bool,
}

/// Which of two different rows of one time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The one that stands first, files in the order given.
    First,
    /// The one that stands last.
    Last,
}

/// A row that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub file: String,
    /// Its line, or the row of a Parquet file, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Rows that were left out for one kind of reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOuts {
    /// How many.
    pub n: u64,
    /// The first of them, at most [`LEFT_OUT_SHOWN`].
    pub first: Vec<LeftOut>,
}

/// So many rows of a kind are told one by one.
pub const LEFT_OUT_SHOWN: usize = 10;

impl LeftOuts {
    fn push(&mut self, file: &str, line: u64, reason: impl FnOnce() -> String) {
        self.n += 1;
        if self.first.len() < LEFT_OUT_SHOWN {
            self.first.push(LeftOut { file: file.to_owned(), line, reason: reason() });
        }
    }
}

/// What some files hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PricesRead {
    /// Each file, in the order given.
    pub files: Vec<FileRead>,
    /// Each pair of asset and currency, by name.
    pub series: Vec<PriceSeries>,
    /// Rows that are no candle.
    pub refused: LeftOuts,
    /// Rows that stood there before, equal throughout.
    pub duplicates: LeftOuts,
    /// Rows that gave way to another of the same time.
    pub replaced: LeftOuts,
}

/// Reads files of prices as one import.
///
/// # Errors
/// If a file cannot be read or is not what it should be, rows are refused or contradict each other and the options do not
/// allow for it, or no interval can be told.
pub fn read_prices(
    paths: &[impl AsRef<Path>],
    options: &PriceReadOptions,
) -> Result<PricesRead, PriceError> {
    let mut read = PricesRead::default();
    let mut rows = Vec::new();
    let mut names = file::Names::default();
    for (index, path) in paths.iter().enumerate() {
        let number = u32::try_from(index).expect("a command line has fewer files");
        let mut found = file::read(path.as_ref(), number, options, &mut names, &mut read.refused)?;
        rows.append(&mut found.rows);
        read.files.push(found.about);
    }
    if let Some(first) = read.files.first()
        && read.files.iter().all(|file| file.rows == 0)
    {
        return Err(PriceError::new(&first.file, None, "no row below the names of columns")
            .with_hint("the file may have been cut: fetch it again"));
    }
    if let Some(first) = read.refused.first.first().filter(|_| !options.accept_refused) {
        let n = read.refused.n;
        let what = match n {
            1 => first.reason.clone(),
            _ => format!("{}; {n} rows are refused in all", first.reason),
        };
        let hint =
            "--accept-refused takes the other rows; --dry-run lists the first that are refused";
        return Err(PriceError::new(&first.file, Some(first.line), what).with_hint(hint));
    }
    assemble::assemble(rows, &names, options, &mut read)?;
    Ok(read)
}
