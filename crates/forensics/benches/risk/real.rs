//! Real blocks, many times over: seventeen of mainnet (heights 560062 to 560078) as copies one after another in time, each with
//! addresses of its own, but for those that a list or a tag names: these parties are common to all copies.
//!
//! So a state of any size is made of real blocks, and a block changes in it what it changes in a real one. What it does not
//! show: money goes from one copy to another only through known parties, so the past of a coin is that of seventeen blocks,
//! and inputs older than these are unknown in each copy. Clusters are those of the program without a model of
//! change: common input, same key, wrapped script, under the guard.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use graph::NONE;
use ingest::bitcoin::{Network, decode};
use ledger::{
    AddressId, Alias, ClusterId, Height, Input, LedgerBatch, Mix, Output, Spent, Timestamp,
    Transaction, TxIndex,
};
use simulate::random::number;
use tracehound_forensics::exposure::{Parties, PreviousTransactions};
use tracehound_forensics::mixes::Lineage;
use tracehound_forensics::{ClusterRules, Clusters, Owners, links};

use crate::chain::Joined;
use crate::economy::Blocks;
use crate::known::Known;

/// From the last block of a copy to the first of the next.
const GAP_S: i64 = 600;

/// The blocks as they are.
struct Base {
    batch: LedgerBatch,
    /// By input, the transaction that made what it spends.
    previous: Vec<u32>,
    mixes: Vec<Mix>,
    /// By transaction and one more: its first input and its first output.
    starts: Vec<(usize, usize)>,
    /// By address and one more: where its transactions begin in `touches`.
    first_touch: Vec<usize>,
    touches: Vec<u32>,
    n_addresses: u32,
}

/// Addresses of copies: those of the first are numbered as in the base, and so are those of known parties in all.
struct Numbering {
    n_base: u32,
    shared: Vec<u32>,
    /// The others, ascending.
    own: Vec<u32>,
}

impl Numbering {
    fn address(&self, copy: u32, base: u32) -> u32 {
        if copy == 0 {
            return base;
        }
        match self.shared.binary_search(&base) {
            Ok(_) => base,
            Err(before) => self.first(copy) + base - before as u32,
        }
    }

    fn first(&self, copy: u32) -> u32 {
        self.n_base + (copy - 1) * self.own.len() as u32
    }

    /// The address in the base, and the copy it is of, if it is of one.
    fn base(&self, address: u32) -> (u32, Option<u32>) {
        let Some(behind) = address.checked_sub(self.n_base) else {
            let is_own = self.shared.binary_search(&address).is_err();
            return (address, is_own.then_some(0));
        };
        let n_own = self.own.len() as u32;
        (self.own[(behind % n_own) as usize], Some(1 + behind / n_own))
    }
}

pub(crate) struct Real {
    base: Base,
    numbering: Numbering,
    known: Known,
    categories: Vec<ledger::Category>,
    clusters: Clusters,
    pub(crate) labels: Vec<u32>,
    entities: Vec<u32>,
    /// By label the entity, as `entities` has it.
    holders: BTreeMap<u32, u32>,
    /// Clusters of several addresses.
    members: BTreeMap<u32, Vec<u32>>,
    /// The copy that is taken in now, and its next block.
    copy: u32,
    block: usize,
}

impl Real {
    /// From a folder of data sets, with `bitcoin/run-560062` and `labels`.
    pub(crate) fn read(data: &Path) -> Self {
        let mut files: Vec<_> = std::fs::read_dir(data.join("bitcoin/run-560062"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        let decoded: Vec<_> = files
            .iter()
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                let height = Height::new(name.split('-').next().unwrap().parse().unwrap());
                decode::block(&std::fs::read(path).unwrap(), height, Network::Main).unwrap()
            })
            .collect();
        let numbered = number(&decoded);
        let known = Known::read(&data.join("labels"), &numbered.addresses);
        let base = Base::new(numbered.batch, numbered.addresses.len() as u32);
        let shared = known.addresses();
        let is_own = |address: &u32| shared.binary_search(address).is_err();
        let own = (0..base.n_addresses).filter(is_own).collect();
        let numbering = Numbering { n_base: base.n_addresses, shared, own };
        let rules = ClusterRules { entities: known.of_addresses(), ..ClusterRules::default() };
        Self {
            base,
            numbering,
            categories: known.categories(),
            known,
            clusters: Clusters::new(rules),
            labels: Vec::new(),
            entities: Vec::new(),
            holders: BTreeMap::new(),
            members: BTreeMap::new(),
            copy: 0,
            block: 0,
        }
    }

    pub(crate) fn n_blocks(&self) -> u32 {
        self.base.batch.blocks.len() as u32
    }

    pub(crate) fn n_outputs(&self) -> usize {
        self.base.batch.outputs.len() * (self.copy as usize + 1)
    }

    pub(crate) fn known_entities(&self) -> Vec<ledger::Entity> {
        self.known.entities.clone()
    }

    pub(crate) fn parties(&self) -> Parties<'_> {
        let owners = Owners { labels: &self.labels, entities: &self.entities };
        Parties { owners, categories: &self.categories }
    }

    /// All copies but the last, one after another, each with the owners as they are after all of them.
    pub(crate) fn history(
        &mut self,
        n_addresses: u32,
        mut take: impl FnMut(&Blocks, &Parties<'_>),
    ) {
        let n_own = self.numbering.own.len() as u32;
        self.copy = n_addresses.saturating_sub(self.numbering.n_base).div_ceil(n_own);
        let all = 0..self.base.batch.blocks.len();
        for copy in 0..self.copy {
            let blocks = self.written(copy, all.clone());
            self.clusters.apply(&links(&blocks.batch), self.numbering.first(copy + 1));
        }
        self.labels = self.clusters.labels();
        self.entities = vec![NONE; self.labels.len()];
        for (address, label) in (0u32..).zip(&self.labels).filter(|(at, label)| at != *label) {
            self.members.entry(*label).or_insert_with(|| vec![*label]).push(address);
        }
        self.hold(&mut BTreeSet::new(), &mut BTreeSet::new());
        for copy in 0..self.copy {
            let blocks = self.written(copy, all.clone());
            take(&blocks, &self.parties());
        }
        println!(
            "{} copies of {} blocks before the last; {} addresses of {} known parties are common; {} links held",
            self.copy,
            self.n_blocks(),
            self.numbering.shared.len(),
            self.known.entities.len(),
            self.clusters.held().len()
        );
    }

    /// The next block of the last copy.
    pub(crate) fn next_blocks(&mut self) -> Blocks {
        self.block += 1;
        self.written(self.copy, self.block - 1..self.block)
    }

    /// Owners with a block; what it changed of before.
    pub(crate) fn own(&mut self, blocks: &Blocks) -> Joined {
        let n_before = self.labels.len() as u32;
        let named = blocks.batch.outputs.iter().filter_map(|output| output.address);
        let n_addresses = named.map(|address| address.get() + 1).max().unwrap_or(0).max(n_before);
        self.labels.extend(n_before..n_addresses);
        self.entities.resize(n_addresses as usize, NONE);
        let shown = links(&blocks.batch);
        self.clusters.apply(&shown, n_addresses);
        let (mut moved, mut held) = (BTreeSet::new(), BTreeSet::new());
        for end in shown.iter().flat_map(|link| [link.a, link.b]) {
            let now = self.clusters.cluster_of(end).get().get();
            let was = self.labels[end.index()];
            if was != now {
                self.join(was, now, &mut moved);
            }
        }
        self.hold(&mut moved, &mut held);
        let cluster = |label: u32| ClusterId::new(AddressId::new(label));
        let of_before = |address: &u32| *address < n_before;
        Joined {
            addresses: moved.into_iter().filter(of_before).map(AddressId::new).collect(),
            clusters: held.into_iter().filter(of_before).map(cluster).collect(),
        }
    }

    fn join(&mut self, was: u32, now: u32, moved: &mut BTreeSet<u32>) {
        let own = self.members.remove(&was).unwrap_or_else(|| vec![was]);
        for &address in &own {
            self.labels[address as usize] = now;
        }
        moved.extend(&own);
        self.members.entry(now).or_insert_with(|| vec![now]).extend(own);
    }

    /// Brings the column of entities up to date; notes clusters that another one holds, and their addresses.
    fn hold(&mut self, moved: &mut BTreeSet<u32>, held: &mut BTreeSet<u32>) {
        let now = self.known.holders(&self.labels);
        let labels: BTreeSet<u32> = now.keys().chain(self.holders.keys()).copied().collect();
        for label in labels {
            let (old, new) = (self.holders.get(&label), now.get(&label));
            if old == new {
                continue;
            }
            self.entities[label as usize] = new.copied().unwrap_or(NONE);
            // One that went into another is nobody's now.
            if self.labels[label as usize] == label {
                held.insert(label);
                moved.insert(label);
                moved.extend(self.members.get(&label).into_iter().flatten());
            }
        }
        self.holders = now;
    }

    /// All transactions so far in which addresses take part.
    pub(crate) fn touching(&self, addresses: impl Iterator<Item = u32>) -> Blocks {
        let mut found = BTreeSet::new();
        let end = self.base.first_tx(self.block);
        for address in addresses {
            let (base, of) = self.numbering.base(address);
            let copies = of.map_or(0..=self.copy, |copy| copy..=copy);
            for copy in copies {
                let own = self.base.touching(base).iter();
                let own = own.filter(|tx| copy < self.copy || (**tx as usize) < end);
                found.extend(own.map(|tx| (copy, *tx as usize)));
            }
        }
        self.rows(found.into_iter())
    }

    fn written(&self, copy: u32, blocks: std::ops::Range<usize>) -> Blocks {
        let txs = self.base.first_tx(blocks.start)..self.base.first_tx(blocks.end);
        let mut written = self.rows(txs.clone().map(|tx| (copy, tx)));
        for block in &self.base.batch.blocks[blocks] {
            let mut block = block.clone();
            block.height = self.height(copy, block.height);
            block.time = self.time(copy, block.time);
            block.first_tx = self.tx(copy, block.first_tx);
            written.batch.blocks.push(block);
        }
        let first = |tx: usize| {
            self.base.batch.aliases.partition_point(|alias| (alias.tx.get() as usize) < tx)
        };
        for alias in &self.base.batch.aliases[first(txs.start)..first(txs.end)] {
            let [x, y] = [alias.a, alias.b].map(|own| self.address(copy, own));
            written.batch.aliases.push(Alias {
                tx: self.tx(copy, alias.tx),
                height: self.height(copy, alias.height),
                a: x.min(y),
                b: x.max(y),
                ..*alias
            });
        }
        written
    }

    fn tx(&self, copy: u32, tx: TxIndex) -> TxIndex {
        TxIndex::new(tx.get() + u64::from(copy) * self.base.batch.transactions.len() as u64)
    }

    fn height(&self, copy: u32, height: Height) -> Height {
        Height::new(height.get() + copy * self.n_blocks())
    }

    fn time(&self, copy: u32, time: Timestamp) -> Timestamp {
        let times = || self.base.batch.blocks.iter().map(|block| block.time.get());
        let span_s = times().max().unwrap() - times().min().unwrap() + GAP_S;
        Timestamp::new(time.get() + i64::from(copy) * span_s)
    }

    fn address(&self, copy: u32, address: AddressId) -> AddressId {
        AddressId::new(self.numbering.address(copy, address.get()))
    }

    /// Transactions as rows, each by its copy and its place in the base.
    fn rows(&self, txs: impl Iterator<Item = (u32, usize)>) -> Blocks {
        let mut blocks =
            Blocks { batch: LedgerBatch::default(), previous: Vec::new(), mixes: Vec::new() };
        for (copy, at) in txs {
            let row = &self.base.batch.transactions[at];
            let tx = self.tx(copy, row.index);
            let height = self.height(copy, row.height);
            let (from, to) = (self.base.starts[at], self.base.starts[at + 1]);
            let before = copy * self.base.batch.transactions.len() as u32;
            for place in from.0..to.0 {
                let input = &self.base.batch.inputs[place];
                let address = |own: Option<AddressId>| own.map(|own| self.address(copy, own));
                let spent =
                    input.spent.map(|spent| Spent { address: address(spent.address), ..spent });
                let made_by = self.base.previous[place];
                blocks.previous.push(if made_by == NONE { NONE } else { made_by + before });
                blocks.batch.inputs.push(Input { tx, height, spent, ..*input });
            }
            for output in &self.base.batch.outputs[from.1..to.1] {
                blocks.batch.outputs.push(Output {
                    tx,
                    height,
                    address: output.address.map(|own| self.address(copy, own)),
                    ..output.clone()
                });
            }
            let time = self.time(copy, row.time);
            blocks.batch.transactions.push(Transaction { index: tx, height, time, ..row.clone() });
            let mixes = &self.base.mixes;
            if let Ok(place) = mixes.binary_search_by_key(&row.index, |mix| mix.tx) {
                blocks.mixes.push(Mix { tx, height, ..mixes[place] });
            }
        }
        blocks
    }
}

impl Base {
    fn new(batch: LedgerBatch, n_addresses: u32) -> Self {
        let previous = PreviousTransactions::default().apply(&batch);
        let mut mixes = Lineage::default().apply(&batch);
        mixes.sort_by_key(|mix| mix.tx);
        let mut starts = vec![(0, 0)];
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for view in batch.views() {
            let (input, output) = starts[starts.len() - 1];
            starts.push((input + view.inputs.len(), output + view.outputs.len()));
            let paid = view.inputs.iter().filter_map(|input| input.spent?.address);
            let got = view.outputs.iter().filter_map(|output| output.address);
            let tx = view.row.index.get() as u32;
            pairs.extend(paid.chain(got).map(|address| (address.get(), tx)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let first = |address: u32| pairs.partition_point(|pair| pair.0 < address);
        let first_touch = (0..=n_addresses).map(first).collect();
        let touches = pairs.into_iter().map(|pair| pair.1).collect();
        Self { batch, previous, mixes, starts, first_touch, touches, n_addresses }
    }

    fn first_tx(&self, block: usize) -> usize {
        let end = self.batch.transactions.len();
        self.batch.blocks.get(block).map_or(end, |block| block.first_tx.get() as usize)
    }

    fn touching(&self, address: u32) -> &[u32] {
        let at = address as usize;
        &self.touches[self.first_touch[at]..self.first_touch[at + 1]]
    }
}
