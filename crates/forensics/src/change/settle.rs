//! Which thresholds a model gets, shown on transactions that did not choose them.
//!
//! In: replays of transactions held out, each with its part of the split. Out: a threshold for outputs that have been
//! spent and one for others, or why there is none; links and wrong links at them.
//! 1. The smallest threshold over moments at which the leading output has been spent, such that wrong links are at most
//!    the bound; and such that the *upper* 95 % bound is, too, of the parts at thresholds that the other parts chose. Else
//!    the same for a stricter share, and again: a rate that happens to be small in one sample is not shown to be small.
//! 2. The same over moments at which it has not, for a tenth of the bound. A link too early is what does most harm: a deposit
//!    that is taken for change joins the payer with everything that its sweep joins, while a link that waits for
//!    the spender of its output only comes later. Where no threshold is shown to keep that, all wait.
//! 3. Both together are replayed; if the upper bound of all links is not kept, all wait.
//!
//! Source and departures: see `train`. Cost: O(moments log moments + steps · moments). Checked against: planted odds, and replays of
//! all moments at the thresholds found (`tests` below).

use super::model::Share;
use super::threshold::{Choice, Outcome, Steps, Thresholds, figures_at};
use super::train::{N_PARTS, TrainOptions};

/// How much stricter the share becomes that a threshold is chosen for while it is not shown to keep the bound, and how
/// often before there is none.
const STRICTER: f64 = 0.9;
const N_STEPS: i32 = 24;
/// Of the bound, what links of outputs that have not been spent may take.
const OF_UNSPENT: f64 = 0.1;

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
    let spent = of_kind(replays, true, options);
    if !spent.choice.safe {
        let Choice { why_not, n_links, n_wrong, .. } = spent.choice;
        let (chosen, foreign) = ((n_links, n_wrong), spent.figures);
        return Settled { thresholds: None, why_not, chosen, foreign };
    }
    let stricter = TrainOptions { wrong_max: options.wrong_max * OF_UNSPENT, ..*options };
    let unspent = Some(of_kind(replays, false, &stricter)).filter(|of_kind| of_kind.choice.safe);
    let both = together(replays, &spent, unspent.as_ref());
    match unspent.is_none() || keeps(both.foreign, options) {
        true => both,
        false => together(replays, &spent, None),
    }
}

fn keeps((links, wrong): Counts, options: &TrainOptions) -> bool {
    Share::of(wrong, links).upper <= options.wrong_max
}

/// The smallest threshold over moments of one kind that is shown to keep the bound.
fn of_kind(replays: &[Replay<'_>], is_spent: bool, options: &TrainOptions) -> OfKind {
    let counts = |outcome: &Outcome| outcome.spent == is_spent;
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
fn together(replays: &[Replay<'_>], spent: &OfKind, unspent: Option<&OfKind>) -> Settled {
    let thresholds = Thresholds {
        spent: spent.choice.threshold,
        unspent: unspent.map(|unspent| unspent.choice.threshold),
    };
    let foreign = (0..N_PARTS).zip(0..).map(|(part, at): (u64, usize)| {
        let foreign = Thresholds {
            spent: spent.foreign[at],
            unspent: unspent.map(|unspent| unspent.foreign[at]),
        };
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

    /// So many transactions, each with these moments: probability per mille (negative: wrong), spent.
    type Group<'g> = (usize, &'g [(i32, bool)]);

    fn outcomes(groups: &[Group<'_>]) -> Vec<Vec<Option<Outcome>>> {
        let outcome = |(per_mille, spent): &(i32, bool)| {
            let probability = f64::from(per_mille.abs()) / 1_000.0;
            Some(Outcome { probability, right: *per_mille > 0, spent: *spent })
        };
        let of_group =
            |(n, moments): &Group<'_>| vec![moments.iter().map(outcome).collect::<Vec<_>>(); *n];
        groups.iter().flat_map(of_group).collect()
    }

    /// The thresholds per mille, spent and unspent.
    #[track_caller]
    fn check(groups: &[Group<'_>], expected: Option<(i32, Option<i32>)>) {
        let all = outcomes(groups);
        let replays: Vec<Replay<'_>> =
            (0u64..).zip(&all).map(|(at, replay)| (at % N_PARTS, replay.as_slice())).collect();
        let options = TrainOptions::default();
        let settled = settle_on(&replays, &options);
        let expected = expected.map(|(spent, unspent)| Thresholds {
            spent: f64::from(spent) / 1_000.0,
            unspent: unspent.map(|unspent| f64::from(unspent) / 1_000.0),
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
    fn links_of_unspent_outputs_wait_unless_they_are_shown_to_be_safe() {
        let spent: Group<'_> = (4_000, &[(990, true)]);
        let unspent: Group<'_> = (40_000, &[(980, false)]);
        check(&[spent, unspent], Some((990, Some(980))));
        check(&[spent, (30_000, &[(980, false)])], Some((990, None))); // not enough to show it
        check(&[spent, unspent, (160, &[(-980, false)])], Some((990, None)));
        check(&[spent, (40_000, &[(985, false)]), (160, &[(-980, false)])], Some((990, Some(985))));
        check(&[(3_000, &[(990, true)]), unspent], None);
        check(&[unspent], None);
    }

    /// What is wrong when it appears and right once it is spent does no harm to links that wait.
    #[test]
    fn a_link_that_waits_is_the_right_one() {
        let mistaken: Group<'_> = (200, &[(-980, false), (995, true)]);
        check(&[(4_000, &[(990, true)]), mistaken], Some((990, None)));
        check(&[(4_000, &[(990, true)]), (200, &[(980, false), (-995, true)])], None);
    }
}
