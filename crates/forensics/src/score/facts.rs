//! What a score is made of: the facts of one cluster, and facts left out.
//!
//! In: rows of the risk tables about one cluster. Out: the same, read through a profile (an entity that is not sure enough
//! is nobody known) and through [`Without`] (what is taken away is nobody known, its amounts become untraced).

use ledger::{
    Amount, Category, ClusterId, Entity, EntityId, Exposure, PatternMatch, ProximityRow, TxIndex,
};

use super::Profile;

/// A list names members of the cluster; entries that are in force only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedMember {
    /// The entity of the entry.
    pub entity: EntityId,
    /// How many addresses of the cluster it names.
    pub n_addresses: u32,
}

/// What a model says of the cluster. It counts where the profile names the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelScore<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The calibrated probability, in parts per million.
    pub probability_ppm: u32,
    /// Why, in words: the features that contributed most; empty where nobody asked.
    pub reasons: &'a str,
    /// What it says without some facts, in parts per million. Of what is not among them it is not known, see
    /// [`Counterfactual::model_unknown`](super::Counterfactual::model_unknown).
    pub after: &'a [(Without, u32)],
}

impl ModelScore<'_> {
    /// What it says without some facts; `None` if that is not known. Entries of lists are no features of a model.
    pub(super) fn without(&self, without: Option<Without>) -> Option<u32> {
        match without {
            None | Some(Without::Listing(_) | Without::Listings) => Some(self.probability_ppm),
            Some(Without::Model) => Some(0),
            Some(without) => self.after.iter().find(|row| row.0 == without).map(|row| row.1),
        }
    }
}

/// All that is known of one cluster. Rows are those of this cluster alone, each kind in the order of its table.
#[derive(Clone, Copy, Debug)]
pub struct ClusterFacts<'a> {
    /// The cluster.
    pub cluster: ClusterId,
    /// The known entity that holds it.
    pub held_by: Option<EntityId>,
    /// Members that lists name.
    pub listed: &'a [ListedMember],
    /// Exposure of both sides; the rows of a side add up to all that it received (or sent).
    pub exposures: &'a [Exposure],
    /// Nearest entities.
    pub proximities: &'a [ProximityRow],
    /// Patterns that are about it.
    pub patterns: &'a [PatternMatch],
    /// Models' scores.
    pub models: &'a [ModelScore<'a>],
    /// The whole table of entities: row `i` has id `i`.
    pub entities: &'a [Entity],
}

impl<'a> ClusterFacts<'a> {
    /// A cluster of which nothing is known.
    pub fn nothing(cluster: ClusterId, entities: &'a [Entity]) -> Self {
        let (listed, exposures, proximities, patterns, models) = (&[], &[], &[], &[], &[]);
        Self { cluster, held_by: None, listed, exposures, proximities, patterns, models, entities }
    }
}

/// Who paid in a transaction, with the score of its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayerScore {
    /// The cluster.
    pub cluster: ClusterId,
    /// What of the amount it paid (haircut where several paid).
    pub amount: Amount,
    /// Its score, in thousandths of a point.
    pub points: i64,
}

/// All that is known of one payment that came in.
#[derive(Clone, Copy, Debug)]
pub struct TransactionFacts<'a> {
    /// The transaction.
    pub tx: TxIndex,
    /// Whom it paid.
    pub receiver: ClusterId,
    /// What it paid them, unknown payers' part included.
    pub amount: Amount,
    /// Addresses of payers that lists name.
    pub listed: &'a [ListedMember],
    /// Exposure of this amount alone, side received.
    pub exposures: &'a [Exposure],
    /// Known payers.
    pub payers: &'a [PayerScore],
    /// The whole table of entities: row `i` has id `i`.
    pub entities: &'a [Entity],
}

/// Facts that are left out, to see what a score would be without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Without {
    /// Everything that names this entity.
    Entity(EntityId),
    /// Everything that names an entity of this category, or the category itself.
    Category(Category),
    /// The matches of a pattern, by its number.
    Pattern(u8),
    /// That this entry of a list names members; the entity stays known.
    Listing(EntityId),
    /// That lists name members at all.
    Listings,
    /// What the model says.
    Model,
}

/// Facts as a profile and a counterfactual let them be seen.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) facts: &'a ClusterFacts<'a>,
    pub(super) profile: &'a Profile,
    pub(super) without: Option<Without>,
}

impl<'a> Seen<'a> {
    /// The row of an entity.
    pub(super) fn entity(&self, id: EntityId) -> Option<&'a Entity> {
        let row = self.facts.entities.get(id.known()?.get() as usize)?;
        (row.id == id).then_some(row)
    }

    /// Who a row is about: nobody known, if the party is left out or not sure enough.
    pub(super) fn party(&self, category: Category, entity: EntityId) -> (Category, EntityId) {
        let gone = match self.without {
            Some(Without::Entity(without)) => entity != EntityId::NONE && entity == without,
            Some(Without::Category(without)) => category == without,
            _ => false,
        };
        let unsure =
            self.entity(entity).is_some_and(|row| row.confidence < self.profile.confidence_min);
        if gone || unsure { (Category::UNTRACED, EntityId::NONE) } else { (category, entity) }
    }

    /// Whether a row is about a party that is left out or not sure enough.
    pub(super) fn is_unknown(&self, category: Category, entity: EntityId) -> bool {
        self.party(category, entity) != (category, entity)
    }

    /// The party that holds the cluster.
    pub(super) fn held_by(&self) -> Option<&'a Entity> {
        let row = self.entity(self.facts.held_by?)?;
        (!self.is_unknown(row.category, row.id)).then_some(row)
    }

    /// Listed members that count, in order of their entities.
    pub(super) fn listed(&self) -> Vec<ListedMember> {
        let counts = |listed: &&ListedMember| match self.without {
            Some(Without::Listings) => false,
            Some(Without::Listing(entity) | Without::Entity(entity)) => listed.entity != entity,
            // A list is of sanctions unless its entity says otherwise.
            Some(Without::Category(category)) => {
                let own = self.entity(listed.entity).map_or(Category::SANCTIONED, |e| e.category);
                own != category
            }
            _ => true,
        };
        let mut listed: Vec<ListedMember> =
            self.facts.listed.iter().filter(counts).copied().collect();
        listed.sort_by_key(|listed| listed.entity);
        listed
    }

    /// Whether matches of a pattern are left out.
    pub(super) fn is_without_pattern(&self, number: u8) -> bool {
        self.without == Some(Without::Pattern(number))
    }
}
