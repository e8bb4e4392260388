//! Plots of forecasts as inline SVG: curves with gaps, areas between bounds, steps ahead below.

use std::fmt::Write as _;

use learn::page::{SERIES_MAX, drawing, framed, limits, ticks};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 34.0;

/// A number with some four digits.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    match value {
        v if v.is_nan() => "–".to_owned(),
        0.0 => "0".to_owned(),
        v if !(1e-3..1e7).contains(&size) => format!("{v:.2e}"),
        v if size >= 1_000.0 => format!("{v:.0}"),
        v if size >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.3}"),
    }
}

/// A plot in the making.
pub(super) struct Plot {
    x: (f64, f64),
    y: (f64, f64),
    svg: String,
}

impl Plot {
    /// Axes around the points; `y` holds every value to be shown.
    pub(super) fn new(title: &str, x: (f64, f64), y: impl Iterator<Item = f64>) -> Self {
        let y = limits(y);
        let mut svg = drawing(title, WIDTH, HEIGHT);
        let plot = Self { x, y, svg: String::new() };
        for tick in ticks(y, 4.0) {
            let at = plot.up(tick);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 5.0,
                at + 4.0,
                number(tick)
            );
        }
        let floor = HEIGHT - BOTTOM;
        for tick in ticks(x, 6.0) {
            let at = plot.right(tick);
            let _ = write!(
                svg,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                floor + 15.0,
                if tick == 0.0 { "0".to_owned() } else { format!("{tick:+.0}") }
            );
        }
        let _ = write!(
            svg,
            "<line class=\"rim\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{floor}\" y2=\"{floor}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">steps ahead</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT,
            HEIGHT - 5.0
        );
        Self { svg, ..plot }
    }

    fn right(&self, x: f64) -> f64 {
        LEFT + (x - self.x.0) / (self.x.1 - self.x.0).max(1e-300) * (WIDTH - LEFT - RIGHT)
    }

    fn up(&self, y: f64) -> f64 {
        let share = (y - self.y.0) / (self.y.1 - self.y.0);
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    /// A curve; a value that is missing leaves a gap.
    pub(super) fn line(mut self, points: &[(f64, f64)], series: usize) -> Self {
        let mut path = String::new();
        let mut broken = true;
        for (x, y) in points {
            if y.is_finite() {
                let step = if broken { 'M' } else { 'L' };
                let _ = write!(path, "{step}{:.1} {:.1}", self.right(*x), self.up(*y));
            }
            broken = !y.is_finite();
        }
        let _ = write!(self.svg, "<path class=\"curve k{}\" d=\"{path}\"/>", series % SERIES_MAX);
        self
    }

    /// Where something should lie.
    pub(super) fn even(mut self, y: f64) -> Self {
        let at = self.up(y);
        let _ = write!(
            self.svg,
            "<line class=\"even\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
            WIDTH - RIGHT
        );
        self
    }

    /// The area between two sides.
    pub(super) fn band(mut self, sides: &[(f64, f64, f64)]) -> Self {
        let mut path = String::new();
        for (at, (x, _, high)) in sides.iter().enumerate() {
            let step = if at == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{step}{:.1} {:.1}", self.right(*x), self.up(*high));
        }
        for (x, low, _) in sides.iter().rev() {
            let _ = write!(path, "L{:.1} {:.1}", self.right(*x), self.up(*low));
        }
        let _ = write!(self.svg, "<path class=\"band\" d=\"{path}Z\"/>");
        self
    }

    /// The figure, with words below it.
    pub(super) fn figure(self, caption: &str) -> String {
        framed(&format!("{}</svg>", self.svg), caption)
    }
}
