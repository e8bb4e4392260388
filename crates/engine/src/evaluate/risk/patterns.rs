//! Matches of detectors against the planted cases.
//!
//! A match is *right* if its cluster holds an address of an owner of whose part in a case its pattern is true, and the match overlaps
//! the time in which the case's actors act; for a mixer within a hop also if that owner truly took part in a mix, or paid or was paid by a mixer. It is
//! *not judged* if every owner in the cluster is an illicit party outside of cases (a source of money, the story's), or if a known
//! entity holds the cluster. Every other match is *wrong*: also one about an actor of whom another pattern is true.
//! A case is *found* if a match of its pattern is right by it and overlaps the time of its own transactions. Latency counts blocks from the case's last transaction to the block of
//! the first match that found it.

use std::collections::{BTreeMap, BTreeSet};

use learn::proportion_bounds;
use ledger::{PatternMatch, Timestamp};
use simulate::{Evasion, OwnerId, OwnerKind, Pattern, PlantedCase, TransactionKind};

use super::report::{FoundReport, PatternReport};
use super::world::RiskWorld;

/// Sums over worlds, a row a pattern.
#[derive(Default)]
pub(super) struct Patterns {
    rows: BTreeMap<Pattern, Row>,
}

#[derive(Default)]
struct Row {
    matches: u64,
    right: u64,
    wrong: u64,
    by_evasion: BTreeMap<&'static str, FoundReport>,
    linked: FoundReport,
    latencies: Vec<i64>,
    wrong_about: BTreeMap<String, u64>,
}

/// A case with its window in block time.
struct Window<'a> {
    case: &'a PlantedCase,
    /// While its actors act.
    active: [Timestamp; 2],
    /// From the first to the last transaction of the pattern.
    told: [Timestamp; 2],
    found_at: Option<u32>,
}

impl Patterns {
    /// Adds the matches of a world; `name_of` gives a detector's name by number.
    pub(super) fn add(
        &mut self,
        world: &RiskWorld,
        matches: &[PatternMatch],
        name_of: &dyn Fn(u8) -> Option<&'static str>,
    ) {
        let mut windows: Vec<Window<'_>> = world
            .truth
            .laundering
            .cases
            .iter()
            .map(|case| Window {
                case,
                active: [case.active_from, case.active_to].map(|at| world.time_of(at)),
                told: [case.first_height, case.last_height].map(|at| world.time_of(at)),
                found_at: None,
            })
            .collect();
        let mixers = near_mixers(world);
        for found in matches {
            let name = name_of(found.pattern);
            let pattern = Pattern::ALL.into_iter().find(|pattern| Some(pattern.name()) == name);
            let Some(pattern) = pattern else { continue };
            let row = self.rows.entry(pattern).or_default();
            row.matches += 1;
            let owners = world.owners_of(found.cluster);
            let mut right = pattern == Pattern::MixerWithinAHop
                && owners.iter().any(|owner| mixers.contains(owner));
            for window in &mut windows {
                if window.is_shown(pattern, owners, found) {
                    right = true;
                    if window.case.pattern == pattern && overlap(window.told, found) {
                        let height = found.height.get();
                        window.found_at =
                            Some(window.found_at.map_or(height, |before| before.min(height)));
                    }
                }
            }
            if right {
                row.right += 1;
            } else if !is_unjudged(world, found, owners) {
                row.wrong += 1;
                *row.wrong_about.entry(about(world, owners)).or_default() += 1;
            }
        }
        windows.iter().for_each(|window| self.count(window));
    }

    fn count(&mut self, window: &Window<'_>) {
        let case = window.case;
        let row = self.rows.entry(case.pattern).or_default();
        let found = window.found_at.is_some();
        row.by_evasion.entry(case.evasion.name()).or_default().add(found);
        if !matches!(case.evasion, Evasion::Addresses { linked: false, .. }) {
            row.linked.add(found);
        }
        let latency = window.found_at.map(|at| i64::from(at) - i64::from(case.last_height));
        row.latencies.extend(latency);
    }

    /// A row a pattern, in their order.
    pub(super) fn report(self) -> Vec<PatternReport> {
        self.rows.into_iter().map(|(pattern, row)| row.report(pattern)).collect()
    }
}

impl Window<'_> {
    fn is_shown(&self, pattern: Pattern, owners: &[OwnerId], found: &PatternMatch) -> bool {
        overlap(self.active, found) && owners.iter().any(|owner| self.case.shows(*owner, pattern))
    }
}

fn overlap([first, last]: [Timestamp; 2], found: &PatternMatch) -> bool {
    found.first_time <= last && found.last_time >= first
}

impl Row {
    fn report(mut self, pattern: Pattern) -> PatternReport {
        self.latencies.sort_unstable();
        let at = |per_cent: usize| {
            let last = self.latencies.len().checked_sub(1)?;
            Some(self.latencies[last * per_cent / 100])
        };
        let judged = self.right + self.wrong;
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let bounds = |part: u64, whole: u64| {
            (whole > 0).then(|| proportion_bounds(part, whole, 0.95)).map(|(low, high)| [low, high])
        };
        PatternReport {
            pattern: pattern.name().to_owned(),
            matches: self.matches,
            right: self.right,
            wrong: self.wrong,
            not_judged: self.matches - judged,
            precision: share(self.right, judged),
            precision_bounds: bounds(self.right, judged),
            linked: self.linked,
            recall: self.linked.recall(),
            recall_bounds: bounds(self.linked.found, self.linked.cases),
            by_evasion: self
                .by_evasion
                .iter()
                .map(|(name, found)| ((*name).to_owned(), *found))
                .collect(),
            latency_median: at(50),
            latency_p95: at(95),
            wrong_about: self.wrong_about,
        }
    }
}

fn is_unjudged(world: &RiskWorld, found: &PatternMatch, owners: &[OwnerId]) -> bool {
    let others = &world.truth.laundering.others;
    let outside = !owners.is_empty() && owners.iter().all(|owner| others.contains(owner));
    outside || world.owners().entity_of_cluster(found.cluster).is_some()
}

/// Whom a wrong match is about: the look-alike, case or kind of the cluster's first owner.
fn about(world: &RiskWorld, owners: &[OwnerId]) -> String {
    let Some(owner) = owners.first() else { return "nobody".to_owned() };
    let look_alikes = &world.truth.laundering.look_alikes;
    let kind = world.truth.ownership.owner(*owner).kind;
    let cases = &world.truth.laundering.cases;
    let of_case = |case: &&PlantedCase| case.actors.iter().any(|actor| actor.owner == *owner);
    if let Some(case) = cases.iter().find(of_case) {
        return format!("actor of {} ({})", case.pattern.name(), case.evasion.name());
    }
    match look_alikes.iter().find(|one| one.owner == *owner) {
        Some(one) if kind != OwnerKind::Exchange => one.kind.name().to_owned(),
        _ => format!("{kind:?}").to_lowercase(),
    }
}

/// Owners who took part in a mix or its preparation, and whoever paid a mixer or was paid by one.
fn near_mixers(world: &RiskWorld) -> BTreeSet<OwnerId> {
    let truth = &world.truth;
    let owner_of =
        |id: ledger::AddressId| truth.ownership.owner_of(&world.ledger.addresses()[id.index()]);
    let is_mixer = |owner: &OwnerId| truth.ownership.owner(*owner).kind == OwnerKind::Mixer;
    let mut near = BTreeSet::new();
    for view in world.ledger.batch().views() {
        let Some(told) = truth.transactions.of(&view.row.id) else { continue };
        let is_mix = matches!(told.kind, TransactionKind::Mix(_) | TransactionKind::Tx0);
        let paid = || view.outputs.iter().filter_map(|output| owner_of(output.address?));
        if is_mix || told.participants.iter().any(is_mixer) || paid().any(|owner| is_mixer(&owner))
        {
            near.extend(told.participants);
            near.extend(paid());
        }
    }
    near.retain(|owner| !is_mixer(owner));
    near
}
