//! A forecast as a small plot of characters: the end of the history, then what comes between its widest bounds.

use engine::forecasts::ForecastAnswer;

use super::ink::Look;

/// Lines of the plot.
const HEIGHT: usize = 11;
/// Columns of the axis with its number.
const AXIS: usize = 12;
/// Columns of the plot, at most.
const WIDTH_MAX: usize = 96;

/// Loads so far, and how they went on from similar moments: a tenth, the median, nine tenths; the capacity as a line.
pub(super) fn fan(tail: &[f64], ahead: &[[f64; 3]], capacity: f64, look: Look) -> String {
    let width = look.width.saturating_sub(AXIS + 2).clamp(20, WIDTH_MAX);
    let ahead = &ahead[..ahead.len().min(width / 2)];
    let behind = &tail[tail.len().saturating_sub(width - ahead.len())..];
    let mut spots: Vec<Spot> = behind
        .iter()
        .map(|value| Spot { value: value.is_finite().then_some(*value), ..Spot::default() })
        .collect();
    spots.extend(ahead.iter().map(|[low, middle, high]| Spot {
        value: middle.is_finite().then_some(*middle),
        bounds: (low.is_finite() && high.is_finite()).then_some((*low, *high)),
        ahead: true,
    }));
    let sides = spots.iter().filter_map(|spot| spot.bounds).flat_map(|(low, high)| [low, high]);
    let all: Vec<f64> = spots.iter().filter_map(|spot| spot.value).chain(sides).collect();
    // A capacity far above all loads would press them flat.
    let highest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = all.iter().copied().fold(f64::INFINITY, f64::min);
    let with_capacity = capacity.is_finite() && capacity - lowest < 4.0 * (highest - lowest);
    let high = if with_capacity { highest.max(capacity) } else { highest };
    if lowest >= high || !(high - lowest).is_finite() {
        return String::new();
    }
    let line_of = |value: f64| line_of(value, lowest, high);
    let mut page = String::from("\n");
    for line in 0..HEIGHT {
        let at = high - (high - lowest) * line as f64 / (HEIGHT - 1) as f64;
        let labelled = line == 0 || line == HEIGHT - 1 || line == HEIGHT / 2;
        let text = if labelled { label(at) } else { String::new() };
        let is_capacity = with_capacity && line_of(capacity) == line;
        let cells: String = spots
            .iter()
            .map(|spot| match cell(spot, line, &line_of) {
                ' ' | '░' if is_capacity => '─',
                cell => cell,
            })
            .collect();
        page += format!("{text:>AXIS$} │{cells}").trim_end();
        page.push('\n');
    }
    let rule = format!(
        "{:>AXIS$} └{}┴{}\n",
        "",
        "─".repeat(behind.len().saturating_sub(1)),
        "─".repeat(ahead.len())
    );
    let legend = "• load  ◦ median of similar moments  ░ a tenth to nine tenths  ─ capacity";
    page + &look.faint(&rule) + &look.faint(&format!("{:>AXIS$}  {legend}\n", ""))
}

/// The line of a value, from the top.
fn line_of(value: f64, low: f64, high: f64) -> usize {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the lines"
    )]
    let line = (share * (HEIGHT - 1) as f64).round() as usize;
    HEIGHT - 1 - line
}

/// What one column shows.
#[derive(Clone, Copy, Debug, Default)]
struct Spot {
    value: Option<f64>,
    bounds: Option<(f64, f64)>,
    ahead: bool,
}

/// The plot, with a line feed before it; nothing where there is nothing to draw.
pub(crate) fn forecast(answer: &ForecastAnswer, look: Look) -> String {
    let width = look.width.saturating_sub(AXIS + 2).clamp(20, WIDTH_MAX);
    let spots = spots(answer, width);
    let finite = |value: &f64| value.is_finite();
    let all = || {
        let sides = spots.iter().filter_map(|spot| spot.bounds).flat_map(|(low, high)| [low, high]);
        spots.iter().filter_map(|spot| spot.value).chain(sides).filter(finite)
    };
    let (low, high) =
        (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if low >= high || !(high - low).is_finite() {
        return String::new();
    }
    let line_of = |value: f64| line_of(value, low, high);
    let mut page = String::from("\n");
    for line in 0..HEIGHT {
        let at = high - (high - low) * line as f64 / (HEIGHT - 1) as f64;
        let labelled = line == 0 || line == HEIGHT - 1 || line == HEIGHT / 2;
        let label = if labelled { label(at) } else { String::new() };
        let cells: String = spots.iter().map(|spot| cell(spot, line, &line_of)).collect();
        page += format!("{label:>AXIS$} │{cells}").trim_end();
        page.push('\n');
    }
    let history = spots.iter().filter(|spot| !spot.ahead).count();
    page += &look.faint(&format!(
        "{:>AXIS$} └{}┴{}\n",
        "",
        "─".repeat(history.saturating_sub(1)),
        "─".repeat(spots.len() - history)
    ));
    let legend = match answer.bounds.iter().map(|bounds| bounds.level).reduce(f64::max) {
        Some(level) => format!("• measured  ◦ expected  ░ within {level} %"),
        None => "• measured  ◦ expected".to_owned(),
    };
    page + &look.faint(&format!("{:>AXIS$}  {legend}\n", ""))
}

fn label(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-2..1e7).contains(&size) {
        let decimals = if size >= 1_000.0 { 0 } else { 2 };
        format!("{value:.decimals$}")
    } else {
        format!("{value:.2e}")
    }
}

fn cell(spot: &Spot, line: usize, line_of: &dyn Fn(f64) -> usize) -> char {
    if spot.value.is_some_and(|value| line_of(value) == line) {
        return if spot.ahead { '◦' } else { '•' };
    }
    match spot.bounds {
        Some((low, high)) if line_of(high) <= line && line <= line_of(low) => '░',
        _ => ' ',
    }
}

/// Columns of the plot: steps, or means of several where there are more than columns.
fn spots(answer: &ForecastAnswer, width: usize) -> Vec<Spot> {
    let horizon = answer.mean.len();
    // The forecast takes half at most; the history what is left, twice the horizon at least where it has that.
    let per_spot = horizon.div_ceil(width / 2).max(1);
    let ahead = horizon.div_ceil(per_spot);
    let behind = (width - ahead) * per_spot;
    let tail = &answer.tail[answer.tail.len().saturating_sub(behind)..];
    let widest = answer.bounds.iter().max_by(|a, b| a.level.total_cmp(&b.level));
    let mean = |values: &[f64]| {
        let known = values.iter().filter(|value| value.is_finite());
        let (sum, n) = known.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
        (n > 0.0).then(|| sum / n)
    };
    // Chunks from the end: the last column of the history is whole.
    let mut spots: Vec<Spot> = tail
        .rchunks(per_spot)
        .map(|chunk| Spot { value: mean(chunk), ..Spot::default() })
        .collect();
    spots.reverse();
    for (index, chunk) in answer.mean.chunks(per_spot).enumerate() {
        let steps = index * per_spot..index * per_spot + chunk.len();
        let bounds = widest.and_then(|widest| {
            mean(&widest.lower[steps.clone()]).zip(mean(&widest.upper[steps.clone()]))
        });
        spots.push(Spot { value: mean(chunk), bounds, ahead: true });
    }
    spots
}
