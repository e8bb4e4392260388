//! Who takes part: owners and their purses.

use super::Simulation;
use crate::keys::{Lock, PurseId};
use crate::purse::{Picking, Purse, Style};
use crate::truth::{Owner, OwnerId, OwnerKind};

/// Payees of the peeling chain; one of its eight peels pays the launderer's side door instead.
pub(super) const N_PAYEES: usize = 7;

/// Everybody's purse.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub(super) genesis: OwnerId,
    pub(super) miners: Vec<PurseId>,
    pub(super) customers: Vec<PurseId>,
    pub(super) merchants: Vec<PurseId>,
    /// Customers whose wallets can mix: P2WPKH, a new address each time.
    pub(super) mixable: Vec<PurseId>,
    /// Customers with P2PKH wallets, whose keys escrows hold.
    pub(super) legacy: Vec<PurseId>,
    pub(super) hot: PurseId,
    pub(super) cold: PurseId,
    pub(super) deposits: PurseId,
    /// Lends coins to Whirlpool rounds and takes their fees.
    pub(super) operator: PurseId,
    /// Takes the fees of Wasabi rounds.
    pub(super) coordinator: PurseId,
    pub(super) ransomware: PurseId,
    pub(super) sanctioned: PurseId,
    pub(super) launderer: PurseId,
    pub(super) side_door: PurseId,
    pub(super) decoy: PurseId,
    pub(super) payees: Vec<PurseId>,
    pub(super) peeling_customer: PurseId,
    pub(super) clean: PurseId,
    pub(super) clean_shop: PurseId,
    pub(super) clean_friend: PurseId,
    pub(super) explained: PurseId,
    pub(super) same_key: PurseId,
    pub(super) spammer: PurseId,
    pub(super) escrows: Vec<PurseId>,
}

impl Default for Cast {
    fn default() -> Self {
        let nobody = PurseId(u32::MAX);
        Self {
            genesis: OwnerId::new(0),
            miners: Vec::new(),
            customers: Vec::new(),
            merchants: Vec::new(),
            mixable: Vec::new(),
            legacy: Vec::new(),
            hot: nobody,
            cold: nobody,
            deposits: nobody,
            operator: nobody,
            coordinator: nobody,
            ransomware: nobody,
            sanctioned: nobody,
            launderer: nobody,
            side_door: nobody,
            decoy: nobody,
            payees: Vec::new(),
            peeling_customer: nobody,
            clean: nobody,
            clean_shop: nobody,
            clean_friend: nobody,
            explained: nobody,
            same_key: nobody,
            spammer: nobody,
            escrows: Vec::new(),
        }
    }
}

impl Simulation {
    /// Fills the cast. The order is part of every world: whoever is added is added at the end.
    pub(super) fn hire(&mut self) {
        self.cast.genesis = self.owner_named("genesis", OwnerKind::Genesis);
        self.hire_services();
        self.hire_story();
        for number in 0..self.spec.n_miners {
            let lock = if number % 2 == 0 { Lock::P2pkh } else { Lock::P2wpkh };
            let name = format!("miner {number}");
            let miner = self.party(&name, OwnerKind::Miner, Style::of(lock).reusing());
            self.cast.miners.push(miner);
        }
        for number in 0..self.spec.n_merchants {
            let lock = if number % 2 == 0 { Lock::P2pkh } else { Lock::P2wpkh };
            let mut style = Style::of(lock);
            style.reuses = number % 2 == 0;
            let name = format!("merchant {number}");
            let merchant = self.party(&name, OwnerKind::Merchant, style);
            self.cast.merchants.push(merchant);
        }
        for number in 0..self.spec.n_customers {
            self.hire_customer(number);
        }
    }

    fn hire_services(&mut self) {
        let exchange = self.owner_named("Bitmarket", OwnerKind::Exchange);
        self.cast.hot = self.purse_of(exchange, Style::of(Lock::P2wpkh));
        self.cast.cold = self.purse_of(exchange, Style::of(Lock::NestedP2wsh));
        self.cast.deposits = self.purse_of(exchange, Style::of(Lock::NestedP2wpkh));
        self.purse(self.cast.hot).style.picking = Picking::OldestFirst;
        let mixer = self.owner_named("Tumbler", OwnerKind::Mixer);
        self.cast.operator = self.purse_of(mixer, Style::of(Lock::P2wpkh));
        self.cast.coordinator = self.purse_of(mixer, Style::of(Lock::P2wpkh).reusing());
    }

    fn hire_story(&mut self) {
        let legacy = Style::of(Lock::P2pkh);
        let segwit = Style::of(Lock::P2wpkh);
        let mut party = |name: &str, kind, style| self.party(name, kind, style);
        let ransomware = party("Lockjaw", OwnerKind::Ransomware, segwit);
        let sanctioned = party("Directorate", OwnerKind::Sanctioned, legacy);
        let launderer = party("launderer", OwnerKind::Launderer, segwit);
        let side_door = party("side door", OwnerKind::Launderer, segwit);
        let decoy = party("pawn shop", OwnerKind::Merchant, legacy.reusing());
        let peeling_customer = party("Karl", OwnerKind::Customer, segwit);
        let clean = party("Clara", OwnerKind::Customer, segwit);
        let clean_shop = party("Clara's baker", OwnerKind::Merchant, legacy);
        let clean_friend = party("Clara's friend", OwnerKind::Customer, segwit);
        let explained = party("Dora", OwnerKind::Customer, legacy);
        let same_key = party("Eve", OwnerKind::Customer, legacy);
        let spammer = party("spammer", OwnerKind::Spammer, segwit);
        let payees = (0..N_PAYEES)
            .map(|number| party(&format!("payee {number}"), OwnerKind::Payee, segwit))
            .collect();
        let escrows = (0..3)
            .map(|number| {
                let name = format!("escrow {number}");
                party(&name, OwnerKind::Escrow, Style::of(Lock::Multisig).reusing())
            })
            .collect();
        let hired = std::mem::take(&mut self.cast);
        self.cast = Cast {
            ransomware,
            sanctioned,
            launderer,
            side_door,
            decoy,
            payees,
            peeling_customer,
            clean,
            clean_shop,
            clean_friend,
            explained,
            same_key,
            spammer,
            escrows,
            ..hired
        };
    }

    /// Ten kinds of wallet by turns, so that the smallest world has each of them.
    fn hire_customer(&mut self, number: u32) {
        let kind = number % 10;
        let lock = match kind {
            0..=4 => Lock::P2wpkh,
            5 | 6 => Lock::P2pkh,
            7 => Lock::NestedP2wpkh,
            8 => Lock::P2tr,
            _ if number % 20 == 9 => Lock::P2wsh,
            _ => Lock::P2pkh,
        };
        let mut style = Style::of(lock).vary(&mut self.dice);
        style.twins = kind == 9 && lock == Lock::P2pkh;
        style.reuses &= kind > 2 && !style.twins;
        let name = format!("customer {number}");
        let customer = self.party(&name, OwnerKind::Customer, style);
        self.cast.customers.push(customer);
        if lock == Lock::P2wpkh && !style.reuses {
            self.cast.mixable.push(customer);
        }
        if matches!(kind, 5 | 6) {
            self.cast.legacy.push(customer);
        }
    }

    fn party(&mut self, name: &str, kind: OwnerKind, style: Style) -> PurseId {
        let owner = self.owner_named(name, kind);
        self.purse_of(owner, style)
    }

    fn owner_named(&mut self, name: &str, kind: OwnerKind) -> OwnerId {
        let id =
            OwnerId::new(u32::try_from(self.owners.len()).expect("the specification is bounded"));
        self.owners.push(Owner { id, name: name.to_owned(), kind });
        id
    }

    fn purse_of(&mut self, owner: OwnerId, style: Style) -> PurseId {
        let id = PurseId(u32::try_from(self.purses.len()).expect("the specification is bounded"));
        self.purses.push(Purse { owner, style, coins: Vec::new(), n_keys: 0, latest: None });
        id
    }
}
