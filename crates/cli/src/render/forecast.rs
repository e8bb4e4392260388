//! Forecasts: what comes, how sure that is, which method and window say so.

use engine::forecasts::{
    BacktestReport, BoundsAnswer, FitAnswer, ForecastAnswer, IndicatorAhead, IndicatorSource,
    ReadAnswer,
};

use super::ink::{Look, Tone};
use super::plot;
use super::table::{Cell, Column, Table};
use super::words::{counted, wrapped};
use crate::show;

/// Steps of a forecast that are listed.
const STEPS_MAX: usize = 48;
/// Parameters of a fit that are listed.
const PARAMETERS_MAX: usize = 40;
/// Repairs of a panel that are listed.
const REPAIRS_MAX: usize = 12;

/// A forecast.
pub(crate) fn forecast(answer: &ForecastAnswer, look: Look) -> String {
    let mut page = head(answer, look);
    page += &plot::forecast(answer, look);
    page += "\n";
    page + &steps(answer, look)
}

/// A fit.
pub(crate) fn fit(answer: &FitAnswer, look: Look) -> String {
    let mut page = head(&answer.forecast, look);
    for (name, value) in [
        ("orders", answer.orders.as_deref()),
        ("trend", answer.trend),
        ("form", answer.form.as_deref()),
    ] {
        page += &value.map_or_else(String::new, |value| format!("  {name} {value}\n"));
    }
    for (name, value) in &answer.figures {
        page += &format!("  {} {}\n", name.replace('_', " "), number(*value));
    }
    if !answer.parameters.is_empty() {
        let columns = [
            (Column::Left, "parameter"),
            (Column::Right, "value"),
            (Column::Right, "standard error"),
            (Column::Right, "by scores"),
        ];
        let mut table = Table::headed(2, &columns);
        for parameter in answer.parameters.iter().take(PARAMETERS_MAX) {
            table.row([
                show::line(&parameter.name).into(),
                number(parameter.value).into(),
                optional(parameter.se).into(),
                optional(parameter.se_opg).into(),
            ]);
        }
        page += &format!("\n{}", table.lines(look));
        page += &more(answer.parameters.len(), PARAMETERS_MAX, look);
    }
    page += "\n";
    page + &steps(&answer.forecast, look)
}

fn head(answer: &ForecastAnswer, look: Look) -> String {
    let read = &answer.read;
    let mut page = format!(
        "{}  by {}, {} ahead\n",
        look.heading(&show::line(&read.series)),
        answer.method,
        counted(answer.horizon as u64, "step", "steps")
    );
    page += &window(read);
    if let Some(asked) = &answer.instead_of {
        let words = format!("! instead of {}: {}", asked.method, show::line(&asked.reason));
        let words = wrapped(&words, "  ", look);
        page += &format!("{}\n", look.paint(Tone::Warning, &words));
    }
    if !answer.members.is_empty() {
        let member = |m: &engine::forecasts::MemberAnswer| format!("{} {:.2}", m.name, m.weight);
        let members: Vec<String> = answer.members.iter().map(member).collect();
        page += &format!("{}\n", wrapped(&format!("made of {}", members.join(", ")), "  ", look));
    }
    page += &with(&read.indicators, &answer.indicators_ahead, look);
    page + &repairs(&read.repairs, look)
}

/// The indicators: each with what its values over the horizon rest on, where that is known.
pub(super) fn with(names: &[String], ahead: &[IndicatorAhead], look: Look) -> String {
    if names.is_empty() {
        return String::new();
    }
    if ahead.is_empty() {
        let words = format!("with {}", super::words::names(names));
        return wrapped(&words, "  ", look) + "\n";
    }
    let mut page = String::new();
    for one in ahead {
        let mut words = format!("with {}: ", show::line(&one.name));
        let mut parts = Vec::new();
        if one.steps_known > 0 {
            parts.push(format!("{} known", counted(one.steps_known as u64, "step", "steps")));
        }
        if one.steps_forecast > 0 {
            let steps = counted(one.steps_forecast as u64, "step", "steps");
            parts.push(format!("{steps} forecast"));
        }
        if let Some((scenario, path)) = one.scenario.as_ref().zip(one.assumed.as_ref()) {
            let steps = counted(one.steps_scenario as u64, "step", "steps");
            let end = path.last().copied().unwrap_or(f64::NAN);
            let (scenario, last, end) = (show::line(scenario), number(one.last), number(end));
            parts.push(format!("{steps} by the scenario {scenario} ({last} to {end})"));
        }
        words += &parts.join(", then ");
        let words = wrapped(&words, "  ", look);
        let is_assumed = one.source == IndicatorSource::Scenario;
        page += &if is_assumed { look.paint(Tone::Strong, &words) } else { words };
        page.push('\n');
    }
    page
}

/// Where a series came from.
pub(super) fn head_of(read: &ReadAnswer, look: Look) -> String {
    let mut page = format!("{}\n{}", look.heading(&show::line(&read.series)), window(read));
    if !read.indicators.is_empty() {
        let names = super::words::names(&read.indicators);
        page += &format!("{}\n", wrapped(&format!("with {names}"), "  ", look));
    }
    page + &repairs(&read.repairs, look)
}

fn window(read: &ReadAnswer) -> String {
    let values = counted(read.n as u64, "value", "values");
    let missing = match read.n_missing {
        0 => String::new(),
        n => format!(", {n} of them missing"),
    };
    match &read.window {
        Some([first, last]) => format!(
            "  from {values}{missing}: {} to {}, step {}\n",
            time(first),
            time(last),
            read.step
        ),
        None => format!("  from {values}{missing}; the file has no times\n"),
    }
}

fn repairs(repairs: &[String], look: Look) -> String {
    let mut page = String::new();
    for repair in repairs.iter().take(REPAIRS_MAX) {
        let words = wrapped(&format!("! {}", show::line(repair)), "  ", look);
        page += &format!("{}\n", look.paint(Tone::Warning, &words));
    }
    page + &more(repairs.len(), REPAIRS_MAX, look)
}

fn more(n: usize, shown: usize, look: Look) -> String {
    match n.saturating_sub(shown) {
        0 => String::new(),
        n => look.faint(&format!("  … and {n} more (--json has all)\n")),
    }
}

/// Columns that a table with bounds of two levels and a scenario takes.
const SCENARIO_WIDTH: usize = 94;

fn steps(answer: &ForecastAnswer, look: Look) -> String {
    let scenario = answer.scenario.as_ref();
    // Beside a scenario a narrow terminal has place for the widest bounds alone.
    let is_narrow = scenario.is_some() && look.width < SCENARIO_WIDTH;
    let widest = answer.bounds.iter().map(|bounds| bounds.level).fold(0.0, f64::max);
    let shown: Vec<&BoundsAnswer> =
        answer.bounds.iter().filter(|bounds| !is_narrow || bounds.level >= widest).collect();
    let levels: Vec<String> = shown
        .iter()
        .flat_map(|bounds| [format!("low {}", bounds.level), format!("high {}", bounds.level)])
        .collect();
    let mut columns = vec![(Column::Left, "time"), (Column::Right, "expected")];
    columns.extend(levels.iter().map(|level| (Column::Right, level.as_str())));
    let quantiles: Vec<String> =
        answer.quantiles.iter().map(|path| format!("q {}", path.quantile)).collect();
    columns.extend(quantiles.iter().map(|quantile| (Column::Right, quantile.as_str())));
    if scenario.is_some() {
        columns.extend([(Column::Right, "scenario"), (Column::Right, "change")]);
    }
    let mut table = Table::headed(2, &columns);
    for (step, mean) in answer.mean.iter().enumerate().take(STEPS_MAX) {
        let label = answer.times.get(step).map_or_else(|| format!("+{}", step + 1), |at| time(at));
        let sides = shown.iter().flat_map(|bounds| [bounds.lower[step], bounds.upper[step]]);
        let paths = answer.quantiles.iter().map(|path| path.values[step]);
        let cells =
            std::iter::once(*mean).chain(sides).chain(paths).map(|value| Cell::from(number(value)));
        let then = scenario.into_iter().flat_map(|scenario| {
            let delta = scenario.delta[step];
            let sign = if delta > 0.0 { "+" } else { "" };
            let mean = Cell::new(Tone::Strong, number(scenario.mean[step]));
            [mean, Cell::from(format!("{sign}{}", number(delta)))]
        });
        table.row(std::iter::once(Cell::from(label)).chain(cells).chain(then));
    }
    table.lines(look) + &more(answer.mean.len(), STEPS_MAX, look)
}

/// `2024-05-01T13:00:00Z` as a person reads it.
pub(super) fn time(text: &str) -> String {
    let text = show::line(text).replace('T', " ");
    let text = text.trim_end_matches('Z');
    text.strip_suffix(":00").unwrap_or(text).to_owned()
}

/// Six significant digits or so.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e9).contains(&size) {
        let decimals = if size >= 10_000.0 {
            1
        } else if size >= 100.0 {
            2
        } else {
            4
        };
        format!("{value:.decimals$}")
    } else {
        format!("{value:.4e}")
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// Methods against what happened.
pub(crate) fn backtest(report: &BacktestReport, look: Look) -> String {
    let columns = [
        (Column::Left, "method"),
        (Column::Right, "n"),
        (Column::Right, "failed"),
        (Column::Right, "MASE"),
        (Column::Right, "median"),
        (Column::Right, "sMAPE"),
        (Column::Right, "cov 80"),
        (Column::Right, "cov 95"),
        (Column::Right, "MSIS 95"),
        (Column::Right, "pinball"),
        (Column::Right, "CPU s"),
    ];
    let mut table = Table::headed(2, &columns);
    let figure = |value: Option<f64>, decimals: usize| {
        Cell::from(value.map_or_else(String::new, |value| format!("{value:.decimals$}")))
    };
    for score in &report.scores {
        let failed = if score.failed > 0 { score.failed.to_string() } else { String::new() };
        table.row([
            score.method.into(),
            score.forecasts.to_string().into(),
            Cell::new(Tone::Bad, failed),
            figure(score.mase, 3),
            figure(score.mase_median, 3),
            figure(score.smape, 1),
            figure(score.coverage_80, 1),
            figure(score.coverage_95, 1),
            figure(score.msis_95, 2),
            figure(score.pinball, 3),
            format!("{:.4}", score.cpu_s).into(),
        ]);
    }
    let horizon = report.horizon.map_or_else(String::new, |horizon| {
        format!(", {} ahead", counted(horizon as u64, "step", "steps"))
    });
    let head = format!("{}{horizon}", counted(report.series as u64, "series", "series"));
    let mut page = format!("{}\n", look.heading(&head));
    page += &repairs(&report.repairs, look);
    page += &table.lines(look);
    let mut failures: Vec<String> = Vec::new();
    for line in &report.lines {
        let Some(err) = &line.err else { continue };
        failures.push(format!("{} from {} by {}: {err}", line.id, line.origin, line.method));
    }
    page + &repairs(&failures, look)
}
