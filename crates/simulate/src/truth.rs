//! What is true of a world and cannot be read off its blocks: who owns which address, and what the story was.

use ledger::{Address, AddressFamily, Chain, TxId};

use crate::laundering::Laundering;
use crate::prices::PricePath;
use crate::transactions::Transactions;
use crate::wallet::Policy;

/// An owner, by its place in [`Ownership::owners`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(u32);

impl OwnerId {
    /// Wraps the plain number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The owner's place in [`Ownership::owners`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an owner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OwnerKind {
    /// The key of the genesis block.
    Genesis,
    /// Gets coinbases and sells them.
    Miner,
    /// Holds coins for its customers: hot wallet, cold wallet and every deposit address.
    Exchange,
    /// A person with a wallet.
    Customer,
    /// A shop.
    Merchant,
    /// Coordinates mixing rounds and lends coins to them.
    Mixer,
    /// Takes ransoms.
    Ransomware,
    /// Is on the sanctions list, by one of its addresses.
    Sanctioned,
    /// Passes sanctioned funds on.
    Launderer,
    /// Was paid by a launderer and keeps the coins.
    Payee,
    /// A bare 2-of-3 script over keys of three others.
    Escrow,
    /// Sends dust to strangers.
    Spammer,
    /// Steals coins.
    Thief,
    /// Sells what is forbidden.
    DarknetMarket,
    /// Pays an illicit party, once.
    Victim,
}

/// One party of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its place.
    pub id: OwnerId,
    /// For people: `customer 12`.
    pub name: String,
    /// What it does.
    pub kind: OwnerKind,
}

/// Who owns which address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// By id.
    pub owners: Vec<Owner>,
    /// Every address that any output pays, sorted by address, each once.
    pub address_owner: Vec<(Address, OwnerId)>,
}

impl Ownership {
    pub(crate) fn of(owners: Vec<Owner>, mut address_owner: Vec<(Address, OwnerId)>) -> Self {
        address_owner.sort_unstable();
        address_owner.dedup();
        Self { owners, address_owner }
    }

    /// The owner of an address, or `None` if no output pays it.
    pub fn owner_of(&self, address: &Address) -> Option<OwnerId> {
        let place = self.address_owner.binary_search_by_key(address, |row| row.0).ok()?;
        Some(self.address_owner[place].1)
    }

    /// The owner with its name.
    ///
    /// # Panics
    /// If `id` is of another world.
    pub fn owner(&self, id: OwnerId) -> &Owner {
        &self.owners[id.index()]
    }
}

/// Everything that is true of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Who owns which address.
    pub ownership: Ownership,
    /// What each transaction is for, whose coins it spends, which outputs are change.
    pub transactions: Transactions,
    /// How each wallet behaves, in order of owners. An exchange has a wallet each for deposits, hot and cold coins.
    pub wallets: Vec<Wallet>,
    /// The price of a coin, which round amounts of money follow.
    pub prices: PricePath,
    /// What happened.
    pub story: Story,
    /// What was laundered; empty unless the specification asks for it.
    pub laundering: Laundering,
}

/// Coins of one owner that are spent together, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Whose it is.
    pub owner: OwnerId,
    /// How it behaves.
    pub policy: Policy,
}

/// One transaction of a path: `from` pays `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The transaction.
    pub tx_id: TxId,
    /// An input's address; where the inputs have several, the first of them by order of the path's start.
    pub from: Address,
    /// An output's address.
    pub to: Address,
    /// What that output holds, in satoshi.
    pub amount_sat: u64,
}

/// A way that money took (or only seems to have taken).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FundsPath {
    /// In the order of the path.
    pub steps: Vec<Step>,
    /// How often the owner changes along it. The steps within one owner are hops to everybody else.
    pub n_ownership_changes: u32,
}

impl FundsPath {
    /// The smallest amount along the path; 0 for an empty one.
    pub fn bottleneck_sat(&self) -> u64 {
        self.steps.iter().map(|step| step.amount_sat).min().unwrap_or(0)
    }

    /// The addresses in order, the start first.
    pub fn addresses(&self) -> Vec<Address> {
        let start = self.steps.first().map(|step| step.from);
        start.into_iter().chain(self.steps.iter().map(|step| step.to)).collect()
    }
}

/// A deposit address of the exchange and whose account it feeds. The exchange holds its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// The address.
    pub address: Address,
    /// Who was told to pay there.
    pub account_of: OwnerId,
}

/// Two addresses of one wallet that never stand in one transaction, and the third through which they are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// One address.
    pub a: Address,
    /// The other.
    pub b: Address,
    /// The third.
    pub through: Address,
    /// Spends `a` together with `through`.
    pub tx_a: TxId,
    /// Spends `b` together with `through`.
    pub tx_b: TxId,
}

/// One key in three forms of address, never spent together: only the key itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameKey {
    /// Hash of the key.
    pub p2pkh: Address,
    /// Hash of the key as a witness program.
    pub p2wpkh: Address,
    /// That program, nested.
    pub p2sh: Address,
    /// Reveals the key by spending `p2pkh`.
    pub p2pkh_spent_in: TxId,
    /// Reveals the program by spending `p2sh`.
    pub p2sh_spent_in: TxId,
}

/// A bare 2-of-3 output. Its keys belong to three owners and must not be united, with it or each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escrow {
    /// The script's own address.
    pub address: Address,
    /// P2PKH addresses of the keys in it.
    pub key_addresses: [Address; 3],
    /// Pays it.
    pub funded_in: TxId,
    /// Spends it.
    pub released_in: TxId,
}

/// What happened, with the names of everything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The exchange.
    pub exchange: OwnerId,
    /// Its main hot address, which carries the tag.
    pub exchange_hot_address: Address,
    /// Its deposit addresses, by account. Other exchanges have theirs, which only [`Ownership`] tells.
    pub exchange_deposits: Vec<Deposit>,
    /// The sanctioned entity.
    pub sanctioned: OwnerId,
    /// Its address on the list.
    pub listed_address: Address,
    /// Its other two, which are spent once together with the listed one.
    pub unlisted_addresses: [Address; 2],
    /// The transaction that does so and starts the peeling chain.
    pub gathered_in: TxId,
    /// Customers' payments to the listed address.
    pub donations: Vec<TxId>,
    /// The customer of the exchange at whose deposit address the chain ends.
    pub peeling_customer: OwnerId,
    /// That deposit address: the end of the three paths below.
    pub peeling_deposit: Address,
    /// The widest path that respects time: eight peels, each paying a little away and passing on the rest to a fresh
    /// address of the same launderer. The payees keep what they got.
    pub peeling: FundsPath,
    /// The shortest path that respects time: leaves the chain at the fourth peel, and is narrow.
    pub shortcut: FundsPath,
    /// Shorter still, but its second step happened before its first: no money can have gone this way.
    pub decoy: FundsPath,
    /// Has neither got anything from the sanctioned entity, over however many owners, nor paid anything that
    /// came to it.
    pub clean_customer: OwnerId,
    /// Where that customer was first paid.
    pub clean_address: Address,
    /// For the question why two addresses are together.
    pub explained: Explained,
    /// For linking by key.
    pub same_key: SameKey,
    /// Bare multisig.
    pub escrows: Vec<Escrow>,
    /// The coordinator of both kinds of mixing.
    pub mixer: OwnerId,
    /// Where Wasabi-1 rounds pay the coordinator; carries the tag.
    pub mixer_fee_address: Address,
    /// Whirlpool: each owner splits its own coins, by itself.
    pub whirlpool_tx0s: Vec<TxId>,
    /// Whirlpool: five to eight owners mix.
    pub whirlpool_rounds: Vec<TxId>,
    /// Wasabi 1.0 and 1.1: ten or more owners mix.
    pub wasabi_rounds: Vec<TxId>,
    /// Wasabi 2: five or more owners mix.
    pub wabisabi_rounds: Vec<TxId>,
    /// JoinMarket: a taker and three or more makers mix.
    pub joinmarket_rounds: Vec<TxId>,
    /// Payer and payee both give inputs: nothing on chain shows it.
    pub payjoins: Vec<TxId>,
    /// The ransomware operator.
    pub ransomware: OwnerId,
    /// Where victims were told to pay; the first one carries the tag.
    pub ransom_addresses: Vec<Address>,
    /// The victims' payments.
    pub ransom_payments: Vec<TxId>,
    /// Gathers them.
    pub ransom_gathered_in: TxId,
    /// The operator's deposit at the exchange, out of mixed coins.
    pub ransom_cashed_in: TxId,
}

impl Story {
    /// Transactions whose inputs belong to several owners; all others have one owner's inputs.
    pub fn collaborative(&self) -> Vec<TxId> {
        [
            &self.whirlpool_rounds[..],
            &self.wasabi_rounds,
            &self.wabisabi_rounds,
            &self.joinmarket_rounds,
            &self.payjoins,
        ]
        .concat()
    }

    /// A sanctions list in the plain form that such lists are passed around in: an address a line.
    pub fn sanctions_list(&self) -> String {
        format!("{}\n", text(&self.listed_address))
    }

    /// Tags of the world, as a TagPack of GraphSense's form.
    pub fn tag_pack(&self) -> String {
        let mut pack = String::from(TAG_PACK_HEADER);
        let mut tag = |address: &Address, label: &str, category: &str, more: &str| {
            let address = text(address);
            pack.push_str(&format!("- address: {address}\n  label: {label}\n  {category}\n{more}"));
        };
        let definer = "  is_cluster_definer: true\n";
        tag(&self.exchange_hot_address, "Bitmarket hot wallet", "category: exchange", definer);
        tag(&self.mixer_fee_address, "Tumbler coordinator", "category: mixing_service", definer);
        let ransom = self.ransom_addresses.first().expect("a told story has a ransom address");
        tag(ransom, "Lockjaw", "abuse: ransomware", definer);
        pack
    }
}

const TAG_PACK_HEADER: &str = "\
title: Simulated world
creator: Tracehound
description: Tags of a simulated world; none of these parties exists
source: https://example.org/simulated-world
currency: BTC
confidence: service_data
lastmod: 2023-01-01
tags:
";

/// Regtest blocks, main-network texts: an address is its bytes, and lists are written in these texts.
fn text(address: &Address) -> String {
    debug_assert!(address.family() != AddressFamily::BareMultisig, "bare scripts have no text");
    address.display(Chain::Bitcoin)
}
