//! Every output of the ledger and every known coin from before it, with who made and who spent it: flat columns.
//!
//! In: batches. Out: columns by coin and by transaction; the coins of an address, newest first.
//! A coin is an output, or an input's known previous output that the ledger does not hold (an *outside* coin, numbered in front
//! of the outputs of the transaction that spends it). An input of which nothing is known is no coin.
//! Cost: 24 bytes a coin, 4 an input, 16 a transaction, 4 an address.

use graph::NONE;
use ledger::{Height, LedgerBatch, Timestamp, TransactionView};

use super::error::ExposureError;
use crate::collaborative::possible_protocols;

const MIXED: u32 = 1 << 31;
const COINBASE: u32 = 1 << 30;

/// A block, as far as its transactions are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) height: Height,
    pub(super) time: Timestamp,
    pub(super) price_micros: Option<u64>,
    first_tx: u32,
    /// How many addresses there were after the block.
    n_addresses: u32,
}

/// One transaction by its coins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spending<'a> {
    /// Coins it spends, in order; unknown ones left out.
    pub(super) inputs: &'a [u32],
    /// The first of its outputs.
    pub(super) first_output: u32,
    /// Behind the last of them.
    pub(super) end: u32,
    pub(super) is_mixed: bool,
    pub(super) is_coinbase: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Coins {
    pub(super) address: Vec<u32>,
    pub(super) amount: Vec<u64>,
    /// The transaction that made it; [`NONE`] for an outside coin.
    pub(super) made_by: Vec<u32>,
    pub(super) spent_by: Vec<u32>,
    /// The coin of the same address before it.
    older: Vec<u32>,
    newest: Vec<u32>,
    inputs: Vec<u32>,
    /// By transaction, with one more at the end.
    first_input: Vec<u32>,
    first_coin: Vec<u32>,
    first_output: Vec<u32>,
    /// Block and flags.
    block: Vec<u32>,
    moments: Vec<Moment>,
    /// Number of the first transaction of the ledger.
    pub(super) base_tx: u64,
}

impl Default for Coins {
    fn default() -> Self {
        Self {
            address: Vec::new(),
            amount: Vec::new(),
            made_by: Vec::new(),
            spent_by: Vec::new(),
            older: Vec::new(),
            newest: Vec::new(),
            inputs: Vec::new(),
            first_input: vec![0],
            first_coin: vec![0],
            first_output: Vec::new(),
            block: Vec::new(),
            moments: Vec::new(),
            base_tx: 0,
        }
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("checked before it is taken in")
}

impl Coins {
    pub(super) fn n_coins(&self) -> u32 {
        number(self.amount.len())
    }

    /// How many addresses there are, as far as the transactions name them.
    pub(super) fn n_addresses(&self) -> u32 {
        self.moments.last().map_or(0, |moment| moment.n_addresses)
    }

    pub(super) fn n_transactions(&self) -> u32 {
        number(self.block.len())
    }

    /// How many coins there were before a transaction.
    pub(super) fn n_coins_before(&self, tx: u32) -> u32 {
        self.first_coin[tx as usize]
    }

    pub(super) fn transaction(&self, tx: u32) -> Spending<'_> {
        let tx = tx as usize;
        let inputs = self.first_input[tx] as usize..self.first_input[tx + 1] as usize;
        Spending {
            inputs: &self.inputs[inputs],
            first_output: self.first_output[tx],
            end: self.first_coin[tx + 1],
            is_mixed: self.block[tx] & MIXED != 0,
            is_coinbase: self.block[tx] & COINBASE != 0,
        }
    }

    /// The place of its block among those of the ledger.
    pub(super) fn block_of(&self, tx: u32) -> usize {
        (self.block[tx as usize] & !(MIXED | COINBASE)) as usize
    }

    pub(super) fn moment(&self, tx: u32) -> &Moment {
        &self.moments[self.block_of(tx)]
    }

    /// Times of the blocks of the first transactions, in order.
    pub(super) fn times(&self, n_transactions: u32) -> impl Iterator<Item = i64> + '_ {
        let within = self.moments.iter().take_while(move |m| m.first_tx < n_transactions);
        within.map(|moment| moment.time.get())
    }

    /// What is left for the miner, and what known inputs lack to the outputs.
    pub(super) fn fee_and_lack(&self, tx: &Spending<'_>) -> (u64, u64) {
        let paid: u64 = tx.inputs.iter().map(|coin| self.amount[*coin as usize]).sum();
        let made: u64 = self.amount[tx.first_output as usize..tx.end as usize].iter().sum();
        (paid.saturating_sub(made), made.saturating_sub(paid))
    }

    /// The coins of an address, newest first.
    pub(super) fn of_address(&self, address: u32) -> impl Iterator<Item = u32> + '_ {
        let newest = self.newest.get(address as usize).copied().filter(|coin| *coin != NONE);
        std::iter::successors(newest, |coin| {
            Some(self.older[*coin as usize]).filter(|coin| *coin != NONE)
        })
    }

    /// The first transaction of the blocks from height `from` on.
    pub(super) fn first_at(&self, from: Height) -> u32 {
        let at = self.moments.partition_point(|moment| moment.height < from);
        self.moments.get(at).map_or(self.n_transactions(), |moment| moment.first_tx)
    }

    /// How many addresses there were before a transaction that begins a block.
    pub(super) fn n_addresses_before(&self, tx: u32) -> u32 {
        let at = self.moments.partition_point(|moment| moment.first_tx < tx);
        at.checked_sub(1).map_or(0, |last| self.moments[last].n_addresses)
    }

    /// Takes in a batch; on an error everything is as before.
    pub(super) fn push(
        &mut self,
        batch: &LedgerBatch,
        previous: &[u32],
        price: &dyn Fn(Timestamp) -> Option<u64>,
    ) -> Result<(), ExposureError> {
        let (n_inputs, n_previous) = (batch.inputs.len(), previous.len());
        if n_inputs != n_previous {
            return Err(ExposureError::Previous { n_inputs, n_previous });
        }
        let n_before = self.n_transactions();
        if let (0, Some(first)) = (n_before, batch.transactions.first()) {
            self.base_tx = first.index.get();
        }
        let mut previous = previous;
        for view in batch.views() {
            let (own, rest) = previous.split_at(view.inputs.len());
            previous = rest;
            if let Err(error) = self.push_transaction(&view, own, price) {
                self.truncate(n_before);
                return Err(error);
            }
        }
        Ok(())
    }

    fn push_transaction(
        &mut self,
        view: &TransactionView<'_>,
        previous: &[u32],
        price: &dyn Fn(Timestamp) -> Option<u64>,
    ) -> Result<(), ExposureError> {
        let tx = self.n_transactions();
        let expected = self.base_tx + u64::from(tx);
        if view.row.index.get() != expected {
            return Err(ExposureError::Order { tx: view.row.index, expected });
        }
        self.fits(view, previous)?;
        if self.moments.last().is_none_or(|moment| moment.height != view.row.height) {
            let before = self.moments.last().map_or(0, |moment| moment.n_addresses);
            self.moments.push(Moment {
                height: view.row.height,
                time: view.row.time,
                price_micros: price(view.row.time),
                first_tx: tx,
                n_addresses: before,
            });
        }
        self.push_inputs(view, previous, tx)?;
        self.first_output.push(self.n_coins());
        for output in view.outputs {
            self.push_coin(output.address.map(|address| address.get()), output.amount_sat, tx);
        }
        self.first_coin.push(self.n_coins());
        self.first_input.push(number(self.inputs.len()));
        let mixed = if possible_protocols(view).any() { MIXED } else { 0 };
        let coinbase = if view.row.coinbase { COINBASE } else { 0 };
        self.block.push(number(self.moments.len() - 1) | mixed | coinbase);
        Ok(())
    }

    /// Whether counts and sums of the transaction fit.
    fn fits(&self, view: &TransactionView<'_>, previous: &[u32]) -> Result<(), ExposureError> {
        let tx = view.row.index;
        let n_new = view.inputs.len() + view.outputs.len();
        let n_coins = self.amount.len().max(self.inputs.len()) + n_new;
        let fits = u32::try_from(n_coins).is_ok_and(|n| n < NONE);
        if !fits || self.moments.len() >= COINBASE as usize {
            return Err(ExposureError::TooManyOutputs { tx });
        }
        let overflow = || ExposureError::AmountOverflow { tx };
        let outputs = view.outputs.iter().map(|output| output.amount_sat);
        outputs.clone().try_fold(0u64, u64::checked_add).ok_or_else(overflow)?;
        let mut paid = 0u64;
        for (input, previous) in view.inputs.iter().zip(previous) {
            let own = match self.find(*previous, input.previous.output) {
                Some(coin) => self.amount[coin as usize],
                None => input.spent.map_or(0, |spent| spent.amount_sat),
            };
            paid = paid.checked_add(own).ok_or_else(overflow)?;
        }
        Ok(())
    }

    /// An output by the number of its transaction in the ledger and its place.
    pub(super) fn find(&self, tx: u32, output: u32) -> Option<u32> {
        let tx = usize::try_from(u64::from(tx).checked_sub(self.base_tx)?).ok()?;
        let (first, end) = (*self.first_output.get(tx)?, *self.first_coin.get(tx + 1)?);
        first.checked_add(output).filter(|coin| *coin < end)
    }

    fn push_inputs(
        &mut self,
        view: &TransactionView<'_>,
        previous: &[u32],
        tx: u32,
    ) -> Result<(), ExposureError> {
        for (input, &previous) in view.inputs.iter().zip(previous) {
            let coin = if previous == NONE {
                let Some(spent) = input.spent else { continue };
                let address = spent.address.map(|address| address.get());
                self.push_coin(address, spent.amount_sat, NONE)
            } else {
                let output = input.previous.output;
                let coin = self.find(previous, output);
                let unspent = coin.filter(|coin| self.spent_by[*coin as usize] == NONE);
                let Some(coin) = unspent else {
                    self.take_back_inputs(tx);
                    return Err(ExposureError::Spend { tx: view.row.index, previous, output });
                };
                coin
            };
            self.spent_by[coin as usize] = tx;
            self.inputs.push(coin);
        }
        Ok(())
    }

    fn push_coin(&mut self, address: Option<u32>, amount_sat: u64, made_by: u32) -> u32 {
        let coin = self.n_coins();
        let address = address.unwrap_or(NONE);
        self.address.push(address);
        self.amount.push(amount_sat);
        self.made_by.push(made_by);
        self.spent_by.push(NONE);
        let mut older = NONE;
        if address != NONE {
            let at = address as usize;
            if self.newest.len() <= at {
                self.newest.resize(at + 1, NONE);
            }
            older = std::mem::replace(&mut self.newest[at], coin);
            if let Some(moment) = self.moments.last_mut() {
                moment.n_addresses = moment.n_addresses.max(address + 1);
            }
        }
        self.older.push(older);
        coin
    }

    /// Takes back what an unfinished transaction has spent and made.
    fn take_back_inputs(&mut self, tx: u32) {
        let first_input = self.first_input[tx as usize] as usize;
        for coin in self.inputs.drain(first_input..) {
            self.spent_by[coin as usize] = NONE;
        }
        self.cut_coins(self.first_coin[tx as usize]);
    }

    fn cut_coins(&mut self, n_coins: u32) {
        for coin in (n_coins as usize..self.amount.len()).rev() {
            if let Some(newest) = self.newest.get_mut(self.address[coin] as usize) {
                *newest = self.older[coin];
            }
        }
        let n_coins = n_coins as usize;
        self.address.truncate(n_coins);
        self.amount.truncate(n_coins);
        self.made_by.truncate(n_coins);
        self.spent_by.truncate(n_coins);
        self.older.truncate(n_coins);
    }

    /// Keeps the first transactions.
    pub(super) fn truncate(&mut self, n_transactions: u32) {
        let n = n_transactions as usize;
        let n_coins = self.first_coin[n];
        for coin in self.inputs.drain(self.first_input[n] as usize..) {
            self.spent_by[coin as usize] = NONE;
        }
        self.cut_coins(n_coins);
        self.first_input.truncate(n + 1);
        self.first_coin.truncate(n + 1);
        self.first_output.truncate(n);
        self.block.truncate(n);
        while self.moments.pop_if(|moment| moment.first_tx >= n_transactions).is_some() {}
        let newest_max = self.moments.last().map_or(0, |moment| moment.n_addresses);
        self.newest.truncate(newest_max as usize);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let coins = 24 * self.amount.capacity();
        let transactions = 16 * self.block.capacity();
        coins + transactions + 4 * (self.inputs.capacity() + self.newest.capacity())
    }
}
