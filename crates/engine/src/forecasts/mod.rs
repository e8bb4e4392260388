//! Forecasts: series from files, methods by name, answers.
//!
//! In: a file (CSV, TSV, Parquet, Arrow, JSON), a method, a horizon. Out: plain data for adapters to render. How a series is
//! read and repaired is `forecast::reading`; every repair is in the answer.

mod answers;
mod backtest;
mod live;
mod methods;
mod predict;
mod pulled;
mod series;

pub use answers::{
    BoundsAnswer, FitAnswer, ForecastAnswer, MemberAnswer, ParameterAnswer, ReadAnswer,
};
pub use backtest::{
    BacktestLine, BacktestReport, BacktestScore, backtest_file, backtest_panel, rolling_origins,
};
pub use forecast::reading::Keep as KeepRow;
pub use forecast::{Orders, Trend};
pub use live::{Kept, LiveForecast, LiveOptions, QuantilePath, Reach, live_forecast};
pub use methods::{MethodName, Setting};
pub use predict::{FitOptions, fit_series, predict_series};
pub use pulled::series_of_prometheus;
pub use series::{LoadedSeries, Panel, SeriesOptions, open_panel, open_series, series_of};
