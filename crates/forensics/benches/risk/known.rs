//! Who is known in real blocks: the newest list of sanctions and the tag packs of a data folder, as claims on the addresses of
//! a ledger, chosen among as the program does (`forensics::Attribution`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use graph::NONE;
use ingest::lists::{self, ReadOptions};
use ingest::tags::{TagFileContent, read_tag_file, tag_files};
use ledger::{Address, AddressId, Category, ClusterId, Entity, Tag, Timestamp};
use tracehound_forensics::{Attribution, Claim};

/// Tags below it are left out, as the program does by default.
const CONFIDENCE_MIN: u8 = 40;

/// Parties by address; an entity keeps its number whatever clusters become.
pub(crate) struct Known {
    /// By address, each claim on a cluster of its own.
    claims: Vec<(u32, Claim)>,
    pub(crate) entities: Vec<Entity>,
}

fn cluster(label: u32) -> ClusterId {
    ClusterId::new(AddressId::new(label))
}

impl Known {
    /// What the folder says of these addresses.
    pub(crate) fn read(labels: &Path, addresses: &[Address]) -> Self {
        let ids: BTreeMap<&Address, u32> = addresses.iter().zip(0..).collect();
        let mut claims: Vec<(u32, Claim)> = Vec::new();
        for (address, claim) in listed(labels).into_iter().chain(tagged(labels)) {
            let id = ids.get(&address);
            claims.extend(id.map(|id| (*id, Claim { cluster: cluster(*id), ..claim })));
        }
        claims.sort_by_key(|claim| claim.0);
        let all = claims.iter().map(|(_, claim)| claim.clone()).collect();
        // An entity whose claim never wins on its own address wins on no cluster.
        let entities = Attribution::of(all).entities;
        Self { claims, entities }
    }

    /// Addresses of which something is claimed, ascending.
    pub(crate) fn addresses(&self) -> Vec<u32> {
        let mut addresses: Vec<u32> = self.claims.iter().map(|(id, _)| *id).collect();
        addresses.dedup();
        addresses
    }

    pub(crate) fn categories(&self) -> Vec<Category> {
        self.entities.iter().map(|entity| entity.category).collect()
    }

    /// The entity of each claimed address: what the guard keeps apart.
    pub(crate) fn of_addresses(&self) -> Vec<(AddressId, u32)> {
        let addresses = self.addresses();
        let own: Vec<u32> = (0..addresses.last().map_or(0, |last| last + 1)).collect();
        let held = self.holders(&own);
        addresses.iter().map(|id| (AddressId::new(*id), held[id])).collect()
    }

    /// By label the entity that holds the cluster, of addresses that have a label.
    pub(crate) fn holders(&self, labels: &[u32]) -> BTreeMap<u32, u32> {
        let claims = self.claims.iter().filter_map(|(id, claim)| {
            Some(Claim { cluster: cluster(*labels.get(*id as usize)?), ..claim.clone() })
        });
        let won = Attribution::of(claims.collect());
        let number = |entity: &Entity| {
            let same = |own: &Entity| (own.category, &own.name) == (entity.category, &entity.name);
            self.entities.iter().position(same).map_or(NONE, |at| at as u32)
        };
        let numbers: Vec<u32> = won.entities.iter().map(number).collect();
        let held = won.clusters.iter();
        held.map(|(id, entity)| (id.get().get(), numbers[entity.get() as usize])).collect()
    }
}

/// Entries of the newest list.
fn listed(labels: &Path) -> Vec<(Address, Claim)> {
    let options = ReadOptions { list: Some("ofac-sdn".to_owned()), ..ReadOptions::default() };
    let path = labels.join("ofac/addresses-2024-09-27/sanctioned_addresses_XBT.txt");
    let list = lists::read_list(&[path], &options).unwrap();
    let claim = |name: &str| Claim {
        cluster: cluster(0),
        listed: true,
        defines_cluster: true,
        confidence: 100,
        category: Category::SANCTIONED,
        name: name.to_owned(),
        source: "list ofac-sdn".to_owned(),
        source_version: String::new(),
    };
    list.entries.iter().map(|entry| (entry.address, claim(&entry.address_text))).collect()
}

fn tagged(labels: &Path) -> Vec<(Address, Claim)> {
    let packs: PathBuf = labels.join("tagpacks/packs");
    let mut claims = Vec::new();
    for file in tag_files(&[packs]).unwrap() {
        let Ok(TagFileContent::Tags(pack)) = read_tag_file(&file, Timestamp::new(0)) else {
            continue;
        };
        let sure = pack.tags.into_iter().filter(|tag| tag.confidence >= CONFIDENCE_MIN);
        claims.extend(sure.map(|tag| (tag.address, claim(tag))));
    }
    claims
}

fn claim(tag: Tag) -> Claim {
    let words = std::iter::once(tag.category.as_str()).chain(tag.concepts.split(';'));
    let mut found = words.filter(|word| !word.is_empty()).map(Category::of_concept);
    let category = found.find(|category| *category != Category::OTHER).unwrap_or(Category::OTHER);
    Claim {
        cluster: cluster(0),
        listed: false,
        defines_cluster: tag.defines_cluster,
        confidence: tag.confidence,
        category,
        name: if tag.actor.is_empty() { tag.label } else { tag.actor },
        source: format!("pack {}", tag.pack),
        source_version: String::new(),
    }
}
