//! Who takes part: owners and their purses.

use super::Simulation;
use super::exchange::{EXCHANGE_HABITS, Exchange};
use crate::keys::{Lock, PurseId};
use crate::purse::Purse;
use crate::truth::{Owner, OwnerId, OwnerKind};
use crate::wallet::habits::Habits;
use crate::wallet::{CoinSelection, OutputOrder, Policy};

/// Payees of the peeling chain; one of its eight peels pays the launderer's side door instead.
pub(super) const N_PAYEES: usize = 7;

/// Everybody's purse.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub(super) genesis: OwnerId,
    pub(super) miners: Vec<PurseId>,
    pub(super) customers: Vec<PurseId>,
    pub(super) merchants: Vec<PurseId>,
    /// Customers whose wallets mix: P2WPKH, a new address each time.
    pub(super) mixable: Vec<PurseId>,
    /// Those and customers with P2TR wallets.
    pub(super) segwit: Vec<PurseId>,
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
            segwit: Vec::new(),
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
            let miner = self.party(&name, OwnerKind::Miner, lock, Policy::plain().reusing());
            self.cast.miners.push(miner);
        }
        for number in 0..self.spec.n_merchants {
            let lock = if number % 2 == 0 { Lock::P2pkh } else { Lock::P2wpkh };
            let dealt = self.deck.deal(&mut self.dice);
            let policy = Policy { habits: Habits::PLAIN, ..dealt };
            let policy = if number % 2 == 0 { policy.reusing() } else { paid_afresh(policy) };
            let name = format!("merchant {number}");
            let merchant = self.party(&name, OwnerKind::Merchant, lock, policy);
            self.cast.merchants.push(merchant);
        }
        for number in 0..self.spec.n_customers {
            self.hire_customer(number);
        }
        for number in 1..self.spec.n_exchanges {
            self.hire_exchange(number);
        }
        for number in 0..self.spec.n_peeling_chains {
            let policy = paid_afresh(self.deck.deal(&mut self.dice));
            let name = format!("peeler {number}");
            let peeler = self.party(&name, OwnerKind::Launderer, Lock::P2wpkh, policy);
            self.hire_peeler(peeler);
        }
    }

    fn hire_services(&mut self) {
        let exchange = self.owner_named("Bitmarket", OwnerKind::Exchange);
        let mut hot = Policy::plain();
        hot.selection = CoinSelection::OldestFirst;
        self.cast.hot = self.purse_of(exchange, Lock::P2wpkh, hot);
        self.cast.cold = self.purse_of(exchange, Lock::NestedP2wsh, Policy::plain());
        self.cast.deposits = self.purse_of(exchange, Lock::NestedP2wpkh, Policy::plain());
        let Cast { hot, cold, deposits, .. } = self.cast;
        self.exchanges.push(Exchange::new(hot, cold, deposits, EXCHANGE_HABITS[0]));
        let mixer = self.owner_named("Tumbler", OwnerKind::Mixer);
        self.cast.operator = self.purse_of(mixer, Lock::P2wpkh, Policy::plain());
        self.cast.coordinator = self.purse_of(mixer, Lock::P2wpkh, Policy::plain().reusing());
    }

    /// Further exchanges: each has its own kinds of address and its own software.
    fn hire_exchange(&mut self, number: u32) {
        let owner = self.owner_named(&format!("exchange {number}"), OwnerKind::Exchange);
        let (hot_lock, deposit_lock) = match number % 3 {
            0 => (Lock::P2wpkh, Lock::NestedP2wpkh),
            1 => (Lock::P2pkh, Lock::P2pkh),
            _ => (Lock::P2wpkh, Lock::P2wpkh),
        };
        let mut policy = Policy::plain();
        policy.software = "exchange";
        policy.selection =
            self.dice.pick(&[CoinSelection::LargestFirst, CoinSelection::Consolidate]);
        policy.change.order = self.dice.pick(&[OutputOrder::ChangeLast, OutputOrder::ChangeFirst]);
        policy.fingerprint.version = self.dice.pick(&[1, 2]);
        policy.fingerprint.replaceable = self.dice.chance(300);
        let hot = self.purse_of(owner, hot_lock, policy);
        let cold = self.purse_of(owner, Lock::NestedP2wsh, policy);
        let deposits = self.purse_of(owner, deposit_lock, policy);
        let habits = EXCHANGE_HABITS[number as usize % EXCHANGE_HABITS.len()];
        self.exchanges.push(Exchange::new(hot, cold, deposits, habits));
    }

    fn hire_story(&mut self) {
        let mut party = |name: &str, kind, lock| self.party(name, kind, lock, Policy::plain());
        let ransomware = party("Lockjaw", OwnerKind::Ransomware, Lock::P2wpkh);
        let sanctioned = party("Directorate", OwnerKind::Sanctioned, Lock::P2pkh);
        let launderer = party("launderer", OwnerKind::Launderer, Lock::P2wpkh);
        let side_door = party("side door", OwnerKind::Launderer, Lock::P2wpkh);
        let decoy = party("pawn shop", OwnerKind::Merchant, Lock::P2pkh);
        let peeling_customer = party("Karl", OwnerKind::Customer, Lock::P2wpkh);
        let clean = party("Clara", OwnerKind::Customer, Lock::P2wpkh);
        let clean_shop = party("Clara's baker", OwnerKind::Merchant, Lock::P2pkh);
        let clean_friend = party("Clara's friend", OwnerKind::Customer, Lock::P2wpkh);
        let explained = party("Dora", OwnerKind::Customer, Lock::P2pkh);
        let same_key = party("Eve", OwnerKind::Customer, Lock::P2pkh);
        let spammer = party("spammer", OwnerKind::Spammer, Lock::P2wpkh);
        let payees = (0..N_PAYEES)
            .map(|number| party(&format!("payee {number}"), OwnerKind::Payee, Lock::P2wpkh))
            .collect();
        let escrows: Vec<PurseId> = (0..3)
            .map(|number| party(&format!("escrow {number}"), OwnerKind::Escrow, Lock::Multisig))
            .collect();
        for reusing in escrows.iter().chain([&decoy]) {
            self.purse(*reusing).policy = Policy::plain().reusing();
        }
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

    /// Ten kinds of address by turns, so that the smallest world has each of them; software is dealt. Three customers
    /// in ten never give an address out twice, whatever their software: those mix.
    fn hire_customer(&mut self, number: u32) {
        let kind = number % 10;
        let lock = match kind {
            0..=4 => Lock::P2wpkh,
            5 | 6 => Lock::P2pkh,
            7 => Lock::NestedP2wpkh,
            8 => Lock::P2tr,
            _ if number % 20 == 9 => Lock::P2wsh,
            _ if number % 80 == 39 => Lock::P2pkhUncompressed,
            _ => Lock::P2pkh,
        };
        let dealt = self.deck.deal(&mut self.dice);
        let twins = kind == 9 && lock == Lock::P2pkh;
        let policy = if kind < 3 || twins { paid_afresh(dealt) } else { dealt };
        let name = format!("customer {number}");
        let customer = self.party(&name, OwnerKind::Customer, lock, policy);
        self.purse(customer).twins = twins;
        self.cast.customers.push(customer);
        let private = !policy.reuses();
        if lock == Lock::P2wpkh && private {
            self.cast.mixable.push(customer);
        }
        if matches!(lock, Lock::P2wpkh | Lock::P2tr) && private {
            self.cast.segwit.push(customer);
        }
        if matches!(kind, 5 | 6) {
            self.cast.legacy.push(customer);
        }
    }

    pub(super) fn party(
        &mut self,
        name: &str,
        kind: OwnerKind,
        lock: Lock,
        policy: Policy,
    ) -> PurseId {
        let owner = self.owner_named(name, kind);
        self.purse_of(owner, lock, policy)
    }

    fn owner_named(&mut self, name: &str, kind: OwnerKind) -> OwnerId {
        let id =
            OwnerId::new(u32::try_from(self.owners.len()).expect("the specification is bounded"));
        self.owners.push(Owner { id, name: name.to_owned(), kind });
        id
    }

    fn purse_of(&mut self, owner: OwnerId, lock: Lock, policy: Policy) -> PurseId {
        let id = PurseId(u32::try_from(self.purses.len()).expect("the specification is bounded"));
        self.purses.push(Purse {
            owner,
            lock,
            policy,
            twins: false,
            coins: Vec::new(),
            n_keys: 0,
            latest: None,
            receiving: None,
        });
        id
    }
}

/// The same software, never giving an address out twice.
fn paid_afresh(mut policy: Policy) -> Policy {
    policy.habits.reuse_per_mille = 0;
    policy.change.address = crate::wallet::ChangeAddress::Fresh;
    policy
}
