//! Clusters of a run: continued from those of the last run where that is possible, else made from empty.
//!
//! In: links, tags, decisions and the configuration of ownership. Out: clusters, and how many addresses were looked at
//! again. Continued and made anew are the same bytes (`tests/it/laws.rs`, `tests/it/decisions.rs`): `forensics` builds
//! those clusters again that a new decision or entity touches, and no other.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, StringArray};
use arrow::datatypes::{DataType, Field, UInt32Type};
use arrow::record_batch::RecordBatch;
use forensics::{ClusterRules, Clusters, Guard, HeldLink, HeldReason, links_among};
use ledger::{AddressId, Height, HeldRecord, Link, TxIndex};
use std::sync::Arc;
use store::Snapshot;

use crate::config::OwnershipConfig;
use crate::derived::{mapped_batch, mapped_column};
use crate::layout::{self, checkpoint, mapped};
use crate::ownership::{Bounds, DecisionLog, Followed};
use crate::view::TagFile;
use crate::{Error, reader};

/// The entity of each address that a confident tag names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entities {
    /// By address, one each.
    rows: Vec<(AddressId, String)>,
}

impl Entities {
    /// From the tags: the most confident actor of an address; of two equally confident ones the first by name.
    fn of_tags(
        file: &TagFile,
        confidence_min: u8,
        id_of: impl Fn(&ledger::Address) -> Option<u32>,
    ) -> Result<Self, Error> {
        let mut best: BTreeMap<u32, (std::cmp::Reverse<u8>, String)> = BTreeMap::new();
        for row in (0..file.len()).filter(|row| file.confidence(*row) >= confidence_min) {
            let tag = file.tag(row)?;
            let id = if tag.actor.is_empty() { None } else { id_of(&tag.address) };
            let Some(id) = id else { continue };
            let claim = (std::cmp::Reverse(tag.confidence), tag.actor);
            match best.get_mut(&id) {
                Some(held) if *held <= claim => {}
                Some(held) => *held = claim,
                None => _ = best.insert(id, claim),
            }
        }
        let rows = best.into_iter().map(|(id, (_, actor))| (AddressId::new(id), actor));
        Ok(Self { rows: rows.collect() })
    }

    /// As the last run left them.
    pub(crate) fn read(snapshot: &Snapshot) -> Result<Self, Error> {
        let batch = snapshot.mapped(mapped::ENTITIES)?;
        let fault = || Error::missing("the mapped entities are damaged", "run `tracehound verify`");
        let ids = batch.column_by_name("address").and_then(|c| c.as_primitive_opt::<UInt32Type>());
        let actors = batch.column_by_name("entity").and_then(|c| c.as_string_opt::<i32>());
        let (ids, actors) = (ids.ok_or_else(fault)?, actors.ok_or_else(fault)?);
        let rows = ids
            .values()
            .iter()
            .zip(actors)
            .map(|(id, actor)| (AddressId::new(*id), actor.unwrap_or_default().to_owned()));
        Ok(Self { rows: rows.collect() })
    }

    pub(crate) fn batch(&self) -> Result<RecordBatch, Error> {
        let ids = self.rows.iter().map(|row| row.0.get()).collect();
        let actors: StringArray = self.rows.iter().map(|row| Some(row.1.as_str())).collect();
        mapped_batch(vec![
            mapped_column::<UInt32Type>("address", ids),
            (Field::new("entity", DataType::Utf8, false), Arc::new(actors)),
        ])
    }

    /// With a number for each entity, in the order of their names.
    pub(crate) fn with_numbers(&self) -> Vec<(AddressId, u32)> {
        self.numbered(&Numbers::new(self.names()))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|row| row.1.as_str())
    }

    fn numbered(&self, numbers: &Numbers<'_>) -> Vec<(AddressId, u32)> {
        self.rows.iter().filter_map(|(id, name)| Some((*id, numbers.of(name)?))).collect()
    }
}

/// Numbers for entities, in the order of their names: so the smallest number is the same entity before and after names
/// come and go.
struct Numbers<'n>(Vec<&'n str>);

impl<'n> Numbers<'n> {
    fn new(names: impl Iterator<Item = &'n str>) -> Self {
        let names: BTreeSet<&str> = names.collect();
        Self(names.into_iter().collect())
    }

    fn of(&self, name: &str) -> Option<u32> {
        let at = self.0.binary_search(&name).ok()?;
        u32::try_from(at).ok()
    }

    fn name(&self, number: u32) -> Option<String> {
        self.0.get(number as usize).map(|name| (*name).to_owned())
    }
}

/// Clusters, and what they were made with.
pub(crate) struct Guarded {
    pub(crate) clusters: Clusters,
    pub(crate) held: Vec<HeldRecord>,
    pub(crate) entities: Entities,
    /// Links that people made.
    pub(crate) made: Vec<Link>,
    /// Addresses whose cluster was made again, new ones not counted; `None` if all were made from empty.
    pub(crate) n_rebuilt: Option<u64>,
    /// Decisions in force that name nothing in this ledger.
    pub(crate) n_without_effect: u64,
}

/// Everything that clusters are made from, but for the links.
struct Inputs<'s> {
    snapshot: &'s Snapshot,
    config: &'s OwnershipConfig,
    log: DecisionLog,
    entities: Entities,
    n_addresses: u32,
}

impl Guarded {
    /// Makes the clusters of all links; `anew` from empty, whatever the last run left.
    pub(crate) fn make(
        snapshot: &Snapshot,
        config: &OwnershipConfig,
        links: &[Link],
        anew: bool,
    ) -> Result<Self, Error> {
        let addresses = snapshot.dictionary(layout::ADDRESSES)?;
        let id_of = |address: &ledger::Address| addresses.lookup_one(&address.key());
        let entities = match TagFile::open(snapshot)? {
            Some(file) => Entities::of_tags(&file, config.entity_confidence_min, id_of)?,
            None => Entities::default(),
        };
        let log = DecisionLog::open(snapshot)?;
        let inputs = Inputs { snapshot, config, log, entities, n_addresses: addresses.len() };
        let is_same_config = snapshot.checkpoint(checkpoint::RUN_OWNERSHIP) == Some(config.stamp());
        let has_run = snapshot.checkpoint(checkpoint::CLUSTERS).is_some();
        match has_run && is_same_config && !anew {
            true => inputs.go_on(links),
            false => inputs.begin(links),
        }
    }
}

impl Inputs<'_> {
    fn guard(&self) -> Guard {
        Guard { cluster_addresses_min: self.config.guard_addresses }
    }

    fn followed(&self, links: &[Link]) -> Result<Followed, Error> {
        Followed::resolve(&self.log, self.snapshot, None, |transactions| of(links, transactions))
    }

    fn begin(self, links: &[Link]) -> Result<Guarded, Error> {
        let followed = self.followed(links)?;
        let numbers = Numbers::new(self.entities.names());
        let made: Vec<Link> = followed.decisions.links().copied().collect();
        let mut clusters = Clusters::new(ClusterRules {
            guard: self.guard(),
            entities: self.entities.numbered(&numbers),
            decisions: followed.decisions,
        });
        match made.is_empty() {
            true => clusters.apply(links, self.n_addresses),
            false => clusters.apply(&[links, &made].concat(), self.n_addresses),
        }
        let held = records(clusters.held(), &numbers);
        Ok(Guarded {
            clusters,
            held,
            made,
            n_rebuilt: None,
            n_without_effect: followed.n_without_effect,
            entities: self.entities,
        })
    }

    /// From the clusters of the last run: links of blocks since, then other decisions, then other entities.
    fn go_on(self, links: &[Link]) -> Result<Guarded, Error> {
        let of = |name| self.snapshot.checkpoint(name).unwrap_or(0);
        let labels = self.snapshot.mapped(mapped::LABELS)?;
        let labels = crate::derived::column::<UInt32Type>(&labels, "label")?;
        let labels = labels.values();
        let until = u32::try_from(of(checkpoint::CLUSTERS)).expect("heights are u32");
        let split = links.partition_point(|link| link.height.get() < until);
        let (old_links, new_links) = links.split_at(split);
        let n_before = u32::try_from(labels.len()).expect("address ids are u32");
        let old_log = DecisionLog::open(self.snapshot)?.first(of(checkpoint::RUN_DECISIONS));
        let bounds = Some(Bounds { n_addresses: n_before, until: Height::new(until) });
        let old = Followed::resolve(&old_log, self.snapshot, bounds, |t| self::of(old_links, t))?;
        let old_entities = Entities::read(self.snapshot)?;
        let numbers = Numbers::new(old_entities.names().chain(self.entities.names()));
        let now = self.entities.numbered(&numbers);
        // Addresses that have appeared since count from the beginning with what is known of them today.
        let (mut entities, new) = (old_entities.numbered(&numbers), now.iter());
        entities.extend(new.filter(|row| row.0.get() >= n_before));
        let (guard, decisions) = (self.guard(), old.decisions.clone());
        let rules = ClusterRules { guard, entities, decisions };
        let held = held_links(self.snapshot, &numbers)?;
        let height = old_links.last().map(|link| link.height);
        let mut clusters = Clusters::from_parts(labels, held, rules, height)?;
        clusters.apply(new_links, self.n_addresses);
        let new = self.followed(links)?;
        let made: Vec<Link> = new.decisions.links().copied().collect();
        let among = |touched: &[AddressId]| links_among(touched, links.iter().chain(&made));
        let changed = old.decisions.changed(&new.decisions, links);
        let mut n_rebuilt = clusters.set_decisions(new.decisions, &changed, among);
        n_rebuilt += clusters.set_entities(now, among);
        let held = records(clusters.held(), &numbers);
        Ok(Guarded {
            clusters,
            held,
            made,
            n_rebuilt: Some(u64::from(n_rebuilt)),
            n_without_effect: new.n_without_effect,
            entities: self.entities,
        })
    }
}

fn of(links: &[Link], transactions: &BTreeSet<TxIndex>) -> Vec<Link> {
    links.iter().filter(|link| transactions.contains(&link.tx)).copied().collect()
}

fn records(held: &[HeldLink], numbers: &Numbers<'_>) -> Vec<HeldRecord> {
    let record = |one: &HeldLink| HeldRecord {
        link: one.link,
        reason: one.reason.number(),
        clusters: one.clusters,
        sizes: one.sizes,
        entities: one.entities.map(|entity| numbers.name(entity?)),
    };
    held.iter().map(record).collect()
}

/// The links that the last run held.
fn held_links(snapshot: &Snapshot, numbers: &Numbers<'_>) -> Result<Vec<HeldLink>, Error> {
    let mut links = Vec::new();
    for row in reader::held(snapshot)? {
        let reason = HeldReason::from_number(row.reason).ok_or_else(|| {
            let what = format!("table held_links: {} is no reason", row.reason);
            Error::missing(what, "run `tracehound verify`")
        })?;
        links.push(HeldLink {
            link: row.link,
            reason,
            clusters: row.clusters,
            sizes: row.sizes,
            entities: row.entities.map(|name| numbers.of(&name?)),
        });
    }
    Ok(links)
}

/// The rules that the clusters of a snapshot were made with, and what they held.
pub(crate) struct RulesOfRun {
    pub(crate) rules: ClusterRules,
    pub(crate) held: Vec<HeldLink>,
}

impl RulesOfRun {
    /// Reads them. `links_of` gives all links that some transactions show.
    pub(crate) fn read(
        snapshot: &Snapshot,
        links_of: impl FnOnce(&BTreeSet<TxIndex>) -> Vec<Link>,
    ) -> Result<Self, Error> {
        let of = |name| snapshot.checkpoint(name).unwrap_or(0);
        let labels = snapshot.mapped(mapped::LABELS)?;
        let bounds = Bounds {
            n_addresses: u32::try_from(labels.num_rows()).expect("address ids are u32"),
            until: Height::new(u32::try_from(of(checkpoint::CLUSTERS)).expect("heights are u32")),
        };
        let log = DecisionLog::open(snapshot)?.first(of(checkpoint::RUN_DECISIONS));
        let followed = Followed::resolve(&log, snapshot, Some(bounds), links_of)?;
        let entities = Entities::read(snapshot)?;
        let numbers = Numbers::new(entities.names());
        let guard = OwnershipConfig::guard_of_stamp(of(checkpoint::RUN_OWNERSHIP));
        Ok(Self {
            rules: ClusterRules {
                guard: Guard { cluster_addresses_min: guard },
                entities: entities.numbered(&numbers),
                decisions: followed.decisions,
            },
            held: held_links(snapshot, &numbers)?,
        })
    }
}
