//! How methods would have done: forecasts from past origins, each with what was known at its origin only.
//!
//! In: methods, a series, its indicators, a plan. Out: every forecast made, and scores overall, by step ahead, by regime.
//! Source: Tashman, Out-of-sample tests of forecasting accuracy, 2000 (rolling origin, refit at each); measures as in
//! `accuracy`. Departures: the seasonal naive forecast is always among the methods. An origin is volatile if the mean change
//! over a season in the season before it is above the median of that figure over the history up to then.
//! Indicators over the horizon are taken as known: the caller passes forecasts of them to judge what is not.
//! Cost: a fit a method and origin. Checked against: figures by hand (`tests/it/backtest.rs`).

use crate::seasonal_naive::SeasonalNaive;
use crate::{Bounds, Forecast, ForecastError, Indicators, Method, Series, accuracy, checked};

/// Where forecasts start and what is asked of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Values before each forecast, ascending; the forecast's first step is the value with this index.
    pub origins: Vec<usize>,
    /// Steps ahead.
    pub horizon: usize,
    /// The season of the naive forecast and of the scale of MASE, in steps.
    pub season: usize,
    /// Levels of the bounds, `0.0..1.0`; pinball loss is over their sides and the mean.
    pub levels: Vec<f64>,
}

/// A forecast that was made, or why not.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The method.
    pub method: String,
    /// Values before it.
    pub origin: usize,
    /// Mean change over one season of the values before it.
    pub scale: f64,
    /// Whether times were volatile.
    pub volatile: bool,
    /// What came out.
    pub forecast: Result<Forecast, ForecastError>,
}

/// Which steps of which forecasts a score is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slice {
    /// All.
    All,
    /// Those so many steps ahead, from 1.
    Step(usize),
    /// Forecasts from volatile (or calm) times.
    Volatile(bool),
}

/// Averages over a slice; `None` where nothing could be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The method.
    pub method: String,
    /// The slice.
    pub slice: Slice,
    /// Steps that were judged.
    pub n: usize,
    /// Forecasts that failed.
    pub failed: usize,
    /// Mean absolute error in scales.
    pub mase: Option<f64>,
    /// In per cent.
    pub smape: Option<f64>,
    /// Mean pinball loss over the sides of all levels and the mean, in scales.
    pub pinball: Option<f64>,
    /// Share within the bounds, one a level of the plan.
    pub coverage: Vec<Option<f64>>,
    /// Mean width in scales, one a level.
    pub width: Vec<Option<f64>>,
    /// Mean scaled interval score, one a level.
    pub msis: Vec<Option<f64>>,
}

/// What a backtest found.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// The plan.
    pub plan: Plan,
    /// The methods, the naive one first.
    pub methods: Vec<String>,
    /// Method after method, origin after origin.
    pub rows: Vec<Row>,
    actual: Vec<f64>,
}

/// Forecasts from every origin by every method and by the seasonal naive one.
///
/// # Errors
/// A plan that does not fit the series. A method that fails at an origin does not stop the others: its row says why.
pub fn backtest(
    methods: &[&dyn Method],
    series: &Series,
    indicators: &Indicators,
    plan: &Plan,
) -> Result<Backtest, ForecastError> {
    check(plan, series, indicators)?;
    let naive = SeasonalNaive { season: plan.season };
    let mut all: Vec<&dyn Method> = vec![&naive];
    all.extend(methods.iter().filter(|method| method.name() != naive.name()));
    let mut rows = Vec::new();
    for method in &all {
        for origin in &plan.origins {
            rows.push(row(*method, series, indicators, plan, *origin));
        }
    }
    let methods = all.iter().map(|method| method.name().to_owned()).collect();
    Ok(Backtest { plan: plan.clone(), methods, rows, actual: series.values.clone() })
}

fn check(plan: &Plan, series: &Series, indicators: &Indicators) -> Result<(), ForecastError> {
    checked::levels(&plan.levels)?;
    checked::indicators(indicators, series.values.len())?;
    checked::series("backtest", series, 1)?;
    let fits = |origin: &usize| *origin >= 1 && origin + plan.horizon <= series.values.len();
    if plan.season == 0 || plan.horizon == 0 || !plan.origins.iter().all(fits) {
        return Err(ForecastError::Argument {
            what: "plan of a backtest",
            found: format!(
                "season {}, horizon {}, origins {:?} in {} values",
                plan.season,
                plan.horizon,
                plan.origins,
                series.values.len()
            ),
            expected: "a season and horizon of at least 1 and origins whose horizon ends within the series",
        });
    }
    Ok(())
}

fn row(
    method: &dyn Method,
    series: &Series,
    indicators: &Indicators,
    plan: &Plan,
    origin: usize,
) -> Row {
    let before = Series { values: series.values[..origin].to_vec(), ..series.clone() };
    let cut = |from: usize, to: usize| Indicators {
        names: indicators.names.clone(),
        columns: indicators.columns.iter().map(|column| column[from..to].to_vec()).collect(),
    };
    let forecast = method.fit(&before, &cut(0, origin)).and_then(|fitted| {
        fitted.forecast(plan.horizon, &cut(origin, origin + plan.horizon), &plan.levels)
    });
    let scale = accuracy::seasonal_scale(&before.values, plan.season).unwrap_or(f64::NAN);
    let volatile = is_volatile(&before.values, plan.season);
    Row { method: method.name().to_owned(), origin, scale, volatile, forecast }
}

/// Whether the last season changed more than the median season before did. `season` in steps, at least 1.
pub fn is_volatile(history: &[f64], season: usize) -> bool {
    let season = season.max(1);
    let changes: Vec<f64> =
        (season..history.len()).map(|t| (history[t] - history[t - season]).abs()).collect();
    let mut means: Vec<f64> =
        changes.rchunks(season).filter_map(|chunk| accuracy::mean(chunk.iter().copied())).collect();
    let Some(last) = means.first().copied() else { return false };
    means.sort_by(f64::total_cmp);
    last > crate::draws::sample_quantile(&means, 0.5)
}

impl Backtest {
    /// The score of a method over a slice.
    pub fn score(&self, method: &str, slice: Slice) -> Score {
        let mut sums = Sums::new(self.plan.levels.len());
        for row in self.rows.iter().filter(|row| row.method == method) {
            if matches!(slice, Slice::Volatile(volatile) if volatile != row.volatile) {
                continue;
            }
            match &row.forecast {
                Err(_) => sums.failed += 1,
                Ok(forecast) => {
                    for step in 0..self.plan.horizon {
                        if !matches!(slice, Slice::Step(only) if only != step + 1) {
                            sums.add(self.actual[row.origin + step], forecast, step, row.scale);
                        }
                    }
                }
            }
        }
        sums.score(method, slice)
    }

    /// Scores of every method over everything, the naive one first.
    pub fn scores(&self) -> Vec<Score> {
        self.methods.iter().map(|method| self.score(method, Slice::All)).collect()
    }
}

/// One score for each judged step.
struct Sums {
    failed: usize,
    mase: Vec<f64>,
    smape: Vec<f64>,
    pinball: Vec<f64>,
    coverage: Vec<Vec<f64>>,
    width: Vec<Vec<f64>>,
    msis: Vec<Vec<f64>>,
}

impl Sums {
    fn new(n_levels: usize) -> Self {
        let empty = vec![Vec::new(); n_levels];
        Self {
            failed: 0,
            mase: Vec::new(),
            smape: Vec::new(),
            pinball: Vec::new(),
            coverage: empty.clone(),
            width: empty.clone(),
            msis: empty,
        }
    }

    fn add(&mut self, actual: f64, forecast: &Forecast, step: usize, scale: f64) {
        if actual.is_nan() {
            return;
        }
        let actual = [actual];
        let mean = [forecast.mean[step]];
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        self.mase.push(number(accuracy::mase(&actual, &mean, scale)));
        self.smape.push(number(accuracy::smape(&actual, &mean)));
        let mut losses = vec![number(accuracy::pinball(&actual, &mean, 0.5))];
        for (index, bounds) in forecast.bounds.iter().enumerate() {
            let one = Bounds {
                level: bounds.level,
                lower: vec![bounds.lower[step]],
                upper: vec![bounds.upper[step]],
            };
            let tail = (1.0 - one.level) / 2.0;
            losses.push(number(accuracy::pinball(&actual, &one.lower, tail)));
            losses.push(number(accuracy::pinball(&actual, &one.upper, 1.0 - tail)));
            self.coverage[index].push(number(accuracy::coverage(&actual, &one)));
            self.width[index].push(number(accuracy::width(&one)) / scale);
            self.msis[index].push(number(accuracy::msis(&actual, &one, scale)));
        }
        self.pinball.push(losses.iter().sum::<f64>() / losses.len() as f64 / scale);
    }

    fn score(self, method: &str, slice: Slice) -> Score {
        let mean = |values: &Vec<f64>| accuracy::mean(values.iter().copied());
        let each = |all: &[Vec<f64>]| all.iter().map(mean).collect();
        Score {
            method: method.to_owned(),
            slice,
            n: self.mase.len(),
            failed: self.failed,
            mase: mean(&self.mase),
            smape: mean(&self.smape),
            pinball: mean(&self.pinball),
            coverage: each(&self.coverage),
            width: each(&self.width),
            msis: each(&self.msis),
        }
    }
}
