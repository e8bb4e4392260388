//! Plans by hand, what must hold of any plan, and a replay beside a reactive autoscaler.

use proptest::prelude::*;
use tracehound_forecast::planning::{
    Action, Override, PlanOptions, Reactive, UnitCosts, level_of_quantile, plan, reach, replay,
};

fn options() -> PlanOptions {
    PlanOptions {
        unit: 10.0,
        headroom: 0.0,
        units_min: 1,
        units_max: 20,
        lead_steps: 2,
        order_max: 20,
        hold_steps: 2,
        overrides: Vec::new(),
    }
}

/// Units ordered and units that work at each step.
#[track_caller]
fn check(options: &PlanOptions, load: &[f64], units: u32, ordered: &[u32], ready: &[u32]) {
    let plan = plan(load, load, units, options).unwrap();
    let found: (Vec<u32>, Vec<u32>) = plan.rows.iter().map(|row| (row.ordered, row.ready)).unzip();
    assert_eq!((found.0.as_slice(), found.1.as_slice()), (ordered, ready));
}

#[test]
fn orders_come_in_time_and_go_late() {
    let surge = [10.0, 10.0, 10.0, 10.0, 45.0, 45.0, 10.0, 10.0, 10.0, 10.0];
    // Ordered two steps ahead; given back after the load was low for as long as the hold.
    check(&options(), &surge, 1, &[1, 1, 5, 5, 5, 5, 5, 5, 1, 1], &[1, 1, 1, 1, 5, 5, 5, 5, 1, 1]);
    // Two units an order: they begin a step earlier.
    let small = PlanOptions { order_max: 2, ..options() };
    check(&small, &surge, 1, &[1, 3, 5, 5, 5, 5, 5, 5, 3, 3], &[1, 1, 1, 3, 5, 5, 5, 5, 3, 3]);
    let limited = PlanOptions { units_max: 3, ..options() };
    check(&limited, &surge, 1, &[1, 1, 3, 3, 3, 3, 3, 3, 1, 1], &[1, 1, 1, 1, 3, 3, 3, 3, 1, 1]);
    let fixed =
        PlanOptions { overrides: vec![Override { from: 0, until: 3, units: 7 }], ..options() };
    check(&fixed, &[10.0; 6], 1, &[7, 7, 7, 1, 1, 1], &[1, 1, 7, 1, 1, 1]);
}

#[test]
fn a_forecast_alone_gives_nothing_back() {
    let (low, high) = (vec![10.0; 12], vec![95.0; 12]);
    let kept = plan(&low, &high, 10, &options()).unwrap();
    assert!(kept.rows.iter().all(|row| row.ordered == 10), "the load does not confirm it");
    let unknown = plan(&low, &[f64::NAN; 12], 10, &options()).unwrap();
    assert!(unknown.rows.iter().all(|row| row.action == Action::Keep));
    assert!(unknown.rows[0].reason.contains("not measured"));
}

#[test]
fn what_comes_too_late_is_told() {
    let plan = plan(&[50.0, 50.0, 50.0], &[50.0, 50.0, 50.0], 1, &options()).unwrap();
    assert_eq!((plan.short.as_slice(), plan.required_max), ([0, 1].as_slice(), 5));
    assert_eq!(plan.rows[0].action, Action::Out(4));
    assert!(plan.rows[0].reason.contains("the load asks for 5 now"), "{}", plan.rows[0].reason);
}

/// What a limit forbids is short, and the whole need is told.
#[test]
fn a_limit_below_the_need_is_told() {
    let options = PlanOptions { units_max: 5, lead_steps: 0, ..options() };
    let plan = plan(&[120.0, 40.0, 140.0], &[120.0, 40.0, 140.0], 5, &options).unwrap();
    assert_eq!((plan.short.as_slice(), plan.required_max), ([0, 2].as_slice(), 14));
    let rows: Vec<(Option<u32>, u32)> =
        plan.rows.iter().map(|row| (row.required, row.ready)).collect();
    assert_eq!(rows, [(Some(12), 5), (Some(4), 5), (Some(14), 5)]);
    assert_eq!(plan.rows[0].reason, "12 are required, at most 5 are allowed");
    assert_eq!(plan.rows[1].reason, "");
}

#[test]
fn a_number_fixed_beyond_the_limits_is_refused() {
    let overrides = vec![Override { from: 0, until: 3, units: 2_000 }];
    let error = plan(&[1.0], &[1.0], 1, &PlanOptions { overrides, ..options() }).unwrap_err();
    let words = "override is 2000 units, 1 to 20 are allowed";
    assert!(error.to_string().starts_with(words), "{error}");
}

#[test]
fn costs_choose_the_quantile() {
    let quantile = UnitCosts { lack: 9.0, surplus: 1.0 }.quantile();
    assert!((quantile - 0.9).abs() < 1e-12 && (level_of_quantile(quantile) - 0.8).abs() < 1e-12);
    let error = plan(&[1.0], &[1.0], 1, &PlanOptions { unit: 0.0, ..options() }).unwrap_err();
    assert!(error.to_string().contains("load of a unit is 0"));
    let error = plan(&[1.0], &[], 1, &options()).unwrap_err();
    assert!(error.to_string().contains("the expected load has 0 values, expected 1"));
}

#[test]
fn a_known_surge_is_met_where_a_reactive_one_is_late() {
    // Every 40 steps the load trebles for 20.
    let load: Vec<f64> = (0..400).map(|at| if at % 40 < 20 { 40.0 } else { 120.0 }).collect();
    let known = |step: usize| load[step..(step + 8).min(400)].to_vec();
    let found = replay(&load, &known, &options(), &Reactive::default()).unwrap();
    assert_eq!(found.planned.violation_steps, 0);
    assert_eq!(found.reactive.violation_steps, 10 * 2, "two steps late each time");
    assert_eq!(found.steps, 400);
}

#[test]
fn a_rise_is_one_that_lasts() {
    assert_eq!(reach(&[1.0, 2.0, 4.0], 2), 6.0, "the smaller of two changes goes on");
    assert_eq!(reach(&[4.0, 4.0, 9.0], 2), 9.0, "one jump is no rise");
    assert_eq!(reach(&[9.0, 8.0, 7.0], 2), 7.0, "a fall is not provided for");
    assert_eq!(reach(&[f64::NAN, 2.0, 4.0], 2), 4.0);
    assert!(reach(&[1.0, f64::NAN], 2).is_nan() && reach(&[], 2).is_nan());
}

#[test]
fn a_surge_that_no_forecast_knew_is_met_on_its_way() {
    // From 20 to 120 within ten steps; the forecast says 20 throughout.
    let load: Vec<f64> =
        (0..40).map(|at| 20.0 + 10.0 * f64::from((at - 15).clamp(0, 10))).collect();
    let unaware = |_: usize| vec![20.0; 8];
    let found = replay(&load, &unaware, &options(), &Reactive::default()).unwrap();
    // Late by the lead and by the step that makes a rise; what is seen alone would be late on all ten steps of it.
    assert!(found.planned.violation_steps <= 3, "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_plan_stays_within_its_limits(
        load in prop::collection::vec(prop_oneof![9 => 0.0..300.0_f64, 1 => Just(f64::NAN)], 1..40),
        units in 1_u32..20,
        lead_steps in 0_usize..4,
        order_max in 1_u32..6,
        hold_steps in 0_usize..5,
    ) {
        let options = PlanOptions { lead_steps, order_max, hold_steps, ..options() };
        let plan = plan(&load, &load, units, &options).unwrap();
        let mut before = units;
        let mut last_change = None;
        for row in &plan.rows {
            prop_assert!(row.ready <= row.ordered && row.ordered <= 20.max(units));
            prop_assert!(row.ordered.abs_diff(before) <= order_max);
            match row.action {
                Action::In(_) => {
                    // Nothing is given back within the hold, nor while the load is high or unknown.
                    prop_assert!(last_change.is_none_or(|last| row.step - last >= hold_steps));
                    for seen in &load[row.step.saturating_sub(hold_steps)..=row.step] {
                        prop_assert!(options.required(*seen).is_some_and(|n| n.min(20) <= row.ordered));
                    }
                    last_change = Some(row.step);
                }
                Action::Out(_) => last_change = Some(row.step),
                Action::Keep => prop_assert_eq!(row.ordered, before),
                Action::Fixed(_) => prop_assert!(false, "nobody fixed anything"),
            }
            before = row.ordered;
        }
    }
}
