//! `forecast`: predict, fit, backtest, compare.

use engine::forecasts::{
    BacktestReport, Beside, FitOptions, ForecastAnswer, Late, LoadedSeries, MethodName,
    PredictOptions, SeriesOptions, backtest_file, backtest_panel, fit_series, open_panel,
    open_series, predict_beside, with_indicators,
};
use engine::tabular::Table;

use super::Session;
use super::batch::{self, Stream};
use crate::args::{
    BacktestArgs, BesideArgs, FitArgs, ForecastAction, ForecastCompareArgs, ForecastMethod,
    ForecastPredictArgs, SeriesArgs,
};
use crate::console::binary_output;
use crate::outcome::{Exit, Failure};
use crate::{render, show};

/// What `compare` looks at where nobody says: all that are quick and need no indicators.
const COMPARED: [MethodName; 5] = [
    MethodName::Auto,
    MethodName::Ets,
    MethodName::Theta,
    MethodName::Mstl,
    MethodName::Regression,
];

impl Session {
    pub(super) fn forecast(&self, action: ForecastAction) -> Result<Exit, Failure> {
        match action {
            ForecastAction::Predict(args) => self.forecast_predict(&args),
            ForecastAction::Fit(args) => self.forecast_fit(&args),
            ForecastAction::Backtest(args) => self.forecast_backtest(&args),
            ForecastAction::Compare(args) => self.forecast_compare(&args),
            ForecastAction::Serve(args) => self.serve_forecasts(*args),
            ForecastAction::Dashboard(args) => {
                self.console.print_json(&server::dashboard(&args.series))?;
                Ok(Exit::Done)
            }
            ForecastAction::Watch(args) => self.forecast_watch(&args, render::watched),
            ForecastAction::Explain(args) => self.forecast_watch(&args, render::explained),
            ForecastAction::Indicators(args) => self.forecast_indicators(&args),
            ForecastAction::Capacity(args) => self.forecast_capacity(&args),
            ForecastAction::Feedback(args) => self.forecast_feedback(&args),
        }
    }

    fn forecast_predict(&self, args: &ForecastPredictArgs) -> Result<Exit, Failure> {
        let output = args.arrow.then(|| binary_output("--arrow")).transpose()?;
        let answer = self.predicted(args)?;
        match output {
            None => self.console.answer(&answer, render::forecast)?,
            Some(output) => {
                let steps = batch::forecast(&answer)?;
                let mut stream = Stream::new(output, steps.schema())?;
                stream.write(&steps)?;
                stream.finish()?;
            }
        }
        Ok(Exit::Done)
    }

    fn predicted(&self, args: &ForecastPredictArgs) -> Result<ForecastAnswer, Failure> {
        let series = open_series(&args.series.file, &args.series.options())?;
        let beside = beside(series, &args.beside, &args.series, args.horizon)?;
        let fit = FitOptions { method: args.method.into(), orders: None, horizon: args.horizon };
        let late = |after_s| Late { now_s: self.now.get(), after_s };
        let options = PredictOptions {
            fit,
            levels: args.levels(),
            quantiles: args.quantiles.clone(),
            late: args.late_after.map(late),
            strict: args.strict,
        };
        Ok(predict_beside(beside, &args.beside.scenario, &options)?)
    }

    fn forecast_fit(&self, args: &FitArgs) -> Result<Exit, Failure> {
        if args.order.is_some() && args.method != ForecastMethod::Sarimax {
            return Err(Failure::usage(
                "--order is of sarimax only",
                "add --method sarimax, or leave --order out",
            ));
        }
        let series = open_series(&args.series.file, &args.series.options())?;
        let method = args.method.into();
        let options = FitOptions { method, orders: args.orders(), horizon: args.horizon };
        self.console.answer(&fit_series(&series, &options)?, render::fit)?;
        Ok(Exit::Done)
    }

    fn forecast_backtest(&self, args: &BacktestArgs) -> Result<Exit, Failure> {
        let panel = open_panel(&args.file, &engine::forecasts::SeriesOptions::default())?;
        let methods: Vec<MethodName> = args.method.iter().map(|name| (*name).into()).collect();
        if let Some(folder) = args.report.as_ref().and_then(|path| path.parent()) {
            // Asked before the work: a run of an hour is not lost to a slip in a path.
            if !folder.as_os_str().is_empty() && !folder.is_dir() {
                return Err(Failure::usage(
                    format!("--report: {} is no folder", folder.display()),
                    "make it first, or name another",
                ));
            }
        }
        let report = backtest_panel(&panel, &methods, &self.watcher())?;
        match self.console.json {
            true => self.print_lines(&report, &methods)?,
            false => self.console.print(&render::backtest(&report, self.console.look))?,
        }
        if let Some(path) = &args.report {
            let title = format!("Backtest of {}", args.file.display());
            super::model::write_whole(path, report.html(&title).as_bytes())?;
        }
        Ok(exit_of(&report))
    }

    /// A line a forecast of the methods asked for: seasonal naive, which stands beside them in the table, only if named.
    fn print_lines(&self, report: &BacktestReport, methods: &[MethodName]) -> Result<(), Failure> {
        let asked = |name: &str| methods.iter().any(|method| method.name() == name);
        let mut text = String::new();
        for line in report.lines.iter().filter(|line| asked(line.method)) {
            let line = serde_json::to_string(line).map_err(std::io::Error::from)?;
            text += &show::json(&line);
            text.push('\n');
        }
        self.console.print(&text)
    }

    fn forecast_compare(&self, args: &ForecastCompareArgs) -> Result<Exit, Failure> {
        let series = open_series(&args.series.file, &args.series.options())?;
        let mut methods: Vec<MethodName> = match args.method.is_empty() {
            true => COMPARED.to_vec(),
            false => args.method.iter().map(|name| (*name).into()).collect(),
        };
        // Who names it is told by each of its forecasts why it failed; who does not never asked for it.
        let n = series.series.values.len();
        let is_without =
            args.method.is_empty() && series.seasons.iter().all(|season| 2 * season > n);
        if is_without {
            methods.retain(|method| *method != MethodName::Mstl);
        }
        let mut report =
            backtest_file(series, &methods, args.horizon, args.origins, &self.watcher())?;
        if is_without {
            report.repairs.push("mstl was left out: the series holds no season twice".to_owned());
        }
        self.console.answer(&report, render::backtest)?;
        Ok(exit_of(&report))
    }
}

/// The series with the indicators of the files that were given, else with those of its own.
pub(super) fn beside(
    series: LoadedSeries,
    args: &BesideArgs,
    file: &SeriesArgs,
    horizon: Option<usize>,
) -> Result<Beside, Failure> {
    let horizon = horizon.unwrap_or_else(|| series.horizon_default());
    let options = SeriesOptions { keep: file.keep.map(Into::into), ..Default::default() };
    let tables = args.indicators.iter().map(|path| Table::open(path));
    let tables = tables.collect::<Result<Vec<Table>, _>>()?;
    let tables: Vec<&Table> = tables.iter().collect();
    Ok(with_indicators(series, &tables, &options, horizon)?)
}

/// A backtest in which every forecast of a method asked for failed has failed; the naive one beside them is no success.
fn exit_of(report: &BacktestReport) -> Exit {
    let naive = usize::from(report.scores.len() > 1);
    let is_void = report.scores.iter().skip(naive).all(|score| score.forecasts == 0);
    if is_void { Exit::Failed } else { Exit::Done }
}
