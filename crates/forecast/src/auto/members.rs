//! The methods that the default forecast combines, each tuned once on the whole history and rerun at past origins.

use super::profile::Profile;
use super::tune;
use crate::direct::{MedianModel, TreesModel, filled_forward};
use crate::regression::{Regression, RegressionFit};
use crate::sarimax::SarimaxFit;
use crate::smoothing::{DoubleSeasonal, EtsFit, Shares, fit_form};
use crate::theta::{self, ThetaShares};
use crate::{Fitted, ForecastError, Indicators, Mstl, Series, Step};

/// A tuned member. What is searched for (shares, forms, coefficients) is kept; states are computed anew at each origin.
#[derive(Debug, Clone)]
pub(crate) enum Member {
    /// The last season again.
    Naive(usize),
    /// Exponential smoothing of one form.
    Ets(EtsFit),
    /// Theta.
    Theta(usize, ThetaShares),
    /// Seasons by STL, the rest by smoothing of one form.
    MstlEts(Mstl, EtsFit),
    /// Two seasons and a correction by the last error.
    Double(DoubleSeasonal, Shares),
    /// Regression on its own past, fitted anew at origins before the end of what it was tuned on.
    Lags(Regression, Box<RegressionFit>),
    /// A weighted profile of past seasons, shifted by the last errors.
    Profile(Profile),
    /// Seasonal ARIMA of given coefficients; the season fills gaps.
    Arima(usize, Box<SarimaxFit>),
    /// The median change against the last season by regression: models by the count of values they were fitted to.
    Median(usize, Vec<(usize, MedianModel)>),
    /// The same by trees.
    Trees(usize, Vec<(usize, TreesModel)>),
    /// Another member on logarithms of the values and an offset.
    Logarithmic(Box<Member>, f64),
}

impl Member {
    /// Its name.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Naive(_) => "seasonal-naive".to_owned(),
            Self::Ets(..) => "ets".to_owned(),
            Self::Theta(..) => "theta".to_owned(),
            Self::MstlEts(..) => "mstl-ets".to_owned(),
            Self::Double(..) => "double-seasonal".to_owned(),
            Self::Lags(..) => "lags".to_owned(),
            Self::Profile(_) => "profile".to_owned(),
            Self::Arima(_, fit) => format!("sarima{}", fit.model().orders),
            Self::Median(..) => "median-regression".to_owned(),
            Self::Trees(..) => "trees".to_owned(),
            Self::Logarithmic(member, _) => format!("log-{}", member.name()),
        }
    }

    /// Means after the first so many values, for each origin.
    ///
    /// # Errors
    /// Too few values for it, or a path that is not finite.
    pub(crate) fn paths(
        &self,
        values: &[f64],
        origins: &[usize],
        horizon: usize,
    ) -> Vec<Result<Vec<f64>, ForecastError>> {
        let named = |path: Option<Vec<f64>>| path.ok_or_else(|| too_short(values.len()));
        match self {
            Self::Arima(season, fit) => {
                let filled = filled_forward(values, *season);
                // From one origin, as many values as it was fitted to say what comes: the rest would only cost time.
                let from = match origins {
                    [origin] => origin.saturating_sub(tune::arima_values(*season)),
                    _ => 0,
                };
                let origins: Vec<usize> = origins.iter().map(|origin| origin - from).collect();
                let paths = fit.paths(&filled[from..], &origins, horizon);
                paths.into_iter().map(named).collect()
            }
            Self::Median(season, models) => {
                let filled = filled_forward(values, *season);
                let path = |o: &usize| named(latest(models, *o).and_then(|m| m.path(&filled, *o)));
                origins.iter().map(path).collect()
            }
            Self::Trees(season, models) => {
                let filled = filled_forward(values, *season);
                let path = |o: &usize| named(latest(models, *o).and_then(|m| m.path(&filled, *o)));
                origins.iter().map(path).collect()
            }
            Self::Logarithmic(member, offset) => {
                let logs: Vec<f64> = values.iter().map(|y| (y + offset).ln()).collect();
                let back = |path: Vec<f64>| path.iter().map(|y| y.exp() - offset).collect();
                let paths = member.paths(&logs, origins, horizon).into_iter();
                paths.map(|path| path.map(back)).collect()
            }
            _ => origins.iter().map(|o| self.path(&values[..*o], horizon)).collect(),
        }
    }

    /// Lets go of what only past origins needed: from now on the model of the whole history alone is asked.
    pub(crate) fn settle(&mut self) {
        match self {
            Self::Median(_, models) => keep_last(models),
            Self::Trees(_, models) => keep_last(models),
            Self::Logarithmic(member, _) => member.settle(),
            _ => {}
        }
    }

    /// Means after the end of `values`.
    fn path(&self, values: &[f64], horizon: usize) -> Result<Vec<f64>, ForecastError> {
        let none = Indicators::default();
        match self {
            Self::Naive(season) => {
                let method = crate::SeasonalNaive { season: *season };
                let fitted = crate::Method::fit(&method, &plain(values), &none)?;
                Ok(fitted.forecast(horizon, &none, &[])?.mean)
            }
            Self::Ets(fit) => Ok(fit.rerun(values).means(horizon)),
            Self::Theta(m, shares) => Ok(theta::fit(values, *m, Some(*shares)).means(horizon)),
            Self::MstlEts(mstl, fit) => {
                let parts = mstl.decompose_ahead(&plain(values))?;
                let trend = fit_form(&parts.adjusted(), fit.form, 1, Some(&fit.start));
                Ok(sum(trend.means(horizon), &parts.seasons_ahead(horizon)))
            }
            Self::Double(method, shares) => {
                let fitted = method.fit_warm(values, Some(*shares));
                Ok(fitted.forecast(horizon, &none, &[])?.mean)
            }
            Self::Lags(_, fitted) if values.len() >= fitted.n_values() => {
                Ok(fitted.after(values).forecast(horizon, &none, &[])?.mean)
            }
            Self::Lags(regression, _) => {
                let fitted = regression.inspect(&plain(values), &none)?;
                Ok(fitted.forecast(horizon, &none, &[])?.mean)
            }
            Self::Profile(profile) => profile.path(values, horizon),
            Self::Arima(..) | Self::Median(..) | Self::Trees(..) | Self::Logarithmic(..) => {
                let mut paths = self.paths(values, &[values.len()], horizon);
                paths.pop().unwrap_or_else(|| Err(too_short(values.len())))
            }
        }
    }
}

fn too_short(found: usize) -> ForecastError {
    ForecastError::TooShort { method: "auto", needed: found + 1, found }
}

/// The model fitted to the most values that the origin had.
fn latest<M>(models: &[(usize, M)], origin: usize) -> Option<&M> {
    models.iter().rev().find(|(end, _)| *end <= origin).map(|(_, model)| model)
}

fn keep_last<M>(models: &mut Vec<(usize, M)>) {
    models.drain(..models.len().saturating_sub(1));
    models.shrink_to_fit();
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
