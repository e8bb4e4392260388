//! A world as the product sees it: its ledger, its clusters, what tags and lists say; and its truth beside it.

use std::collections::BTreeMap;

use forensics::Owners;
use forensics::change::{ChangeModel, ChangeState};
use forensics::evaluation::UNKNOWN_OWNER;
use graph::NONE;
use ingest::labelled::MemoryLedger;
use ledger::{Address, Category, ClusterId, Entity, EntityId, Height, Timestamp};
use simulate::{OwnerId, Truth, WorldSpec};

use super::super::methods::Found;
use super::super::worlds::{fitted_to, heights, made, price};
use super::RiskOptions;
use crate::Error;

/// What a fitted model of change is taken from: a world that is not measured.
pub(super) fn change_model(options: &RiskOptions) -> Result<Option<ChangeModel>, Error> {
    let seed = (0..).find(|seed| !options.seeds.contains(seed)).unwrap_or_default();
    fitted_to(options.spec(seed))
}

/// A world with everything that is measured on it.
pub(super) struct RiskWorld {
    pub(super) seed: u64,
    pub(super) ledger: MemoryLedger,
    pub(super) truth: Truth,
    /// By address: the label of its cluster.
    pub(super) labels: Vec<u32>,
    /// By label: the entity that holds the cluster.
    pub(super) held_by: Vec<u32>,
    /// By id.
    pub(super) entities: Vec<Entity>,
    /// By label: true owners of the cluster's addresses, ascending.
    owners: BTreeMap<u32, Vec<OwnerId>>,
    heights: BTreeMap<Timestamp, u32>,
}

impl RiskWorld {
    /// Makes the world and its clusters.
    pub(super) fn of(spec: WorldSpec, model: Option<&ChangeModel>) -> Result<Self, Error> {
        let (ledger, truth) = made(spec)?;
        let heights = heights(ledger.batch());
        let dollars = |time| price(&heights, &truth, time);
        let n_addresses = ledger.n_addresses();
        let mut state = ChangeState::default();
        let found = Found::with(model, &mut state, ledger.batch(), n_addresses, &dollars);
        let labels = found.cluster(&found.links);
        let owners = owners_of_clusters(&ledger, &truth, &labels);
        let mut world = Self {
            seed: spec.seed,
            held_by: vec![NONE; labels.len()],
            ledger,
            truth,
            labels,
            entities: Vec::new(),
            owners,
            heights,
        };
        world.attribute();
        Ok(world)
    }

    /// Entities of what lists and packs of this world say; where they disagree on a cluster, the lowest category holds it.
    fn attribute(&mut self) {
        let story = &self.truth.story;
        let mut said: Vec<(Category, String, Address)> = vec![
            (Category::SANCTIONED, "listed".to_owned(), story.listed_address),
            (Category::EXCHANGE, "Bitmarket".to_owned(), story.exchange_hot_address),
            (Category::MIXING, "Tumbler".to_owned(), story.mixer_fee_address),
        ];
        let ransom = story.ransom_addresses.first();
        let ransomware = Category::of_concept("ransomware");
        said.extend(ransom.map(|address| (ransomware, "Lockjaw".to_owned(), *address)));
        let planted = self.truth.laundering.tags.iter();
        said.extend(
            planted.map(|tag| (Category::of_concept(tag.concept), tag.label.clone(), tag.address)),
        );
        said.sort();
        for (category, name, address) in said {
            let Some(id) = self.ledger.id_of(&address) else { continue };
            let label = self.labels[id.index()] as usize;
            let number = u32::try_from(self.entities.len()).expect("a world has few tags");
            if self.held_by[label] == NONE {
                self.held_by[label] = number;
            }
            let is_listed = category == Category::SANCTIONED;
            self.entities.push(Entity {
                id: EntityId::new(number),
                category,
                name,
                source: if is_listed { "list ofac-sdn" } else { "pack simulated" }.to_owned(),
                source_version: "1".to_owned(),
                confidence: if is_listed { 100 } else { 90 },
            });
        }
    }

    pub(super) fn owners(&self) -> Owners<'_> {
        Owners { labels: &self.labels, entities: &self.held_by }
    }

    /// True owners of a cluster's addresses.
    pub(super) fn owners_of(&self, cluster: ClusterId) -> &[OwnerId] {
        let label = u32::try_from(cluster.index()).expect("labels are u32");
        self.owners.get(&label).map_or(&[], Vec::as_slice)
    }

    /// Every cluster, ascending.
    pub(super) fn clusters(&self) -> impl Iterator<Item = ClusterId> {
        self.owners.keys().map(|label| ClusterId::new(ledger::AddressId::new(*label)))
    }

    /// The cluster of an address that the world pays.
    pub(super) fn cluster_of(&self, address: &Address) -> Option<ClusterId> {
        Some(self.owners().cluster(self.ledger.id_of(address)?))
    }

    /// The price of a coin in millionths of a dollar: that of the last block at or before a time.
    pub(super) fn price_micros(&self, time: Timestamp) -> Option<u64> {
        let height = self.heights.range(..=time).next_back()?.1;
        Some(self.truth.prices.cents_at(*height)? * 10_000)
    }

    pub(super) fn time_of(&self, height: u32) -> Timestamp {
        let block = &self.ledger.batch().blocks[height as usize];
        debug_assert_eq!(block.height, Height::new(height));
        block.time
    }
}

fn owners_of_clusters(
    ledger: &MemoryLedger,
    truth: &Truth,
    labels: &[u32],
) -> BTreeMap<u32, Vec<OwnerId>> {
    let mut owners: BTreeMap<u32, Vec<OwnerId>> = BTreeMap::new();
    for (address, label) in ledger.addresses().iter().zip(labels) {
        let of_cluster = owners.entry(*label).or_default();
        let owner = truth.ownership.owner_of(address);
        of_cluster.extend(owner.filter(|owner| owner.get() != UNKNOWN_OWNER));
    }
    for of_cluster in owners.values_mut() {
        of_cluster.sort_unstable();
        of_cluster.dedup();
    }
    owners
}
