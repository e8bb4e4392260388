//! Planted laundering: what the truth tells of it is what stands on chain.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Address, Timestamp};
use tracehound_simulate::{
    Evasion, LaunderingSpec, LookAlikeKind, OwnerId, Pattern, PlantedCase, Truth, World, WorldSpec,
};

use crate::replay::Seen;
use crate::worlds;

fn spec(seed: u64) -> WorldSpec {
    WorldSpec {
        n_transactions: 16_000,
        laundering: LaunderingSpec { n_probe_addresses: 100, ..LaunderingSpec::SOME },
        ..WorldSpec::laundering(seed)
    }
}

struct Told<'a> {
    truth: &'a Truth,
    seen: BTreeMap<ledger::TxId, (u32, &'a Seen)>,
}

impl Told<'_> {
    fn owners(&self, addresses: impl IntoIterator<Item = Address>) -> BTreeSet<OwnerId> {
        let owner = |address| self.truth.ownership.owner_of(&address).unwrap();
        addresses.into_iter().map(owner).collect()
    }

    /// Payers and payees of each transaction, with what payees other than the payer got.
    fn flows(&self, case: &PlantedCase) -> Vec<(OwnerId, BTreeMap<OwnerId, u64>)> {
        let flow = |id| {
            let (_, seen) = self.seen[id];
            let payers = self.owners(seen.payers());
            assert_eq!(payers.len(), 1, "{case:?}");
            let payer = *payers.first().unwrap();
            let mut paid = BTreeMap::new();
            for (address, sat) in &seen.paid {
                let owner = self.truth.ownership.owner_of(address).unwrap();
                if owner != payer {
                    *paid.entry(owner).or_insert(0) += sat;
                }
            }
            (payer, paid)
        };
        case.transactions.iter().map(flow).collect()
    }

    #[track_caller]
    fn check(&self, case: &PlantedCase) {
        assert!(case.actors.iter().any(|actor| actor.owner == case.subject));
        assert!(case.shows(case.subject, case.pattern), "{case:?}");
        let heights: Vec<u32> = case.transactions.iter().map(|id| self.seen[id].0).collect();
        assert_eq!(heights.iter().min(), Some(&case.first_height), "{case:?}");
        assert_eq!(heights.iter().max(), Some(&case.last_height));
        assert!(case.amount_sat > 0 && !heights.is_empty(), "{case:?}");
        let flows = self.flows(case);
        let subject = case.subject;
        let payers: BTreeSet<_> =
            flows.iter().filter(|flow| flow.1.contains_key(&subject)).collect();
        let payees: BTreeSet<_> =
            flows.iter().filter(|flow| flow.0 == subject).flat_map(|flow| flow.1.keys()).collect();
        let span = case.last_height - case.first_height;
        match case.pattern {
            Pattern::FanIn => assert!(payers.len() >= 10 && span <= 144, "{case:?}"),
            Pattern::FanOut => assert!(payees.len() >= 10 && span <= 144, "{case:?}"),
            Pattern::GatherScatter => assert!(payers.len() >= 8 && payees.len() >= 8, "{case:?}"),
            Pattern::ScatterGather => assert!(payees.len() >= 8, "{case:?}"),
            Pattern::TemporalCycle => self.closes(case, &flows),
            Pattern::Structuring => self.stays_below(case, &flows),
            Pattern::DormancyThenDrain => assert!(payees.len() >= 3, "{case:?}"),
            Pattern::Layering => assert!(case.actors.len() >= 7, "{case:?}"),
            _ => {}
        }
    }

    /// Everything that ever reaches somebody from the subject reaches the subject again.
    fn closes(&self, case: &PlantedCase, flows: &[(OwnerId, BTreeMap<OwnerId, u64>)]) {
        let mut reached = BTreeSet::from([case.subject]);
        let mut back = 0;
        for (payer, paid) in flows {
            if reached.contains(payer) {
                reached.extend(paid.keys());
                back += paid.get(&case.subject).copied().unwrap_or_default();
            }
        }
        assert!(back > 200_000_000, "{case:?} {back}");
    }

    fn stays_below(&self, case: &PlantedCase, flows: &[(OwnerId, BTreeMap<OwnerId, u64>)]) {
        let mut n_below = 0;
        for ((payer, paid), id) in flows.iter().zip(&case.transactions) {
            let price = self.truth.prices.cents_at(self.seen[id].0).unwrap();
            if *payer == case.subject {
                let cents = paid.values().sum::<u64>() * price / 100_000_000;
                assert!((240_000..1_000_000).contains(&cents), "{cents} {case:?}");
                n_below += 1;
            }
        }
        assert!(n_below >= 4, "{case:?}");
    }
}

#[test]
fn cases_are_as_told() {
    let spec = spec(1);
    let (truth, history) = worlds::check(spec);
    let mut seen = BTreeMap::new();
    for (told, shown) in truth.transactions.iter().zip(&history.transactions) {
        seen.insert(told.id, (told.height, shown));
    }
    let told = Told { truth: &truth, seen };
    let planted = &truth.laundering;
    assert_eq!(planted.unfinished, Vec::<String>::new());
    planted.cases.iter().for_each(|case| told.check(case));
    let wanted = spec.laundering;
    let each = wanted.n_plain + wanted.n_split + wanted.n_hops + wanted.n_linked + wanted.n_apart;
    for pattern in Pattern::ALL {
        let n = planted.cases.iter().filter(|case| case.pattern == pattern).count();
        assert_eq!(n, each as usize, "{pattern:?}");
    }
    for kind in LookAlikeKind::ALL {
        let found = planted.look_alikes.iter().filter(|one| one.kind == kind);
        assert_eq!(found.clone().count(), wanted.n_look_alikes as usize, "{kind:?}");
        assert!(found.clone().all(|one| !planted.illicit().contains(&one.owner)));
    }
    probes_have_their_addresses(&truth);
    tags_name_their_owners(&truth);
}

fn probes_have_their_addresses(truth: &Truth) {
    let probes = &truth.laundering.probes;
    assert_eq!(probes.len(), 14);
    for probe in probes {
        let expected = match probe.evasion {
            Evasion::Addresses { linked: true, .. } => 100,
            Evasion::Addresses { linked: false, .. } => 3,
            _ => 1,
        };
        assert!(probe.addresses.len() >= expected, "{probe:?}");
        for address in &probe.addresses {
            assert_eq!(truth.ownership.owner_of(address), Some(probe.owner));
        }
    }
}

fn tags_name_their_owners(truth: &Truth) {
    let tags = &truth.laundering.tags;
    let of = |concept: &str| tags.iter().filter(|tag| tag.concept == concept).count();
    assert_eq!([of("exchange"), of("mixing_service"), of("ransomware")], [1, 1, 1]);
    assert_eq!([of("hack"), of("market")], [1, 1]);
    assert!(tags.iter().all(|tag| truth.ownership.owner_of(&tag.address) == Some(tag.owner)));
}

#[test]
fn a_rest_of_months_lies_in_the_middle() {
    let spec = spec(2);
    let world = World::new(spec).unwrap();
    let time = |block: Vec<u8>| u32::from_le_bytes(block[68..72].try_into().unwrap());
    let times: Vec<u32> = world.blocks().map(time).collect();
    let gaps: Vec<u32> = times.windows(2).skip(1).map(|pair| pair[1] - pair[0]).collect();
    let days = gaps.iter().filter(|gap| **gap == 86_400).count();
    assert_eq!(days, spec.laundering.n_quiet_blocks as usize);
    assert!(gaps.iter().all(|gap| *gap <= 840 || *gap == 86_400));
    let candles = {
        let times: Vec<Timestamp> =
            times.iter().map(|time| Timestamp::new(i64::from(*time))).collect();
        world.truth().prices.candles(&times)
    };
    assert!(candles.windows(2).all(|pair| pair[1].time.get() - pair[0].time.get() == 3_600));
    assert!(candles.windows(2).all(|pair| pair[1].open == pair[0].close));
    assert!(candles.iter().all(|one| one.low <= one.open.min(one.close) && one.high >= one.close));
    assert!(candles.len() > 200 * 24 && candles.len() < 210 * 24);
}

#[test]
fn the_preset_is_pinned() {
    let blocks = World::new(spec(1)).unwrap().blocks();
    // A change of it changes every figure measured on these worlds, and must be meant.
    assert_eq!(
        worlds::digest(blocks),
        "27d0488b59067277c02d3e5db803bcf50f1f168a6c828b517ca7ae91b8893de7"
    );
}

#[test]
fn every_plan_is_carried_out() {
    for seed in 2..7 {
        let truth = World::new(WorldSpec::laundering(seed)).unwrap().blocks().into_truth();
        assert_eq!(truth.laundering.unfinished, Vec::<String>::new(), "seed {seed}");
        for case in &truth.laundering.cases {
            let [from, first] = [case.active_from, case.first_height];
            assert!(from <= first && case.last_height <= case.active_to, "{case:?}");
        }
    }
}

#[test]
fn too_little_room_is_refused() {
    let check = |n_blocks| World::new(WorldSpec { n_blocks, ..spec(1) }).is_ok();
    assert!(check(1_000) && check(940) && !check(900));
}
