//! `tracehound forecast watch`, `explain`, `indicators`, `capacity`, `feedback`.

use std::path::PathBuf;

use clap::Args;

use super::forecast::{BesideArgs, ForecastMethod, SeriesArgs};

pub(super) const WATCH_EXAMPLES: &str = "\
Examples:
  tracehound forecast watch load.csv --capacity 1800 --indicator ETHUSD_5min.csv --replay
  tracehound forecast watch load.csv --capacity auto:unit=100,target=0.7,min=4,max=60,delay=10m --queue

--indicator takes files of candles (open, high, low, close: volatility, moves, drawdown, volume) and plain series;
--chain takes congestion of the chain from the store. A value counts from when it was known: a candle from its close.
Exit code 3: a warning is out; 6: nothing can be said, as the load was not measured.";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  tracehound forecast explain load.csv --capacity 1800 --indicator ETHUSD_5min.csv
  tracehound forecast explain load.csv --capacity capacity.csv --json";

pub(super) const INDICATORS_EXAMPLES: &str = "\
Examples:
  tracehound forecast indicators load.csv --indicator ETHUSD_5min.csv
  tracehound forecast indicators load.csv --chain --horizon 6 --json";

pub(super) const CAPACITY_EXAMPLES: &str = "\
Examples:
  tracehound forecast capacity load.csv --unit 100 --horizon 24
  tracehound forecast capacity load.csv --unit 100 --lack 9 --surplus 1 --lead 2 --step-max 5 --fix 3..6=20
  tracehound forecast capacity load.csv --unit 100 --method dhr --indicator prices.csv --scenario 'btc=-20% in 3h'

Nothing is done by it: the plan says what to order and when. Units are never given back on a forecast alone.";

/// Where indicators come from.
#[derive(Args, Debug)]
pub(crate) struct IndicatorArgs {
    /// A file with candles of a market, or with a series that may lead.
    #[arg(long = "indicator", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Congestion of the chain, from the blocks of the store.
    #[arg(long)]
    pub(crate) chain: bool,
}

/// `tracehound forecast watch`
#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    #[command(flatten)]
    pub(crate) indicators: IndicatorArgs,
    /// What the platform can carry: a number, a file of times and capacities, or
    /// auto:unit=LOAD,target=SHARE,min=N,max=N,delay=TIME[,hold=TIME].
    #[arg(long, value_name = "CAPACITY", allow_hyphen_values = true)]
    pub(crate) capacity: String,
    /// How far ahead it looks; if not given, an hour.
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub(crate) within: Option<u32>,
    /// Least lead that makes a warning worth something; if not given, a step.
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub(crate) lead: Option<u32>,
    /// False pages a week, at most.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) false_per_week: f64,
    /// What a false page costs, in any unit; with --cost-breach it chooses the threshold.
    #[arg(long, value_name = "COST", requires = "cost_breach")]
    pub(crate) cost_page: Option<f64>,
    /// What a breach costs that nobody was warned of.
    #[arg(long, value_name = "COST", requires = "cost_page")]
    pub(crate) cost_breach: Option<f64>,
    /// Steps over the threshold before a warning begins.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) persistence: usize,
    /// Similar moments that are looked up.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) similar: usize,
    /// Also what it would have said before: fitted to the first 60 %, replayed over the rest.
    #[arg(long)]
    pub(crate) replay: bool,
    /// Put a warning into the queue of alerts of the store, and learn from how past ones were closed.
    #[arg(long)]
    pub(crate) queue: bool,
    /// The name under which its alerts stand; if not given, that of the series.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `tracehound forecast indicators`
#[derive(Args, Debug)]
pub(crate) struct LeadArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    #[command(flatten)]
    pub(crate) indicators: IndicatorArgs,
    /// Steps ahead that an indicator must help with.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) horizon: usize,
    /// Lags that are looked at.
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub(crate) lags: usize,
}

/// `tracehound forecast capacity`
#[derive(Args, Debug)]
pub(crate) struct CapacityArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    #[command(flatten)]
    pub(crate) beside: BesideArgs,
    /// Load that one unit carries.
    #[arg(long, value_name = "LOAD", allow_negative_numbers = true)]
    pub(crate) unit: f64,
    /// The method that forecasts.
    #[arg(long, value_enum, value_name = "METHOD", default_value = "auto")]
    pub(crate) method: ForecastMethod,
    /// Steps ahead; if not given, those of the file, else two seasons.
    #[arg(long, value_name = "N", value_parser = super::forecast::horizon)]
    pub(crate) horizon: Option<usize>,
    /// Share of possible loads that is provided for, in per cent, above 50.
    #[arg(long, value_name = "PER CENT", default_value_t = 95.0)]
    pub(crate) service: f64,
    /// What a unit too few costs for a step; with --surplus it chooses the share in place of --service.
    #[arg(long, value_name = "COST", requires = "surplus")]
    pub(crate) lack: Option<f64>,
    /// What a unit too many costs for a step.
    #[arg(long, value_name = "COST", requires = "lack")]
    pub(crate) surplus: Option<f64>,
    /// Load that is provided on top, in per cent.
    #[arg(long, value_name = "PER CENT", default_value_t = 10.0, allow_negative_numbers = true)]
    pub(crate) headroom: f64,
    /// Units that work now; if not given, those that the last load asks for.
    #[arg(long, value_name = "N")]
    pub(crate) units: Option<u32>,
    /// Fewest units.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min: u32,
    /// Most units.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) max: u32,
    /// Steps from an order to a unit that works.
    #[arg(long, value_name = "STEPS", default_value_t = 1)]
    pub(crate) lead: usize,
    /// Most units in one order.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) step_max: u32,
    /// Steps without a change before units are given back.
    #[arg(long, value_name = "STEPS", default_value_t = 3)]
    pub(crate) hold: usize,
    /// A number of units that is fixed for some steps ahead: FROM..UNTIL=UNITS, from 0.
    #[arg(long, value_name = "STEPS=N", value_parser = fixed)]
    pub(crate) fix: Vec<(usize, usize, u32)>,
}

/// `tracehound forecast feedback`
#[derive(Args, Debug)]
pub(crate) struct FeedbackArgs {
    /// The alert, as `alerts list` shows it; the beginning of its name will do.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// It was useful.
    #[arg(long, conflicts_with = "not_useful", required_unless_present = "not_useful")]
    pub(crate) useful: bool,
    /// It was not.
    #[arg(long)]
    pub(crate) not_useful: bool,
    /// Who says so; if not given, TRACEHOUND_AUTHOR, then the user of the system.
    #[arg(long, value_name = "NAME", env = "TRACEHOUND_AUTHOR", hide_env_values = true)]
    pub(crate) author: Option<String>,
}

/// Seconds of `90s`, `15m`, `2h`, `1d`.
pub(crate) fn span(text: &str) -> Result<u32, String> {
    let refused = || "write a time such as 90s, 15m, 2h or 1d".to_owned();
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text.trim()[digits.len()..] {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(refused()),
    };
    let number: u32 = digits.parse().map_err(|_| refused())?;
    number.checked_mul(unit).filter(|seconds| *seconds > 0).ok_or_else(refused)
}

fn fixed(text: &str) -> Result<(usize, usize, u32), String> {
    let parts = || {
        let (steps, units) = text.split_once('=')?;
        let (from, until) = steps.split_once("..")?;
        Some((from.parse().ok()?, until.parse().ok()?, units.parse().ok()?))
    };
    parts().ok_or_else(|| "write FROM..UNTIL=UNITS, such as 3..6=20".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_fixed_units_are_read() {
        assert_eq!(
            (span("90s"), span("15m"), span("2h"), span("1d")),
            (Ok(90), Ok(900), Ok(7_200), Ok(86_400))
        );
        assert!(
            span("15").is_err()
                && span("0m").is_err()
                && span("m").is_err()
                && span("9999999d").is_err()
        );
        assert_eq!(fixed("3..6=20"), Ok((3, 6, 20)));
        assert!(fixed("3-6=20").is_err() && fixed("3..6").is_err());
    }
}
