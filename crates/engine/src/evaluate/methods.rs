//! The methods that are measured, as the product runs them: links, change links of a model fitted on the same chain,
//! guarded clusters, labels.

use forensics::Clusters;
use forensics::collaborative::possible_protocols;
use forensics::evaluation::UNKNOWN_OWNER;
use ledger::{AddressId, LedgerBatch, Link, TransactionView};

/// Links and clusters of a chain.
pub(super) struct Found {
    pub(super) links: Vec<Link>,
    pub(super) n_addresses: u32,
}

impl Found {
    /// Everything on.
    pub(super) fn of(batch: &LedgerBatch, n_addresses: u32) -> Self {
        let links = forensics::links(batch);
        Self { links, n_addresses }
    }

    /// The cluster of every address by these links.
    pub(super) fn cluster(&self, links: &[Link]) -> Vec<u32> {
        let mut clusters = Clusters::default();
        clusters.apply(links, self.n_addresses);
        clusters.labels()
    }
}

/// The label of a transaction.
pub(super) fn label(view: &TransactionView<'_>) -> Option<&'static str> {
    let protocols = possible_protocols(view);
    let names = ["whirlpool", "wabisabi", "wasabi2", "wasabi1", "joinmarket"];
    let first = names.into_iter().find(|name| protocols.contains(name))?;
    Some(if first == "wabisabi" { "wasabi2" } else { first })
}

/// Whether a transaction makes no common-input link because several owners may have signed it.
pub(super) fn is_excluded(view: &TransactionView<'_>) -> bool {
    possible_protocols(view).any()
}

/// Which addresses were ever spent, by id.
pub(super) fn spent(batch: &LedgerBatch, n_addresses: u32) -> Vec<bool> {
    let mut spent = vec![false; n_addresses as usize];
    let addresses = batch.inputs.iter().filter_map(|input| input.spent?.address);
    addresses.for_each(|address| spent[address.index()] = true);
    spent
}

/// The distinct known addresses that a transaction spends.
pub(super) fn spenders(view: &TransactionView<'_>) -> Vec<AddressId> {
    let mut addresses: Vec<AddressId> =
        view.inputs.iter().filter_map(|input| input.spent?.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// The distinct known owners of addresses.
pub(super) fn owners_of(addresses: &[AddressId], owners: &[u32]) -> Vec<u32> {
    let known = addresses.iter().map(|address| owners[address.index()]);
    let mut known: Vec<u32> = known.filter(|owner| *owner != UNKNOWN_OWNER).collect();
    known.sort_unstable();
    known.dedup();
    known
}
