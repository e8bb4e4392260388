//! What lists and tags claim of clusters, as `forensics::Attribution` chooses among it.

use forensics::score::ListedMember;
use forensics::screening::ListIndex;
use forensics::{Attribution, Claim};
use ledger::{Category, ClusterId, Entity, EntityId, Listing};

use crate::Error;
use crate::view::TagFile;

/// The known parties of all clusters.
pub(crate) fn attribution(
    lists: &ListIndex,
    tags: Option<&TagFile>,
    confidence_min: u8,
    cluster_of: impl Fn(&ledger::Address) -> Option<ClusterId>,
) -> Result<Attribution, Error> {
    let mut claims = Vec::new();
    for listing in lists.listings() {
        claims.extend(cluster_of(&listing.address).map(|cluster| listed(listing, cluster)));
    }
    if let Some(tags) = tags {
        let mut last: Option<(ledger::Address, Option<ClusterId>)> = None;
        for row in 0..tags.len() {
            if tags.confidence(row) < confidence_min {
                continue;
            }
            let Some(address) = tags.address(row) else { continue };
            // Tags are sorted by address: one look-up serves all tags of one.
            let cluster = match last {
                Some((same, cluster)) if same == address => cluster,
                _ => cluster_of(&address),
            };
            last = Some((address, cluster));
            if let Some(cluster) = cluster {
                claims.push(tagged(tags.tag(row)?, cluster));
            }
        }
    }
    Ok(Attribution::of(claims))
}

/// The listed addresses of one cluster, by party.
pub(crate) struct Listed {
    pub(crate) cluster: ClusterId,
    pub(crate) members: Vec<ListedMember>,
}

/// Listed addresses by cluster and party. A party that does not name the cluster's entity, because another one does,
/// counts under that one: what is listed is listed.
pub(crate) fn listed_members(
    lists: &ListIndex,
    attribution: &Attribution,
    cluster_of: impl Fn(&ledger::Address) -> Option<ClusterId>,
) -> Vec<Listed> {
    let mut rows: Vec<(ClusterId, (EntityId, ledger::Address))> = Vec::new();
    for listing in lists.listings() {
        let Some(cluster) = cluster_of(&listing.address) else { continue };
        let own = attribution.clusters.binary_search_by_key(&cluster, |row| row.0);
        let own = own.ok().map(|at| attribution.clusters[at].1);
        let entity = listed_entity(listing, &attribution.entities, own);
        rows.push((cluster, (entity, listing.address)));
    }
    rows.sort_unstable();
    let of_cluster = |rows: &[(ClusterId, (EntityId, ledger::Address))]| Listed {
        cluster: rows[0].0,
        members: members_by_party(rows.iter().map(|row| row.1).collect()),
    };
    rows.chunk_by(|a, b| a.0 == b.0).map(of_cluster).collect()
}

/// Listed addresses of one cluster, counted by party.
pub(crate) fn members_by_party(mut rows: Vec<(EntityId, ledger::Address)>) -> Vec<ListedMember> {
    rows.sort_unstable();
    rows.dedup();
    let member = |rows: &[(EntityId, ledger::Address)]| {
        let n_addresses = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        ListedMember { entity: rows[0].0, n_addresses }
    };
    rows.chunk_by(|a, b| a.0 == b.0).map(member).collect()
}

/// The entity that an entry of a list names; that which holds the cluster where it names none.
pub(crate) fn listed_entity(
    listing: &Listing,
    entities: &[Entity],
    held_by: Option<EntityId>,
) -> EntityId {
    let key = (Category::SANCTIONED, party_of(listing));
    let at = entities.binary_search_by(|row| (row.category, row.name.as_str()).cmp(&key));
    at.map_or(held_by.unwrap_or(EntityId::NONE), |at| entities[at].id)
}

/// The party of an entry, by what the list gives.
fn party_of(listing: &Listing) -> &str {
    match (listing.entity_name.as_str(), listing.entity_id.as_str()) {
        ("", "") => &listing.address_text,
        ("", id) => id,
        (name, _) => name,
    }
}

fn listed(listing: &Listing, cluster: ClusterId) -> Claim {
    Claim {
        cluster,
        listed: true,
        defines_cluster: true,
        confidence: 100,
        category: Category::SANCTIONED,
        name: party_of(listing).to_owned(),
        source: format!("list {}", listing.list),
        source_version: listing.list_version.clone(),
    }
}

fn tagged(tag: ledger::Tag, cluster: ClusterId) -> Claim {
    let version = tag.modified_at.unwrap_or(tag.known_at);
    Claim {
        cluster,
        listed: false,
        defines_cluster: tag.defines_cluster,
        confidence: tag.confidence,
        category: category_of(&tag),
        name: if tag.actor.is_empty() { tag.label } else { tag.actor },
        source: format!("pack {}", tag.pack),
        source_version: version.get().to_string(),
    }
}

/// By the tag's category; where that is of no kind of ours, by the first of its concepts that is.
pub(crate) fn category_of(tag: &ledger::Tag) -> Category {
    let words = std::iter::once(tag.category.as_str()).chain(tag.concepts.split(';'));
    let mut found = words.filter(|word| !word.is_empty()).map(Category::of_concept);
    found.find(|category| *category != Category::OTHER).unwrap_or(Category::OTHER)
}
