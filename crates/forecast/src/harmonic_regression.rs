//! Dynamic harmonic regression: waves stand for long seasons, an ARIMA process for what they leave.
//!
//! In: a series, its seasons, indicators. Out: an [`AutoArimaFit`] whose regressors are the indicators and pairs of sine and
//! cosine. Source: Young, Pedregal and Tych, Dynamic harmonic regression, J. Forecasting 1999; Hyndman and
//! Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, 10.5 (waves and ARIMA errors, pairs by AICc).
//! Departures: coefficients of the waves are constant; the counts of pairs of all seasons are chosen together, step by step
//! from several of each downward and upward, under AR(1) or ARMA(2,1) errors, differenced where the level wanders about
//! many waves (KPSS), then orders for those pairs. A long season that holds a whole number of short ones is also tried
//! alone with enough pairs to bend the short one (a weekend's day unlike a weekday's). Only the latest cycles are used, as
//! constant waves would not follow a season that changes. Cost: some thirty regressions and twelve searches of orders
//! without a season.
//! Checked against: waves that were planted, orders given by hand (`tests/it/harmonic_regression.rs`).

use std::collections::BTreeMap;

use crate::auto_arima::{AutoArimaFit, unit_root};
use crate::linear_algebra::least_squares;
use crate::sarimax::{Comparison, Harmonics, Sarimax, filled};
use crate::{AutoArima, Fitted, ForecastError, Indicators, Method, Orders, Series, Trend, checked};

/// Pairs that are tried for a season; more of them bend faster than load does.
const PAIRS: [usize; 7] = [1, 2, 3, 4, 6, 8, 10];
/// Pairs that are tried for a season which holds another whole: from three times that of a week of days to thrice a day.
const PAIRS_NESTED: [usize; 3] = [14, 21, 28];
/// Which of them each season starts with, counted from 1.
const RUNG_START: usize = 4;
/// Cycles of the longest season that are used, the latest.
const CYCLES: usize = 8;
/// Values that are used at least.
const VALUES_MIN: usize = 1_000;
/// Values that a column of the regression asks for.
const PER_COLUMN: usize = 8;
/// Orders that are tried.
const FITS_MAX: usize = 12;

/// Harmonics for every season, ARIMA errors whose orders are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HarmonicRegression {
    /// Seasons in steps, ascending. One with fewer than two cycles of data is left out.
    pub seasons: Vec<usize>,
}

impl HarmonicRegression {
    /// The best model.
    ///
    /// # Errors
    /// As [`Sarimax::fit_series`].
    pub fn fit_series(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<AutoArimaFit, ForecastError> {
        checked::seasons(&self.seasons)?;
        checked::series("dhr", series, 5)?;
        checked::indicators(indicators, series.values.len())?;
        let longest = self.seasons.last().copied().unwrap_or(1);
        let from = series.values.len().saturating_sub((CYCLES * longest).max(VALUES_MIN));
        let latest = Series { values: series.values[from..].to_vec(), ..series.clone() };
        let columns = indicators.columns.iter().map(|column| column[from..].to_vec()).collect();
        let indicators = Indicators { names: indicators.names.clone(), columns };
        let n = latest.values.len();
        let seasons: Vec<usize> = self.seasons.iter().copied().filter(|s| 2 * s <= n).collect();
        let differences = wanders(&latest.values, &seasons);
        let choice = Choice { series: &latest, indicators: &indicators, differences };
        let harmonics = choice.harmonics(&seasons);
        let orders = AutoArima { harmonics, fits_max: FITS_MAX, ..AutoArima::new(1) };
        orders.fit_series(&latest, &indicators)
    }
}

impl Method for HarmonicRegression {
    fn name(&self) -> &'static str {
        "dhr"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        Ok(Box::new(self.fit_series(series, indicators)?))
    }
}

struct Choice<'a> {
    series: &'a Series,
    indicators: &'a Indicators,
    /// 1 where the level wanders, else 0.
    differences: usize,
}

impl Choice<'_> {
    fn harmonics(&self, seasons: &[usize]) -> Vec<Harmonics> {
        let mut best = (self.criterion(&[]), Vec::new());
        if let [.., short, long] = seasons[..]
            && long.is_multiple_of(short)
        {
            for pairs in PAIRS_NESTED.into_iter().filter(|pairs| 2 * pairs <= long) {
                let alone = vec![Harmonics { season: long as f64, pairs }];
                best = least(best, (self.criterion(&alone), alone));
            }
        }
        least(best, self.climb(seasons)).1
    }

    /// From several pairs of each season to where no count up to two steps away is better. Adding season after season
    /// would judge the first under errors that hold the others, and no order fits those.
    fn climb(&self, seasons: &[usize]) -> (f64, Vec<Harmonics>) {
        let most = |place: usize| pairs_max(seasons[place], &seasons[..place]);
        let harmonics = |rungs: &[usize]| -> Vec<Harmonics> {
            let of = |(season, rung): (&usize, &usize)| {
                let pairs = PAIRS[rung.checked_sub(1)?];
                Some(Harmonics { season: *season as f64, pairs })
            };
            seasons.iter().zip(rungs).filter_map(of).collect()
        };
        let may = |place: usize, rung: usize| rung == 0 || PAIRS[rung - 1] <= most(place);
        let start = |place: usize| (0..=RUNG_START).rev().find(|rung| may(place, *rung));
        let mut rungs: Vec<usize> =
            (0..seasons.len()).map(|place| start(place).unwrap_or(0)).collect();
        let mut known: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        let mut of = |rungs: &Vec<usize>| {
            *known.entry(rungs.clone()).or_insert_with(|| self.criterion(&harmonics(rungs)))
        };
        let mut best = of(&rungs);
        loop {
            let mut next: Option<(f64, Vec<usize>)> = None;
            for (place, rung) in
                (0..seasons.len()).flat_map(|p| (0..=PAIRS.len()).map(move |r| (p, r)))
            {
                if rung.abs_diff(rungs[place]) <= 2 && may(place, rung) {
                    let mut tried = rungs.clone();
                    tried[place] = rung;
                    let found = of(&tried);
                    let least = next.as_ref().map_or(best, |(least, _)| *least);
                    if found < least {
                        next = Some((found, tried));
                    }
                }
            }
            let Some((found, taken)) = next else { return (best, harmonics(&rungs)) };
            (best, rungs) = (found, taken);
        }
    }

    /// The lower criterion under two kinds of errors: where one has a root too many its own is infinite.
    fn criterion(&self, harmonics: &[Harmonics]) -> f64 {
        let columns = harmonics.iter().map(|one| 2 * one.pairs).sum::<usize>();
        if columns * PER_COLUMN > self.series.values.len() {
            return f64::INFINITY;
        }
        let d = self.differences;
        let trend = if d == 0 { Trend::Constant } else { Trend::None };
        let of = |orders: Orders| {
            let model = Sarimax { harmonics: harmonics.to_vec(), ..Sarimax::new(orders, trend) };
            let compared = Comparison::Conditional;
            let found = model.criterion(self.series, self.indicators, compared, None);
            found.map_or(f64::INFINITY, |(criterion, _)| criterion)
        };
        of(Orders::new(1, d, 0)).min(of(Orders::new(2, d, 1)))
    }
}

/// That of the lower criterion; the first where both are alike.
fn least(a: (f64, Vec<Harmonics>), b: (f64, Vec<Harmonics>)) -> (f64, Vec<Harmonics>) {
    if b.0 < a.0 { b } else { a }
}

/// Differences until the level no longer wanders about as many waves as are tried, at most 1.
fn wanders(values: &[f64], seasons: &[usize]) -> usize {
    let mut left = filled(values);
    let mut columns = vec![vec![1.0; left.len()]];
    for (place, season) in seasons.iter().enumerate() {
        let pairs = PAIRS[PAIRS.len() - 1].min(pairs_max(*season, &seasons[..place]));
        columns.extend(Harmonics { season: *season as f64, pairs }.columns(0, left.len()));
    }
    if let Some(coefficients) = least_squares(&columns, &left) {
        for (column, c) in columns.iter().zip(&coefficients) {
            left.iter_mut().zip(column).for_each(|(left, entry)| *left -= c * entry);
        }
    }
    unit_root::differences(&left, 1)
}

/// Most pairs of a season: half its steps, and none that an earlier season has already.
fn pairs_max(season: usize, earlier: &[usize]) -> usize {
    let shared = earlier.iter().map(|other| season / greatest_common_divisor(season, *other));
    shared.map(|first| first - 1).fold(season / 2, usize::min)
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
