#![doc = include_str!("../README.md")]

pub mod accuracy;
mod auto;
mod auto_arima;
mod backtest;
mod checked;
mod conformal;
mod direct;
mod draws;
mod error;
mod gram;
mod harmonic_regression;
pub mod indicators;
pub mod lead;
mod linear_algebra;
mod loess;
mod method;
mod mstl;
mod normal;
mod optimize;
pub mod planning;
mod prophet;
pub mod reading;
mod regression;
pub mod report;
mod rolling;
pub mod sarimax;
mod scarce;
pub mod scenario;
mod seasonal_naive;
mod series;
mod simplex;
mod smoothing;
mod stl;
mod theta;
mod tracking;
pub mod warning;

pub use auto::{Auto, AutoFit, LeftOut, MemberWeight};
pub use auto_arima::{AutoArima, AutoArimaFit, OrderLimits, Tried};
pub use backtest::{Backtest, Plan, Row, Score, Slice, backtest, is_volatile};
pub use conformal::{AdaptiveLevel, Conformal, PastPath, bounds as conformal_bounds};
pub use error::ForecastError;
pub use harmonic_regression::HarmonicRegression;
pub use indicators::{Bars, Indicator};
pub use method::{Bounds, Fitted, Forecast, Method};
pub use mstl::{Mstl, MstlDecomposition};
pub use prophet::{Component, Growth, Holiday, Prophet, ProphetFit, Seasonality};
pub use regression::{Regression, RegressionFit, Term};
pub use rolling::trailing_median;
pub use sarimax::{Harmonics, Orders, Sarimax, SarimaxFit, Trend};
pub use seasonal_naive::SeasonalNaive;
pub use series::{Indicators, Series, Step};
pub use smoothing::{
    DoubleSeasonal, ErrorKind, Ets, EtsFit, EtsForm, EtsParameters, EtsScore, SeasonKind,
    TrendKind, ets_score,
};
pub use stl::{Decomposition, Stl};
pub use theta::Theta;
pub use tracking::{Degraded, Health, Tracking, TrackingLimits};
