//! Probes: whether the nearest listed party is as near, however its money went.
//!
//! Every address at the end of a way is asked. Its answer is right if the changes of ownership and the contracted hops are those of
//! the truth; it is *the same* if the contracted hops are those found for the way with one address an actor. A way that is longer than
//! the product looks has no number of all changes; its contracted one is still due.

use std::collections::BTreeMap;

use ledger::{Category, ClusterId, FlowSide, ProximityRow};
use simulate::{Evasion, Probe};

use super::report::{ProbeReport, ProximityReport};
use super::world::RiskWorld;

/// Sums over worlds, by manner.
#[derive(Default)]
pub(super) struct Probes(BTreeMap<String, ProbeReport>);

impl Probes {
    /// Adds the probes of a world; `rows_of` gives the rows of a cluster.
    pub(super) fn add(
        &mut self,
        world: &RiskWorld,
        hops_max: u8,
        rows_of: &dyn Fn(ClusterId) -> Vec<ProximityRow>,
    ) {
        let answer = |probe: &Probe, place: usize| -> Option<(u32, u32)> {
            let cluster = world.cluster_of(&probe.addresses[place])?;
            let rows = rows_of(cluster);
            let row = rows.iter().find(|row| {
                row.side == FlowSide::Received && row.category == Category::SANCTIONED
            })?;
            Some((u32::from(row.hops), u32::from(row.hops_contracted)))
        };
        let probes = &world.truth.laundering.probes;
        for probe in probes {
            let plain = probes.iter().find(|other| {
                (other.set, other.passes_on) == (probe.set, probe.passes_on)
                    && other.evasion == Evasion::None
            });
            let plain = plain.and_then(|plain| answer(plain, 0));
            let manner = manner(probe);
            let row = self.0.entry(manner.clone()).or_default();
            row.manner = manner;
            for place in 0..probe.addresses.len() {
                let found = answer(probe, place);
                row.addresses += 1;
                row.hops_beyond += u64::from(probe.hops > u32::from(hops_max));
                row.hops_right += u64::from(found.is_some_and(|hops| hops.0 == probe.hops));
                row.contracted_right +=
                    u64::from(found.is_some_and(|hops| hops.1 == probe.hops_contracted));
                row.same += u64::from(
                    found.is_some() && found.map(|hops| hops.1) == plain.map(|hops| hops.1),
                );
            }
        }
    }

    pub(super) fn report(self) -> ProximityReport {
        let manners: Vec<ProbeReport> = self.0.into_values().collect();
        let sum = |part: fn(&ProbeReport) -> u64| manners.iter().map(part).sum::<u64>();
        let (addresses, same) = (sum(|row| row.addresses), sum(|row| row.same));
        let unaffected = (addresses > 0).then(|| same as f64 / addresses as f64);
        ProximityReport { manners, unaffected }
    }
}

fn manner(probe: &Probe) -> String {
    let way = if probe.passes_on { "passed on" } else { "kept a while" };
    let how = match probe.evasion {
        Evasion::None => "one address an actor".to_owned(),
        Evasion::Split { parts } => format!("in {parts} parts"),
        Evasion::Hops { extra } => format!("{extra:>2} further wallets"),
        Evasion::Addresses { count, linked: true } => format!("{count} addresses an actor, linked"),
        Evasion::Addresses { count, .. } => format!("{count} addresses an actor, apart"),
    };
    format!("{way}, {how}")
}
