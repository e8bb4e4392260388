//! Plots as inline SVG: no script, no font from elsewhere, colors by the style of the page.
//!
//! In: points in the units of the data. Out: a figure with axes, ticks at 1, 2 or 5 times a power of ten, and a title.
//! Series differ by dashes as well as by color (Okabe and Ito's palette), so that neither sight nor a printer loses one.

use std::fmt::Write as _;

use crate::automl::{Measure, short, shown};
use crate::page::{SERIES_MAX, clipped, drawing, framed, limits, text, ticks};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 42.0;

/// What one direction of a plot shows.
pub(super) struct Axis {
    label: String,
    lower: f64,
    upper: f64,
    measure: Measure,
}

impl Axis {
    /// From the smallest to the largest of some values; wider where they are all the same.
    pub(super) fn over(label: &str, values: impl Iterator<Item = f64>, measure: Measure) -> Self {
        let (lower, upper) = limits(values);
        Self { label: label.to_owned(), lower, upper, measure }
    }

    /// From 0 to 1.
    pub(super) fn share(label: &str) -> Self {
        Self::over(label, [0.0, 1.0].into_iter(), Measure::Number)
    }

    /// The place of a value, `0.0..=1.0` within the axis.
    fn place(&self, value: f64) -> f64 {
        let half = self.upper / 2.0 - self.lower / 2.0;
        ((value / 2.0 - self.lower / 2.0) / half).clamp(0.0, 1.0)
    }

    /// About `n` round values within the axis.
    fn ticks(&self, n: f64) -> Vec<f64> {
        ticks((self.lower, self.upper), n)
    }
}

/// A plot in the making.
pub(super) struct Plot {
    x: Axis,
    y: Axis,
    svg: String,
}

impl Plot {
    pub(super) fn new(title: &str, x: Axis, y: Axis) -> Self {
        let mut svg = drawing(title, WIDTH, HEIGHT);
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let plot = Self { x, y, svg: String::new() };
        for tick in plot.y.ticks(5.0) {
            let (y, label) = (plot.up(tick), text(&shown(tick, plot.y.measure)));
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 5.0,
                y + 4.0
            );
        }
        let wanted = if plot.x.measure == Measure::Time { 3.0 } else { 5.0 };
        for tick in plot.x.ticks(wanted) {
            let (x, label) = (plot.right(tick), text(&shown(tick, plot.x.measure)));
            let _ = write!(
                svg,
                "<line class=\"rim\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom}\" y2=\"{:.1}\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 4.0,
                bottom + 16.0
            );
        }
        let (middle, height) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        let _ = write!(
            svg,
            "<line class=\"rim\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{bottom}\" y2=\"{bottom}\"/>\
             <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(11 {height:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            HEIGHT - 8.0,
            text(&clipped(&plot.x.label, 44)),
            text(&clipped(&plot.y.label, 32))
        );
        Self { svg, ..plot }
    }

    fn right(&self, x: f64) -> f64 {
        LEFT + self.x.place(x) * (WIDTH - LEFT - RIGHT)
    }

    fn up(&self, y: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - TOP - BOTTOM)
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let mut path = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let step = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{:.1} {:.1}", self.right(*x), self.up(*y));
        }
        path
    }

    /// A curve of a series.
    pub(super) fn line(mut self, points: &[(f64, f64)], series: usize) -> Self {
        let path = self.path(points);
        let _ = write!(self.svg, "<path class=\"curve k{}\" d=\"{path}\"/>", series % SERIES_MAX);
        self
    }

    /// What a useless or a perfect model would draw.
    pub(super) fn even(mut self, points: &[(f64, f64)]) -> Self {
        let path = self.path(points);
        let _ = write!(self.svg, "<path class=\"even\" d=\"{path}\"/>");
        self
    }

    /// A dot a point, with words that show when it is pointed at.
    pub(super) fn dots(mut self, points: &[(f64, f64, String)], series: usize) -> Self {
        for (x, y, words) in points {
            let _ = write!(
                self.svg,
                "<circle class=\"f{}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.2\"><title>{}</title></circle>",
                series % SERIES_MAX,
                self.right(*x),
                self.up(*y),
                text(words)
            );
        }
        self
    }

    /// From low to high at each place.
    pub(super) fn spans(mut self, spans: &[(f64, f64, f64)], series: usize) -> Self {
        for (x, low, high) in spans {
            let x = self.right(*x);
            let (low, high) = (self.up(*low), self.up(*high));
            let _ = write!(
                self.svg,
                "<line class=\"k{}\" style=\"stroke-dasharray:none\" stroke-opacity=\"0.45\" stroke-width=\"3\" \
                 x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>",
                series % SERIES_MAX
            );
        }
        self
    }

    /// Bars from 0, each from one place to another.
    pub(super) fn bars(mut self, bars: &[(f64, f64, f64, String)], series: usize) -> Self {
        for (from, to, height, words) in bars {
            let (left, right) = (self.right(*from), self.right(*to));
            let (top, floor) = (self.up(*height), self.up(0.0));
            let _ = write!(
                self.svg,
                "<rect class=\"f{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
                series % SERIES_MAX,
                left + 0.5,
                top.min(floor),
                (right - left - 1.0).max(0.8),
                (top - floor).abs(),
                text(words)
            );
        }
        self
    }

    /// The figure, with words below it.
    pub(super) fn figure(self, caption: &str) -> String {
        framed(&format!("{}</svg>", self.svg), caption)
    }
}

/// A bar a name, to the right where it is above 0 and to the left where below.
pub(super) fn named_bars(title: &str, rows: &[(String, f64, String)], caption: &str) -> String {
    const NAMES: f64 = 118.0;
    const STEP: f64 = 19.0;
    // Of a character of the figures behind the bars.
    const CHARACTER: f64 = 6.4;
    let height = TOP + STEP * rows.len() as f64 + 4.0;
    let mut svg = drawing(title, WIDTH, height);
    let lowest = rows.iter().map(|row| row.1).fold(0.0, f64::min);
    let highest = rows.iter().map(|row| row.1).fold(0.0, f64::max);
    let longest = rows.iter().map(|row| row.2.chars().count()).max().unwrap_or(0);
    let figure = CHARACTER * longest as f64 + 6.0;
    let (from, to) = (NAMES + if lowest < 0.0 { figure } else { 0.0 }, WIDTH - figure);
    let scale = if highest > lowest { (to - from) / (highest - lowest) } else { 0.0 };
    let zero = from - lowest * scale;
    for (at, (name, value, words)) in rows.iter().enumerate() {
        let y = TOP + STEP * at as f64;
        let (left, right) = (zero + value.min(0.0) * scale, zero + value.max(0.0) * scale);
        let (x, anchor) = if *value < 0.0 { (left - 4.0, "end") } else { (right + 4.0, "start") };
        let (series, baseline) = (usize::from(*value < 0.0), y + 12.0);
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\"><title>{}</title>{}</text>\
             <rect class=\"f{series}\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"13\"/>\
             <text x=\"{x:.1}\" y=\"{baseline:.1}\" text-anchor=\"{anchor}\">{}</text>",
            NAMES - 6.0,
            text(name),
            text(&clipped(name, 18)),
            y + 1.5,
            (right - left).max(0.6),
            text(words)
        );
    }
    let _ = write!(
        svg,
        "<line class=\"rim\" x1=\"{zero:.1}\" x2=\"{zero:.1}\" y1=\"{TOP}\" y2=\"{height:.1}\"/></svg>"
    );
    framed(&svg, caption)
}

/// A histogram as small as a word.
pub(super) fn sparkline(counts: &[u64]) -> String {
    const WIDE: f64 = 120.0;
    const HIGH: f64 = 26.0;
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = WIDE / counts.len().max(1) as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"how values are spread\" width=\"{WIDE}\" \
         height=\"{HIGH}\" viewBox=\"0 0 {WIDE} {HIGH}\">"
    );
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = (*count as f64 / most * HIGH).max(1.0);
        let _ = write!(
            svg,
            "<rect class=\"f0\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            at as f64 * step,
            HIGH - height,
            (step - 1.0).clamp(1.0, 14.0)
        );
    }
    svg + "</svg>"
}

/// A number with its sign.
pub(super) fn signed(value: f64) -> String {
    if value > 0.0 { format!("+{}", short(value)) } else { short(value).replace('-', "−") }
}
