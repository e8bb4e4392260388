//! What is true of each transaction: what it is for, whose coins it spends, which outputs are change.
//!
//! Memory: 32 bytes of name and about 20 more a transaction, whatever its size.

use ledger::TxId;

use crate::truth::OwnerId;

/// How a mixing round is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MixProtocol {
    /// Whirlpool: five to eight equal outputs of a pool's size.
    Whirlpool,
    /// Wasabi 1.0: equal outputs of about 0.1 BTC, change, a coordinator's fee.
    Wasabi1,
    /// Wasabi 1.1: the same with further levels of 0.2, 0.4 … BTC.
    Wasabi11,
    /// Wasabi 2 (WabiSabi): standard denominations, everything in falling order.
    Wasabi2,
    /// JoinMarket: one taker, several makers.
    JoinMarket,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TransactionKind {
    /// New coins of a miner.
    Coinbase,
    /// One payer, one payee.
    Payment,
    /// One payer, several payees: withdrawals, wages, sales of a miner.
    Payout,
    /// An exchange gathers deposits; somebody empties a purse into one payment.
    Sweep,
    /// An owner gathers coins at one address of its own.
    Consolidation,
    /// Between hot and cold wallet of one exchange.
    Storage,
    /// A step of a peeling chain.
    Peel,
    /// Dust to strangers.
    Dust,
    /// Whirlpool's first step: one owner splits its coins for the pool.
    Tx0,
    /// One owner splits coins into equal ones; looks like a mix.
    Split,
    /// One owner pays in the shape of a round of two (Samourai's Stonewall).
    Stonewall,
    /// Payer and payee both give inputs (BIP 78).
    Payjoin,
    /// A mixing round.
    Mix(MixProtocol),
}

impl TransactionKind {
    /// Whether inputs belong to several owners.
    pub fn is_collaborative(self) -> bool {
        matches!(self, Self::Mix(_) | Self::Payjoin)
    }
}

/// What is true of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionTruth<'a> {
    /// Its name.
    pub id: TxId,
    /// The block it is in.
    pub height: u32,
    /// Its place in the block; 0 is the coinbase.
    pub position: u32,
    /// What it is for.
    pub kind: TransactionKind,
    /// Owners of its inputs, ascending, each once. Empty for a coinbase.
    pub participants: &'a [OwnerId],
    /// Positions of the outputs in which leftovers return to an owner of inputs, ascending. Equal outputs of a mix,
    /// premix outputs of a Tx0 and whatever else an owner pays to itself on purpose are not change.
    pub change: &'a [u32],
}

/// What is true of every transaction, in the order of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    /// By place in the chain.
    rows: Vec<Row>,
    /// Places, sorted by name.
    by_id: Vec<u32>,
    /// Place of each block's coinbase.
    starts: Vec<u32>,
    participants: Vec<OwnerId>,
    change: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    id: TxId,
    kind: TransactionKind,
    /// Ends of its parts of the two lists; they begin where those of the row before end.
    participants_end: u32,
    change_end: u32,
}

impl Transactions {
    /// How many there are, coinbases among them.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The transaction at a place of a block, or `None` if the world has no such place.
    pub fn at(&self, height: u32, position: u32) -> Option<TransactionTruth<'_>> {
        let start = *self.starts.get(height as usize)?;
        let end = self.starts.get(height as usize + 1).map_or(self.rows.len(), |end| *end as usize);
        let place = start.checked_add(position)? as usize;
        (place < end).then(|| self.row(place, height))
    }

    /// The transaction of this name, or `None` if the world has none.
    pub fn of(&self, id: &TxId) -> Option<TransactionTruth<'_>> {
        let id_at = |place: &u32| self.rows[*place as usize].id;
        let found = self.by_id.binary_search_by_key(id, id_at).ok()?;
        let place = self.by_id[found];
        let after = self.starts.partition_point(|start| *start <= place);
        let height = u32::try_from(after - 1).expect("a world has few blocks");
        Some(self.row(place as usize, height))
    }

    /// All of them, in the order of the chain.
    pub fn iter(&self) -> impl Iterator<Item = TransactionTruth<'_>> {
        let heights = 0..u32::try_from(self.starts.len()).expect("a world has few blocks");
        heights.flat_map(move |height| (0..).map_while(move |position| self.at(height, position)))
    }

    fn row(&self, place: usize, height: u32) -> TransactionTruth<'_> {
        let row = &self.rows[place];
        let (participants_start, change_start) = match place.checked_sub(1) {
            Some(before) => (self.rows[before].participants_end, self.rows[before].change_end),
            None => (0, 0),
        };
        let position = u32::try_from(place).expect("as pushed") - self.starts[height as usize];
        TransactionTruth {
            id: row.id,
            height,
            position,
            kind: row.kind,
            participants: &self.participants
                [participants_start as usize..row.participants_end as usize],
            change: &self.change[change_start as usize..row.change_end as usize],
        }
    }

    /// Begins the next block.
    pub(crate) fn begin_block(&mut self) {
        self.starts.push(u32::try_from(self.rows.len()).expect("worlds are bounded"));
    }

    /// Adds the next transaction of the block.
    pub(crate) fn push(
        &mut self,
        id: TxId,
        kind: TransactionKind,
        participants: &[OwnerId],
        change: &[u32],
    ) {
        self.participants.extend_from_slice(participants);
        self.change.extend_from_slice(change);
        let end = |len: usize| u32::try_from(len).expect("worlds are bounded");
        self.rows.push(Row {
            id,
            kind,
            participants_end: end(self.participants.len()),
            change_end: end(self.change.len()),
        });
    }

    /// With the index by name.
    pub(crate) fn indexed(mut self) -> Self {
        self.by_id = (0..u32::try_from(self.rows.len()).expect("worlds are bounded")).collect();
        self.by_id.sort_unstable_by_key(|place| self.rows[*place as usize].id);
        self
    }
}
