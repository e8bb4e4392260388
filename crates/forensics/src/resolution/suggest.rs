//! Suggestions: candidates that a model holds likely, with what speaks for and against each.
//!
//! In: profiles, candidates, a model, entities that tags name. Out: [`Suggestion`]s, likeliest first.
//! Nothing is merged: a suggestion becomes a link only by a person's decision.
//! Departures: conflicting entities are not a fitted rule, because tags are also the truth of some targets: a model
//! that saw them would measure itself by what it was told. They take [`ENTITY_CONFLICT_LOG_ODDS`] off instead.
//! Cost: O(candidates × rules). Checked against: `tests/it/resolution_fit.rs`.

use ledger::{ClusterId, Height, SuggestedLink, TxIndex};

use super::candidates::{Candidate, Candidates};
use super::error::ResolutionError;
use super::fit::pair_features;
use super::model::ResolutionModel;
use super::profiles::Profiles;
use super::scale::sigmoid;
use super::truth::entity_of;

/// What two different known entities take off the log-odds: odds of a thousand to one against.
pub const ENTITY_CONFLICT_LOG_ODDS: f64 = -6.907_755_278_982_137;

/// Which suggestions to give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SuggestOptions {
    /// Those below are left out; 0 to 1.
    pub probability_min: f64,
}

impl Default for SuggestOptions {
    fn default() -> Self {
        Self { probability_min: 0.5 }
    }
}

/// Two clusters that may have one owner.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// The smaller cluster.
    pub a: ClusterId,
    /// The larger cluster.
    pub b: ClusterId,
    /// Calibrated probability of one owner, 0 to 1.
    pub probability: f64,
    /// Natural log-odds: the contributions added up in their order, to the last bit.
    pub log_odds: f64,
    /// Rule and log-odds, the prior first.
    pub contributions: Vec<(&'static str, f64)>,
    /// Transactions that brought the two together, ascending, at most [`super::EVIDENCE_MAX`].
    pub evidence: Vec<TxIndex>,
}

impl Suggestion {
    /// The row of the table `suggested_links`; `source` is the model's row of `link_sources`.
    pub fn row(&self, height: Height, source: u32) -> SuggestedLink {
        let contributions = self.contributions.iter();
        SuggestedLink {
            a: self.a,
            b: self.b,
            height,
            probability: self.probability,
            log_odds: self.log_odds,
            contributions: contributions.map(|(rule, part)| ((*rule).to_owned(), *part)).collect(),
            evidence: self.evidence.clone(),
            source,
        }
    }
}

/// The candidates of at least that probability, likeliest first, then by clusters. `entities` is by cluster, each at most
/// once.
///
/// # Errors
/// The model does not fit this version's rules.
pub fn suggest(
    profiles: &Profiles<'_>,
    candidates: &Candidates,
    model: &ResolutionModel,
    entities: &[(ClusterId, u32)],
    options: &SuggestOptions,
) -> Result<Vec<Suggestion>, ResolutionError> {
    let shares = model.positional()?;
    let judge = |candidate: &Candidate| {
        let features = pair_features(profiles, candidate, &shares);
        let mut contributions = model.contributions(&features);
        let [a, b] = [candidate.a, candidate.b].map(|at| profiles.all()[at as usize].cluster);
        if let (Some(one), Some(other)) = (entity_of(entities, a), entity_of(entities, b))
            && one != other
        {
            contributions.push(("entities", ENTITY_CONFLICT_LOG_ODDS));
        }
        let log_odds: f64 = contributions.iter().map(|part| part.1).sum();
        let evidence = candidate.ties.evidence.clone();
        Suggestion { a, b, probability: sigmoid(log_odds), log_odds, contributions, evidence }
    };
    let judged = candidates.pairs.iter().map(judge);
    let mut suggestions: Vec<Suggestion> =
        judged.filter(|found| found.probability >= options.probability_min).collect();
    suggestions.sort_by(|one, other| {
        let likelier = other.log_odds.total_cmp(&one.log_odds);
        likelier.then((one.a, one.b).cmp(&(other.a, other.b)))
    });
    Ok(suggestions)
}
