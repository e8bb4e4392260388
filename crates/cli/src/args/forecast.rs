//! `tracehound forecast …`

use std::path::PathBuf;

use super::watch::{
    CAPACITY_EXAMPLES, CapacityArgs, EXPLAIN_EXAMPLES, FeedbackArgs, INDICATORS_EXAMPLES, LeadArgs,
    WATCH_EXAMPLES, WatchArgs, span,
};
use clap::{Args, Subcommand, ValueEnum};
use engine::forecasts::{KeepRow, MethodName, Orders, Scenario, SeriesOptions, Trend};

pub(super) const EXAMPLE: &str = "\
Example:
  tracehound forecast predict load.csv --horizon 48";

const PREDICT_EXAMPLES: &str = "\
Examples:
  tracehound forecast predict load.csv --horizon 48
  tracehound forecast predict load.parquet --time at --value requests --method ets --levels 50,90 --json
  tracehound forecast predict load.csv --quantiles 0.1,0.5,0.9 --arrow > ahead.arrows
  tracehound forecast predict load.csv --method dhr --indicator weather.csv
  tracehound forecast predict load.csv --method dhr --indicator prices.csv --scenario 'btc=+8% in 1h'

FILE is CSV or TSV (also gzipped), Parquet or Arrow with a column of times and one of values; or JSON: an object
with \"y\" (and \"start\", \"freq\", \"m\", \"h\"), or a list of rows. Nothing is filled: steps without a row stay
missing, and every repair is in the answer. With --scenario the answer has the forecast under it beside the one without, and says
of every indicator whether it is known, forecast or assumed. Where the method fails, or the data are late, the last season again is
the answer, which says so (--json: `instead_of`).";

const FIT_EXAMPLES: &str = "\
Examples:
  tracehound forecast fit airline.json --method sarimax --order 0,1,1 --seasonal 0,1,1,12 --trend n --json
  tracehound forecast fit load.csv --method auto_arima";

const BACKTEST_EXAMPLES: &str = "\
Examples:
  tracehound forecast backtest series.json --method auto --method ets
  tracehound forecast backtest series.json --json > forecasts.jsonl
  tracehound forecast backtest series.json --report backtest.html

SERIES.json is a list of objects with \"id\", \"y\", \"h\" and \"origins\", and \"m\" or \"seasons\", \"start\", \"freq\". With --json
every forecast is a line; without, figures are averages over forecasts, beside those of seasonal naive.";

const COMPARE_EXAMPLES: &str = "\
Examples:
  tracehound forecast compare load.csv
  tracehound forecast compare load.csv --method auto --method prophet --horizon 24 --origins 12";

/// `tracehound forecast …`
#[derive(Debug, Subcommand)]
pub(crate) enum ForecastAction {
    /// Forecast a series, with bounds.
    #[command(after_help = PREDICT_EXAMPLES)]
    Predict(ForecastPredictArgs),
    /// Fit a method: its parameters, how well it fits, and a forecast.
    #[command(after_help = FIT_EXAMPLES)]
    Fit(FitArgs),
    /// Forecast many series from the origins of their file, and compare with what happened.
    #[command(after_help = BACKTEST_EXAMPLES)]
    Backtest(BacktestArgs),
    /// Compare methods on one series, from rolling origins.
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare(ForecastCompareArgs),
    /// Serve forecasts to Prometheus, Grafana, autoscalers and an Alertmanager, and keep them fresh.
    #[command(after_help = super::serve::FORECAST_EXAMPLES)]
    Serve(Box<super::ServeForecastsArgs>),
    /// Print a dashboard for Grafana whose data source is `forecast serve`.
    #[command(after_help = "Example:\n  tracehound forecast dashboard requests > dashboard.json")]
    Dashboard(super::DashboardArgs),
    /// Warn before a load reaches its capacity: how probable, when, and why.
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(WatchArgs),
    /// The same at length: every driver, the similar moments, the model.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(WatchArgs),
    /// Which indicators lead a load, and which are used.
    #[command(after_help = INDICATORS_EXAMPLES)]
    Indicators(LeadArgs),
    /// Plan units ahead: how many are required, when to order them.
    #[command(after_help = CAPACITY_EXAMPLES)]
    Capacity(CapacityArgs),
    /// Close the alert of a warning, and say whether it was useful: that moves the threshold.
    #[command(after_help = "Example:\n  tracehound forecast feedback 5e5e5e5e1a2b --useful")]
    Feedback(FeedbackArgs),
}

/// Where a series is in a file.
#[derive(Args, Debug)]
pub(crate) struct SeriesArgs {
    /// The file of the series.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The column of times; if not given, the only one whose name says so (ds, time, timestamp, date, …).
    #[arg(long, value_name = "COL")]
    pub(crate) time: Option<String>,
    /// The column of values; if not given, y, value, load, or the only other one.
    #[arg(long, value_name = "COL")]
    pub(crate) value: Option<String>,
    /// Which of several different values of one time counts; if not given, that is an error.
    #[arg(long, value_enum, value_name = "ROW")]
    pub(crate) keep: Option<KeepName>,
    /// Which series of a file with several.
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

impl SeriesArgs {
    /// As the engine takes it.
    pub(crate) fn options(&self) -> SeriesOptions {
        SeriesOptions {
            time: self.time.clone(),
            value: self.value.clone(),
            keep: self.keep.map(Into::into),
            id: self.id.clone(),
        }
    }
}

/// What is told or assumed of indicators over the horizon.
#[derive(Args, Debug)]
pub(crate) struct BesideArgs {
    /// A file with a column of times and columns of indicators, used by regression, prophet, sarimax, auto_arima and dhr; over
    /// the horizon an indicator is known as far as the file goes, then its last season is repeated, and the answer says so.
    /// May be given several times.
    #[arg(long = "indicator", visible_alias = "indicators", value_name = "FILE")]
    pub(crate) indicators: Vec<PathBuf>,
    /// What an indicator is assumed to do: NAME=+8% in 1h (in a straight line from its last known value, then kept), NAME=-120 in
    /// 2h, NAME=42 at TIME (from then on), NAME=42 (from the first step on; a level below 0: NAME=to -5). Once an indicator.
    #[arg(long, value_name = "NAME=CHANGE", value_parser = scenario)]
    pub(crate) scenario: Vec<Scenario>,
}

fn scenario(text: &str) -> Result<Scenario, String> {
    text.parse().map_err(|_| {
        "write NAME=+8% in 1h, NAME=-120 in 2h, NAME=42 at 2026-01-01T12:00:00Z, or NAME=42"
            .to_owned()
    })
}

/// `tracehound forecast predict`
#[derive(Args, Debug)]
pub(crate) struct ForecastPredictArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    /// Steps ahead; if not given, those of the file, else two seasons.
    #[arg(long, value_name = "N", value_parser = horizon)]
    pub(crate) horizon: Option<usize>,
    /// The method.
    #[arg(long, value_enum, value_name = "METHOD", default_value = "auto")]
    pub(crate) method: ForecastMethod,
    /// Levels of the bounds, in per cent; if neither they nor quantiles are given, 80,95.
    #[arg(long, value_name = "LEVELS", value_delimiter = ',', value_parser = level)]
    pub(crate) levels: Vec<f64>,
    /// Quantiles, between 0 and 1; 0.5 is the expected value.
    #[arg(long, value_name = "SHARES", value_delimiter = ',', value_parser = quantile)]
    pub(crate) quantiles: Vec<f64>,
    #[command(flatten)]
    pub(crate) beside: BesideArgs,
    /// Data are late if the last value is older than this, such as 2h.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub(crate) late_after: Option<u32>,
    /// Fail where the method fails or the data are late, instead of answering by the last season.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print the steps as an Arrow IPC stream: mean, bounds and quantiles as columns.
    #[arg(long, conflicts_with = "json")]
    pub(crate) arrow: bool,
}

impl ForecastPredictArgs {
    /// Levels as shares.
    pub(crate) fn levels(&self) -> Vec<f64> {
        match self.levels.is_empty() && self.quantiles.is_empty() {
            true => vec![0.8, 0.95],
            false => self.levels.clone(),
        }
    }
}

/// `tracehound forecast fit`
#[derive(Args, Debug)]
pub(crate) struct FitArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    /// The method.
    #[arg(long, value_enum, value_name = "METHOD", default_value = "auto")]
    pub(crate) method: ForecastMethod,
    /// Orders of sarimax; if not given, those of the file, else they are found.
    #[arg(long, value_name = "p,d,q", value_parser = order)]
    pub(crate) order: Option<[usize; 3]>,
    /// Seasonal orders of sarimax and the steps in a season.
    #[arg(long, value_name = "P,D,Q,s", value_parser = seasonal, requires = "order")]
    pub(crate) seasonal: Option<[usize; 4]>,
    /// Trend of sarimax: n (none), c (constant), t (slope) or ct (both); if not given, n.
    #[arg(long, value_name = "n|c|t|ct", value_parser = trend, requires = "order")]
    pub(crate) trend: Option<Trend>,
    /// Steps ahead; if not given, those of the file, else two seasons.
    #[arg(long, value_name = "N", value_parser = horizon)]
    pub(crate) horizon: Option<usize>,
}

impl FitArgs {
    /// Orders and trend, where they were given.
    pub(crate) fn orders(&self) -> Option<(Orders, Trend)> {
        let [p, d, q] = self.order?;
        let [sp, sd, sq, s] = self.seasonal.unwrap_or_default();
        Some((Orders::new(p, d, q).seasonal(sp, sd, sq, s), self.trend.unwrap_or_default()))
    }
}

/// `tracehound forecast backtest`
#[derive(Args, Debug)]
pub(crate) struct BacktestArgs {
    /// The file of the series.
    #[arg(value_name = "SERIES.json")]
    pub(crate) file: PathBuf,
    /// The methods.
    #[arg(long, value_enum, value_name = "METHOD", default_value = "auto")]
    pub(crate) method: Vec<ForecastMethod>,
    /// Where a page of HTML with plots goes: figures by method, by step ahead and by regime.
    #[arg(long, value_name = "report.html")]
    pub(crate) report: Option<PathBuf>,
}

/// `tracehound forecast compare`
#[derive(Args, Debug)]
pub(crate) struct ForecastCompareArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    /// The methods; if not given, auto, ets, theta, mstl and regression.
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) method: Vec<ForecastMethod>,
    /// Steps ahead; if not given, those of the file, else two seasons.
    #[arg(long, value_name = "N", value_parser = horizon)]
    pub(crate) horizon: Option<usize>,
    /// Origins, evenly apart over the last two thirds.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) origins: usize,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum ForecastMethod {
    /// Several methods, weighed by their past errors.
    Auto,
    /// Seasonal ARIMA whose orders are found.
    AutoArima,
    /// Waves for long seasons, ARIMA for what they leave.
    Dhr,
    /// Exponential smoothing.
    Ets,
    /// Seasons by STL, the rest by smoothing.
    Mstl,
    /// Prophet.
    Prophet,
    /// Calendar terms, indicators and lags.
    Regression,
    /// Seasonal ARIMA of given orders.
    Sarimax,
    /// The last season again.
    SeasonalNaive,
    /// Theta.
    Theta,
}

impl From<ForecastMethod> for MethodName {
    fn from(name: ForecastMethod) -> Self {
        match name {
            ForecastMethod::Auto => Self::Auto,
            ForecastMethod::AutoArima => Self::AutoArima,
            ForecastMethod::Dhr => Self::Dhr,
            ForecastMethod::Ets => Self::Ets,
            ForecastMethod::Mstl => Self::Mstl,
            ForecastMethod::Prophet => Self::Prophet,
            ForecastMethod::Regression => Self::Regression,
            ForecastMethod::Sarimax => Self::Sarimax,
            ForecastMethod::SeasonalNaive => Self::SeasonalNaive,
            ForecastMethod::Theta => Self::Theta,
        }
    }
}

/// A rule for contradicting rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeepName {
    /// The one that stands first in the file.
    First,
    /// The one that stands last in the file.
    Last,
    /// Their mean.
    Mean,
}

impl From<KeepName> for KeepRow {
    fn from(name: KeepName) -> Self {
        match name {
            KeepName::First => Self::First,
            KeepName::Last => Self::Last,
            KeepName::Mean => Self::Mean,
        }
    }
}

/// More steps ahead are no forecast, and cost memory.
const HORIZON_MAX: usize = 100_000;

pub(super) fn horizon(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (1..=HORIZON_MAX).contains(n));
    number.ok_or_else(|| format!("write a number of steps from 1 to {HORIZON_MAX}"))
}

/// A level in per cent as a share.
fn level(text: &str) -> Result<f64, String> {
    let level = text.trim().parse::<f64>().ok().filter(|level| *level > 0.0 && *level < 100.0);
    level
        .map(|level| level / 100.0)
        .ok_or_else(|| "write levels between 0 and 100, such as 80,95".to_owned())
}

/// A quantile.
pub(super) fn quantile(text: &str) -> Result<f64, String> {
    let quantile = text.trim().parse::<f64>().ok().filter(|q| *q > 0.0 && *q < 1.0);
    quantile.ok_or_else(|| "write quantiles between 0 and 1, such as 0.1,0.5,0.9".to_owned())
}

fn numbers<const N: usize>(text: &str, form: &str) -> Result<[usize; N], String> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    numbers.and_then(|n| n.try_into().ok()).ok_or_else(|| format!("write {form}"))
}

fn order(text: &str) -> Result<[usize; 3], String> {
    numbers(text, "p,d,q, such as 1,0,1")
}

fn seasonal(text: &str) -> Result<[usize; 4], String> {
    numbers(text, "P,D,Q,s, such as 0,1,1,24")
}

fn trend(text: &str) -> Result<Trend, String> {
    text.parse().map_err(|_| "write n, c, t or ct".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_levels_and_horizons_are_read() {
        assert_eq!(order("1,0,2"), Ok([1, 0, 2]));
        assert_eq!(seasonal("0, 1,1,24"), Ok([0, 1, 1, 24]));
        assert!(order("1,0").is_err() && order("1,-1,0").is_err() && seasonal("1,1,1").is_err());
        assert_eq!(level("80"), Ok(0.8));
        assert!(level("0").is_err() && level("100").is_err() && level("nan").is_err());
        assert_eq!(quantile(" 0.9"), Ok(0.9));
        assert!(quantile("1").is_err() && quantile("0").is_err() && quantile("nan").is_err());
        assert!(horizon("0").is_err() && horizon("100001").is_err() && horizon("24") == Ok(24));
        assert_eq!(trend("ct"), Ok(Trend::ConstantLinear));
        assert!(trend("x").is_err());
    }
}
