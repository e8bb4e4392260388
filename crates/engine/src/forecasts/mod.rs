//! Forecasts: series from files, methods by name, answers.
//!
//! In: a file (CSV, TSV, Parquet, Arrow, JSON), a method, a horizon. Out: plain data for adapters to render. How a series is
//! read and repaired is `forecast::reading`; every repair is in the answer.

mod answers;
mod backtest;
mod indicator_files;
mod live;
mod methods;
mod predict;
mod pulled;
mod schedules;
mod series;
mod watch;

pub use answers::{
    BoundsAnswer, FitAnswer, ForecastAnswer, MemberAnswer, ParameterAnswer, ReadAnswer,
};
pub use backtest::{
    BacktestFailure, BacktestLine, BacktestReport, BacktestScore, backtest_file, backtest_panel,
    rolling_origins,
};
pub use forecast::planning::{
    Action as PlanAction, Override as UnitOverride, PlanOptions, UnitCosts,
};
pub use forecast::reading::Keep as KeepRow;
pub use forecast::warning::{
    AlertOutcome, Autoscaler, Capacity, Costs, Scorecard, Warning, WarningState,
};
pub use forecast::{Orders, Step, Trend};
pub use indicator_files::{LoadedIndicators, open_indicators};
pub use live::{Kept, LiveForecast, LiveOptions, QuantilePath, Reach, live_forecast};
pub use methods::{MethodName, Setting};
pub use predict::{FitOptions, fit_series, predict_series};
pub use pulled::series_of_prometheus;
pub use schedules::open_schedule;
pub use series::{LoadedSeries, Panel, SeriesOptions, open_panel, open_series, series_of};
pub use watch::{
    LeadAnswer, PlanAnswer, WatchAnswer, WatchOptions, capacity_of, lead_series, plan_series,
    watch_series,
};
