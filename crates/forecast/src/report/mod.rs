//! A backtest as one HTML page: figures by method, by step ahead and by regime, and the last forecasts as plots.
//!
//! In: forecasts that were made, with what happened. Out: a page that needs nothing else (no script, no font, no image from
//! anywhere; its own policy forbids them), readable by day, by night and on paper. The same cases give the same bytes.
//! Names of series are strangers' text: all go through one function that leaves no markup in them.
//! Source: Hyndman and Athanasopoulos 5.8 to 5.10 (errors by horizon from rolling origins). Departures: none.
//! Cost: O(cases · horizon). Checked against: counts by hand, hostile names (`tests/it/report.rs`).

mod plot;

use std::fmt::Write as _;

use learn::page::{document, legend, table, text};

use crate::{Forecast, accuracy};
use plot::{Plot, number};

/// Beside the style of every page: plots are wide, and bounds are areas.
const STYLE: &str = "figure { width: 480px; max-width: 100%; }\n.band { fill: var(--c0); fill-opacity: 0.16; stroke: none; }\n";

/// Series whose last forecast is drawn.
const DRAWN_MAX: usize = 24;

/// One forecast with what happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The series.
    pub id: String,
    /// Values before the forecast.
    pub origin: usize,
    /// The method.
    pub method: String,
    /// Mean change over a season before it: the unit of errors.
    pub scale: f64,
    /// Whether times were volatile.
    pub volatile: bool,
    /// The last values before it, for the plot; NaN where missing.
    pub before: Vec<f64>,
    /// What happened; NaN where missing.
    pub actual: Vec<f64>,
    /// What was forecast, or why not.
    pub forecast: Result<Forecast, String>,
}

/// Sums of one slice of cases.
#[derive(Default)]
struct Slice {
    forecasts: usize,
    failed: usize,
    errors: Vec<f64>,
    levels: Vec<Level>,
}

/// One pair of bounds, a figure a case.
struct Level {
    level: f64,
    /// Share within.
    within: Vec<f64>,
    /// In units.
    width: Vec<f64>,
    /// Interval score in units.
    score: Vec<f64>,
}

impl Slice {
    /// Over cases, all steps or only one (from 0).
    fn of<'a>(cases: impl Iterator<Item = &'a Case>, only: Option<usize>) -> Self {
        let mut slice = Self::default();
        for case in cases {
            match &case.forecast {
                Err(_) => slice.failed += 1,
                Ok(forecast) => slice.add(case, forecast, only),
            }
        }
        slice
    }

    fn add(&mut self, case: &Case, forecast: &Forecast, only: Option<usize>) {
        let steps = case.actual.len().min(forecast.mean.len());
        let range = only.map_or(0..steps, |step| step.min(steps)..(step + 1).min(steps));
        if range.is_empty() || case.scale.is_nan() || case.scale <= 0.0 {
            return;
        }
        let actual = &case.actual[range.clone()];
        let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
        self.forecasts += 1;
        self.errors.push(known(accuracy::mase(actual, &forecast.mean[range.clone()], case.scale)));
        for (at, bounds) in forecast.bounds.iter().enumerate() {
            let cut = crate::Bounds {
                level: bounds.level,
                lower: bounds.lower[range.clone()].to_vec(),
                upper: bounds.upper[range.clone()].to_vec(),
            };
            if self.levels.len() <= at {
                let (within, width, score) = (Vec::new(), Vec::new(), Vec::new());
                self.levels.push(Level { level: cut.level, within, width, score });
            }
            let own = &mut self.levels[at];
            own.within.push(known(accuracy::coverage(actual, &cut)));
            own.width.push(known(accuracy::width(&cut)) / case.scale);
            own.score.push(known(accuracy::msis(actual, &cut, case.scale)));
        }
    }

    fn error(&self) -> f64 {
        mean(&self.errors)
    }

    fn median(&self) -> f64 {
        let mut known: Vec<f64> = self.errors.iter().copied().filter(|e| !e.is_nan()).collect();
        known.sort_by(f64::total_cmp);
        if known.is_empty() { f64::NAN } else { crate::draws::sample_quantile(&known, 0.5) }
    }
}

fn mean(values: &[f64]) -> f64 {
    accuracy::mean(values.iter().copied()).unwrap_or(f64::NAN)
}

/// The page. `notes` are repairs and whatever else a reader must know.
pub fn html(title: &str, cases: &[Case], notes: &[String]) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for case in cases {
        if !methods.contains(&case.method.as_str()) {
            methods.push(&case.method);
        }
    }
    let of = |method: &str| cases.iter().filter(|case| case.method == method).count();
    let most = methods.iter().map(|method| of(method)).max().unwrap_or(0);
    let mut content = format!(
        "<p class=\"soft\">{most} forecasts by each of {} methods, every one with what was known at its origin only. \
         Errors and widths are in units of the mean change over a season before the origin (MASE): below 1 is better \
         than repeating the season was.</p>\n",
        methods.len()
    );
    content += &section("By method", &by_method(cases, &methods));
    content += &section("By step ahead", &by_step(cases, &methods));
    content += &section("By regime", &by_regime(cases, &methods));
    content += &section("Last forecasts", &drawn(cases, &methods));
    content += &section("Notes", &told(cases, notes));
    document(title, title, STYLE, &content)
}

fn section(heading: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<section><h2>{heading}</h2>\n{content}</section>\n")
}

/// A share in per cent, without decimals that say nothing.
fn percent(share: f64) -> String {
    ((1e8 * share).round() / 1e6).to_string()
}

fn columns(slices: &[Slice], first: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = first.iter().map(|name| (*name).to_owned()).collect();
    if let Some(slice) = slices.iter().find(|slice| !slice.levels.is_empty()) {
        for Level { level, .. } in &slice.levels {
            let level = percent(*level);
            names.push(format!("within {level} %"));
            names.push(format!("width {level} %"));
            names.push(format!("MSIS {level} %"));
        }
    }
    names
}

/// The first column is text, the others are numbers.
fn columns_of(names: &[String]) -> Vec<(&str, bool)> {
    names.iter().enumerate().map(|(at, name)| (name.as_str(), at > 0)).collect()
}

fn figures(slice: &Slice) -> Vec<String> {
    let levels = slice.levels.iter().flat_map(|Level { within, width, score, .. }| {
        [format!("{:.1} %", 100.0 * mean(within)), number(mean(width)), number(mean(score))]
    });
    levels.collect()
}

fn by_method(cases: &[Case], methods: &[&str]) -> String {
    let slice = |method: &&str| Slice::of(cases.iter().filter(|c| c.method == *method), None);
    let slices: Vec<Slice> = methods.iter().map(slice).collect();
    let names = columns(&slices, &["method", "forecasts", "failed", "MASE", "median"]);
    let rows = methods.iter().zip(&slices).map(|(method, slice)| {
        let mut row = vec![
            text(method),
            slice.forecasts.to_string(),
            slice.failed.to_string(),
            number(slice.error()),
            number(slice.median()),
        ];
        row.extend(figures(slice));
        row
    });
    table(&columns_of(&names), &rows.collect::<Vec<_>>())
}

fn by_step(cases: &[Case], methods: &[&str]) -> String {
    let horizon = cases.iter().map(|case| case.actual.len()).max().unwrap_or(0);
    if horizon < 2 {
        return String::new();
    }
    let steps: Vec<Vec<Slice>> = methods
        .iter()
        .map(|method| {
            let own: Vec<&Case> = cases.iter().filter(|case| case.method == *method).collect();
            (0..horizon).map(|step| Slice::of(own.iter().copied(), Some(step))).collect()
        })
        .collect();
    let x = |step: usize| step as f64 + 1.0;
    let limits = (1.0, horizon as f64);
    let curve = |slices: &[Slice], of: &dyn Fn(&Slice) -> f64| -> Vec<(f64, f64)> {
        slices.iter().enumerate().map(|(step, slice)| (x(step), of(slice))).collect()
    };
    let every = steps.iter().flatten().map(Slice::error).chain([0.0]);
    let mut plot = Plot::new("Error (MASE)", limits, every);
    for (series, slices) in steps.iter().enumerate() {
        plot = plot.line(&curve(slices, &Slice::error), series);
    }
    let mut plots = plot.figure("Lower is better.");
    let n_levels = steps.iter().flatten().map(|slice| slice.levels.len()).max().unwrap_or(0);
    for at in 0..n_levels {
        let within =
            |slice: &Slice| slice.levels.get(at).map_or(f64::NAN, |own| 100.0 * mean(&own.within));
        let level =
            steps.iter().flatten().find_map(|slice| slice.levels.get(at)).map(|own| own.level);
        let level = level.unwrap_or(f64::NAN);
        let title = format!("Share within the bounds of {} %", percent(level));
        let level = 100.0 * level;
        let every = steps.iter().flatten().map(within).chain([level, 100.0]);
        let mut plot = Plot::new(&title, limits, every).even(level);
        for (series, slices) in steps.iter().enumerate() {
            plot = plot.line(&curve(slices, &within), series);
        }
        plots += &plot.figure("The dashed line is what the bounds promise.");
    }
    format!("{}<div class=\"plots\">{plots}</div>\n", legend(methods))
}

fn by_regime(cases: &[Case], methods: &[&str]) -> String {
    let mut rows = Vec::new();
    let mut slices = Vec::new();
    for method in methods {
        for (volatile, word) in [(false, "calm"), (true, "volatile")] {
            let own = cases.iter().filter(|c| c.method == *method && c.volatile == volatile);
            let slice = Slice::of(own, None);
            let mut row = vec![
                format!("{}, {word}", text(method)),
                slice.forecasts.to_string(),
                number(slice.error()),
                number(slice.median()),
            ];
            row.extend(figures(&slice));
            rows.push(row);
            slices.push(slice);
        }
    }
    let names = columns(&slices, &["method and regime", "forecasts", "MASE", "median"]);
    let words = "<p class=\"soft\">Times are volatile where the last season changed more than the median season before.</p>\n";
    words.to_owned() + &table(&columns_of(&names), &rows)
}

/// The last forecast of each series by the second method: the first is the naive one, which the others stand beside.
fn drawn(cases: &[Case], methods: &[&str]) -> String {
    let Some(method) = methods.get(1).or(methods.first()) else {
        return String::new();
    };
    let mut last: Vec<&Case> = Vec::new();
    for case in cases.iter().filter(|case| case.method == *method && case.forecast.is_ok()) {
        match last.iter_mut().find(|other| other.id == case.id) {
            Some(other) if other.origin < case.origin => *other = case,
            Some(_) => {}
            None => last.push(case),
        }
    }
    let plots: String = last.iter().take(DRAWN_MAX).map(|case| draw(case)).collect();
    let more = match last.len().saturating_sub(DRAWN_MAX) {
        0 => String::new(),
        n => format!("<p class=\"soft\">… and {n} more series.</p>\n"),
    };
    format!(
        "{}<div class=\"plots\">{plots}</div>\n{more}",
        legend(&[&format!("forecast of {method}"), "what happened"])
    )
}

fn draw(case: &Case) -> String {
    let Ok(forecast) = &case.forecast else { return String::new() };
    let n = case.before.len();
    let past = case.before.iter().enumerate().map(|(t, y)| (t as f64 - n as f64 + 1.0, *y));
    let after = case.actual.iter().enumerate().map(|(t, y)| (t as f64 + 1.0, *y));
    let happened: Vec<(f64, f64)> = past.chain(after).collect();
    let ahead: Vec<(f64, f64)> =
        forecast.mean.iter().enumerate().map(|(t, y)| (t as f64 + 1.0, *y)).collect();
    let sides = forecast.bounds.iter().flat_map(|b| b.lower.iter().chain(&b.upper).copied());
    let every = happened.iter().chain(&ahead).map(|point| point.1).chain(sides);
    let limits = (1.0 - n as f64, forecast.mean.len() as f64);
    let mut plot = Plot::new(&case.id, limits, every);
    for bounds in forecast.bounds.iter().rev() {
        let sides = bounds.lower.iter().zip(&bounds.upper).enumerate();
        let sides: Vec<(f64, f64, f64)> =
            sides.map(|(t, (low, high))| (t as f64 + 1.0, *low, *high)).collect();
        plot = plot.band(&sides);
    }
    let error = Slice::of(std::iter::once(case), None).error();
    let caption = format!("After {} values; MASE {}.", case.origin, number(error));
    plot.line(&happened, 1).line(&ahead, 0).figure(&caption)
}

fn told(cases: &[Case], notes: &[String]) -> String {
    let mut html = String::new();
    for note in notes {
        let _ = writeln!(html, "<p class=\"warn\">{}</p>", text(note));
    }
    for case in cases {
        if let Err(reason) = &case.forecast {
            let words = format!("{} at {} by {}: {reason}", case.id, case.origin, case.method);
            let _ = writeln!(html, "<p class=\"warn\">{}</p>", text(&words));
        }
    }
    html
}
