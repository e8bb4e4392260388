//! The weighted sum: what each fact adds to a score, in whole thousandths of a point, before anything is put into words.
//!
//! In: facts as they are seen. Out: [`Addend`]s that are not 0; their sum, cut at 0 and 100 points, is the score.
//! Exposure: all rows of a side and category are one group. Each amount counts by its factor (direct, indirect, mixed); the
//! group earns the higher of the curve of its share and the curve of its value, times the category's points; these are
//! split over its parties in proportion to what counted. So it makes no difference over how many parties an exposure is
//! spread, and moving it farther away never makes it more.
//! Cost: O(rows log rows) a cluster; no text is made.

use ledger::{Category, EntityId, Exposure, FlowSide, PatternMatch};

use super::curve::{PPM, Scale, part_of, split};
use super::facts::Seen;
use super::profile::{N_CATEGORIES, Services, side_index};

/// One addend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Addend {
    pub(super) points: i64,
    pub(super) about: About,
}

/// What an addend stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The entity that holds the cluster.
    Held(EntityId),
    /// Exposure to a party.
    Exposure(Part),
    /// A row of proximities, by its place.
    Proximity(usize),
    /// The matches of a pattern, by its number.
    Pattern(u8),
    /// A model, by its place.
    Model(usize),
}

/// The part of a group's exposure that one party has in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) side: FlowSide,
    pub(super) category: Category,
    pub(super) direct: bool,
    pub(super) mixed: bool,
    pub(super) entity: EntityId,
}

impl Part {
    fn group(&self) -> (FlowSide, Category) {
        (self.side, self.category)
    }
}

/// Sums over the rows of a side and category.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    /// Amount times factor.
    counted: u128,
    /// Value times factor, in millionths of the currency.
    counted_value: i128,
    /// In millionths of the currency.
    value: i128,
    unpriced: u128,
    has_direct: bool,
}

/// Sums by side and category.
pub(super) struct Groups {
    groups: [[Group; N_CATEGORIES]; 2],
    totals: [u128; 2],
    scales: [Scale; 2],
}

impl Groups {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let mut totals = [0u128; 2];
        for row in seen.facts.exposures {
            let total = &mut totals[side_index(row.side)];
            *total = total.saturating_add(row.amount.units());
        }
        let scales = totals.map(Scale::of);
        let mut groups = [[Group::default(); N_CATEGORIES]; 2];
        for row in seen.facts.exposures {
            let (category, _) = seen.party(row.category, row.entity);
            let side = side_index(row.side);
            let group = &mut groups[side][category.index()];
            let factor = seen.profile.factors.of(row.direct, row.mixed);
            let value = row.value.micros().max(0);
            group.counted += counted(row, scales[side], factor);
            group.counted_value = group.counted_value.saturating_add(share(value, factor));
            group.value = group.value.saturating_add(value);
            group.unpriced = group.unpriced.saturating_add(row.amount_unpriced.units());
            group.has_direct |= row.direct && row.amount.units() > 0;
        }
        Self { groups, totals, scales }
    }

    fn get(&self, side: FlowSide, category: Category) -> &Group {
        &self.groups[side_index(side)][category.index()]
    }

    /// All that the cluster received (or sent).
    pub(super) fn total(&self, side: FlowSide) -> u128 {
        self.totals[side_index(side)]
    }

    /// Whether nothing was sent directly to parties of the category: what came from them may be unsolicited.
    fn is_unsolicited(&self, category: Category) -> bool {
        !self.get(FlowSide::Sent, category).has_direct
    }

    fn is_dust(&self, seen: &Seen<'_>, side: FlowSide, category: Category) -> bool {
        let (group, dust) = (self.get(side, category), &seen.profile.dust);
        side == FlowSide::Received
            && self.is_unsolicited(category)
            && group.value < dust.value_min.micros()
            && group.unpriced < u128::from(dust.amount_sat_min)
    }

    /// What part of the category's points a group earns, in ppm.
    fn earned(&self, seen: &Seen<'_>, side: FlowSide, category: Category) -> i64 {
        let group = self.get(side, category);
        let total = self.scales[side_index(side)].apply(self.total(side));
        if group.counted == 0 || total == 0 || self.is_dust(seen, side, category) {
            return 0;
        }
        // Shifted amounts are rounded down one by one, so their sum is at most the shifted total.
        let share = i128::try_from(group.counted / total).expect("at most a million");
        let curves = &seen.profile.curves;
        curves.share.at(share).max(curves.value.at(group.counted_value))
    }
}

/// An amount times its factor: at most 2^100.
fn counted(row: &Exposure, scale: Scale, factor: i64) -> u128 {
    scale.apply(row.amount.units()) * u128::from(factor.unsigned_abs())
}

fn share(value: i128, factor: i64) -> i128 {
    // Only absurd values are beyond the product; for them whole parts are exact enough.
    let product = value.checked_mul(factor.into()).map(|product| product / i128::from(PPM));
    product.unwrap_or_else(|| value / i128::from(PPM) * i128::from(factor))
}

/// All addends that are not 0.
pub(super) fn addends(seen: &Seen<'_>) -> Vec<Addend> {
    let groups = Groups::of(seen);
    let mut addends = Vec::new();
    held(seen, &mut addends);
    exposures(seen, &groups, &mut addends);
    proximities(seen, &groups, &mut addends);
    patterns(seen, &mut addends);
    models(seen, &mut addends);
    addends.retain(|addend| addend.points != 0);
    addends
}

fn held(seen: &Seen<'_>, addends: &mut Vec<Addend>) {
    if let Some(entity) = seen.held_by() {
        let points = seen.profile.of_category(entity.category).held;
        addends.push(Addend { points, about: About::Held(entity.id) });
    }
}

fn exposures(seen: &Seen<'_>, groups: &Groups, addends: &mut Vec<Addend>) {
    let mut parts: Vec<(Part, u128)> = Vec::new();
    for row in seen.facts.exposures {
        let (category, entity) = seen.party(row.category, row.entity);
        let side = side_index(row.side);
        if seen.profile.of_category(category).exposure[side] != 0 {
            let factor = seen.profile.factors.of(row.direct, row.mixed);
            let (direct, mixed) = (row.direct, row.mixed);
            let part = Part { side: row.side, category, direct, mixed, entity };
            parts.push((part, counted(row, groups.scales[side], factor)));
        }
    }
    parts.sort_unstable_by_key(|part| part.0);
    parts.dedup_by(|next, sum| {
        let same = next.0 == sum.0;
        sum.1 += if same { next.1 } else { 0 };
        same
    });
    for group in parts.chunk_by(|a, b| a.0.group() == b.0.group()) {
        let (side, category) = group[0].0.group();
        let earned = groups.earned(seen, side, category);
        let weight = seen.profile.of_category(category).exposure[side_index(side)];
        let amounts: Vec<u128> = group.iter().map(|part| part.1).collect();
        let points = split(part_of(weight, earned), &amounts);
        let own = points.into_iter().zip(group);
        addends.extend(own.map(|(points, (part, _))| {
            let about = About::Exposure(*part);
            Addend { points, about }
        }));
    }
}

/// What counts of nearness and of patterns: all of it, unless a service holds the cluster. The money of thousands meets
/// there, so that every service is near every party and shows every shape; its exposure says what it truly took.
fn of_services(seen: &Seen<'_>) -> Services {
    let holds = |entity: &ledger::Entity| {
        seen.profile.services.categories & (1 << entity.category.index()) != 0
    };
    if seen.held_by().is_some_and(holds) {
        seen.profile.services
    } else {
        Services { categories: 0, nearness: PPM, patterns: PPM }
    }
}

fn proximities(seen: &Seen<'_>, groups: &Groups, addends: &mut Vec<Addend>) {
    let services = of_services(seen);
    for (at, row) in seen.facts.proximities.iter().enumerate() {
        let dust = row.side == FlowSide::Received
            && row.bottleneck_sat < seen.profile.dust.amount_sat_min
            && groups.is_unsolicited(row.category);
        if dust || seen.is_unknown(row.category, row.entity) {
            continue;
        }
        let hop = usize::from(row.hops_contracted.saturating_sub(1));
        let earned = seen.profile.curves.hops.get(hop).copied().unwrap_or(0);
        let weight = seen.profile.of_category(row.category).near[side_index(row.side)];
        let points = part_of(part_of(weight, earned), services.nearness);
        addends.push(Addend { points, about: About::Proximity(at) });
    }
}

/// The matches of a pattern that count, in order: of known weight, not left out, not dust.
pub(super) fn matches<'s>(
    seen: &'s Seen<'_>,
    number: u8,
) -> impl Iterator<Item = &'s PatternMatch> + 's {
    let dust = seen.profile.dust;
    let is_dust = move |row: &PatternMatch| match row.value {
        Some(value) => value < dust.value_min,
        None => row.amount.units() < u128::from(dust.amount_sat_min),
    };
    let counts = move |row: &&PatternMatch| row.pattern == number && !is_dust(row);
    seen.facts.patterns.iter().filter(counts)
}

fn patterns(seen: &Seen<'_>, addends: &mut Vec<Addend>) {
    let mut numbers: Vec<u8> = seen.facts.patterns.iter().map(|row| row.pattern).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers.into_iter().filter(|number| !seen.is_without_pattern(*number)) {
        let Some((_, weight)) = seen.profile.pattern(number) else { continue };
        let n = i128::try_from(matches(seen, number).count()).expect("a count of rows in memory");
        let earned = part_of(weight, seen.profile.curves.matches.at(n));
        let points = part_of(earned, of_services(seen).patterns);
        addends.push(Addend { points, about: About::Pattern(number) });
    }
}

fn models(seen: &Seen<'_>, addends: &mut Vec<Addend>) {
    let Some(weight) = &seen.profile.model else { return };
    for (at, model) in seen.facts.models.iter().enumerate() {
        // Not known without some facts: it stays, and the counterfactual says so.
        let probability = model.without(seen.without).unwrap_or(model.probability_ppm);
        let ppm = i64::from(probability).min(PPM);
        if model.name == weight.name && ppm >= weight.from_ppm {
            let points = part_of(weight.points, ppm);
            addends.push(Addend { points, about: About::Model(at) });
        }
    }
}
