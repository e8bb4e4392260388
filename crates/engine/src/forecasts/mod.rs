//! Forecasts: series from files, methods by name, answers.
//!
//! In: a file (CSV, TSV, Parquet, Arrow, JSON), a method, a horizon. Out: plain data for adapters to render. How a series is
//! read and repaired is `forecast::reading`; every repair is in the answer.

mod alarm;
mod answers;
mod backtest;
mod baseline;
mod beside;
mod indicator_files;
mod live;
mod methods;
mod predict;
mod pulled;
mod queue;
mod schedules;
mod series;
mod watch;

pub use alarm::{Alarm, AlarmRule, CapacityOptions, CapacityWatch};
pub use answers::{
    BoundsAnswer, FitAnswer, ForecastAnswer, InsteadOf, MemberAnswer, ParameterAnswer, ReadAnswer,
    ScenarioAnswer,
};
pub use backtest::{
    BacktestFailure, BacktestLine, BacktestReport, BacktestScore, backtest_file, backtest_panel,
    rolling_origins,
};
pub use baseline::{Late, PredictOptions, predict};
pub use beside::{
    Beside, IndicatorAhead, IndicatorSource, WhatIf, predict_beside, with_indicators,
};
pub use forecast::planning::{
    Action as PlanAction, Override as UnitOverride, PlanOptions, UnitCosts,
};
pub use forecast::reading::Keep as KeepRow;
pub use forecast::scenario::Scenario;
pub use forecast::warning::{
    AlertOutcome, Analogue, Analogues, Autoscaler, Capacity, Costs, DataAge, Driver, LeadTime,
    Scorecard, Warning, WarningState,
};
pub use forecast::{Health, Indicator, Orders, Step, Trend};
pub use indicator_files::{LoadedIndicators, open_indicators};
pub use live::{
    Kept, LiveForecast, LiveOptions, QuantilePath, Reach, latest_measured, live_forecast,
};
pub use methods::{MethodName, Setting};
pub use predict::{FitOptions, fit_series, predict_series};
pub use pulled::{PulledTimes, SeriesLabels, StoredSeries, series_of_prometheus, series_of_stored};
pub use queue::QueuedAlarm;
pub use schedules::open_schedule;
pub use series::{
    LoadedSeries, Panel, Readings, SeriesOptions, open_each, open_panel, open_series, series_of,
};
pub use watch::{
    LeadAnswer, PlanAnswer, WatchAnswer, WatchOptions, lead_series, plan_beside, plan_series,
    watch_series,
};
