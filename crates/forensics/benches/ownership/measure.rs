//! The clock, the draws, and the index from addresses to earlier transactions.

use std::collections::BTreeMap;

use ledger::{AddressId, LedgerBatch};

pub(crate) use self::shared::Random;
use self::shared::thread_cpu_s;

/// Draws and clock are those of the benches of `graph`.
#[path = "../../../graph/benches/measure/mod.rs"]
mod shared;

/// What `work` returns, and how long it kept this thread on a processor.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = thread_cpu_s();
    let done = work();
    (done, thread_cpu_s() - start)
}

impl Random {
    /// One of `n`, the first far more often: the largest of a million has 1 %.
    pub(crate) fn heavy(&mut self, n: u32) -> u32 {
        let uniform = self.next() as f64 / 2f64.powi(64);
        (f64::from(n) * uniform.powi(3)) as u32
    }

    pub(crate) fn percent(&mut self) -> u32 {
        self.below(100)
    }
}

/// All transactions so far and where each address takes part.
pub(crate) struct Past {
    all: LedgerBatch,
    /// Where the inputs and outputs of each transaction begin.
    starts: Vec<(u32, u32)>,
    /// The transactions of each address of the base, by offsets.
    offsets: Vec<u32>,
    of_base: Vec<u32>,
    since: BTreeMap<u32, Vec<u32>>,
}

impl Past {
    pub(crate) fn new(all: LedgerBatch, n_addresses: u32) -> Self {
        let mut past = Self {
            all: LedgerBatch::default(),
            starts: Vec::new(),
            offsets: vec![0; n_addresses as usize + 1],
            of_base: Vec::new(),
            since: BTreeMap::new(),
        };
        for (address, _) in parts(&all) {
            past.offsets[address as usize + 1] += 1;
        }
        for at in 1..past.offsets.len() {
            past.offsets[at] += past.offsets[at - 1];
        }
        let mut next = past.offsets.clone();
        past.of_base = vec![0; *past.offsets.last().unwrap() as usize];
        for (address, tx) in parts(&all) {
            let place = &mut next[address as usize];
            past.of_base[*place as usize] = tx;
            *place += 1;
        }
        past.add_rows(all);
        past
    }

    fn add_rows(&mut self, batch: LedgerBatch) {
        let (mut input, mut output) = (self.all.inputs.len() as u32, self.all.outputs.len() as u32);
        for row in &batch.transactions {
            self.starts.push((input, output));
            input += row.n_inputs;
            output += row.n_outputs;
        }
        self.all.append(batch);
    }

    pub(crate) fn append(&mut self, block: LedgerBatch) {
        for (address, tx) in parts(&block) {
            self.since.entry(address).or_default().push(tx);
        }
        self.add_rows(block);
    }

    pub(crate) fn n_transactions(&self) -> u64 {
        self.all.transactions.len() as u64
    }

    pub(crate) fn touching(&self, addresses: &[AddressId]) -> LedgerBatch {
        let mut txs: Vec<u32> = Vec::new();
        for address in addresses {
            if let [start, end, ..] = self.offsets[address.index().min(self.offsets.len() - 1)..] {
                txs.extend(&self.of_base[start as usize..end as usize]);
            }
            txs.extend(self.since.get(&address.get()).into_iter().flatten());
        }
        txs.sort_unstable();
        txs.dedup();
        let mut found = LedgerBatch::default();
        for tx in txs {
            let row = self.all.transactions[tx as usize].clone();
            let (input, output) = self.starts[tx as usize];
            let (input, output) = (input as usize, output as usize);
            found.inputs.extend(&self.all.inputs[input..input + row.n_inputs as usize]);
            let outputs = &self.all.outputs[output..output + row.n_outputs as usize];
            found.outputs.extend_from_slice(outputs);
            found.transactions.push(row);
        }
        found
    }
}

/// Address and transaction of every input and output.
fn parts(batch: &LedgerBatch) -> impl Iterator<Item = (u32, u32)> + '_ {
    let inputs = batch.inputs.iter().filter_map(|row| Some((row.spent?.address?, row.tx)));
    let outputs = batch.outputs.iter().filter_map(|row| Some((row.address?, row.tx)));
    inputs.chain(outputs).map(|(address, tx)| (address.get(), tx.get() as u32))
}
