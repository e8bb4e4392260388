//! Which thresholds a model gets, shown on transactions that did not choose them.
//!
//! In: replays of transactions held out, each with its part of the split. Out: a threshold a [`Fate`] of the output, or
//! why there is none; links and wrong links at them.
//! 1. The smallest threshold over moments at which the leading output has been spent, such that wrong links are at most
//!    the bound; and such that the *upper* 95 % bound is, too, of the parts at thresholds that the other parts chose. Else
//!    the same for a stricter share, and again: a rate that happens to be small in one sample is not shown to be small.
//! 2. An output that is the first to be spent, by a transaction with one output: a tenth of the doubt of the first. So are
//!    deposits swept, and a wrong link there joins a payer with all that the sweep joins; there are too few to choose by.
//! 3. Both together are replayed; if the upper bound of all links is not kept, the second kind waits for another spender.
//!
//! An output that has not been spent waits, always: a wrong link is as bad as what its address joins later, and nobody
//! knows that yet. One deposit that was linked before its sweep tied 1,827 addresses of two exchanges to each other.
//! Tried and turned down: a threshold of its own for them, for a tenth of the bound (that is what that deposit passed, at
//! 0.9998; and an address that is ever spent gains nothing by an early link).
//! Source and departures: see `train`. Cost: O(moments log moments + steps · moments). Checked against: planted odds, and replays of
//! all moments at the thresholds found (`tests` below).

use super::model::Share;
use super::record::Fate;
use super::threshold::{Choice, Outcome, Steps, Thresholds, figures_at};
use super::train::{N_PARTS, TrainOptions};

/// How much stricter the share becomes that a threshold is chosen for while it is not shown to keep the bound, and how
/// often before there is none.
const STRICTER: f64 = 0.9;
const N_STEPS: i32 = 24;
/// Of the doubt at which a link is made to an output that was spent, what may be left of one that seems to have been swept.
const OF_SWEPT: f64 = 0.1;

/// A transaction held out: its part, and what each of its moments would do.
pub(super) type Replay<'r> = (u64, &'r [Option<Outcome>]);

/// Links and wrong links.
type Counts = (u64, u64);

/// What was settled on.
pub(super) struct Settled {
    /// `None` if nothing was shown to be safe.
    pub(super) thresholds: Option<Thresholds>,
    /// Why there are none; empty if there are.
    pub(super) why_not: String,
    /// At the thresholds, or else at the one with the fewest wrong links.
    pub(super) chosen: Counts,
    /// Each part at the thresholds that the others chose.
    pub(super) foreign: Counts,
}

/// A threshold for moments of one kind, and those that each part was given by the others.
struct OfKind {
    choice: Choice,
    foreign: Vec<f64>,
    figures: Counts,
}

/// Settles on thresholds; see above.
pub(super) fn settle_on(replays: &[Replay<'_>], options: &TrainOptions) -> Settled {
    let spent = of_kind(replays, Fate::Spent, options);
    if !spent.choice.safe {
        let Choice { why_not, n_links, n_wrong, .. } = spent.choice;
        let (chosen, foreign) = ((n_links, n_wrong), spent.figures);
        return Settled { thresholds: None, why_not, chosen, foreign };
    }
    let asked = [OF_SWEPT, 0.0].map(|of_swept| together(replays, &spent, of_swept));
    let [strict, strictest] = asked;
    if keeps(strict.foreign, options) { strict } else { strictest }
}

fn keeps((links, wrong): Counts, options: &TrainOptions) -> bool {
    Share::of(wrong, links).upper <= options.wrong_max
}

/// The smallest threshold over moments of one kind that is shown to keep the bound.
fn of_kind(replays: &[Replay<'_>], fate: Fate, options: &TrainOptions) -> OfKind {
    let counts = |outcome: &Outcome| outcome.fate == fate;
    let steps_of = |takes: &dyn Fn(u64) -> bool| Steps::of(&of_parts(replays, takes), counts);
    let all = steps_of(&|_| true);
    let parts: Vec<[Steps; 2]> =
        (0..N_PARTS).map(|part| [steps_of(&|p| p != part), steps_of(&|p| p == part)]).collect();
    let mut steps = (0..=N_STEPS).map(|n| {
        let options = TrainOptions { wrong_max: options.wrong_max * STRICTER.powi(n), ..*options };
        let chosen_for = |[others, _]: &[Steps; 2]| others.choose(&options).threshold;
        let foreign: Vec<f64> = parts.iter().map(chosen_for).collect();
        let figures = parts.iter().zip(&foreign).map(|([_, own], threshold)| own.at(*threshold));
        let figures = figures.fold((0, 0), plus);
        OfKind { choice: all.choose(&options), foreign, figures }
    });
    let mut first = steps.next().expect("there is at least one step");
    if !first.choice.safe || keeps(first.figures, options) {
        return first;
    }
    steps.find(|found| found.choice.safe && keeps(found.figures, options)).unwrap_or_else(|| {
        first.choice.safe = false;
        first.choice.why_not =
            "no threshold keeps its bound on clusters it was not chosen on".to_owned();
        first
    })
}

/// Both kinds of moments at their thresholds.
fn together(replays: &[Replay<'_>], spent: &OfKind, of_swept: f64) -> Settled {
    let swept = |threshold: f64| 1.0 - (1.0 - threshold) * of_swept;
    let thresholds = Thresholds {
        spent: spent.choice.threshold,
        swept: swept(spent.choice.threshold),
        unspent: None,
    };
    let foreign = (0..N_PARTS).zip(0..).map(|(part, at): (u64, usize)| {
        let foreign =
            Thresholds { spent: spent.foreign[at], swept: swept(spent.foreign[at]), unspent: None };
        figures_at(&of_parts(replays, |p| p == part), |outcome| foreign.reached(outcome))
    });
    Settled {
        thresholds: Some(thresholds),
        why_not: String::new(),
        chosen: figures_at(&of_parts(replays, |_| true), |outcome| thresholds.reached(outcome)),
        foreign: foreign.fold((0, 0), plus),
    }
}

fn plus(sum: Counts, found: Counts) -> Counts {
    (sum.0 + found.0, sum.1 + found.1)
}

/// The replays of the parts taken.
fn of_parts<'r>(replays: &[Replay<'r>], takes: impl Fn(u64) -> bool) -> Vec<&'r [Option<Outcome>]> {
    replays.iter().filter(|(part, _)| takes(*part)).map(|(_, replay)| *replay).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many transactions, each with these moments: probability in 10,000ths (negative: wrong), fate.
    type Group<'g> = (usize, &'g [(i32, Fate)]);

    fn outcomes(groups: &[Group<'_>]) -> Vec<Vec<Option<Outcome>>> {
        let outcome = |(odds, fate): &(i32, Fate)| {
            let probability = f64::from(odds.abs()) / 10_000.0;
            Some(Outcome { probability, right: *odds > 0, fate: *fate })
        };
        let of_group =
            |(n, moments): &Group<'_>| vec![moments.iter().map(outcome).collect::<Vec<_>>(); *n];
        groups.iter().flat_map(of_group).collect()
    }

    /// The threshold of spent ones in 10,000ths.
    #[track_caller]
    fn check(groups: &[Group<'_>], expected: Option<i32>) {
        let all = outcomes(groups);
        let replays: Vec<Replay<'_>> =
            (0u64..).zip(&all).map(|(at, replay)| (at % N_PARTS, replay.as_slice())).collect();
        let options = TrainOptions::default();
        let settled = settle_on(&replays, &options);
        let expected = expected.map(|spent| Thresholds {
            spent: f64::from(spent) / 10_000.0,
            swept: 1.0 - (1.0 - f64::from(spent) / 10_000.0) * OF_SWEPT,
            unspent: None,
        });
        assert_eq!(settled.thresholds, expected, "{}", settled.why_not);
        assert_eq!(settled.why_not.is_empty(), expected.is_some());
        if let Some(thresholds) = expected {
            let made = all.iter().filter_map(|replay| {
                replay.iter().flatten().find(|outcome| thresholds.reached(outcome))
            });
            let wrong = made.clone().filter(|outcome| !outcome.right).count() as u64;
            assert_eq!(settled.chosen, (made.count() as u64, wrong));
            assert!(keeps(settled.foreign, &options));
        }
    }

    #[test]
    fn links_of_outputs_that_are_unspent_or_spent_together_wait() {
        let spent: Group<'_> = (4_000, &[(9_900, Fate::Spent)]);
        let unspent: Group<'_> = (40_000, &[(9_999, Fate::Unspent)]);
        check(&[spent, unspent], Some(9_900));
        check(&[(3_000, &[(9_900, Fate::Spent)]), unspent], None);
        check(&[unspent], None);
        check(&[spent, (200, &[(-9_999, Fate::Together)])], Some(9_900));
    }

    /// What is wrong when it appears and right once it is spent does no harm to links that wait.
    #[test]
    fn a_link_that_waits_is_the_right_one() {
        let spent: Group<'_> = (4_000, &[(9_900, Fate::Spent)]);
        let mistaken: Group<'_> = (200, &[(-9_800, Fate::Unspent), (9_950, Fate::Spent)]);
        check(&[spent, mistaken], Some(9_900));
        check(&[spent, (200, &[(9_800, Fate::Unspent), (-9_950, Fate::Spent)])], None);
    }

    /// A tenth of the doubt, whatever there is of them; what they do is counted.
    #[test]
    fn swept_outputs_are_asked_for_more() {
        let spent: Group<'_> = (8_000, &[(9_900, Fate::Spent)]);
        check(&[spent, (200, &[(-9_980, Fate::Swept)])], Some(9_900));
        check(&[spent, (2, &[(-9_995, Fate::Swept)])], Some(9_900));
        check(&[spent, (200, &[(9_995, Fate::Swept)])], Some(9_900));
    }
}
