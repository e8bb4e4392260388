//! Link probabilities against published vectors and all partitions.

use forensics::mixes::boltzmann::{
    Boltzmann, BoltzmannAnswer, BoltzmannOptions, boltzmann, of_transaction,
};
use ledger::ScriptType;
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::mixes::typed;

fn counted(answer: BoltzmannAnswer) -> Boltzmann {
    match answer {
        BoltzmannAnswer::Counted(counted) => counted,
        other => panic!("{other:?}"),
    }
}

/// Fees between participants, as Boltzmann takes them.
fn fees(earned_sat_max: u64, paid_sat_max: u64) -> BoltzmannOptions {
    BoltzmannOptions { earned_sat_max, paid_sat_max, ..BoltzmannOptions::default() }
}

/// Mappings, links by output (as published), efficiency.
#[track_caller]
fn check(
    (inputs, outputs): (&[u64], &[u64]),
    options: &BoltzmannOptions,
    n_mappings: u128,
    by_output: &[impl AsRef<[u128]>],
    efficiency: f64,
) {
    let found = counted(boltzmann(inputs, outputs, options));
    assert_eq!(found.n_mappings, n_mappings);
    let n_outputs = outputs.len();
    let column = |j: usize| (0..inputs.len()).map(move |i| (i, j));
    let links = |j: usize| column(j).map(|(i, j)| found.n_links[i * n_outputs + j]).collect();
    let links: Vec<Vec<u128>> = (0..n_outputs).map(links).collect();
    let expected: Vec<&[u128]> = by_output.iter().map(AsRef::as_ref).collect();
    assert_eq!(links, expected);
    assert!((found.efficiency - efficiency).abs() < 1e-9, "{}", found.efficiency);
    let bits = f64::from(u32::try_from(n_mappings).unwrap()).log2();
    assert!((found.entropy_bits - bits).abs() < 1e-12);
}

/// The vectors of the Java version of Boltzmann: three real transactions and cases A to P3b.
#[test]
fn published_vectors() {
    let none = &BoltzmannOptions::default();
    let sixths: &[u128] = &[1; 6];
    let simple: &[u64] =
        &[5_300_000_000, 2_020_000_000, 4_975_000_000, 5_000_000_000, 5_556_000_000, 7_150_000_000];
    check((simple, &[1_000_000, 30_000_000_000]), none, 1, &[sixths, sixths], 0.0);
    let ambiguous: &[u64] = &[4_900_000_000, 100_000_000];
    check((ambiguous, ambiguous), none, 2, &[&[2, 1], &[1, 2]], 2.0 / 3.0);
    let ins: &[u64] = &[10_000_000, 1_380_000];
    let out: &[u64] = &[100_000, 9_850_000, 100_000, 1_270_000];
    let links: &[&[u128]] = &[&[2, 2], &[3, 1], &[2, 2], &[1, 3]];
    check((ins, out), none, 3, links, 3.0 / 7.0);
    check((ins, out), &fees(500, 500), 3, links, 3.0 / 7.0);
    check((&[10, 10], &[8, 2, 3, 7]), none, 3, &[[2u128, 2]; 4], 3.0 / 7.0);
    check((&[10, 10], &[8, 2, 2, 8]), none, 5, &[[3u128, 3]; 4], 5.0 / 7.0);
    check((&[10, 10], &[10, 2, 8]), none, 3, &[[2u128, 2]; 3], 3.0 / 7.0);
    check((&[10, 10], &[5, 5, 5, 5]), none, 7, &[[4u128, 4]; 4], 1.0);
    let links: &[&[u128]] =
        &[&[16, 16, 7], &[13, 13, 14], &[13, 13, 14], &[16, 16, 7], &[13, 13, 14]];
    check((&[10, 10, 2], &[8, 2, 2, 8, 2]), none, 28, links, 28.0 / 136.0);
    check((&[5, 5], &[5, 5]), none, 3, &[[2u128, 2]; 2], 1.0);
    check((&[5, 5, 5], &[5, 5, 5]), none, 16, &[[8u128, 8, 8]; 3], 1.0);
    // An input that is all fee gets nothing.
    let links: &[&[u128]] = &[&[14; 3], &[13; 3], &[13; 3]];
    check((&[5, 5, 5], &[5, 3, 2]), none, 28, links, 1.75);
    let links: &[&[u128]] = &[&[5, 5, 4], &[5, 5, 4], &[4, 4, 8]];
    check((&[5, 5, 10], &[5, 5, 10]), none, 9, links, 9.0 / 16.0);
    check((&[5; 5], &[5; 5]), none, 1_496, &[[512u128; 5]; 5], 1.0);
    check((&[5; 6], &[5; 6]), none, 22_482, &[[6_697u128; 6]; 6], 1.0);
    check((&[5; 7], &[5; 7]), none, 426_833, &[[112_925u128; 7]; 7], 1.0);
    check((&[5; 8], &[5; 8]), none, 9_934_563, &[[2_369_635u128; 8]; 8], 1.0);
    assert_eq!(counted(boltzmann(&[5; 9], &[5; 9], none)).n_mappings, 277_006_192);
}

/// JoinMarket 7d588d52… with fees of 0.5 % between participants.
#[test]
fn published_vector_with_fees_between_participants() {
    let ins: &[u64] = &[260_994_463, 98_615_817, 84_911_243, 20_112_774, 79_168_410];
    let d = 84_077_613;
    let out: &[u64] = &[14_868_890, d, d, 15_369_204, 177_252_160, d, d];
    assert_eq!(counted(boltzmann(ins, out, &BoltzmannOptions::default())).n_mappings, 1);
    let equal: &[u128] = &[35, 38, 46, 33, 33];
    let links: &[&[u128]] = &[
        &[11, 73, 21, 27, 27],
        equal,
        equal,
        &[9, 27, 43, 73, 73],
        &[95, 9, 25, 11, 11],
        equal,
        equal,
    ];
    let options = fees(420_388, 1_261_164);
    let found = counted(boltzmann(ins, out, &options));
    assert_eq!(found.deterministic_links().collect::<Vec<_>>(), [(0, 4)]);
    check((ins, out), &options, 95, links, found.efficiency);
    let two: (&[u64], &[u64]) =
        (&[2_999_808, 2_999_854], &[427_566, 427_566, 2_571_867, 2_572_242]);
    assert_eq!(counted(boltzmann(two.0, two.1, &fees(2_137, 2_137))).n_mappings, 5);
}

#[test]
fn a_whirlpool_mix_is_as_good_as_a_perfect_one() {
    let ins = [1_000_000, 1_000_000, 1_000_000, 1_006_050, 1_006_050];
    let found = counted(boltzmann(&ins, &[1_000_000; 5], &BoltzmannOptions::default()));
    assert_eq!((found.n_mappings, found.deterministic_links().count()), (1_496, 0));
    assert!((found.probability(3, 0) - 512.0 / 1_496.0).abs() < 1e-15);
}

#[test]
fn a_coordinators_output_is_everybodys_fee() {
    let (ins, out) = ([110, 120, 130], [100, 100, 100, 30]);
    let plain = counted(boltzmann(&ins, &out, &BoltzmannOptions::default()));
    assert_eq!(plain.n_mappings, 19);
    let options = BoltzmannOptions { coordinator_output: Some(3), ..BoltzmannOptions::default() };
    let found = counted(boltzmann(&ins, &out, &options));
    let removed = counted(boltzmann(&ins, &out[..3], &BoltzmannOptions::default()));
    assert_eq!(found.n_mappings, removed.n_mappings);
    assert!((0..3).all(|i| found.n_links[i * 4 + 3] == 0));
}

#[test]
fn what_cannot_be_counted_says_so() {
    let none = &BoltzmannOptions::default();
    let many: Vec<u64> = (1..=17).map(|k| 1 << k).collect();
    let answer = boltzmann(&many, &[2, 4], none);
    let expected =
        BoltzmannAnswer::TooLarge { n_input_subsets: 1 << 17, n_output_subsets: 4, work: 0 };
    assert_eq!(answer, expected);
    let little = BoltzmannOptions { work_max: 50, ..*none };
    let answer = boltzmann(&[5; 8], &[5; 8], &little);
    assert!(matches!(answer, BoltzmannAnswer::TooLarge { work: 51, .. }), "{answer:?}");
    // More mappings than 128 bits count.
    assert!(matches!(boltzmann(&[5; 40], &[5; 40], none), BoltzmannAnswer::TooLarge { .. }));
    assert_eq!(boltzmann(&[], &[5], none), BoltzmannAnswer::Unbalanced);
    assert_eq!(boltzmann(&[5], &[0], none), BoltzmannAnswer::Unbalanced);
    assert_eq!(boltzmann(&[5], &[6], none), BoltzmannAnswer::Unbalanced);
    assert_eq!(boltzmann(&[u64::MAX, 1], &[6], none), BoltzmannAnswer::Unbalanced);
}

#[test]
fn inputs_of_one_address_are_one_owners() {
    let view = |text: &str, test: fn(BoltzmannAnswer)| {
        let batch = typed(text, ScriptType::P2wpkh).batch;
        test(of_transaction(&batch.views().next().unwrap(), &BoltzmannOptions::default()));
    };
    view("a:5 b:5 a:5 -> c:5 data:0 d:5 e:5", |answer| {
        let found = counted(answer);
        // a brings 10: all in one, or b gets one of three.
        assert_eq!((found.n_mappings, found.n_inputs, found.n_outputs), (4, 3, 4));
        assert_eq!(found.n_links, [3, 0, 3, 3, 2, 0, 2, 2, 3, 0, 3, 3]);
    });
    view("a:5 ?:5 -> c:5", |answer| {
        assert_eq!(answer, BoltzmannAnswer::UnknownInputs { n_unknown: 1 });
    });
}

/// Every partition of the inputs, and every way to give outputs to its parts.
fn by_partitions(inputs: &[u64], outputs: &[u64], options: &BoltzmannOptions) -> (u128, Vec<u128>) {
    let fee = i128::from(inputs.iter().sum::<u64>()) - i128::from(outputs.iter().sum::<u64>());
    let most = fee + i128::from(options.paid_sat_max);
    let mut n_mappings = 0;
    let mut n_links = vec![0; inputs.len() * outputs.len()];
    let mut part_of = vec![0usize; inputs.len()];
    loop {
        let n_parts = part_of.iter().max().unwrap() + 1;
        for code in 0..n_parts.pow(u32::try_from(outputs.len()).unwrap()) {
            let owner = |j: usize| code / n_parts.pow(u32::try_from(j).unwrap()) % n_parts;
            let mut sums = vec![0i128; n_parts];
            inputs
                .iter()
                .zip(&part_of)
                .for_each(|(amount, part)| sums[*part] += i128::from(*amount));
            (0..outputs.len()).for_each(|j| sums[owner(j)] -= i128::from(outputs[j]));
            let least = -i128::from(options.earned_sat_max);
            if sums.iter().all(|sum| (least..=most).contains(sum)) {
                n_mappings += 1;
                for (i, part) in part_of.iter().enumerate() {
                    for j in (0..outputs.len()).filter(|j| owner(*j) == *part) {
                        n_links[i * outputs.len() + j] += 1;
                    }
                }
            }
        }
        // The next restricted growth string.
        let grows = |i: &usize| part_of[*i] <= *part_of[..*i].iter().max().unwrap_or(&0);
        let Some(i) = (1..inputs.len()).rev().find(grows) else { return (n_mappings, n_links) };
        part_of[i] += 1;
        part_of[i + 1..].fill(0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn counts_are_those_of_all_partitions(
        inputs in vec(prop_oneof![Just(5u64), Just(8), 1..12u64], 1..6),
        outputs in vec(prop_oneof![Just(5u64), Just(3), 1..9u64], 1..6),
        earned in 0..3u64,
        paid in 0..3u64,
    ) {
        prop_assume!(inputs.iter().sum::<u64>() >= outputs.iter().sum::<u64>());
        let options = fees(earned, paid);
        let found = counted(boltzmann(&inputs, &outputs, &options));
        prop_assert_eq!((found.n_mappings, found.n_links), by_partitions(&inputs, &outputs, &options));
    }

    /// A participant that all mappings join to an output is found to be linked with certainty, and order is nothing.
    #[test]
    fn order_of_coins_changes_nothing(
        inputs in vec(1..30u64, 2..7),
        outputs in vec(1..20u64, 1..7),
    ) {
        prop_assume!(inputs.iter().sum::<u64>() >= outputs.iter().sum::<u64>());
        let none = BoltzmannOptions::default();
        let found = counted(boltzmann(&inputs, &outputs, &none));
        let back = |amounts: &[u64]| amounts.iter().rev().copied().collect::<Vec<u64>>();
        let turned = counted(boltzmann(&back(&inputs), &back(&outputs), &none));
        let n_links: Vec<u128> = turned.n_links.into_iter().rev().collect();
        prop_assert_eq!(n_links, found.n_links);
    }
}
