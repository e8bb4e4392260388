//! From a margin to a probability, where not every same-owner pair has been shown to be one.
//!
//! In: margins of held-out pairs, whether each was shown, the share `shown` of same-owner pairs that would have been, and
//! weights. Out: slope and offset such that `σ(slope × margin + offset)` is the probability of one owner.
//! Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999; with `P(shown) = shown × P(one owner)` of
//! Elkan and Noto 2008 inside the likelihood.
//! Departures: Platt smooths targets; here the slope is drawn toward 1 by a weak prior instead, because the margin is
//! already a log-odds.
//! Cost: O(pairs) a step, few steps (Fisher scoring with halving).
//! Checked against: recovered parameters of drawn data (`tests`).

/// One held-out pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) margin: f64,
    pub(super) same: bool,
    pub(super) shown: f64,
    pub(super) weight: f64,
}

/// A straight line from margins to log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) offset: f64,
}

const STEPS_MAX: usize = 100;
/// The prior is worth a pair or so.
const PRIOR: f64 = 1.0;

pub(super) fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The line of most likelihood; `None` if it does not rise.
pub(super) fn line(held: &[Held]) -> Option<Line> {
    let mut line = Line { slope: 1.0, offset: 0.0 };
    let mut loss = loss_of(held, line);
    for _ in 0..STEPS_MAX {
        let (step, mut length) = (direction(held, line), 1.0);
        let next = loop {
            let next = Line {
                slope: line.slope + length * step.slope,
                offset: line.offset + length * step.offset,
            };
            let next_loss = loss_of(held, next);
            if next_loss < loss {
                break Some((next, next_loss));
            }
            length /= 2.0;
            if length < 1e-6 {
                break None;
            }
        };
        let Some((next, next_loss)) = next else { break };
        let gained = loss - next_loss;
        (line, loss) = (next, next_loss);
        if gained < 1e-10 * (1.0 + loss.abs()) {
            break;
        }
    }
    (line.slope > 0.0 && line.slope.is_finite() && line.offset.is_finite()).then_some(line)
}

fn loss_of(held: &[Held], line: Line) -> f64 {
    let pairs = held.iter().map(|pair| {
        let one_owner = sigmoid(line.slope * pair.margin + line.offset);
        let shown = (pair.shown * one_owner).clamp(1e-300, 1.0 - 1e-15);
        -pair.weight * if pair.same { shown.ln() } else { (1.0 - shown).ln() }
    });
    pairs.sum::<f64>() + PRIOR * (line.slope - 1.0).powi(2) / 2.0
}

/// Fisher's scoring step.
fn direction(held: &[Held], line: Line) -> Line {
    let (mut slope, mut offset) = (-PRIOR * (line.slope - 1.0), 0.0);
    let (mut of_slope, mut of_both, mut of_offset) = (PRIOR, 0.0, 1e-9);
    for pair in held {
        let one_owner = sigmoid(line.slope * pair.margin + line.offset);
        let two_owners = sigmoid(-line.slope * pair.margin - line.offset);
        let not_shown = (1.0 - pair.shown * one_owner).max(1e-15);
        let gradient = match pair.same {
            true => two_owners,
            false => -pair.shown * one_owner * two_owners / not_shown,
        };
        let information = pair.shown * one_owner * two_owners * two_owners / not_shown;
        slope += pair.weight * gradient * pair.margin;
        offset += pair.weight * gradient;
        of_slope += pair.weight * information * pair.margin * pair.margin;
        of_both += pair.weight * information * pair.margin;
        of_offset += pair.weight * information;
    }
    let determinant = of_slope * of_offset - of_both * of_both;
    if determinant <= 0.0 {
        return Line { slope: slope / of_slope, offset: offset / of_offset };
    }
    Line {
        slope: (slope * of_offset - offset * of_both) / determinant,
        offset: (offset * of_slope - slope * of_both) / determinant,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Expected counts in place of draws: each margin once shown and once not, weighted by its chance.
    fn expected(slope: f64, offset: f64, shown: f64) -> Vec<Held> {
        let margins = (-40..=40).map(|tenths| f64::from(tenths) / 10.0);
        let both = margins.flat_map(|margin| {
            let chance = shown * sigmoid(slope * margin + offset);
            [(true, chance), (false, 1.0 - chance)].map(|(same, chance)| Held {
                margin,
                same,
                shown,
                weight: 1e4 * chance,
            })
        });
        both.collect()
    }

    #[test]
    fn the_line_behind_the_data_is_found() {
        for (slope, offset, shown) in
            [(1.0, 0.0, 1.0), (0.4, -2.0, 1.0), (2.5, 1.0, 0.3), (0.8, -3.0, 0.6)]
        {
            let found = line(&expected(slope, offset, shown)).unwrap();
            assert!((found.slope - slope).abs() < 0.01, "{found:?} for {slope} {offset} {shown}");
            assert!((found.offset - offset).abs() < 0.01, "{found:?} for {slope} {offset} {shown}");
        }
    }

    #[test]
    fn a_line_that_falls_is_none() {
        assert_eq!(line(&expected(-0.7, 0.0, 1.0)), None);
    }
}
