//! The probability from which on links are made.
//!
//! In: what each moment of each transaction would do. Out: a threshold, and how many links there are at it.
//! A link is made at the first moment that reaches the threshold, so that a lower threshold may turn a right link of a
//! later moment into a wrong one of an earlier: each moment counts for the thresholds from its own probability down to
//! (not including) the highest before it.
//! Cost: O(moments log moments). Checked against: a replay at every threshold (`tests` below).

use super::model::{LinkFigures, Share};
use super::train::TrainOptions;

/// A moment at which one output leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) probability: f64,
    pub(super) right: bool,
}

/// A threshold and what it does.
pub(super) struct Choice {
    pub(super) threshold: f64,
    /// Whether it is shown to keep the bounds.
    pub(super) safe: bool,
    pub(super) why_not: String,
    pub(super) n_links: u64,
    pub(super) n_wrong: u64,
}

impl LinkFigures {
    pub(super) fn of(n_links: u64, n_wrong: u64, n_positives: u64, n_negatives: u64) -> Self {
        Self {
            n_links,
            n_wrong,
            n_negatives,
            n_positives,
            false_positive_rate: Share::of(n_wrong.min(n_negatives), n_negatives),
            wrong_share: Share::of(n_wrong, n_links),
            recall: Share::of((n_links - n_wrong).min(n_positives), n_positives),
        }
    }
}

/// The smallest threshold that keeps the bounds; if none does, the one with the smallest share of wrong links.
///
/// The share among links is the tighter bound wherever there are fewer links than negatives, which is always: a link
/// has at least one other output beside it.
pub(super) fn choose(cases: &[&[Option<Outcome>]], options: &TrainOptions) -> Choice {
    let mut steps: Vec<(f64, i64, i64)> = Vec::new();
    for case in cases {
        let mut highest = 0.0;
        for outcome in case.iter().flatten().filter(|outcome| outcome.probability > 0.0) {
            if outcome.probability > highest {
                let wrong = i64::from(!outcome.right);
                steps.push((outcome.probability, 1, wrong));
                steps.push((highest, -1, -wrong));
                highest = outcome.probability;
            }
        }
    }
    steps.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut links, mut wrong) = (0_i64, 0_i64);
    let mut best: Option<Choice> = None;
    let mut most_links = 0;
    for step in steps.chunk_by(|a, b| a.0 == b.0).filter(|step| step[0].0 > 0.5) {
        links += step.iter().map(|s| s.1).sum::<i64>();
        wrong += step.iter().map(|s| s.2).sum::<i64>();
        let (n_links, n_wrong) = (links.unsigned_abs(), wrong.unsigned_abs());
        most_links = most_links.max(n_links);
        let share = Share::of(n_wrong, n_links).measured;
        let safe = share <= options.wrong_max && n_links >= options.links_min;
        let found = Choice { threshold: step[0].0, safe, why_not: String::new(), n_links, n_wrong };
        let is_better = |old: &Choice| {
            let old_share = Share::of(old.n_wrong, old.n_links).measured;
            (safe, safe || share <= old_share) > (old.safe, false)
        };
        if best.as_ref().is_none_or(is_better) {
            best = Some(found);
        }
    }
    let none =
        Choice { threshold: 1.0, safe: false, why_not: String::new(), n_links: 0, n_wrong: 0 };
    let mut best = best.unwrap_or(none);
    if !best.safe {
        best.why_not = why_not(most_links, options);
    }
    best
}

fn why_not(most_links: u64, options: &TrainOptions) -> String {
    let (least, per_cent) = (options.links_min, options.wrong_max * 100.0);
    if most_links < least {
        return format!(
            "at most {most_links} links among data held out; a share of {per_cent} % needs {least}"
        );
    }
    format!("no threshold with {least} links held out has at most {per_cent} % wrong")
}

/// Links and wrong links at a threshold.
pub(super) fn figures_at(cases: &[&[Option<Outcome>]], threshold: f64) -> (u64, u64) {
    let first = |case: &&[Option<Outcome>]| {
        case.iter().flatten().find(|outcome| outcome.probability >= threshold).copied()
    };
    let made = cases.iter().filter_map(first);
    made.fold((0, 0), |(links, wrong), outcome| (links + 1, wrong + u64::from(!outcome.right)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case a line, its moments as per mille, wrong ones negative; what `choose` says.
    #[track_caller]
    fn check(cases: &[&[i32]], wrong_max: f64, links_min: u64) {
        let moment = |per_mille: &i32| {
            let probability = f64::from(per_mille.abs()) / 1_000.0;
            Some(Outcome { probability, right: *per_mille > 0 })
        };
        let cases: Vec<Vec<Option<Outcome>>> =
            cases.iter().map(|case| case.iter().map(moment).collect()).collect();
        let views: Vec<&[Option<Outcome>]> = cases.iter().map(Vec::as_slice).collect();
        let options = TrainOptions { wrong_max, links_min, ..TrainOptions::default() };
        let found = choose(&views, &options);
        // Every threshold that could matter, replayed from the start.
        let mut thresholds: Vec<f64> =
            cases.iter().flatten().flatten().map(|outcome| outcome.probability).collect();
        thresholds.retain(|threshold| *threshold > 0.5);
        thresholds.sort_by(f64::total_cmp);
        let safe = thresholds.into_iter().find(|threshold| {
            let (links, wrong) = figures_at(&views, *threshold);
            links >= links_min && Share::of(wrong, links).measured <= wrong_max
        });
        assert_eq!(found.safe.then_some(found.threshold), safe, "{views:?}");
        assert_eq!((found.n_links, found.n_wrong), figures_at(&views, found.threshold));
        assert_eq!(found.why_not.is_empty(), found.safe);
    }

    #[test]
    fn the_smallest_threshold_that_keeps_the_bound() {
        check(&[&[990], &[980], &[970], &[-960]], 0.0, 1);
        check(&[&[990], &[980], &[970], &[-960]], 0.25, 1);
        check(&[&[990], &[980]], 0.0, 3);
        check(&[&[-990], &[980]], 0.1, 1);
        // A lower threshold makes the link at an earlier moment, here a wrong one.
        check(&[&[-900, 990], &[950]], 0.0, 1);
        check(&[&[900, -990], &[-950], &[940]], 0.0, 2);
        check(&[&[600, 700, 650, -990], &[-600, 800], &[990]], 0.34, 2);
        check(&[&[400], &[-300]], 0.5, 1);
    }
}
