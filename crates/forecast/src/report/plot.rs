//! Plots as inline SVG: no script, colors by the style of the page, series told apart by dashes too.

use std::fmt::Write as _;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 34.0;
/// Series that can be told apart.
const SERIES_MAX: usize = 8;

/// Any text as text of a page; control characters become U+FFFD.
pub(super) fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for character in raw.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other if other.is_control() || ('\u{202a}'..='\u{202e}').contains(&other) => {
                safe.push('\u{fffd}');
            }
            other => safe.push(other),
        }
    }
    safe
}

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
        let (low, high) = y
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        let y = match (low.is_finite(), low < high) {
            (false, _) => (0.0, 1.0),
            (true, false) => (low - low.abs().max(1.0) / 2.0, high + high.abs().max(1.0) / 2.0),
            (true, true) => (low, high),
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{0}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\"><text class=\"title\" x=\"0\" y=\"13\">{0}</text>",
            text(title)
        );
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
        format!("<figure>{}</svg><figcaption>{}</figcaption></figure>\n", self.svg, text(caption))
    }
}

/// About `n` round values within the limits.
fn ticks((low, high): (f64, f64), n: f64) -> Vec<f64> {
    let raw = (high - low) / n;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= raw * 0.999);
    let step = step.unwrap_or(10.0) * power;
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let first = (low / step).ceil();
    let all = (0..12).map(|at| (first + f64::from(at)) * step);
    all.filter(|at| *at <= high + step * 1e-9).collect()
}

/// What each series is.
pub(super) fn legend(names: &[&str]) -> String {
    let mut html = "<p class=\"legend\">".to_owned();
    for (series, name) in names.iter().enumerate() {
        let _ = write!(
            html,
            "<span><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"26\" height=\"8\" aria-hidden=\"true\">\
             <path class=\"curve k{}\" d=\"M0 4L26 4\"/></svg>{}</span>",
            series % SERIES_MAX,
            text(name)
        );
    }
    html + "</p>\n"
}

/// A table; cells are markup, the first column is text and the others are numbers.
pub(super) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let class = |at: usize| if at == 0 { "" } else { " class=\"n\"" };
    let mut html = "<div class=\"scroll\"><table><thead><tr>".to_owned();
    for (at, name) in columns.iter().enumerate() {
        let _ = write!(html, "<th{}>{}</th>", class(at), text(name));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let _ = write!(html, "<td{}>{cell}</td>", class(at));
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody></table></div>\n"
}
