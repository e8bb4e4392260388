//! A read-only view of one committed snapshot, from which every question is answered.
//!
//! Opening reads the listings (thousands of rows) and maps everything else. A view never changes: whoever holds one sees
//! the store as it was, while a writer goes on. Shared between threads without locks.

use std::sync::OnceLock;

use arrow::array::{Array, AsArray, RecordBatch};
use forensics::score::Profile;
use forensics::screening::{ListIndex, ListedClusters, cluster_of};
use ledger::{
    Address, AddressId, Chain, ClusterId, ListImported, Listing, ParsedAddress, Tag, Timestamp,
    TxId, TxIndex, tables,
};
use store::{Dictionary, Snapshot};

use crate::config::RiskConfig;
use crate::derived::Derived;
use crate::intake::LedgerColumns;
use crate::layout::{self, SHARED, checkpoint, mapped};
use crate::risk_files::RiskFiles;
use crate::staleness::SinceLastRun;
use crate::{Config, Error, ListingAnswer, TagAnswer, stages};

/// Everything that questions are answered from; see the module.
pub struct View {
    pub(crate) snapshot: Snapshot,
    pub(crate) config: Config,
    pub(crate) addresses: Dictionary,
    pub(crate) transactions: Dictionary,
    pub(crate) columns: LedgerColumns,
    pub(crate) lists: ListIndex,
    pub(crate) listed_clusters: ListedClusters,
    pub(crate) imports: Vec<ListImported>,
    pub(crate) tags: Option<TagFile>,
    pub(crate) derived: Option<Derived>,
    pub(crate) risk: Option<RiskFiles>,
    pub(crate) list_version: String,
    pub(crate) snapshot_id: String,
    pub(crate) since_last_run: SinceLastRun,
    pub(crate) profile: OnceLock<Profile>,
}

impl View {
    pub(crate) fn open(snapshot: &Snapshot, config: &Config) -> Result<Self, Error> {
        let addresses = snapshot.dictionary(layout::ADDRESSES)?;
        let derived = Derived::open(snapshot)?;
        let lists = live_lists(snapshot, None, None)?;
        let labels = derived.as_ref().map_or(&[][..], Derived::labels);
        let listed_clusters = listed_clusters(&lists, &addresses, labels);
        let imports = list_imports(snapshot)?;
        Ok(Self {
            config: config.clone(),
            transactions: snapshot.dictionary(layout::BITCOIN_TX)?,
            columns: LedgerColumns::open(snapshot)?,
            tags: TagFile::open(snapshot)?,
            list_version: list_version(&imports),
            snapshot_id: snapshot.id().to_string(),
            since_last_run: SinceLastRun::default(),
            profile: OnceLock::new(),
            snapshot: snapshot.clone(),
            addresses,
            lists,
            listed_clusters,
            imports,
            risk: RiskFiles::open(snapshot)?,
            derived,
        })
    }

    /// The id of the snapshot that answers.
    pub fn snapshot_id(&self) -> &str {
        &self.snapshot_id
    }

    /// The text of every address that has appeared, by id.
    pub fn addresses(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.addresses.len()).map(|id| self.address_text(AddressId::new(id)))
    }

    /// What is mapped of a run, or an error that says to make one.
    pub(crate) fn derived(&self) -> Result<&Derived, Error> {
        self.derived.as_ref().ok_or_else(|| {
            Error::missing("no run has been made for this ledger", "run `tracehound run` first")
        })
    }

    pub(crate) fn labels(&self) -> &[u32] {
        self.derived.as_ref().map_or(&[], Derived::labels)
    }

    /// The address of an id.
    pub(crate) fn address_of(&self, id: AddressId) -> Option<Address> {
        self.addresses.key(id.get()).and_then(Address::from_key)
    }

    pub(crate) fn id_of(&self, address: &Address) -> Option<AddressId> {
        self.addresses.lookup_one(&address.key()).map(AddressId::new)
    }

    /// The address of a text, and its id.
    pub(crate) fn known_address(&self, text: &str) -> Result<(ParsedAddress, AddressId), Error> {
        let parsed = ledger::parse_address(text)?;
        let id = self.id_of(&parsed.address).ok_or_else(|| {
            let what = format!("{} has not appeared in the blocks of this store", text.trim());
            Error::missing(what, self.range_hint())
        })?;
        Ok((parsed, id))
    }

    fn range_hint(&self) -> String {
        match (self.columns.n_blocks(), self.columns.last_block()) {
            (0, _) | (_, None) => {
                "the store holds no blocks: run `tracehound ingest bitcoin PATH`".to_owned()
            }
            (_, Some(last)) => {
                let first = self.columns.block(0).height;
                format!("the store holds blocks {first} to {}", last.height)
            }
        }
    }

    pub(crate) fn cluster_of(&self, address: AddressId) -> ClusterId {
        cluster_of(self.labels(), address)
    }

    /// Whether the last run knew the cluster; one of an address that came in since is unknown to every table of it.
    pub(crate) fn is_of_run(&self, cluster: ClusterId) -> bool {
        stages::root(cluster).index() < self.labels().len()
    }

    /// An address as text, in the writing of Bitcoin where it has one.
    pub(crate) fn address_text(&self, id: AddressId) -> String {
        let address = self.address_of(id);
        address.map_or_else(|| format!("#{id}"), |address| address.display(Chain::Bitcoin))
    }

    pub(crate) fn cluster_text(&self, cluster: ClusterId) -> String {
        self.address_text(stages::root(cluster))
    }

    pub(crate) fn tx_id(&self, tx: TxIndex) -> TxId {
        let key = u32::try_from(tx.get()).ok().and_then(|id| self.transactions.key(id));
        let bytes = key.and_then(|key| key.try_into().ok());
        TxId::from_bytes(bytes.expect("every transaction of the ledger is in the dictionary"))
    }

    /// Members of a cluster, by id.
    pub(crate) fn members_of(&self, cluster: ClusterId) -> Vec<AddressId> {
        let root = stages::root(cluster).get();
        let members = self
            .derived
            .as_ref()
            .map_or_else(|| vec![root], |derived| derived.members(&root).to_vec());
        members.into_iter().map(AddressId::new).collect()
    }

    /// What a cluster is known as: listed names first, then the most confident tag; empty if nothing.
    pub(crate) fn entity_of(&self, cluster: ClusterId) -> String {
        if let Some(member) = self.listed_clusters.members_of(cluster).next() {
            let address = self.addresses.key(member.get()).and_then(Address::from_key);
            let found =
                address.as_ref().map(|address| self.lists.find(address)).unwrap_or_default();
            if let Some(row) = found.first() {
                return match row.entity_name.as_str() {
                    "" => format!("an entry of {}", row.list),
                    name => format!("{name} ({})", row.list),
                };
            }
        }
        self.best_tag(cluster).map_or_else(String::new, |tag| tag.label)
    }

    /// The tags of a cluster at the last run, the most confident first: their file and rows.
    pub(crate) fn cluster_tags(
        &self,
        cluster: ClusterId,
    ) -> Option<(&TagFile, std::ops::Range<usize>)> {
        let own = &self.derived.as_ref()?.cluster_tags;
        Some((&own.tags, own.rows(stages::root(cluster).get())))
    }

    /// The most confident tag of a cluster.
    pub(crate) fn best_tag(&self, cluster: ClusterId) -> Option<Tag> {
        let (tags, rows) = self.cluster_tags(cluster)?;
        rows.into_iter().next().and_then(|row| tags.tag(row).ok())
    }

    /// The configuration of risk that the last run followed, which is what its tables say; that of now without a run.
    pub(crate) fn risk_of_run(&self) -> RiskConfig {
        let stamp = self.snapshot.checkpoint(checkpoint::RUN_RISK);
        stamp.map_or_else(|| self.config.risk.clone(), RiskConfig::of_stamp)
    }
}

/// The last import of each list.
pub(crate) fn latest_imports(imports: &[ListImported]) -> Vec<&ListImported> {
    let mut latest: Vec<&ListImported> = Vec::new();
    for import in imports {
        match latest.iter_mut().find(|other| other.list == import.list) {
            Some(other) => *other = import,
            None => latest.push(import),
        }
    }
    latest.sort_by(|a, b| a.list.cmp(&b.list));
    latest
}

/// Hash over the versions of all lists; empty if there is none.
fn list_version(imports: &[ListImported]) -> String {
    let latest = latest_imports(imports);
    if latest.is_empty() {
        return String::new();
    }
    let text: Vec<String> =
        latest.iter().map(|row| format!("{} {}\n", row.list, row.list_version)).collect();
    crate::digest(text.concat().as_bytes())
}

pub(crate) fn list_imports(snapshot: &Snapshot) -> Result<Vec<ListImported>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::LIST_IMPORTS.name, SHARED, None, None)? {
        rows.append(&mut tables::list_imports_from(&batch?)?);
    }
    Ok(rows)
}

/// Every event of every list, in the order in which they were learnt.
pub(crate) fn list_events(snapshot: &Snapshot) -> Result<Vec<Listing>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::LISTINGS.name, SHARED, None, None)? {
        rows.append(&mut tables::listings_from(&batch?)?);
    }
    Ok(rows)
}

/// What is live on the lists: as they stood at `as_of`, by what was known at `known_at`; now where they are `None`.
pub(crate) fn live_lists(
    snapshot: &Snapshot,
    as_of: Option<Timestamp>,
    known_at: Option<Timestamp>,
) -> Result<ListIndex, Error> {
    let events = list_events(snapshot)?;
    let live = ingest::lists::listings_as_of(&events, as_of, known_at);
    Ok(ListIndex::new(live.into_iter().cloned().collect()))
}

pub(crate) fn listed_clusters(
    lists: &ListIndex,
    addresses: &Dictionary,
    labels: &[u32],
) -> ListedClusters {
    let ids = lists.addresses().filter_map(|address| addresses.lookup_one(&address.key()));
    ListedClusters::new(ids.map(AddressId::new), labels)
}

/// The tags of the store, sorted by address and mapped.
pub(crate) struct TagFile {
    batch: RecordBatch,
}

impl TagFile {
    /// Opens it; `None` if no tags were imported.
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Option<Self>, Error> {
        if !snapshot.manifest().mapped.contains_key(mapped::TAGS) {
            return Ok(None);
        }
        Self::of(snapshot.mapped(mapped::TAGS)?).map(Some)
    }

    /// Rows of the table `tags`, with or without further columns.
    pub(crate) fn of(batch: RecordBatch) -> Result<Self, Error> {
        // Reads nothing but the schema, so that the accessors below cannot fail later.
        tables::tags_from(&batch.slice(0, 0))?;
        Ok(Self { batch })
    }

    pub(crate) fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    pub(crate) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    fn key(&self, row: usize) -> &[u8] {
        self.column("address_key").as_fixed_size_binary().value(row)
    }

    pub(crate) fn address(&self, row: usize) -> Option<Address> {
        Address::from_key(self.key(row))
    }

    pub(crate) fn confidence(&self, row: usize) -> u8 {
        self.column("confidence").as_primitive::<arrow::datatypes::UInt8Type>().value(row)
    }

    fn column(&self, name: &str) -> &dyn Array {
        self.batch.column_by_name(name).expect("checked when opened").as_ref()
    }

    /// The rows that name an address.
    pub(crate) fn find(&self, address: &Address) -> std::ops::Range<usize> {
        let key = address.key();
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < &key[..] { low = middle + 1 } else { high = middle }
        }
        let from = low;
        while low < self.len() && self.key(low) == key {
            low += 1;
        }
        from..low
    }

    pub(crate) fn tag(&self, row: usize) -> Result<Tag, Error> {
        let mut tags = tables::tags_from(&self.batch.slice(row, 1))?;
        Ok(tags.pop().expect("a slice of one row has one row"))
    }

    pub(crate) fn all(&self) -> Result<Vec<Tag>, Error> {
        Ok(tables::tags_from(&self.batch)?)
    }
}

pub(crate) fn listing_answer(row: &Listing) -> ListingAnswer {
    ListingAnswer {
        list: row.list.clone(),
        entity_id: row.entity_id.clone(),
        entity_name: row.entity_name.clone(),
        programs: row.programs.clone(),
        listed_as: row.address_text.clone(),
        label: row.label.clone(),
        listed_from_s: row.effective_at,
        known_at_s: row.known_at,
        list_version: row.list_version.clone(),
    }
}

pub(crate) fn tag_answer(tag: Tag) -> TagAnswer {
    TagAnswer {
        address: tag.address_text,
        label: tag.label,
        category: tag.category,
        actor: tag.actor,
        confidence: tag.confidence,
        source: tag.source,
        pack: tag.pack,
    }
}
