//! Whether a plan that was read from a file makes the features it names.

use super::{Output, Plan, Statistic, Step, category_kind};
use crate::FeatureKind;

/// Types that values of a column had in training.
const TYPES: [&str; 5] = ["numbers", "integers", "booleans", "texts", "times"];

impl Plan {
    /// Whether its sources, its step and its outputs belong together.
    pub(in crate::features) fn sound(&self) -> Result<(), &'static str> {
        if self.sources.iter().any(|source| !TYPES.contains(&source.typed.as_str())) {
            return Err("a column had values of no known type");
        }
        if !matches!(self.step, Step::Times { .. }) && self.sources.len() != 1 {
            return Err("a plan of one column has another number of them");
        }
        let kinds = self.kinds_of_step()?;
        if kinds.len() == self.outputs.len()
            && self.outputs.iter().zip(kinds).all(|(output, kind)| output.kind == kind)
        {
            Ok(())
        } else {
            Err("a plan makes other features than it names")
        }
    }

    /// What its step makes, in order.
    fn kinds_of_step(&self) -> Result<Vec<FeatureKind>, &'static str> {
        let numbers = |n: usize| vec![FeatureKind::Number; n];
        Ok(match &self.step {
            Step::Number { indicator } => numbers(1 + usize::from(*indicator)),
            Step::Category { levels, rare } => vec![category_kind(levels, rare)],
            Step::Encoded { encoding, n_outputs, parts } => {
                // Before anything is made that is as large as the number says.
                encoding.sound(*n_outputs)?;
                let mut kinds = numbers(n_outputs + 1);
                if let Some(parts) = parts {
                    kinds.push(category_kind(&parts.levels, &parts.rare));
                    kinds.extend(numbers(2));
                }
                kinds
            }
            Step::Text { words, encoding, n_outputs } => {
                encoding.sound(*n_outputs)?;
                numbers(Statistic::ALL.len() + n_outputs + words.len())
            }
            Step::Times { dates, pairs } => {
                let n = self.sources.len();
                let known = |(from, to): &(usize, usize)| *from < n && *to < n;
                if dates.len() != n || !pairs.iter().all(known) {
                    return Err("dates of a plan are not its columns");
                }
                numbers(dates.iter().map(|date| date.parts.len()).sum::<usize>() + pairs.len())
            }
        })
    }

    /// The features that are kept, with their kinds.
    pub(in crate::features) fn kept(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter().filter(|output| output.kept)
    }
}
