//! Warnings: state machine, scorecard and capacities by hand; what must hold of every warning, on a simulated platform.

use simulate::load::{LoadSpec, MarketSpec, load, market, season};
use tracehound_forecast::indicators;
use tracehound_forecast::warning::{
    AlertOutcome, Autoscaler, Background, Capacity, Costs, FiringRule, Machine, Scorecard, Warner,
    Warning, WarningOptions, WarningState, Watched, judge_scores,
};
use tracehound_forecast::{Bars, Indicator, Series, Step};

/// A Monday.
const START_S: i64 = 1_704_067_200;
const STEP: u32 = 900;

const RULE: FiringRule =
    FiringRule { threshold: 1.0, release: 0.5, persistence: 2, release_steps: 2, cooling_steps: 3 };

/// Scores a step as digits (`9` is 0.9, `x` is 1.2), `?` without a score, `!` over capacity; states as letters.
#[track_caller]
fn states(rule: FiringRule, scores: &str, expected: &str, alerts: usize) {
    let mut machine = Machine::new(rule);
    let state = |mark: char| {
        let score = match mark {
            '?' | '!' => None,
            'x' => Some(1.2),
            digit => digit.to_digit(10).map(|digit| f64::from(digit) / 10.0),
        };
        match machine.step(score, mark == '!') {
            WarningState::Quiet => '.',
            WarningState::Pending => 'p',
            WarningState::Firing => 'F',
            WarningState::Cooling => 'c',
            WarningState::Unknown => '?',
        }
    };
    let found: String = scores.chars().map(state).collect();
    assert_eq!((found.as_str(), machine.fired().len()), (expected, alerts));
}

#[test]
fn warnings_begin_stay_and_end() {
    states(RULE, "x0x0xx0", "p.p.pFF", 1);
    // Between release and threshold it stays; two steps below end it; then it cools.
    states(RULE, "xx779400000", "pFFFFFcccc.", 1);
    states(RULE, "xx00000000", "pFFcccc...", 1);
    // What comes back while it cools is the same alert.
    states(RULE, "xx00xx0000000xx", "pFFccFFcccc..pF", 2);
    // Without a score nothing begins and nothing ends.
    states(RULE, "x?x??00", "ppFFFFc", 1);
    // A breach that is on is not warned of, nor what follows it.
    states(RULE, "0!!xxxxxx", ".cccccFFF", 1);
    // A warning that came true stays as long as the breach.
    states(RULE, "xx!!!00", "pFFFFFc", 1);
}

fn series(values: &[f64]) -> Series {
    Series { start_s: START_S, step: Step::Seconds(STEP), values: values.to_vec() }
}

/// A load of 1, and 10 at the steps given, under a capacity of 5; alerts where the score is 1.
fn judged(n: usize, over: &[usize], scores: &[std::ops::Range<usize>]) -> Scorecard {
    let mut values = vec![1.0; n];
    over.iter().for_each(|at| values[*at] = 10.0);
    let mut score = vec![0.0; n];
    scores.iter().for_each(|range| score[range.clone()].fill(1.0));
    let options = WarningOptions {
        window_steps: 10,
        lead_min_steps: 2,
        release_steps: 1,
        cooling_steps: 5,
        ..WarningOptions::default()
    };
    let (series, capacity) = (series(&values), Capacity::Constant(5.0));
    let watched = Watched { load: &series, capacity: &capacity, indicators: &[] };
    judge_scores(&watched, &options, &score, 1.0, 0).unwrap()
}

#[test]
fn a_scorecard_by_hand() {
    // Foretold by 4 steps; one breach of two parts; one nobody saw; a page for nothing; one too early; one still open.
    let card = judged(300, &[24, 27, 60, 130], &[20..23, 90..92, 110..112, 295..297]);
    let outcomes: Vec<AlertOutcome> = card.alerts.iter().map(|alert| alert.outcome).collect();
    use AlertOutcome::{False, Hit, Open};
    assert_eq!(outcomes, [Hit, False, False, Open]);
    assert_eq!((card.n_breaches, card.n_foretold, card.n_alerts, card.n_hits), (3, 1, 3, 1));
    assert_eq!(card.lead_median_s, Some(4 * i64::from(STEP)));
    assert_eq!(card.breaches[0].to_s, START_S + 27 * i64::from(STEP));
    assert_eq!(card.alerts[0].breach_s, Some(START_S + 24 * i64::from(STEP)));
    let week = 604_800.0 / f64::from(STEP);
    assert!((card.false_per_week - 2.0 * week / 300.0).abs() < 1e-9, "{}", card.false_per_week);
    assert_eq!(card.recall, Some(1.0 / 3.0));
}

#[test]
fn early_and_late_warnings_are_told_apart() {
    // It fires for long before the breach: warned, but not within the window.
    let early = judged(200, &[80], std::slice::from_ref(&(50..81)));
    assert_eq!(early.alerts[0].outcome, AlertOutcome::Early);
    assert_eq!((early.n_early, early.n_foretold, early.n_hits), (1, 1, 0));
    assert_eq!(early.lead_median_s, Some(10 * i64::from(STEP)), "leads count to the window");
    // One step ahead is too late to count, and no false page either.
    let late = judged(200, &[80], std::slice::from_ref(&(79..80)));
    assert_eq!((late.n_foretold, late.n_hits), (0, 1));
}

#[test]
fn capacities_as_they_are_known() {
    let schedule = Capacity::Schedule(vec![(100, 5.0), (200, 7.0)]);
    let at = |time| schedule.at(&[], 0, 0, time);
    assert_eq!([at(50), at(100), at(199), at(200), at(900)], [5.0, 5.0, 5.0, 7.0, 7.0]);
    let scaler = Autoscaler {
        unit: 10.0,
        utilization: 0.5,
        units_min: 2,
        units_max: 6,
        delay_steps: 2,
        stabilization_steps: 1,
    };
    let load = [5.0, 5.0, 20.0, 5.0, 5.0, 100.0, 5.0, 5.0];
    let capacity = Capacity::Autoscaled(scaler);
    let path: Vec<f64> = (0..8).map(|at| capacity.at(&load, at, at, 0)).collect();
    assert_eq!(path, [20.0, 20.0, 20.0, 20.0, 40.0, 40.0, 20.0, 60.0]);
    // Known at step 4, the surge of step 5 is not.
    assert_eq!(capacity.at(&load, 7, 4, 0), 20.0);
    let check = |capacity: Capacity, words: &str| {
        let error = capacity.check().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    check(Capacity::Constant(0.0), "capacity is 0");
    check(Capacity::Schedule(Vec::new()), "empty");
    check(Capacity::Schedule(vec![(2, 1.0), (2, 1.0)]), "ascending");
    check(Capacity::Autoscaled(Autoscaler { units_min: 0, ..scaler }), "units_min");
}

struct World {
    series: Series,
    capacity: Capacity,
    indicators: Vec<Indicator>,
}

impl World {
    fn of(seed: u64, weeks: usize) -> Self {
        let n = weeks * 7 * 96;
        let spec = LoadSpec { step_s: STEP, ..LoadSpec::default() };
        let bars =
            market(seed, n, &MarketSpec { jumps_per_million: 8_000, ..MarketSpec::default() });
        let column = |of: fn(&simulate::load::MarketBar) -> f64| bars.iter().map(of).collect();
        let candles = Bars {
            start_s: START_S,
            step_s: STEP,
            open: column(|bar| bar.open),
            high: column(|bar| bar.high),
            low: column(|bar| bar.low),
            close: column(|bar| bar.close),
            volume: Vec::new(),
        };
        let end = START_S + i64::from(STEP);
        let over = |at: usize| 1.7 * spec.base * season(at, &spec);
        let time = |at: usize| end + i64::try_from(at).unwrap() * i64::from(STEP);
        Self {
            series: Series {
                start_s: end,
                step: Step::Seconds(STEP),
                values: load(seed, &bars, &spec),
            },
            capacity: Capacity::Schedule((0..n + 100).map(|at| (time(at), over(at))).collect()),
            indicators: indicators::market(&candles).unwrap(),
        }
    }

    fn watched(&self) -> Watched<'_> {
        Watched { load: &self.series, capacity: &self.capacity, indicators: &self.indicators }
    }

    /// The same world as it was `n` steps after its beginning.
    fn until(&self, n: usize) -> Self {
        let mut series = self.series.clone();
        series.values.truncate(n);
        let cut = |indicator: &Indicator| {
            let mut indicator = indicator.clone();
            indicator.values.truncate(n);
            indicator
        };
        let indicators = self.indicators.iter().map(cut).collect();
        Self { series, capacity: self.capacity.clone(), indicators }
    }
}

#[test]
fn a_warning_carries_its_basis() {
    let world = World::of(3, 5);
    let options = WarningOptions::for_step(STEP);
    let warner = Warner::fit(&world.watched(), &options).unwrap();
    let spec = LoadSpec { step_s: STEP, ..LoadSpec::default() };
    // The step with the highest load over its season that is still under capacity.
    let values = &world.series.values;
    let ratio = |at: &usize| values[*at] / season(*at, &spec);
    let open = |at: &usize| ratio(at) < 1.65 * spec.base;
    let worst =
        (2_000..values.len() - 10).filter(open).max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let now = world.until(worst.unwrap() + 1);
    let warning = warner.assess(&now.watched()).unwrap();
    let base = warning.model.base_rate;
    assert!(warning.probability.unwrap() > 3.0 * base, "{warning:?}");
    assert!(!warning.drivers.is_empty() && warning.drivers.iter().any(|d| d.usual.is_some()));
    let similar = warning.analogues.as_ref().unwrap();
    assert_eq!(similar.n, 50);
    assert!(similar.share_95.0 <= similar.share && similar.share <= similar.share_95.1);
    assert_eq!(similar.fan.len(), options.window_steps);
    assert!(similar.moments.iter().all(|m| m.time_s <= warning.time_s - warning.window_s));
    assert_eq!(warning.ages.len(), world.indicators.len());
    assert!(warning.ages.iter().all(|age| age.age_s == Some(0)));
    assert!(warning.model.id.starts_with("warner-"));
    let words = warning.words.join("\n");
    assert!(
        words.contains("similar moments") && words.contains("with a probability of"),
        "{words}"
    );
    let text = serde_json::to_string(&warning).unwrap();
    assert_eq!(serde_json::from_str::<Warning>(&text).unwrap(), warning);
}

#[test]
fn nothing_of_the_future_is_seen() {
    let world = World::of(4, 4);
    let options = WarningOptions::for_step(STEP);
    let before = world.until(2_300);
    let warner = Warner::fit(&before.watched(), &options).unwrap();
    let early = warner.assess(&before.watched()).unwrap();
    // The same step, with a future that has no equal: the same words about it.
    let mut changed = world.until(2_300);
    for indicator in &mut changed.indicators {
        indicator.values.extend([9.0; 50]);
    }
    assert_eq!(warner.assess(&changed.watched()).unwrap(), early);
    assert_eq!(
        Warner::fit(&before.watched(), &options).unwrap().assess(&before.watched()).unwrap(),
        early
    );
}

#[test]
fn feedback_moves_the_threshold_within_bounds() {
    let world = World::of(5, 4);
    let warner = Warner::fit(&world.watched(), &WarningOptions::for_step(STEP)).unwrap();
    let plain = warner.rule().threshold;
    let moved = |useful: &[bool]| warner.clone().with_feedback(useful).rule().threshold - plain;
    assert!((moved(&[false]) - 0.15).abs() < 1e-12 && (moved(&[true]) + 0.05).abs() < 1e-12);
    assert!(
        moved(&[true, true, true, false]).abs() < 1e-12,
        "three of four are useful: in balance"
    );
    assert!(
        (moved(&[false; 100]) - 1.0).abs() < 1e-12 && (moved(&[true; 100]) + 1.0).abs() < 1e-12
    );
    // Whoever looks at the threshold sees what a verdict did.
    let stated = |useful: &[bool]| warner.clone().with_feedback(useful).threshold_probability();
    assert!(stated(&[false]) > stated(&[]) && stated(&[]) > stated(&[true]));
}

#[test]
fn a_missing_load_and_a_breach_say_nothing_of_the_future() {
    let world = World::of(6, 4);
    let warner = Warner::fit(&world.watched(), &WarningOptions::for_step(STEP)).unwrap();
    let mut gap = world.until(2_400);
    gap.series.values[2_399] = f64::NAN;
    let warning = warner.assess(&gap.watched()).unwrap();
    assert_eq!((warning.probability, warning.load), (None, None));
    assert!(warning.words[0].contains("not measured"), "{:?}", warning.words);
    gap.series.values[2_399] = 1e6;
    let warning = warner.assess(&gap.watched()).unwrap();
    assert!(warning.is_breaching && warning.probability.is_none());
    assert!(warning.words[0].contains("is over its capacity"), "{:?}", warning.words);
}

#[test]
fn what_cannot_be_warned_of_is_refused() {
    let world = World::of(7, 2);
    let usual = WarningOptions::for_step(STEP);
    let check = |world: &World, options: &WarningOptions, words: &str| {
        let error = Warner::fit(&world.watched(), options).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.hint().is_empty());
    };
    check(&world.until(500), &usual, "a warning needs 864 values, the series has 500");
    let mut far = world.until(1_344);
    far.capacity = Capacity::Constant(1e6);
    check(&far, &usual, "the load reached 70 % of the capacity 0 times, a warning needs 5");
    check(&world, &WarningOptions { window_steps: 0, ..usual.clone() }, "window is 0");
    check(&world, &WarningOptions { false_per_week: 0.0, ..usual.clone() }, "false pages a week");
    let costs = Some(Costs { page: 1.0, breach: f64::NAN });
    check(&world, &WarningOptions { costs, ..usual.clone() }, "costs");
    let mut daily = world.until(1_344);
    daily.series.step = Step::Seconds(86_400);
    check(&daily, &usual, "1 second to 6 hours");
    let mut below = world.until(1_344);
    below.series.values[3] = -1.0;
    let error = Warner::fit(&below.watched(), &usual).unwrap_err();
    assert!(error.to_string().starts_with("load is -1 (value 3), expected 0 or more"), "{error}");
}

#[test]
fn a_background_counts_what_followed_loads_as_near_to_capacity() {
    // Nine days and some hours of 50, and five surges to 100 at different hours; after three of them came 160. Now 100.
    let mut values = vec![50.0; 9 * 24 + 21];
    for (day, hour, is_breach) in
        [(2, 3, true), (3, 6, false), (4, 9, true), (7, 12, false), (8, 15, true)]
    {
        values[24 * day + hour] = 100.0;
        if is_breach {
            values[24 * day + hour + 1] = 160.0;
        }
    }
    *values.last_mut().unwrap() = 100.0;
    let (capacity, step) = (Capacity::Constant(150.0), 3_600);
    let load = Series { start_s: START_S, step: Step::Seconds(step), values };
    let watched = Watched { load: &load, capacity: &capacity, indicators: &[] };
    let options = WarningOptions { analogues: 5, ..WarningOptions::for_step(step) };
    let found = Background::of(&watched, &options).unwrap();
    assert_eq!((found.driver.value, found.driver.usual), (Some(100.0), Some(50.0)));
    let loads: Vec<f64> = found.analogues.moments.iter().map(|moment| moment.load).collect();
    assert_eq!(loads, [100.0; 5], "{:?}", found.analogues);
    assert_eq!((found.analogues.n, found.analogues.n_breached), (5, 3));
    let (low, high) = found.analogues.share_95;
    // Clopper and Pearson for 3 of 5, by scipy.stats.binomtest(3, 5).proportion_ci(method="exact").
    assert!((low - 0.146_633).abs() < 1e-5 && (high - 0.947_255).abs() < 1e-5, "{low} {high}");
    assert_eq!(found.words[0], "load is 100.0, 2.0 times its usual 50.0 at this time");
    assert!(found.words[1].starts_with("3 of 5 similar moments"), "{:?}", found.words);
    // Before anything is usual, the median of all; with nothing at all, an error.
    let short = Series { values: vec![10.0, 20.0, 30.0], ..load.clone() };
    let found = Background::of(&Watched { load: &short, ..watched }, &options).unwrap();
    assert_eq!((found.driver.usual, found.driver.ratio), (Some(20.0), Some(1.5)));
    assert!(found.words[0].ends_with("in so short a history"), "{:?}", found.words);
    let none = Series { values: vec![f64::NAN; 3], ..load.clone() };
    assert!(Background::of(&Watched { load: &none, ..watched }, &options).is_err());
}
