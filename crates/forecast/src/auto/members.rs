//! The methods that the default forecast combines, each tuned once on the whole history and rerun at past origins.

use super::profile::Profile;
use crate::regression::Regression;
use crate::smoothing::{DoubleSeasonal, EtsFit, Shares, fit_form, forms};
use crate::theta::{self, ThetaShares};
use crate::{Fitted, ForecastError, Indicators, Mstl, Series, Step};

/// A tuned member. What is searched for (shares, forms) is kept; states are computed anew at each origin.
pub(crate) enum Member {
    /// The last season again.
    Naive(usize),
    /// Exponential smoothing of one form.
    Ets(usize, EtsFit),
    /// Theta.
    Theta(usize, ThetaShares),
    /// Seasons by STL, the rest by smoothing of one form.
    MstlEts(Mstl, EtsFit),
    /// Seasons by STL, the rest by a regression on its own past.
    MstlLags(Mstl, Regression),
    /// Two seasons and a correction by the last error.
    Double(DoubleSeasonal, Shares),
    /// Regression on its own past.
    Lags(Regression),
    /// A weighted profile of past seasons, shifted by the last errors.
    Profile(Profile),
}

impl Member {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Naive(_) => "seasonal-naive",
            Self::Ets(..) => "ets",
            Self::Theta(..) => "theta",
            Self::MstlEts(..) => "mstl-ets",
            Self::MstlLags(..) => "mstl-lags",
            Self::Double(..) => "double-seasonal",
            Self::Lags(_) => "lags",
            Self::Profile(_) => "profile",
        }
    }

    /// Means after the end of `values`.
    ///
    /// # Errors
    /// Too few values for it.
    pub(crate) fn path(&self, values: &[f64], horizon: usize) -> Result<Vec<f64>, ForecastError> {
        let none = Indicators::default();
        match self {
            Self::Naive(season) => {
                let method = crate::SeasonalNaive { season: *season };
                let fitted = crate::Method::fit(&method, &plain(values), &none)?;
                Ok(fitted.forecast(horizon, &none, &[])?.mean)
            }
            Self::Ets(m, fit) => {
                Ok(fit_form(values, fit.form, *m, Some(&fit.start)).means(horizon))
            }
            Self::Theta(m, shares) => Ok(theta::fit(values, *m, Some(*shares)).means(horizon)),
            Self::MstlEts(mstl, fit) => {
                let parts = mstl.decompose(&plain(values))?;
                let trend = fit_form(&parts.adjusted(), fit.form, 1, Some(&fit.start));
                Ok(sum(trend.means(horizon), &parts.seasons_ahead(horizon)))
            }
            Self::MstlLags(mstl, regression) => {
                let parts = mstl.decompose(&plain(values))?;
                let fitted = regression.inspect(&plain(&parts.adjusted()), &none)?;
                Ok(sum(fitted.forecast(horizon, &none, &[])?.mean, &parts.seasons_ahead(horizon)))
            }
            Self::Double(method, shares) => {
                let fitted = method.fit_warm(values, Some(*shares));
                Ok(fitted.forecast(horizon, &none, &[])?.mean)
            }
            Self::Lags(regression) => {
                let fitted = regression.inspect(&plain(values), &none)?;
                Ok(fitted.forecast(horizon, &none, &[])?.mean)
            }
            Self::Profile(profile) => profile.path(values, horizon),
        }
    }
}

/// Tunes every member that the seasons and the length allow. `seasons` holds those with two cycles of data.
pub(crate) fn tune(values: &[f64], seasons: &[usize], horizon: usize) -> Vec<Member> {
    let short = seasons.first().copied().unwrap_or(1);
    let long = seasons.last().copied().unwrap_or(1);
    let mut members = vec![Member::Naive(short)];
    if let Some(fit) = best_ets(values, short) {
        members.push(Member::Ets(short, fit));
    }
    if values.len() >= 8 {
        members.push(Member::Theta(short, theta::fit(values, short, None).shares));
    }
    let lags = lags(short, long, values.len());
    if !lags.is_empty() {
        members.push(Member::Lags(Regression {
            seasons: orders(seasons),
            trend: false,
            lags,
            ridge: 1.0,
        }));
    }
    if seasons.is_empty() {
        return members;
    }
    members.extend(mstl_members(values, seasons));
    let double =
        DoubleSeasonal { short, long: if long.is_multiple_of(short) { long } else { short } };
    members.push(Member::Double(double, double.fit_warm(values, None).shares));
    if let Some(profile) = Profile::tune(values, short, long, horizon) {
        members.push(Member::Profile(profile));
    }
    members
}

fn mstl_members(values: &[f64], seasons: &[usize]) -> Vec<Member> {
    let mstl = Mstl { seasons: seasons.to_vec(), robust: false, every_place: false };
    let Ok(parts) = mstl.decompose(&plain(values)) else { return Vec::new() };
    let adjusted = parts.adjusted();
    let mut members = Vec::new();
    if let Some(fit) = best_ets(&adjusted, 1) {
        members.push(Member::MstlEts(mstl.clone(), fit));
    }
    let lags = Regression { seasons: Vec::new(), trend: false, lags: vec![1, 2, 3], ridge: 1.0 };
    members.push(Member::MstlLags(mstl, lags));
    members
}

/// The form with the smallest AICc, seasonal if there is a season.
fn best_ets(values: &[f64], m: usize) -> Option<EtsFit> {
    let positive = values.iter().all(|y| y.is_nan() || *y > 0.0);
    let seasonal = m > 1 && values.len() >= 2 * m;
    let fits = forms(seasonal, positive)
        .into_iter()
        .filter(|form| (form.season != crate::smoothing::SeasonKind::None) == seasonal)
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

/// Pairs of sine and cosine a season.
fn orders(seasons: &[usize]) -> Vec<(usize, usize)> {
    seasons.iter().map(|season| (*season, 4.min(season / 2))).collect()
}

/// Values as a series; members know no calendar.
pub(crate) fn plain(values: &[f64]) -> Series {
    Series { start_s: 0, step: Step::Seconds(1), values: values.to_vec() }
}

fn sum(mut a: Vec<f64>, b: &[f64]) -> Vec<f64> {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
    a
}
