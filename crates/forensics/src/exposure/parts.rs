//! Parts: how much of an amount is of which origin.
//!
//! In: parts in any order. Out: parts ascending by origin, each origin once, at most a bound of single entities.
//! Cost: a sort. Checked against: sums by a map (`tests/it/exposure_split.rs`).

use ledger::{Category, EntityId};

/// Where a part comes from (or, looked at from the payer, where it goes): an entity or a category, and how.
///
/// Ordered by entity, then those of no single entity by category, then whether mixed, then whether direct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(u32);

const DIRECT: u32 = 1;
const MIXED: u32 = 2;
const FLAG_BITS: u32 = 2;
/// From here on an id stands for a category.
const POOLED: u32 = 0x3fff_ff00;

impl Origin {
    /// Nobody known.
    pub const UNTRACED: Self = Self::of_category(Category::UNTRACED);
    /// New coins and fees.
    pub const MINED: Self = Self::of_category(Category::MINED);
    /// Entities have numbers below this one.
    pub const N_ENTITIES_MAX: u32 = POOLED;

    /// A single entity, not direct, not mixed.
    ///
    /// # Panics
    /// The number is not below [`Origin::N_ENTITIES_MAX`].
    pub const fn of_entity(entity: u32) -> Self {
        assert!(entity < POOLED, "entities are counted far below 2^30");
        Self(entity << FLAG_BITS)
    }

    /// No single entity, not direct, not mixed.
    pub const fn of_category(category: Category) -> Self {
        Self((POOLED + category.number() as u32) << FLAG_BITS)
    }

    /// The same from the counterparty itself.
    #[must_use]
    pub const fn directly(self) -> Self {
        Self(self.0 | DIRECT)
    }

    /// The same one step further on.
    #[must_use]
    pub const fn indirectly(self) -> Self {
        Self(self.0 & !DIRECT)
    }

    /// The same after a possibly collaborative transaction.
    #[must_use]
    pub const fn through_mixing(self) -> Self {
        Self(self.0 | MIXED)
    }

    /// Whether the counterparty itself is the entity.
    pub const fn is_direct(self) -> bool {
        self.0 & DIRECT != 0
    }

    /// Whether it passed a possibly collaborative transaction.
    pub const fn is_mixed(self) -> bool {
        self.0 & MIXED != 0
    }

    /// The single entity, [`EntityId::NONE`] if none.
    pub const fn entity(self) -> EntityId {
        let id = self.0 >> FLAG_BITS;
        if id < POOLED { EntityId::new(id) } else { EntityId::NONE }
    }

    /// The kind of party, where `categories` are those of the entities; [`Category::OTHER`] for an entity without one.
    pub fn category(self, categories: &[Category]) -> Category {
        let id = self.0 >> FLAG_BITS;
        let own = match id.checked_sub(POOLED) {
            Some(number) => u8::try_from(number).ok().and_then(Category::from_number),
            None => categories.get(id as usize).copied(),
        };
        own.unwrap_or(Category::OTHER)
    }

    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    const fn is_single(self) -> bool {
        self.0 >> FLAG_BITS < POOLED
    }

    /// The whole category in place of the entity; flags stay.
    fn pooled(self, categories: &[Category]) -> Self {
        let flags = self.0 & (DIRECT | MIXED);
        Self(Self::of_category(self.category(categories)).0 | flags)
    }
}

/// An amount of one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Where it comes from (goes to).
    pub origin: Origin,
    /// How much, in satoshi.
    pub amount_sat: u64,
}

impl Part {
    pub(super) const fn new(origin: Origin, amount_sat: u64) -> Self {
        Self { origin, amount_sat }
    }
}

/// Ascending by origin, each once. The amounts of one transaction fit 64 bits together.
pub(super) fn merge(parts: &mut Vec<Part>) {
    if parts.len() < 2 {
        return;
    }
    if !parts.is_sorted_by(|a, b| a.origin <= b.origin) {
        parts.sort_unstable_by_key(|part| part.origin);
    }
    parts.dedup_by(|next, sum| {
        let same = next.origin == sum.origin;
        sum.amount_sat += if same { next.amount_sat } else { 0 };
        same
    });
}

/// Pools the smallest entities into their categories until at most `parts_max` single ones are left; on a tie the
/// smaller origin stays. `parts` are merged and stay so.
pub(super) fn bound(parts: &mut Vec<Part>, parts_max: u16, categories: &[Category]) {
    let parts_max = usize::from(parts_max);
    if parts.len() <= parts_max {
        return;
    }
    let mut singles: Vec<(u64, Origin)> = parts
        .iter()
        .filter(|part| part.origin.is_single())
        .map(|part| (part.amount_sat, part.origin))
        .collect();
    if singles.len() <= parts_max {
        return;
    }
    let order = |a: &(u64, Origin), b: &(u64, Origin)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
    let (_, first_out, _) = singles.select_nth_unstable_by(parts_max, order);
    let first_out = *first_out;
    for part in parts.iter_mut().filter(|part| part.origin.is_single()) {
        if order(&(part.amount_sat, part.origin), &first_out).is_ge() {
            part.origin = part.origin.pooled(categories);
        }
    }
    merge(parts);
}
