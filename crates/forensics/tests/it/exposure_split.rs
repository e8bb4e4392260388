//! The conventions on single transactions: what is conserved, satoshi by satoshi, and in rational numbers.

use std::collections::BTreeMap;

use forensics::exposure::{CONVENTIONS, Convention, Flow, Origin, Part};
use ledger::Category;
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

const CATEGORIES: [Category; 3] = [Category::EXCHANGE, Category::SANCTIONED, Category::MIXING];

fn origin(number: u32) -> Origin {
    match number {
        0..3 => Origin::of_entity(number).directly(),
        3 => Origin::UNTRACED,
        _ => Origin::MINED.through_mixing(),
    }
}

fn convention(name: &str) -> &'static Convention {
    CONVENTIONS.iter().find(|convention| convention.name == name).unwrap()
}

/// Inputs by origin and amount; outputs and fee cut from their sum.
fn flow(amount_max: u64) -> impl Strategy<Value = (Vec<Vec<Part>>, Vec<u64>)> {
    let part = (0..5u32, 1..=amount_max)
        .prop_map(|(number, amount_sat)| Part { origin: origin(number), amount_sat });
    (vec(vec(part, 0..4), 1..5), vec(any::<prop::sample::Index>(), 1..6)).prop_map(
        |(inputs, cuts)| {
            let total: u64 = inputs.iter().flatten().map(|part| part.amount_sat).sum();
            let places = usize::try_from(total).unwrap() + 1;
            let mut bounds: Vec<u64> = cuts.iter().map(|cut| cut.index(places) as u64).collect();
            bounds.extend([0, total]);
            bounds.sort_unstable();
            let targets = bounds.windows(2).map(|pair| pair[1] - pair[0]).collect();
            (inputs, targets)
        },
    )
}

fn split(convention: &Convention, inputs: &[Vec<Part>], targets: &[u64]) -> Vec<Vec<Part>> {
    let (fee_sat, outputs) = targets.split_last().unwrap();
    convention.split(&Flow { inputs, outputs, fee_sat: *fee_sat, categories: &CATEGORIES })
}

fn sums<'a>(parts: impl Iterator<Item = &'a Part>) -> BTreeMap<Origin, u64> {
    let mut sums = BTreeMap::new();
    parts.for_each(|part| *sums.entry(part.origin).or_default() += part.amount_sat);
    sums
}

/// Every satoshi an item.
fn one_by_one(inputs: &[Vec<Part>], targets: &[u64], from_the_end: bool) -> Vec<Vec<Origin>> {
    let mut items: std::collections::VecDeque<Origin> = inputs
        .iter()
        .flatten()
        .flat_map(|part| {
            std::iter::repeat_n(part.origin, usize::try_from(part.amount_sat).unwrap())
        })
        .collect();
    let mut next = || if from_the_end { items.pop_back() } else { items.pop_front() };
    targets.iter().map(|target| (0..*target).map(|_| next().unwrap()).collect()).collect()
}

fn spelt_out(parts: &[Part]) -> Vec<Origin> {
    let each =
        |part: &Part| std::iter::repeat_n(part.origin, usize::try_from(part.amount_sat).unwrap());
    parts.iter().flat_map(each).collect()
}

proptest! {
    #[test]
    fn all_but_poison_conserve((inputs, targets) in flow(1 << 50)) {
        for convention in CONVENTIONS {
            let outputs = split(convention, &inputs, &targets);
            prop_assert_eq!(outputs.len(), targets.len());
            if convention.conserves {
                for (parts, target) in outputs.iter().zip(&targets) {
                    prop_assert_eq!(parts.iter().map(|part| part.amount_sat).sum::<u64>(), *target);
                    prop_assert!(parts.iter().all(|part| part.amount_sat > 0));
                }
                prop_assert_eq!(sums(outputs.iter().flatten()), sums(inputs.iter().flatten()));
            }
        }
    }

    #[test]
    fn queues_and_stacks_are_those_of_single_satoshi((inputs, targets) in flow(9)) {
        for (name, from_the_end) in [("fifo", false), ("lifo", true)] {
            let outputs = split(convention(name), &inputs, &targets);
            let found: Vec<Vec<Origin>> = outputs.iter().map(|parts| spelt_out(parts)).collect();
            prop_assert_eq!(found, one_by_one(&inputs, &targets, from_the_end), "{}", name);
        }
    }

    #[test]
    fn haircut_is_in_proportion_but_for_roundings((inputs, targets) in flow(1 << 50)) {
        let pool = sums(inputs.iter().flatten());
        let total: i128 = targets.iter().map(|target| i128::from(*target)).sum();
        let allowed = total * i128::try_from(pool.len() + targets.len()).unwrap();
        let outputs = split(convention("haircut"), &inputs, &targets);
        for (parts, target) in outputs.iter().zip(&targets) {
            let found = sums(parts.iter());
            for (origin, amount) in &pool {
                let cell = i128::from(found.get(origin).copied().unwrap_or(0));
                // cell - amount * target / total, times total
                let error = cell * total - i128::from(*amount) * i128::from(*target);
                prop_assert!(error.abs() <= allowed, "{origin:?} {cell} of {amount}");
            }
        }
    }

    #[test]
    fn poison_gives_every_origin_in_full((inputs, targets) in flow(1 << 20)) {
        let pool = sums(inputs.iter().flatten());
        for (parts, target) in split(convention("poison"), &inputs, &targets).iter().zip(&targets) {
            let expected = pool.keys().filter(|_| *target > 0).map(|origin| (*origin, *target));
            prop_assert_eq!(sums(parts.iter()), expected.collect::<BTreeMap<_, _>>());
        }
    }

    #[test]
    fn highest_out_serves_the_largest_with_taint_first((inputs, targets) in flow(1 << 20)) {
        let (_, outputs) = targets.split_last().unwrap();
        let taint = |parts: &[Part]| -> u64 {
            let tainted = parts.iter().filter(|part| {
                [Category::SANCTIONED, Category::MIXING].contains(&part.origin.category(&CATEGORIES))
            });
            tainted.map(|part| part.amount_sat).sum()
        };
        let mut left = taint(&inputs.concat());
        let split = split(convention("highest_out"), &inputs, &targets);
        let mut order: Vec<usize> = (0..outputs.len()).collect();
        order.sort_by(|a, b| outputs[*b].cmp(&outputs[*a]).then(a.cmp(b)));
        for at in order {
            let expected = left.min(outputs[at]);
            prop_assert_eq!(taint(&split[at]), expected);
            left -= expected;
        }
    }
}
