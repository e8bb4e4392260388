//! Backtests: forecasts from past origins, each with what was known there, and their figures.
//!
//! In: series with origins, methods. Out: a line a series, origin and method, and averages by method beside the seasonal
//! naive forecast. Measures as in `forecast::accuracy`, each over one forecast and then averaged over forecasts.
//! Cost: a fit a line; seconds are those of the thread that made it, to a few milliseconds.

use forecast::report::{self, Case};
use forecast::{Bounds, Forecast, ForecastError, Indicators, Series, accuracy};
use rayon::prelude::*;
use serde::Serialize;

use super::methods::{MethodName, Setting};
use super::series::LoadedSeries;
use crate::{Error, Progress, Watch};

/// Horizons of history before a forecast that a report shows.
const TAIL_HORIZONS: usize = 4;
/// Levels of every backtest.
pub(super) const LEVELS: [f64; 2] = [0.8, 0.95];

/// One forecast.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacktestLine {
    /// The series.
    pub id: String,
    /// Values before the forecast.
    pub origin: usize,
    /// The method.
    pub method: &'static str,
    /// Expected value of each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f64>>,
    /// Bounds of 80 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lo80: Option<Vec<f64>>,
    /// Bounds of 80 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hi80: Option<Vec<f64>>,
    /// Bounds of 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lo95: Option<Vec<f64>>,
    /// Bounds of 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hi95: Option<Vec<f64>>,
    /// Seconds of one core for fit and forecast.
    pub cpu_s: f64,
    /// Why there is no forecast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub err: Option<String>,
    /// Figures of this forecast.
    #[serde(skip)]
    pub figures: Option<Figures>,
    /// The forecast with what happened, as the report draws it.
    #[serde(skip)]
    pub case: Case,
}

/// Figures of one forecast; none where nothing could be judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    mase: Option<f64>,
    smape: Option<f64>,
    coverage: [Option<f64>; 2],
    msis: Option<f64>,
    pinball: Option<f64>,
}

/// Averages of one method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacktestScore {
    /// The method.
    pub method: &'static str,
    /// Forecasts that were made.
    pub forecasts: usize,
    /// Forecasts that failed.
    pub failed: usize,
    /// Mean absolute error in units of the mean change over a season within the history.
    pub mase: Option<f64>,
    /// Its median over forecasts.
    pub mase_median: Option<f64>,
    /// In per cent.
    pub smape: Option<f64>,
    /// Share of values within the bounds of 80 %, in per cent.
    pub coverage_80: Option<f64>,
    /// Share of values within the bounds of 95 %, in per cent.
    pub coverage_95: Option<f64>,
    /// Mean scaled interval score of 95 %.
    pub msis_95: Option<f64>,
    /// Mean scaled pinball loss at 2.5, 10, 50, 90 and 97.5 %.
    pub pinball: Option<f64>,
    /// Seconds of one core a forecast.
    pub cpu_s: f64,
}

/// A forecast that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacktestFailure {
    /// The series.
    pub id: String,
    /// Values before it.
    pub origin: usize,
    /// The method.
    pub method: &'static str,
    /// Why.
    pub error: String,
}

/// A whole backtest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacktestReport {
    /// Series.
    pub series: usize,
    /// Steps ahead, where all series have the same.
    pub horizon: Option<usize>,
    /// What was repaired, in words, with the series.
    pub repairs: Vec<String>,
    /// Averages, seasonal naive first.
    pub scores: Vec<BacktestScore>,
    /// Forecasts that failed, and why.
    pub failures: Vec<BacktestFailure>,
    /// Every forecast: by series, origin and method.
    #[serde(skip)]
    pub lines: Vec<BacktestLine>,
}

impl BacktestLine {
    fn failure(&self) -> Option<BacktestFailure> {
        let (id, origin, method) = (self.id.clone(), self.origin, self.method);
        self.err.clone().map(|error| BacktestFailure { id, origin, method, error })
    }
}

impl BacktestReport {
    /// The whole backtest as one HTML page.
    pub fn html(&self, title: &str) -> String {
        let cases: Vec<Case> = self.lines.iter().map(|line| line.case.clone()).collect();
        report::html(title, &cases, &self.repairs)
    }
}

/// Origins whose horizon ends within `n` values: at most `count`, evenly apart, the last a horizon before the end, none in
/// the first third.
pub fn rolling_origins(n: usize, horizon: usize, count: usize) -> Vec<usize> {
    let Some(last) = n.checked_sub(horizon).filter(|last| *last > 0) else { return Vec::new() };
    let first = (n / 3).max(1);
    if count == 0 || last < first {
        return Vec::new();
    }
    let apart = ((last - first) / count).max(1);
    let mut origins: Vec<usize> = (0..count)
        .map_while(|back| last.checked_sub(back * apart))
        .take_while(|origin| *origin >= first)
        .collect();
    origins.reverse();
    origins
}

/// One series from rolling origins.
///
/// # Errors
/// A series too short for the horizon.
pub fn backtest_file(
    mut series: LoadedSeries,
    methods: &[MethodName],
    horizon: Option<usize>,
    count: usize,
    watch: &dyn Watch,
) -> Result<BacktestReport, Error> {
    let horizon = horizon.unwrap_or_else(|| series.horizon_default());
    if count == 0 {
        return Err(Error::Question {
            what: "no origin is asked for".to_owned(),
            hint: Some("give --origins 1 or more".to_owned()),
        });
    }
    let n = series.series.values.len();
    series.origins = rolling_origins(n, horizon, count);
    series.horizon = Some(horizon);
    if series.origins.is_empty() {
        return Err(Error::Question {
            what: format!("{n} values have no place for forecasts of {horizon} steps"),
            hint: Some("give a longer history, or --horizon N with fewer steps".to_owned()),
        });
    }
    backtest_panel(&[series], methods, watch)
}

/// Forecasts of all series from the origins that their file says.
///
/// # Errors
/// A series without origins or horizon, or with an origin whose horizon ends beyond it.
pub fn backtest_panel(
    panel: &[LoadedSeries],
    methods: &[MethodName],
    watch: &dyn Watch,
) -> Result<BacktestReport, Error> {
    let mut all = vec![MethodName::SeasonalNaive];
    for method in methods {
        if !all.contains(method) {
            all.push(*method);
        }
    }
    let mut tasks = Vec::new();
    for series in panel {
        let horizon = checked(series)?;
        for origin in &series.origins {
            tasks.extend(all.iter().map(|method| (series, *origin, horizon, *method)));
        }
    }
    watch.tell(Progress::Begin {
        what: "backtest".to_owned(),
        total: Some(tasks.len() as u64),
        unit: "forecasts",
    });
    let done = std::sync::atomic::AtomicU64::new(0);
    let run = |(series, origin, horizon, method): &(&LoadedSeries, usize, usize, MethodName)| {
        if watch.stopped() {
            return Err(Error::Stopped);
        }
        let line = line(series, *origin, *horizon, *method);
        let done = 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        watch.tell(Progress::At { done });
        Ok(line)
    };
    let lines: Result<Vec<BacktestLine>, Error> = tasks.par_iter().map(run).collect();
    watch.tell(Progress::End);
    let lines = lines?;
    let mut horizons: Vec<Option<usize>> = panel.iter().map(|series| series.horizon).collect();
    horizons.dedup();
    let words = |series: &LoadedSeries| {
        let id = series.id.clone();
        let mut repairs: Vec<String> =
            series.repairs.iter().map(|repair| format!("{id}: {repair}")).collect();
        if !series.indicators.names.is_empty() && all.iter().any(|name| name.uses_indicators()) {
            repairs.push(format!(
                "{id}: indicators count as known over each horizon ({}), which flatters methods that use them",
                series.indicators.names.join(", ")
            ));
        }
        repairs
    };
    Ok(BacktestReport {
        series: panel.len(),
        horizon: if horizons.len() == 1 { horizons[0] } else { None },
        repairs: panel.iter().flat_map(words).collect(),
        scores: all.iter().map(|method| score(method.name(), &lines)).collect(),
        failures: lines.iter().filter_map(BacktestLine::failure).collect(),
        lines,
    })
}

fn checked(series: &LoadedSeries) -> Result<usize, Error> {
    let n = series.series.values.len();
    let horizon = series.horizon.filter(|horizon| *horizon > 0);
    let ends = |origin: &usize, horizon: usize| {
        *origin > 0 && origin.checked_add(horizon).is_some_and(|end| end <= n)
    };
    match horizon {
        Some(horizon)
            if !series.origins.is_empty()
                && series.origins.iter().all(|origin| ends(origin, horizon)) =>
        {
            Ok(horizon)
        }
        _ => Err(Error::Question {
            what: format!(
                "{}: {n} values, {}, {}",
                series.id,
                horizon.map_or("no h".to_owned(), |horizon| format!("h {horizon}")),
                origin_words(&series.origins)
            ),
            hint: Some(
                "give \"h\" and \"origins\" whose horizon ends within \"y\"; `forecast compare` sets origins itself"
                    .to_owned(),
            ),
        }),
    }
}

fn origin_words(origins: &[usize]) -> String {
    let ends = origins.iter().min().zip(origins.iter().max());
    match ends {
        None => "no origins".to_owned(),
        Some((first, last)) => format!("{} origins, {first} to {last}", origins.len()),
    }
}

/// Seconds that this thread has been on a processor (Linux; elsewhere 0): other work on a machine does not count.
pub(super) fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn line(series: &LoadedSeries, origin: usize, horizon: usize, method: MethodName) -> BacktestLine {
    let values = &series.series.values;
    let setting = Setting { seasons: series.seasons.clone(), horizon, orders: series.orders };
    let before = Series { values: values[..origin].to_vec(), ..series.series.clone() };
    let cut = |from: usize, to: usize| match method.uses_indicators() {
        true => Indicators {
            names: series.indicators.names.clone(),
            columns: series.indicators.columns.iter().map(|c| c[from..to].to_vec()).collect(),
        },
        false => Indicators::default(),
    };
    let begin = cpu_s();
    let made = if method == MethodName::Prophet && !series.has_times {
        Err("prophet needs times: the series has no start or freq".to_owned())
    } else {
        let fitted = method.method(&setting, origin).fit(&before, &cut(0, origin));
        let ahead = cut(origin, origin + horizon);
        let made = fitted.and_then(|fitted| fitted.forecast(horizon, &ahead, &LEVELS));
        made.map_err(|error: ForecastError| error.to_string())
    };
    let cpu_s = cpu_s() - begin;
    let season = setting.season();
    let case = Case {
        id: series.id.clone(),
        origin,
        method: method.name().to_owned(),
        scale: accuracy::seasonal_scale(&before.values, season).unwrap_or(f64::NAN),
        volatile: forecast::is_volatile(&before.values, season),
        before: values[origin.saturating_sub(TAIL_HORIZONS * horizon)..origin].to_vec(),
        actual: values[origin..origin + horizon].to_vec(),
        forecast: made.clone(),
    };
    let mut line = BacktestLine {
        id: series.id.clone(),
        origin,
        method: method.name(),
        mean: None,
        lo80: None,
        hi80: None,
        lo95: None,
        hi95: None,
        cpu_s,
        err: None,
        figures: None,
        case,
    };
    match made {
        Err(error) => line.err = Some(error),
        Ok(forecast) => {
            let actual = &values[origin..origin + horizon];
            line.figures = Some(judge(&forecast, &before.values, actual, setting.season()));
            let mut bounds = forecast.bounds.into_iter();
            let mut next =
                || bounds.next().map(|Bounds { lower, upper, .. }| (lower, upper)).unzip();
            (line.lo80, line.hi80) = next();
            (line.lo95, line.hi95) = next();
            line.mean = Some(forecast.mean);
        }
    }
    line
}

fn judge(forecast: &Forecast, before: &[f64], actual: &[f64], season: usize) -> Figures {
    let scale = accuracy::seasonal_scale(before, season);
    let mut losses = vec![accuracy::pinball(actual, &forecast.mean, 0.5)];
    for Bounds { level, lower, upper } in &forecast.bounds {
        let tail = (1.0 - level) / 2.0;
        losses.push(accuracy::pinball(actual, lower, tail));
        losses.push(accuracy::pinball(actual, upper, 1.0 - tail));
    }
    let count = losses.len() as f64;
    let pinball = losses.into_iter().sum::<Option<f64>>().map(|sum| sum / count);
    let coverage = |at: usize| forecast.bounds.get(at).and_then(|b| accuracy::coverage(actual, b));
    Figures {
        mase: scale.and_then(|scale| accuracy::mase(actual, &forecast.mean, scale)),
        smape: accuracy::smape(actual, &forecast.mean),
        coverage: [coverage(0), coverage(1)],
        msis: scale.zip(forecast.bounds.get(1)).and_then(|(s, b)| accuracy::msis(actual, b, s)),
        pinball: scale.zip(pinball).map(|(scale, loss)| loss / scale),
    }
}

fn score(method: &'static str, lines: &[BacktestLine]) -> BacktestScore {
    let own: Vec<&BacktestLine> = lines.iter().filter(|line| line.method == method).collect();
    let figures: Vec<&Figures> = own.iter().filter_map(|line| line.figures.as_ref()).collect();
    let mean = |of: &dyn Fn(&Figures) -> Option<f64>| {
        let values: Vec<f64> = figures.iter().filter_map(|figures| of(figures)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let mut errors: Vec<f64> = figures.iter().filter_map(|figures| figures.mase).collect();
    errors.sort_by(f64::total_cmp);
    let middle = |errors: &[f64]| errors[(errors.len() - 1) / 2].midpoint(errors[errors.len() / 2]);
    let percent = |share: Option<f64>| share.map(|share| 100.0 * share);
    BacktestScore {
        method,
        forecasts: figures.len(),
        failed: own.len() - figures.len(),
        mase: mean(&|figures| figures.mase),
        mase_median: (!errors.is_empty()).then(|| middle(&errors)),
        smape: mean(&|figures| figures.smape),
        coverage_80: percent(mean(&|figures| figures.coverage[0])),
        coverage_95: percent(mean(&|figures| figures.coverage[1])),
        msis_95: mean(&|figures| figures.msis),
        pinball: mean(&|figures| figures.pinball),
        cpu_s: own.iter().map(|line| line.cpu_s).sum::<f64>() / own.len().max(1) as f64,
    }
}
