//! The orders of a SARIMAX model, chosen by the corrected criterion of Akaike.
//!
//! In: a series, indicators, the steps in a season. Out: an [`AutoArimaFit`]: the best model found and what was tried.
//! Source: Hyndman and Khandakar, Automatic time series forecasting, J. Stat. Software 2008; R `forecast` 8.20.
//! Departures: the neighbors of several of the best models are looked at, not only of the best; where a likelihood is
//! costly candidates are ranked by the conditional one, and the best three are then fitted exactly (R refits only
//! one, and misses models 48 better on UK driver deaths). A factor with a root within 1 % of the unit circle is
//! refused, each factor for itself (R multiplies them out, which refuses ordinary seasonal factors at long seasons).
//! From 48 steps a season on, harmonics stand for it. Bounded by a count of fits, so that the result is the same on
//! any machine. Cost: 30 to 100 searches. Checked against: R, statsforecast and pmdarima on classic series.

mod candidates;
pub(crate) mod unit_root;

use crate::linear_algebra::least_squares;
use crate::sarimax::{Comparison, Harmonics, Sarimax, SarimaxFit};
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Orders, Series, Trend, checked};
use candidates::{Candidate, Space};

pub use candidates::OrderLimits;

/// Steps a season from which harmonics stand for it.
const HARMONICS_FROM: usize = 48;
/// Models that are fitted in full at the end, and whose neighbors are looked at where that is costly. Where it is not,
/// neighbors are looked at until the count of models is used up.
const BEST: usize = 3;
/// Models fitted in full at most, where the first are not sound.
const REFITS_MAX: usize = 6;
/// Values from which on there is something to choose.
const VALUES_MIN: usize = 5;
/// Operations an evaluation, roughly, above which candidates are compared by the conditional likelihood.
const EXACT_WORK_MAX: usize = 24_000;

/// ARIMA whose orders are found.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoArima {
    /// Steps in a season; 1 where there is none.
    pub season: usize,
    /// Harmonics that stand for the seasons; where there are any, no seasonal orders are looked for.
    pub harmonics: Vec<Harmonics>,
    /// Largest orders looked at.
    pub limits: OrderLimits,
    /// Models tried at most.
    pub fits_max: usize,
    /// Whether bounds also hold the uncertainty of the trend and of the regression.
    pub parameter_uncertainty: bool,
}

impl AutoArima {
    /// With the orders of R, and 150 models.
    pub fn new(season: usize) -> Self {
        let limits = OrderLimits::default();
        Self { season, harmonics: Vec::new(), limits, fits_max: 150, parameter_uncertainty: false }
    }

    /// The best model.
    ///
    /// # Errors
    /// As [`Sarimax::fit_series`].
    pub fn fit_series(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<AutoArimaFit, ForecastError> {
        checked::series("auto_arima", series, VALUES_MIN)?;
        checked::indicators(indicators, series.values.len())?;
        if self.fits_max == 0 {
            let (what, found, expected) = ("fits_max", "0".to_owned(), "at least 1");
            return Err(ForecastError::Argument { what, found, expected });
        }
        // What lies before the first value says nothing, and what lies after the last is a longer horizon: as missing values
        // they would only cost time, and blur the conditional likelihood that candidates are compared by.
        let known = |value: &f64| !value.is_nan();
        let from = series.values.iter().position(known).unwrap_or(0);
        let to = series.values.iter().rposition(known).map_or(0, |last| last + 1);
        let cut = |from: usize, to: usize| Indicators {
            names: indicators.names.clone(),
            columns: indicators.columns.iter().map(|column| column[from..to].to_vec()).collect(),
        };
        let (whole, after) = (series.values.len(), cut(to, series.values.len()));
        let series = &Series { values: series.values[from..to].to_vec(), ..series.clone() };
        let indicators = &cut(from, to);
        let mut search =
            Search { auto: self, series, indicators, harmonics: self.harmonics.clone() };
        if self.season >= HARMONICS_FROM && search.harmonics.is_empty() {
            search.harmonics = search.choose_harmonics();
        }
        let space = search.space();
        let mut tried = Vec::new();
        let mut refusal = None;
        search.walk(&space, &mut tried, &mut refusal);
        if let Some(error @ ForecastError::Constant { .. }) = refusal {
            return Err(error);
        }
        if tried.is_empty() {
            // Nothing was sound or long enough to compare: the starts themselves, whatever they are.
            let starts = space.starts().into_iter();
            let criterion = f64::INFINITY;
            tried.extend(starts.map(|(orders, trend)| Tried {
                orders,
                trend,
                criterion,
                end: Vec::new(),
            }));
        }
        let fit = search.refit(&tried, search.comparison(&space), &mut refusal);
        let failed = ForecastError::NotConverged { method: "auto_arima", iterations: 0 };
        let mut fit = fit.ok_or(refusal.unwrap_or(failed))?;
        if to < whole {
            fit.append(&vec![f64::NAN; whole - to], &after)?;
        }
        Ok(AutoArimaFit { fit, tried })
    }
}

impl Method for AutoArima {
    fn name(&self) -> &'static str {
        "auto_arima"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        Ok(Box::new(self.fit_series(series, indicators)?))
    }
}

/// A model that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// Its orders.
    pub orders: Orders,
    /// Its trend.
    pub trend: Trend,
    /// Its criterion as far as the search knew it: exact, or by the conditional likelihood for costly models.
    pub criterion: f64,
    /// Where its search ended.
    end: Vec<f64>,
}

/// The model that was chosen, and what it was chosen from.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoArimaFit {
    /// The chosen model.
    pub fit: SarimaxFit,
    /// Every model looked at, best first.
    pub tried: Vec<Tried>,
}

impl Fitted for AutoArimaFit {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        self.fit.forecast(horizon, indicators, levels)
    }
}

struct Search<'a> {
    auto: &'a AutoArima,
    series: &'a Series,
    indicators: &'a Indicators,
    harmonics: Vec<Harmonics>,
}

impl Search<'_> {
    fn model(&self, (orders, trend): Candidate) -> Sarimax {
        let parameter_uncertainty = self.auto.parameter_uncertainty;
        Sarimax { orders, trend, harmonics: self.harmonics.clone(), parameter_uncertainty }
    }

    /// The series without gaps and without what the regressors explain.
    fn unexplained(&self) -> Vec<f64> {
        let mut left = crate::sarimax::filled(&self.series.values);
        let n = left.len();
        let harmonics = self.harmonics.iter().flat_map(|harmonics| harmonics.columns(0, n));
        let mut columns: Vec<Vec<f64>> =
            self.indicators.columns.iter().cloned().chain(harmonics).collect();
        if columns.is_empty() {
            return left;
        }
        columns.push(vec![1.0; n]);
        if let Some(coefficients) = least_squares(&columns, &left) {
            for (column, c) in columns.iter().zip(&coefficients) {
                left.iter_mut().zip(column).for_each(|(left, entry)| *left -= c * entry);
            }
        }
        left
    }

    /// Differences by the tests; the rest is to be searched.
    fn space(&self) -> Space {
        let mut values = self.unexplained();
        let longest = self.series.values.len() / 2;
        let seasonal = self.harmonics.is_empty() && (2..=longest).contains(&self.auto.season);
        let season = if seasonal { self.auto.season } else { 0 };
        let strong = seasonal && unit_root::strong_season(&values, season);
        if strong {
            values = unit_root::lagged(&values, season);
        }
        let differences = unit_root::differences(&values, self.auto.limits.differences);
        let seasonal_differences = usize::from(strong);
        let base = Orders { differences, seasonal_differences, season, ..Orders::default() };
        let constant = differences + seasonal_differences <= 1;
        Space { base, limits: self.auto.limits, constant }
    }

    /// Pairs of harmonics with the lowest criterion under a fixed ARMA part.
    fn choose_harmonics(&self) -> Vec<Harmonics> {
        let season = self.auto.season as f64;
        let longest = (self.auto.season / 2).min(self.series.values.len() / 8);
        let pairs = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16].into_iter().filter(|pairs| *pairs <= longest);
        let mut best = (f64::INFINITY, Vec::new());
        for pairs in pairs {
            let harmonics = vec![Harmonics { season, pairs }];
            let model =
                Sarimax { harmonics, ..Sarimax::new(Orders::new(2, 0, 1), Trend::Constant) };
            let comparison = Comparison::Conditional;
            let criterion = model.criterion(self.series, self.indicators, comparison, None);
            if let Ok((criterion, _)) = criterion
                && criterion < best.0
            {
                best = (criterion, model.harmonics);
            }
        }
        best.1
    }

    /// From neighbor to neighbor, the best first; `tried` ends with the best first.
    fn walk(&self, space: &Space, tried: &mut Vec<Tried>, refusal: &mut Option<ForecastError>) {
        let comparison = self.comparison(space);
        let expanded_max = if comparison == Comparison::Exact { usize::MAX } else { BEST };
        let mut seen: Vec<Candidate> = Vec::new();
        let mut expanded: Vec<Candidate> = Vec::new();
        let mut due = space.starts();
        loop {
            // Where the neighbors are entered from: the model expanded last.
            let is_last = |one: &&Tried| expanded.last() == Some(&(one.orders, one.trend));
            let from = tried.iter().find(is_last).cloned();
            let near = from.as_ref().map(|from| (&from.orders, &from.end[..]));
            for candidate in due {
                if seen.contains(&candidate) || seen.len() == self.auto.fits_max {
                    continue;
                }
                seen.push(candidate);
                let model = self.model(candidate);
                let (orders, trend) = candidate;
                match model.criterion(self.series, self.indicators, comparison, near) {
                    Ok((criterion, u)) if criterion.is_finite() => {
                        tried.push(Tried { orders, trend, criterion, end: u });
                    }
                    Ok(_) => {}
                    // A constant that leaves nothing to explain leaves nothing to choose either.
                    Err(error @ ForecastError::Constant { .. }) => *refusal = Some(error),
                    Err(error) => {
                        refusal.get_or_insert(error);
                    }
                }
            }
            tried.sort_by(|a, b| a.criterion.total_cmp(&b.criterion));
            let best = tried.iter().take(expanded_max).map(|entry| (entry.orders, entry.trend));
            let next = best.into_iter().find(|candidate| !expanded.contains(candidate));
            let Some(next) = next.filter(|_| seen.len() < self.auto.fits_max) else { return };
            expanded.push(next);
            due = space.neighbors(next);
        }
    }

    /// The best of the first few that are sound when fitted in full; of all of them where none is.
    fn refit(
        &self,
        tried: &[Tried],
        comparison: Comparison,
        refusal: &mut Option<ForecastError>,
    ) -> Option<SarimaxFit> {
        let (mut sound, mut any): (Option<SarimaxFit>, Option<SarimaxFit>) = (None, None);
        let mut found = 0;
        for entry in tried.iter().take(REFITS_MAX) {
            let model = self.model((entry.orders, entry.trend));
            let near = (!entry.end.is_empty())
                .then(|| model.fit_near(&entry.end, self.series, self.indicators));
            // Where a fit is costly it only goes on from where the candidate's search ended.
            let full = (near.is_none() || comparison == Comparison::Exact)
                .then(|| model.fit_series(self.series, self.indicators));
            let mut sound_here = false;
            for fit in near.into_iter().chain(full) {
                let fit = match fit {
                    Ok(fit) => fit,
                    Err(error) => {
                        refusal.get_or_insert(error);
                        continue;
                    }
                };
                sound_here |= fit.is_sound();
                let best = if fit.is_sound() { &mut sound } else { &mut any };
                if best.as_ref().is_none_or(|best| fit.aicc() < best.aicc()) {
                    *best = Some(fit);
                }
            }
            found += usize::from(sound_here);
            if found == BEST {
                break;
            }
        }
        sound.or(any)
    }

    /// One for all candidates, so that their figures can be compared.
    fn comparison(&self, space: &Space) -> Comparison {
        let values = &self.series.values;
        let states = space.base.season.max(1) * 2 + 2;
        let regressors = self.indicators.columns.len()
            + self.harmonics.iter().map(|harmonics| 2 * harmonics.pairs).sum::<usize>();
        let columns = 2 + regressors + values.iter().filter(|value| value.is_nan()).count();
        let work = values.len() * columns * (states + columns / 2);
        if work > EXACT_WORK_MAX { Comparison::Conditional } else { Comparison::Exact }
    }
}
