//! Addends in words: the rows of `score_terms`.
//!
//! In: addends of one cluster. Out: [`ScoreTerm`]s, the largest first, that add up to the score exactly.

use std::cmp::Reverse;

use ledger::{Category, ClusterId, Entity, EntityId, FlowSide, ScoreTerm, Value};

use super::addends::{About, Addend, Groups, Part, matches};
use super::facts::{ListedMember, Seen};
use super::{LISTED_POINTS, TERMS_MAX};

/// A term without its place.
pub(super) fn term(cluster: ClusterId, kind: &str, points: i64, basis: String) -> ScoreTerm {
    ScoreTerm {
        cluster,
        position: 0,
        kind: kind.to_owned(),
        category: None,
        entity: EntityId::NONE,
        points,
        basis,
        source_version: String::new(),
    }
}

/// The one term of the hard rule.
pub(super) fn listed(seen: &Seen<'_>, listed: &[ListedMember]) -> ScoreTerm {
    let first = listed[0];
    let name = seen.entity(first.entity).map_or("an entry", |entity| entity.name.as_str());
    let addresses = if first.n_addresses == 1 { "address" } else { "addresses" };
    let mut basis = format!("{} {addresses} listed as {name}", first.n_addresses);
    match listed.len() - 1 {
        0 => {}
        1 => basis += ", and by 1 more entry",
        more => basis += &format!(", and by {more} more entries"),
    }
    let term = term(seen.facts.cluster, "listed", LISTED_POINTS, basis);
    let category = seen.entity(first.entity).map_or(Category::SANCTIONED, |e| e.category);
    about(term, seen, category, first.entity)
}

/// Terms of all addends, the largest first; beyond [`TERMS_MAX`] the smaller ones are one term `rest`.
pub(super) fn terms(seen: &Seen<'_>, mut addends: Vec<Addend>) -> Vec<ScoreTerm> {
    // Addends come in a fixed order and the sort is stable.
    addends.sort_by_key(|addend| Reverse(addend.points.abs()));
    let rest = addends.split_off(addends.len().min(TERMS_MAX));
    let groups = Groups::of(seen);
    let mut terms: Vec<ScoreTerm> =
        addends.iter().map(|addend| one(seen, &groups, addend)).collect();
    let points: i64 = rest.iter().map(|addend| addend.points).sum();
    if points != 0 {
        let basis = format!("{} smaller terms together", rest.len());
        terms.push(term(seen.facts.cluster, "rest", points, basis));
    }
    terms
}

fn about(term: ScoreTerm, seen: &Seen<'_>, category: Category, entity: EntityId) -> ScoreTerm {
    let source_version = seen.entity(entity).map_or_else(String::new, source_of);
    ScoreTerm { category: Some(category), entity, source_version, ..term }
}

fn source_of(entity: &Entity) -> String {
    format!("{} {}", entity.source, entity.source_version).trim().to_owned()
}

fn one(seen: &Seen<'_>, groups: &Groups, addend: &Addend) -> ScoreTerm {
    let (facts, points) = (seen.facts, addend.points);
    let bare = |kind: &str, basis: String| term(facts.cluster, kind, points, basis);
    match addend.about {
        About::Held(id) => {
            let entity = seen.entity(id);
            let name = entity.map_or("an entity", |entity| entity.name.as_str());
            let category = entity.map_or(Category::OTHER, |entity| entity.category);
            about(bare("entity", format!("held by {name}")), seen, category, id)
        }
        About::Exposure(part) => {
            let term = bare("exposure", exposure(seen, groups, part));
            about(term, seen, part.category, part.entity)
        }
        About::Proximity(at) => {
            let row = &facts.proximities[at];
            let way = if row.side == FlowSide::Received { "from" } else { "to" };
            let (hops, contracted) = (row.hops, row.hops_contracted);
            let basis = format!(
                "{contracted} contracted {} {way} {} ({hops} in all), at most {} BTC that way",
                if contracted == 1 { "hop" } else { "hops" },
                name_of(seen, row.category, row.entity),
                ledger::Amount::from_sat(row.bottleneck_sat).in_coins(8)
            );
            about(bare("proximity", basis), seen, row.category, row.entity)
        }
        About::Pattern(number) => bare("pattern", pattern(seen, number)),
        About::Model(at) => {
            let model = &facts.models[at];
            let probability = model.without(seen.without).unwrap_or(model.probability_ppm);
            let (whole, parts) = percent(probability.into());
            let mut basis = format!("{} {}: {whole}.{parts:04} %", model.name, model.version);
            if !model.reasons.is_empty() && seen.without.is_none() {
                basis += &format!(": {}", model.reasons);
            }
            ScoreTerm { source_version: format!("model {}", model.version), ..bare("model", basis) }
        }
    }
}

fn pattern(seen: &Seen<'_>, number: u8) -> String {
    let name = seen.profile.pattern(number).map_or("a pattern", |(name, _)| name);
    let n = matches(seen, number).count();
    let last = matches(seen, number).max_by_key(|row| row.height);
    let about = last.map_or("", |row| row.about.as_str());
    format!("{name}, {n} {}: {about}", if n == 1 { "match" } else { "matches" })
}

fn exposure(seen: &Seen<'_>, groups: &Groups, part: Part) -> String {
    let (mut amount, mut unpriced, mut value) = (0u128, 0u128, Value::ZERO);
    for row in seen.facts.exposures {
        let (category, entity) = seen.party(row.category, row.entity);
        let (side, direct, mixed) = (row.side, row.direct, row.mixed);
        if (Part { side, category, direct, mixed, entity }) == part {
            amount = amount.saturating_add(row.amount.units());
            unpriced = unpriced.saturating_add(row.amount_unpriced.units());
            value = Value::from_micros(value.micros().saturating_add(row.value.micros()));
        }
    }
    let total = groups.total(part.side);
    let way = if part.direct { "directly" } else { "through others" };
    let mix = if part.mixed { " after a mix" } else { "" };
    let preposition = if part.side == FlowSide::Received { "from" } else { "to" };
    let party = name_of(seen, part.category, part.entity);
    let (whole, parts) = percent(ppm(amount, total));
    let (side, currency) = (part.side.name(), &seen.profile.currency);
    let mut basis = format!(
        "{side} {way}{mix} {preposition} {party}: {whole}.{parts:04} % ({amount} of {total} sat), \
         worth {value} {currency}"
    );
    if unpriced > 0 {
        basis += &format!(" and {unpriced} sat without a price");
    }
    basis
}

fn name_of(seen: &Seen<'_>, category: Category, entity: EntityId) -> String {
    match seen.entity(entity) {
        Some(row) => row.name.clone(),
        None => format!("parties of category {category}"),
    }
}

fn ppm(part: u128, total: u128) -> u128 {
    let shift = (u128::BITS - total.leading_zeros()).saturating_sub(100);
    (part >> shift) * 1_000_000 / (total >> shift).max(1)
}

/// Parts per million as whole percent and ten-thousandths of one.
fn percent(ppm: u128) -> (u128, u128) {
    (ppm / 10_000, ppm % 10_000)
}
