//! Warnings with their basis, tables of what leads, plans of capacity.

use engine::forecasts::{
    AlertOutcome, LeadAnswer, PlanAction, PlanAnswer, Scorecard, Warning, WarningState, WatchAnswer,
};

use super::forecast::{head_of, number, with};
use super::ink::{Look, Tone};
use super::plot::fan;
use super::table::{Cell, Column, Table};
use super::words::{counted, minute, wrapped};
use crate::show;

/// Similar moments, alerts and steps that are listed.
const ROWS_MAX: usize = 20;
/// The unit of what is shown in per cent.
const SHARE: &str = "share";

/// A warning in short: the claim, why, a plot, what past ones were worth.
pub(crate) fn watched(answer: &WatchAnswer, look: Look) -> String {
    let mut page = head_of(&answer.read, look) + &state(answer, look);
    for sentence in answer.warning.words.iter().skip(1) {
        page += &format!("{}\n", wrapped(&format!("· {}", show::clean(sentence)), "  ", look));
    }
    page += &plot(answer, look);
    if let Some(card) = &answer.scorecard {
        page += &scorecard(card, look);
    }
    page + &model(&answer.warning, look)
}

/// A warning at length: drivers, similar moments and the model as tables.
pub(crate) fn explained(answer: &WatchAnswer, look: Look) -> String {
    let warning = &answer.warning;
    let mut page = head_of(&answer.read, look) + &state(answer, look);
    page += &drivers(warning, look);
    page += &moments(warning, look);
    page += &plot(answer, look);
    let mut table =
        Table::headed(2, &[(Column::Left, "scored by"), (Column::Right, "average precision")]);
    for score in &warning.model.compared {
        let tone = if score.candidate == warning.model.method { Tone::Strong } else { Tone::Plain };
        table.row([
            Cell::new(tone, score.candidate.name()),
            format!("{:.3}", score.average_precision).into(),
        ]);
    }
    page += &format!("\n{}\n{}", look.heading("held-out steps"), table.lines(look));
    if let Some(card) = &answer.scorecard {
        page += &scorecard(card, look);
    }
    page + &model(warning, look)
}

fn state(answer: &WatchAnswer, look: Look) -> String {
    let warning = &answer.warning;
    let (tone, mark) = match warning.state {
        WarningState::Firing => (Tone::Bad, "▲ warning"),
        WarningState::Pending => (Tone::Warning, "△ pending"),
        WarningState::Cooling => (Tone::Warning, "· cooling"),
        WarningState::Quiet => (Tone::Good, "✓ quiet"),
        WarningState::Unknown => (Tone::Bad, "? unknown"),
    };
    let mut page = format!("\n{}  {}", look.paint(tone, mark), minute_of(warning.time_s));
    if let Some(since) = warning.since_s {
        page += &format!(", since {}", minute_of(since));
    }
    page.push('\n');
    let claim = warning.words.first().map_or("", String::as_str);
    page += &format!("{}\n", look.paint(Tone::Strong, &wrapped(&show::clean(claim), "  ", look)));
    if let Some(lead) = warning.lead {
        let minutes = |seconds: i64| seconds / 60;
        let (low, high) = (minutes(lead.low_s), minutes(lead.high_s));
        page += &format!("  if it comes, in about {} min", minutes(lead.median_s));
        if low < high {
            page += &format!(" (a tenth sooner than {low}, a tenth later than {high})");
        }
        page.push('\n');
    }
    if let Some(alert) = &answer.alert {
        page += &format!(
            "  alert {} (tracehound forecast feedback {} --useful | --not-useful)\n",
            show::line(alert),
            show::line(alert)
        );
    }
    page
}

fn minute_of(seconds: i64) -> String {
    minute(engine::Time::new(seconds))
}

fn drivers(warning: &Warning, look: Look) -> String {
    let columns = [
        (Column::Prose, "driver"),
        (Column::Right, "value"),
        (Column::Right, "usual"),
        (Column::Right, "ratio"),
        (Column::Left, "unit"),
        (Column::Right, "log-odds"),
    ];
    let mut table = Table::headed(2, &columns);
    let shown = |value: Option<f64>, unit: &str| match value {
        Some(value) if unit == SHARE => format!("{} %", number(100.0 * value)),
        Some(value) => number(value),
        None => "–".to_owned(),
    };
    for driver in &warning.drivers {
        let tone = if driver.contribution > 0.5 { Tone::Warning } else { Tone::Plain };
        table.row([
            show::line(&driver.name).into(),
            shown(driver.value, &driver.unit).into(),
            shown(driver.usual, &driver.unit).into(),
            driver.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")).into(),
            match driver.unit.as_str() {
                SHARE => String::new(),
                unit => show::line(unit),
            }
            .into(),
            Cell::new(tone, format!("{:+.2}", driver.contribution)),
        ]);
    }
    match warning.drivers.is_empty() {
        true => String::new(),
        false => format!("\n{}\n{}", look.heading("what moved it"), table.lines(look)),
    }
}

fn moments(warning: &Warning, look: Look) -> String {
    let Some(found) = &warning.analogues else { return String::new() };
    let columns = [
        (Column::Left, "similar moment (UTC)"),
        (Column::Right, "unlike"),
        (Column::Right, "load"),
        (Column::Right, "peak after"),
        (Column::Right, "of capacity"),
        (Column::Right, "reached in"),
    ];
    let mut table = Table::headed(2, &columns);
    for moment in found.moments.iter().take(ROWS_MAX) {
        let tone = if moment.delay_s.is_some() { Tone::Warning } else { Tone::Plain };
        let delay = moment.delay_s.map_or_else(|| "–".to_owned(), |s| format!("{} min", s / 60));
        table.row([
            minute_of(moment.time_s).into(),
            format!("{:.2}", moment.distance).into(),
            number(moment.load).into(),
            number(moment.peak).into(),
            Cell::new(tone, format!("{:.0} %", 100.0 * moment.peak_utilization)),
            Cell::new(tone, delay),
        ]);
    }
    let head = format!(
        "{} of {} similar moments ({:.0} %, 95 % CI {:.0} to {:.0} %)",
        found.n_breached,
        found.n,
        100.0 * found.share,
        100.0 * found.share_95.0,
        100.0 * found.share_95.1
    );
    format!("\n{}\n{}{}", look.heading(&head), table.lines(look), more(found.moments.len(), look))
}

fn more(n: usize, look: Look) -> String {
    match n.saturating_sub(ROWS_MAX) {
        0 => String::new(),
        n => look.faint(&format!("  … and {n} more (--json has all)\n")),
    }
}

fn plot(answer: &WatchAnswer, look: Look) -> String {
    let Some(found) = &answer.warning.analogues else { return String::new() };
    fan(&answer.tail, &found.fan, answer.warning.capacity, look)
}

fn scorecard(card: &Scorecard, look: Look) -> String {
    let share = |share: Option<f64>, (low, high): (f64, f64)| match share {
        Some(share) => {
            format!("{:.0} % (95 % CI {:.0} to {:.0} %)", 100.0 * share, 100.0 * low, 100.0 * high)
        }
        None => "–".to_owned(),
    };
    let least = card.lead_min_s / 60;
    let rows = [
        ("breaches".to_owned(), card.n_breaches.to_string()),
        (format!("foretold by {least} min or more"), share(card.recall, card.recall_95)),
        (
            "median lead".to_owned(),
            card.lead_median_s.map_or_else(|| "–".to_owned(), |lead| format!("{} min", lead / 60)),
        ),
        ("alerts".to_owned(), format!("{} ({} early)", card.n_alerts, card.n_early)),
        ("right".to_owned(), share(card.precision, card.precision_95)),
        (
            "false pages a week".to_owned(),
            format!("{:.2} (promised: at most {})", card.false_per_week, card.promised_per_week),
        ),
        ("error of probabilities".to_owned(), format!("{:.3}", card.calibration_error)),
    ];
    let mut table = Table::new(2, &[Column::Left, Column::Left]);
    for (name, value) in rows {
        table.row([Cell::new(Tone::Faint, name), value.into()]);
    }
    let head = format!(
        "replayed {} to {}, {:.1} weeks it was not fitted to",
        minute_of(card.from_s),
        minute_of(card.to_s),
        card.weeks
    );
    format!("\n{}\n{}{}", look.heading(&head), table.lines(look), replayed(card, look))
}

/// Each alert with what became of it, and breaches that nothing foretold.
fn replayed(card: &Scorecard, look: Look) -> String {
    let mut page = String::new();
    let mut list = Table::headed(
        2,
        &[
            (Column::Left, "alert (UTC)"),
            (Column::Right, "min"),
            (Column::Right, "highest"),
            (Column::Left, ""),
            (Column::Left, "breach (UTC)"),
        ],
    );
    for alert in card.alerts.iter().take(ROWS_MAX) {
        let (tone, word) = match alert.outcome {
            AlertOutcome::Hit => (Tone::Good, "✓ hit"),
            AlertOutcome::Early => (Tone::Warning, "△ early"),
            AlertOutcome::False => (Tone::Bad, "✗ false"),
            AlertOutcome::Open => (Tone::Plain, "· open"),
        };
        list.row([
            minute_of(alert.from_s).into(),
            ((alert.to_s - alert.from_s) / 60).to_string().into(),
            format!("{:.0} %", 100.0 * alert.probability_max).into(),
            Cell::new(tone, word),
            alert.breach_s.map_or_else(String::new, minute_of).into(),
        ]);
    }
    if !card.alerts.is_empty() {
        page += &format!("\n{}{}", list.lines(look), more(card.alerts.len(), look));
    }
    let missed: Vec<String> = card
        .breaches
        .iter()
        .filter(|breach| breach.lead_s.is_none())
        .map(|breach| {
            format!("{} ({:.0} % of capacity)", minute_of(breach.from_s), 100.0 * breach.peak)
        })
        .collect();
    if !missed.is_empty() {
        let words = format!("not foretold: {}", missed.join(", "));
        page += &format!("{}\n", look.paint(Tone::Warning, &wrapped(&words, "  ", look)));
    }
    page
}

fn model(warning: &Warning, look: Look) -> String {
    let model = &warning.model;
    let words = format!(
        "model {} ({}), {} to {}, {} with {}; its threshold gave {:.2} false pages a week and foretold {} of {} on held-out steps",
        model.id,
        model.method.name(),
        minute_of(model.trained_s.0),
        minute_of(model.trained_s.1),
        counted(model.n_trained as u64, "step", "steps"),
        counted(model.n_breaches as u64, "breach", "breaches"),
        model.threshold.false_per_week,
        model.threshold.foretold.0,
        model.threshold.foretold.1
    );
    let feedback = match model.feedback_shift {
        0.0 => String::new(),
        shift => format!("; feedback moved it by {shift:+.2} log-odds"),
    };
    format!("\n{}\n", look.faint(&wrapped(&(words + &feedback), "", look)))
}

/// What leads, and what is used.
pub(crate) fn leads(answer: &LeadAnswer, look: Look) -> String {
    let columns = [
        (Column::Left, "indicator"),
        (Column::Right, "lag"),
        (Column::Right, "r"),
        (Column::Right, "F leads"),
        (Column::Right, "q"),
        (Column::Right, "F follows"),
        (Column::Right, "q"),
        (Column::Right, "gain"),
        (Column::Right, "p"),
        (Column::Reason, ""),
    ];
    let mut table = Table::headed(2, &columns);
    let figure = |value: Option<f64>, decimals: usize| {
        Cell::from(value.map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}")))
    };
    for row in &answer.rows {
        let tone = if row.used { Tone::Good } else { Tone::Plain };
        table.row([
            Cell::new(tone, show::line(&row.indicator)),
            row.correlation.map_or_else(|| "–".to_owned(), |found| found.lag.to_string()).into(),
            figure(row.correlation.map(|found| found.r), 2),
            figure(row.leads.map(|found| found.f), 1),
            figure(row.leads.map(|found| found.q), 3),
            figure(row.follows.map(|found| found.f), 1),
            figure(row.follows.map(|found| found.q), 3),
            Cell::from(
                row.gain
                    .map_or_else(|| "–".to_owned(), |gain| format!("{:+.1} %", 100.0 * gain.gain)),
            ),
            figure(row.gain.map(|gain| gain.p), 3),
            Cell::new(tone, show::line(&row.reason)),
        ]);
    }
    let used = answer.rows.iter().filter(|row| row.used).count();
    let words = format!(
        "{used} of {} help to forecast {} ahead; the gain out of sample decides, correlation and F only describe",
        answer.rows.len(),
        counted(answer.horizon as u64, "step", "steps")
    );
    format!("{}\n{}{}\n", head_of(&answer.read, look), table.lines(look), wrapped(&words, "", look))
}

/// Units by step.
pub(crate) fn plan(answer: &PlanAnswer, look: Look) -> String {
    let columns = [
        (Column::Left, "time"),
        (Column::Right, "expected"),
        (Column::Right, "provided for"),
        (Column::Right, "required"),
        (Column::Right, "ready"),
        (Column::Right, "action"),
        (Column::Reason, ""),
    ];
    let mut table = Table::headed(2, &columns);
    for row in &answer.plan.rows {
        let label = answer
            .times
            .get(row.step)
            .map_or_else(|| format!("+{}", row.step + 1), |at| super::forecast::time(at));
        let (tone, action) = match row.action {
            PlanAction::Keep => (Tone::Plain, String::new()),
            PlanAction::Out(n) => (Tone::Warning, format!("+{n}")),
            PlanAction::In(n) => (Tone::Good, format!("-{n}")),
            PlanAction::Fixed(n) => (Tone::Strong, format!("={n}")),
        };
        let is_short = row.required.is_some_and(|required| required > row.ready);
        let reason = match row.action {
            PlanAction::In(_) => format!("{}, if the load confirms it", row.reason),
            _ => row.reason.clone(),
        };
        table.row([
            label.into(),
            number(answer.expected[row.step]).into(),
            number(row.load).into(),
            row.required.map_or_else(|| "–".to_owned(), |n| n.to_string()).into(),
            Cell::new(if is_short { Tone::Bad } else { Tone::Plain }, row.ready.to_string()),
            Cell::new(tone, action),
            show::line(&reason).into(),
        ]);
    }
    // Where it is known what indicators rest on, that stands instead of their names alone.
    let mut read = answer.read.clone();
    if !answer.indicators_ahead.is_empty() {
        read.indicators.clear();
    }
    let with = with(&answer.read.indicators, &answer.indicators_ahead, look);
    let with = if answer.indicators_ahead.is_empty() { String::new() } else { with };
    let mut page = format!(
        "{}{with}  by {}, providing for {:.1} % of possible loads, {:.0} % on top, {} a unit\n\n{}",
        head_of(&read, look),
        answer.method,
        100.0 * answer.quantile,
        100.0 * answer.options.headroom,
        number(answer.options.unit),
        table.lines(look)
    );
    if !answer.plan.short.is_empty() {
        let n = counted(answer.plan.short.len() as u64, "step has", "steps have");
        let words = format!(
            "! {n} fewer units than required: nothing ordered now comes in time, or a limit forbids it"
        );
        page += &format!("{}\n", look.paint(Tone::Bad, &wrapped(&words, "  ", look)));
    }
    page + &look.faint("nothing was done: this is a plan\n")
}
