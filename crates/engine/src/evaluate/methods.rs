//! The methods that are measured, as the product runs them: links, change links of a model fitted on the same chain,
//! guarded clusters, labels.

use forensics::Clusters;
use forensics::change::{
    ChangeModel, ChangeState, ModelInForce, Observed, PriceAt, RuleFigures, TrainOptions,
    measure_rules, revealed, train,
};
use forensics::collaborative::possible_protocols;
use forensics::evaluation::UNKNOWN_OWNER;
use ledger::{AddressId, LedgerBatch, Link, Timestamp, TransactionView};

/// The row of `link_sources` that change links name here, where nothing is stored.
const MODEL_SOURCE: u32 = 1;

/// Links of a chain, and the model that made the change links among them.
pub(super) struct Found {
    /// In order of height, then transaction, rule, addresses.
    pub(super) links: Vec<Link>,
    /// The model, or why there is none.
    pub(super) change: Result<ChangeModel, String>,
    n_addresses: u32,
}

impl Found {
    /// Everything on, change by a model that is fitted to what co-spending on this chain reveals.
    pub(super) fn of(batch: &LedgerBatch, n_addresses: u32, price: PriceAt<'_>) -> Self {
        let mut links = forensics::links(batch);
        let mut observed = Observed::new(0, 1.0);
        ChangeState::default().observe(batch, price, &mut observed);
        let change = train(&observed, &links, &TrainOptions::default());
        if let Ok(model) = &change {
            add_change(&mut links, &mut ChangeState::default(), batch, model, price);
        }
        Self { links, change: change.map_err(|error| error.to_string()), n_addresses }
    }

    /// Everything on, with a model that was fitted elsewhere; `state` is left as after the last block.
    pub(super) fn with(
        model: Option<&ChangeModel>,
        state: &mut ChangeState,
        batch: &LedgerBatch,
        n_addresses: u32,
        price: PriceAt<'_>,
    ) -> Self {
        let mut links = forensics::links(batch);
        if let Some(model) = model {
            add_change(&mut links, state, batch, model, price);
        }
        let change = model.cloned().ok_or_else(|| "no model".to_owned());
        Self { links, change, n_addresses }
    }

    /// The cluster of every address by these links.
    pub(super) fn cluster(&self, links: &[Link]) -> Vec<u32> {
        let mut clusters = Clusters::default();
        clusters.apply(links, self.n_addresses);
        clusters.labels()
    }
}

fn add_change(
    links: &mut Vec<Link>,
    state: &mut ChangeState,
    batch: &LedgerBatch,
    model: &ChangeModel,
    price: PriceAt<'_>,
) {
    let in_force = ModelInForce { model, source: MODEL_SOURCE };
    links.extend(state.apply(batch, Some(in_force), price));
    links.sort_by_key(|link| (link.height, link.tx, link.heuristic, link.a, link.b));
}

/// How many transactions have change that co-spending reveals, and what each rule alone says of it.
pub(super) fn revealed_rules(
    batch: &LedgerBatch,
    links: &[Link],
    price: PriceAt<'_>,
) -> (u64, Vec<RuleFigures>) {
    let mut observed = Observed::new(0, 1.0);
    ChangeState::default().observe(batch, price, &mut observed);
    let truths = revealed(&observed, links);
    let n_revealed = truths.iter().filter(|truth| truth.change.is_some()).count() as u64;
    (n_revealed, measure_rules(&observed, &truths))
}

/// Nobody knows a price.
pub(super) fn no_price(_: Timestamp) -> Option<f64> {
    None
}

/// The label of a transaction.
pub(super) fn label(view: &TransactionView<'_>) -> Option<&'static str> {
    Some(forensics::mixes::label(view)?.rule().name)
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
