//! Measures against double loops over all pairs, and by hand.

use forensics::evaluation::{
    UNKNOWN_OWNER, agreement, label_scores, rule_scores, score, wrong_links,
};
use ledger::{AddressId, Height, Link, TxIndex};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::worlds::labels_by_minimum;

fn link(tx: u64, heuristic: u8, a: u32, b: u32) -> Link {
    Link {
        tx: TxIndex::new(tx),
        height: Height::new(0),
        a: AddressId::new(a.min(b)),
        b: AddressId::new(a.max(b)),
        heuristic,
        confidence: 1.0,
        source: 0,
    }
}

/// Pairs found, owned and right, by double loop.
fn all_pairs(rows: &[(u32, u32)]) -> (u128, u128, u128) {
    let (mut found, mut owned, mut right) = (0, 0, 0);
    for (at, a) in rows.iter().enumerate() {
        for b in &rows[at + 1..] {
            found += u128::from(a.0 == b.0);
            owned += u128::from(a.1 == b.1);
            right += u128::from(a == b);
        }
    }
    (found, owned, right)
}

/// B-cubed precision and recall, an address at a time.
fn b_cubed(rows: &[(u32, u32)]) -> (f64, f64) {
    let share = |of: &dyn Fn(&(u32, u32)) -> bool, both: usize| {
        both as f64 / rows.iter().filter(|row| of(row)).count() as f64
    };
    let (mut precision, mut recall) = (0.0, 0.0);
    for a in rows {
        let both = rows.iter().filter(|b| *b == a).count();
        precision += share(&|b| b.0 == a.0, both);
        recall += share(&|b| b.1 == a.1, both);
    }
    (precision / rows.len() as f64, recall / rows.len() as f64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn scores_are_what_double_loops_count(
        rows in vec((0..6u32, 0..6u32, any::<bool>(), 0..8u8), 0..24)
    ) {
        let labels: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let owner = |row: &(u32, u32, bool, u8)| if row.3 == 0 { UNKNOWN_OWNER } else { row.1 };
        let owners: Vec<u32> = rows.iter().map(owner).collect();
        let found = score(&labels, &owners, |at| rows[at].2);
        let counted = rows.iter().filter(|row| row.2 && owner(row) != UNKNOWN_OWNER);
        let counted: Vec<(u32, u32)> = counted.map(|row| (row.0, row.1)).collect();
        let pairs = all_pairs(&counted);
        prop_assert_eq!((found.pairs_found, found.pairs_owned, found.pairs_right), pairs);
        prop_assert_eq!(found.addresses, counted.len() as u64);
        let mates = |row: &(u32, u32)| counted.iter().filter(|other| other.0 == row.0).count();
        let covered = counted.iter().filter(|row| mates(row) > 1).count();
        prop_assert_eq!(found.covered, covered as u64);
        let mixed = |row: &&(u32, u32)| counted.iter().any(|o| o.0 == row.0 && o.1 != row.1);
        let largest = counted.iter().filter(mixed).map(mates).max().unwrap_or(0);
        prop_assert_eq!(found.largest_false_cluster, largest as u64);
        if !counted.is_empty() {
            let (precision, recall) = b_cubed(&counted);
            prop_assert!((found.b_cubed_precision().unwrap() - precision).abs() < 1e-12);
            prop_assert!((found.b_cubed_recall().unwrap() - recall).abs() < 1e-12);
        }
    }

    /// Without a rule the links of the others are left, alone only its own.
    #[test]
    fn rules_are_scored_by_their_own_links(
        links in vec((0..6u64, 1..4u8, 0..10u32, 0..10u32), 0..14), owners in vec(0..4u32, 10)
    ) {
        let links: Vec<Link> =
            links.into_iter().map(|(tx, rule, a, b)| link(tx, rule, a, b)).collect();
        let cluster = |links: &[Link]| labels_by_minimum(links, 10);
        let recall = |links: &[Link]| score(&cluster(links), &owners, |_| true).recall();
        let rows = rule_scores(&links, &owners, |_| true, cluster);
        for row in &rows {
            let (own, others): (Vec<Link>, Vec<Link>) =
                links.iter().partition(|link| link.heuristic == row.heuristic);
            prop_assert_eq!(row.links, own.len() as u64);
            prop_assert_eq!(row.links_wrong, wrong_links(&own, &owners).count() as u64);
            prop_assert_eq!(row.alone.1, recall(&own));
            let lost = recall(&links).zip(recall(&others)).map(|(all, less)| all - less);
            prop_assert_eq!(row.recall_lost, lost);
            prop_assert!(row.transactions_wrong <= row.links_wrong);
        }
        let n: u64 = rows.iter().map(|row| row.links).sum();
        prop_assert_eq!(n, links.len() as u64);
    }
}

#[test]
fn a_measure_of_nothing_is_no_number() {
    let nothing = score(&[], &[], |_| true);
    assert_eq!((nothing.precision(), nothing.recall(), nothing.f1()), (None, None, None));
    assert_eq!((nothing.coverage(), nothing.b_cubed_f1()), (None, None));
    let apart = score(&[0, 1], &[7, 7], |_| true);
    assert_eq!((apart.precision(), apart.recall(), apart.f1()), (None, Some(0.0), Some(0.0)));
}

#[test]
fn scores_by_hand() {
    // Cluster 0 = {a, b, c}, of owners 1, 1, 2; cluster 3 = {d}, of owner 2.
    let found = score(&[0, 0, 0, 3], &[1, 1, 2, 2], |_| true);
    assert_eq!((found.pairs_found, found.pairs_owned, found.pairs_right), (3, 2, 1));
    assert_eq!((found.precision(), found.recall()), (Some(1.0 / 3.0), Some(0.5)));
    assert_eq!(found.f1(), Some(0.4));
    assert_eq!((found.false_clusters, found.largest_false_cluster), (1, 3));
    assert_eq!((found.clusters, found.coverage()), (1, Some(0.75)));
    let twice = found.with(&found);
    assert_eq!((twice.pairs_found, twice.largest_false_cluster), (6, 3));
    assert_eq!(twice.b_cubed_f1(), found.b_cubed_f1());
}

#[test]
fn bounds_count_transactions_not_links() {
    // One transaction with nine wrong links, nine with one right link each.
    let owners: Vec<u32> = (0..30).map(|at| u32::from(at >= 10)).collect();
    let mut links: Vec<Link> = (1..10).map(|to| link(0, 1, to, 10 + to)).collect();
    links.extend((1..10).map(|at| link(at, 1, 20, 20 + u32::try_from(at).unwrap())));
    let rows = rule_scores(&links, &owners, |_| true, |links| labels_by_minimum(links, 30));
    let [row] = &rows[..] else { panic!("one rule") };
    assert_eq!((row.links, row.links_wrong, row.precision()), (18, 9, Some(0.5)));
    assert_eq!((row.transactions, row.transactions_wrong), (10, 1));
    let (low, high) = row.bounds().unwrap();
    // Clopper-Pearson of 9 in 10: scipy.stats.binomtest(9, 10).proportion_ci(0.95).
    assert!(
        (low - 0.554_983_88).abs() < 1e-6 && (high - 0.997_471_41).abs() < 1e-6,
        "{low} {high}"
    );
}

#[test]
fn labels_make_a_confusion_table() {
    let rows = [
        (Some("whirlpool"), true, Some("whirlpool")),
        (Some("whirlpool"), true, None),
        (None, false, None),
        (None, true, Some("joinmarket")),
    ];
    let scores = label_scores(rows);
    let row = |label: Option<&str>| {
        let score = &scores[&label.map(str::to_owned)];
        (score.transactions, score.excluded, score.right, score.found.len())
    };
    assert_eq!(row(Some("whirlpool")), (2, 2, 1, 2));
    assert_eq!(row(None), (2, 1, 1, 2));
}

#[test]
fn tags_agree_by_pairs() {
    // Cluster 0: parties 1, 1, 2 and one contested address; cluster 4: party 1.
    let claims = [(0, 1), (1, 1), (1, 1), (2, 2), (3, 1), (3, 2), (4, 1)];
    let found = agreement(&[0, 0, 0, 0, 4], &claims);
    assert_eq!((found.pairs_same, found.pairs_different, found.pairs_apart), (1, 2, 2));
    assert_eq!((found.addresses, found.contested, found.parties), (4, 1, 2));
    assert_eq!((found.clusters_in_conflict, found.share()), (1, Some(1.0 / 3.0)));
}
