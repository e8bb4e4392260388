//! Ways to find weights.

use serde::{Deserialize, Serialize};

use super::stacking::{Constraint, solve};
use super::{BlendOptions, BlendRows};
use crate::LearnError;

/// A way to find weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlendMethod {
    /// The part of least loss alone.
    BestPart,
    /// All parts alike.
    Equal,
    /// Weights of least loss, drawn towards others.
    Stacked {
        /// Which others.
        toward: Toward,
        /// How strongly, a unit of mean loss.
        shrinkage: f64,
        /// Whether they sum to 1.
        sum_to_one: bool,
    },
    /// Parts added one by one, with repeats, each time the one that helps most; shares of the best round.
    Greedy {
        /// Most parts added.
        rounds: u32,
    },
}

/// What stacked weights are drawn towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Toward {
    /// All parts alike.
    Equal,
    /// The part of least loss alone.
    BestPart,
}

/// What is tried, simplest first: the first of equal losses wins.
pub(super) fn candidates(
    n_parts: usize,
    options: &BlendOptions,
) -> Result<Vec<BlendMethod>, LearnError> {
    let is = |shrinkage: &f64| *shrinkage > 0.0 && shrinkage.is_finite();
    if let Some(found) = options.shrinkages.iter().copied().find(|shrinkage| !is(shrinkage)) {
        let expected = "numbers above 0";
        return Err(LearnError::Argument { what: "shrinkages", found, expected });
    }
    let mut all = vec![BlendMethod::BestPart];
    if n_parts == 1 {
        return Ok(all);
    }
    all.push(BlendMethod::Equal);
    let sum_to_one = options.sum_to_one;
    for toward in [Toward::Equal, Toward::BestPart] {
        let of =
            |shrinkage: &f64| BlendMethod::Stacked { toward, shrinkage: *shrinkage, sum_to_one };
        all.extend(options.shrinkages.iter().map(of));
    }
    if options.greedy_rounds > 0 {
        all.push(BlendMethod::Greedy { rounds: options.greedy_rounds });
    }
    Ok(all)
}

impl BlendMethod {
    /// Weights fitted to these rows, one a part.
    ///
    /// # Errors
    /// Lengths differ, a number is not finite, or one outcome only occurs.
    pub fn fit(self, rows: &BlendRows) -> Result<Vec<f64>, LearnError> {
        rows.check()?;
        Ok(self.weights(rows))
    }

    /// Weights fitted to checked rows.
    pub(super) fn weights(self, rows: &BlendRows) -> Vec<f64> {
        match self {
            Self::BestPart => best_part(rows),
            Self::Equal => equal(rows),
            Self::Greedy { rounds } => greedy(rows, rounds),
            Self::Stacked { toward, shrinkage, sum_to_one } => {
                let toward = match toward {
                    Toward::Equal => equal(rows),
                    Toward::BestPart => best_part(rows),
                };
                solve(rows, &Constraint { sum_to_one, shrinkage, toward: &toward })
            }
        }
    }
}

fn equal(rows: &BlendRows) -> Vec<f64> {
    let n = rows.margins.len();
    vec![1.0 / n as f64; n]
}

fn best_part(rows: &BlendRows) -> Vec<f64> {
    let losses: Vec<f64> = rows.margins.iter().map(|margins| rows.loss_of(margins)).collect();
    let best = least(&losses);
    (0..losses.len()).map(|part| f64::from(u8::from(part == best))).collect()
}

/// The first of the least.
fn least(losses: &[f64]) -> usize {
    (0..losses.len()).fold(0, |best, at| if losses[at] < losses[best] { at } else { best })
}

fn greedy(rows: &BlendRows, rounds: u32) -> Vec<f64> {
    let n_parts = rows.margins.len();
    let mut counts = vec![0.0; n_parts];
    let mut sum = vec![0.0; rows.margins[0].len()];
    let mut best = (f64::INFINITY, counts.clone());
    for round in 1..=rounds {
        let n = f64::from(round);
        let loss_with = |part: usize| {
            let mean: Vec<f64> = sum
                .iter()
                .zip(&rows.margins[part])
                .map(|(sum, margin)| (sum + margin) / n)
                .collect();
            rows.loss_of(&mean)
        };
        let losses: Vec<f64> = (0..n_parts).map(loss_with).collect();
        let part = least(&losses);
        counts[part] += 1.0;
        sum.iter_mut().zip(&rows.margins[part]).for_each(|(sum, margin)| *sum += margin);
        if losses[part] < best.0 {
            best = (losses[part], counts.iter().map(|count| count / n).collect());
        }
    }
    best.1
}
