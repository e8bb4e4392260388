//! The probabilities from which on links are made: one for outputs that have been spent, a stricter one where that was a
//! sweep. No link is made to an output that has not been spent.
//!
//! In: what each moment of each transaction would do. Out: thresholds, and how many links there are at them.
//! A link is made at the first moment that reaches the threshold, so that a lower threshold may turn a right link of a
//! later moment into a wrong one of an earlier: each moment counts for the thresholds from its own probability down to
//! (not including) the highest before it.
//! Cost: O(moments log moments). Checked against: a replay at every threshold (`tests` below).

use super::model::{LinkFigures, Share};
use super::record::Fate;
use super::train::TrainOptions;

/// What a threshold is compared with: the probability of the leading output, its doubt times half the number of outputs.
///
/// Whoever pays many has many that a link could be wrong about (so the doubt is shared among them, as Bonferroni did), and
/// is a service, whose cluster is large: the expected damage of a link is its doubt times what it joins.
#[expect(clippy::cast_precision_loss, reason = "a transaction on record has few outputs")]
pub(super) fn asked(probability: f64, n_outputs: usize) -> f64 {
    1.0 - (1.0 - probability) * n_outputs.max(2) as f64 / 2.0
}

/// A moment at which one output leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    /// What is compared with a threshold; see [`asked`].
    pub(super) probability: f64,
    pub(super) right: bool,
    /// What is known of where the leading output went.
    pub(super) fate: Fate,
}

/// From which probability on a link is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Thresholds {
    /// To an output that has been spent.
    pub(super) spent: f64,
    /// To one that seems to have been swept.
    pub(super) swept: f64,
    /// To another; `None` where no link is made before it is spent, which is always but in models whose threshold a
    /// person chose.
    pub(super) unspent: Option<f64>,
}

impl Thresholds {
    pub(super) fn of(self, fate: Fate) -> Option<f64> {
        match fate {
            Fate::Spent => Some(self.spent),
            Fate::Swept => Some(self.swept),
            Fate::Unspent => self.unspent,
            Fate::Together => None,
        }
    }

    /// Whether a link is made at this moment.
    pub(super) fn reached(self, outcome: &Outcome) -> bool {
        self.of(outcome.fate).is_some_and(|threshold| outcome.probability >= threshold)
    }
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

/// By how much links and wrong links grow where a threshold falls to a probability; falling.
pub(super) struct Steps(Vec<(f64, i64, i64)>);

impl Steps {
    /// Over the moments that count; the others make no links.
    pub(super) fn of(cases: &[&[Option<Outcome>]], counts: impl Fn(&Outcome) -> bool) -> Self {
        let mut steps: Vec<(f64, i64, i64)> = Vec::new();
        for case in cases {
            let mut highest = 0.0;
            for outcome in case.iter().flatten().filter(|outcome| counts(outcome)) {
                if outcome.probability > highest {
                    let wrong = i64::from(!outcome.right);
                    steps.push((outcome.probability, 1, wrong));
                    steps.push((highest, -1, -wrong));
                    highest = outcome.probability;
                }
            }
        }
        steps.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self(steps)
    }

    /// Links and wrong links at a threshold.
    pub(super) fn at(&self, threshold: f64) -> (u64, u64) {
        let made = self.0.iter().take_while(|step| step.0 >= threshold);
        let (links, wrong) = made.fold((0, 0), |sum, step| (sum.0 + step.1, sum.1 + step.2));
        (links.unsigned_abs(), wrong.unsigned_abs())
    }

    /// The smallest threshold that keeps the bounds; if none does, the one with the smallest share of wrong links.
    ///
    /// The share among links is the tighter bound wherever there are fewer links than negatives, which is always: a
    /// link has at least one other output beside it.
    pub(super) fn choose(&self, options: &TrainOptions) -> Choice {
        let (mut links, mut wrong) = (0_i64, 0_i64);
        let mut best: Option<Choice> = None;
        let mut most_links = 0;
        for step in self.0.chunk_by(|a, b| a.0 == b.0).filter(|step| step[0].0 > 0.5) {
            links += step.iter().map(|s| s.1).sum::<i64>();
            wrong += step.iter().map(|s| s.2).sum::<i64>();
            let (n_links, n_wrong) = (links.unsigned_abs(), wrong.unsigned_abs());
            most_links = most_links.max(n_links);
            let share = share(n_wrong, n_links);
            let safe = share <= options.wrong_max && n_links >= options.links_min;
            let why_not = String::new();
            let found = Choice { threshold: step[0].0, safe, why_not, n_links, n_wrong };
            let is_better = |old: &Choice| {
                let is_no_worse = share <= self::share(old.n_wrong, old.n_links);
                (safe, safe || is_no_worse) > (old.safe, false)
            };
            if best.as_ref().is_none_or(is_better) {
                best = Some(found);
            }
        }
        let (threshold, why_not) = (1.0, String::new());
        let none = Choice { threshold, safe: false, why_not, n_links: 0, n_wrong: 0 };
        let mut best = best.unwrap_or(none);
        if !best.safe {
            best.why_not = self::why_not(most_links, options);
        }
        best
    }
}

/// Wrong links a link, without the bounds of [`Share`]: it is asked for at every threshold there is.
#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(n_wrong: u64, n_links: u64) -> f64 {
    if n_links == 0 { 0.0 } else { n_wrong as f64 / n_links as f64 }
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

/// Links and wrong links where each is made at the first moment that reaches what it must.
pub(super) fn figures_at(
    cases: &[&[Option<Outcome>]],
    reached: impl Fn(&Outcome) -> bool,
) -> (u64, u64) {
    let first =
        |case: &&[Option<Outcome>]| case.iter().flatten().find(|outcome| reached(outcome)).copied();
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
            Some(Outcome { probability, right: *per_mille > 0, fate: Fate::Spent })
        };
        let cases: Vec<Vec<Option<Outcome>>> =
            cases.iter().map(|case| case.iter().map(moment).collect()).collect();
        let views: Vec<&[Option<Outcome>]> = cases.iter().map(Vec::as_slice).collect();
        let options = TrainOptions { wrong_max, links_min, ..TrainOptions::default() };
        let at = |threshold| figures_at(&views, |outcome| outcome.probability >= threshold);
        let steps = Steps::of(&views, |_| true);
        let found = steps.choose(&options);
        // Every threshold that could matter, replayed from the start.
        let mut thresholds: Vec<f64> =
            cases.iter().flatten().flatten().map(|outcome| outcome.probability).collect();
        thresholds.retain(|threshold| *threshold > 0.5);
        thresholds.sort_by(f64::total_cmp);
        let safe = thresholds.into_iter().find(|threshold| {
            let (links, wrong) = at(*threshold);
            assert_eq!(steps.at(*threshold), (links, wrong));
            links >= links_min && Share::of(wrong, links).measured <= wrong_max
        });
        assert_eq!(found.safe.then_some(found.threshold), safe, "{views:?}");
        assert_eq!((found.n_links, found.n_wrong), at(found.threshold));
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
