//! Small scenes that each show one thing: two addresses linked through a third, one key in three forms, bare
//! multisig over strangers' keys, and a customer whom nothing connects to anybody dangerous.

use super::plot::Event;
use super::{Sent, Simulation};
use crate::keys::{KeyRef, Lock, PurseId};
use crate::transactions::TransactionKind;

impl Simulation {
    pub(super) fn write_vignettes(&mut self) {
        self.write_thread(&[
            (20, Self::fill_mixer as Event),
            (70, |world| world.fill_explained(0)),
            (80, |world| world.fill_explained(1)),
            (90, |world| world.fill_explained(2)),
            (100, |world| world.fill_explained_again(2)),
            (300, |world| world.spend_explained(0)),
            (500, |world| world.spend_explained(1)),
        ]);
        self.write_thread(&[
            (110, |world| world.fill_twin(Lock::P2pkh)),
            (130, |world| world.fill_twin(Lock::P2wpkh)),
            (150, |world| world.fill_twin(Lock::NestedP2wpkh)),
            (350, |world| world.spend_twin(0)),
            (450, |world| world.spend_twin(2)),
        ]);
        self.write_thread(&[
            (140, Self::fill_clean),
            (240, |world| world.clean_pays(world.cast.clean_shop)),
            (440, |world| world.clean_pays(world.cast.clean_friend)),
            (640, |world| world.clean_pays(world.cast.clean_shop)),
            (740, |world| {
                world.pay(world.cast.clean_friend, world.cast.clean_shop, 400_000).map(drop)
            }),
            (840, |world| world.clean_pays(world.cast.clean_friend)),
        ]);
        self.write_thread(&[
            (300, |world| world.fill_escrow(0)),
            (400, |world| world.fill_escrow(1)),
            (450, |world| world.release_escrow(0)),
            (500, |world| world.fill_escrow(2)),
            (600, |world| world.release_escrow(1)),
            (700, |world| world.release_escrow(2)),
        ]);
    }

    fn fill_mixer(&mut self) -> Option<()> {
        self.pay(self.richest_miner(), self.cast.operator, 500_000_000).map(drop)
    }

    /// A miner pays one of Dora's addresses, each in a transaction of its own.
    fn fill_explained(&mut self, _place: usize) -> Option<()> {
        let sent = self.pay(self.richest_miner(), self.cast.explained, 20_000_000)?;
        self.plot.log.explained_keys.push(sent.coins[0].key);
        Some(())
    }

    fn fill_explained_again(&mut self, place: usize) -> Option<()> {
        let key = self.plot.log.explained_keys[place];
        self.pay_to(self.richest_miner(), key, 20_000_000).map(drop)
    }

    /// Spends address `place` together with one of the two coins of the third address.
    fn spend_explained(&mut self, place: usize) -> Option<()> {
        let dora = self.cast.explained;
        let keys = [self.plot.log.explained_keys[place], self.plot.log.explained_keys[2]];
        let coin = |world: &Self, key: KeyRef| {
            world.purses[dora.index()].coins.iter().find(|coin| coin.key == key).copied()
        };
        let coins = [coin(self, keys[0])?, coin(self, keys[1])?];
        let shop = self.dice.pick(&self.cast.merchants);
        for coin in &coins {
            self.purse(dora).take(coin);
        }
        let to = self.fresh(shop);
        let sent = self.sweep(TransactionKind::Sweep, dora, &coins, to);
        self.plot.log.explained_spends.push(sent.tx_id);
        Some(())
    }

    /// A miner pays the next form of Eve's one key.
    fn fill_twin(&mut self, lock: Lock) -> Option<()> {
        let eve = self.cast.same_key;
        let funding = self.fund(self.richest_miner(), 15_000_000, 1)?;
        let miner = funding.coins[0].key.purse;
        let key = match self.plot.log.twin_keys.first() {
            Some(first) => self.register(first.locked(lock)),
            None => self.fresh_locked(eve, lock),
        };
        self.spend(miner, funding, &[(key, 15_000_000)]);
        self.plot.log.twin_keys.push(key);
        Some(())
    }

    /// Spends one form alone.
    fn spend_twin(&mut self, place: usize) -> Option<()> {
        let key = self.plot.log.twin_keys[place];
        let coins = self.purse(self.cast.same_key).take_at(key);
        let shop = self.dice.pick(&self.cast.merchants);
        let to = self.fresh(shop);
        let sent = self.sweep(TransactionKind::Sweep, self.cast.same_key, &coins, to);
        self.plot.log.twin_spends.push(sent.tx_id);
        Some(())
    }

    fn fill_clean(&mut self) -> Option<()> {
        let sent = self.pay(self.richest_miner(), self.cast.clean, 300_000_000)?;
        self.plot.log.clean_key = Some(sent.coins[0].key);
        Some(())
    }

    fn clean_pays(&mut self, to: PurseId) -> Option<()> {
        let amount_sat = self.dice.between(5, 50) * 100_000;
        self.pay(self.cast.clean, to, amount_sat).map(drop)
    }

    /// A buyer pays a bare 2-of-3 over a key of its own, one of the seller and one of an arbiter, all of whom have
    /// been paid at these keys before.
    fn fill_escrow(&mut self, number: usize) -> Option<()> {
        let mut parties: Vec<KeyRef> = Vec::new();
        for purse in &self.cast.legacy {
            let key = self.purses[purse.index()].receiving;
            parties.extend(key.filter(|key| key.lock == Lock::P2pkh));
        }
        if parties.len() < 3 {
            return None;
        }
        self.dice.shuffle(&mut parties);
        let keys = [parties[0], parties[1], parties[2]];
        let buyer = keys[0].purse;
        let escrow = self.cast.escrows[number];
        let funding = self.fund(buyer, 3_000_000, 1)?;
        self.keys.escrows.insert(escrow, keys);
        let key = self.fresh(escrow);
        let sent: Sent = self.spend(buyer, funding, &[(key, 3_000_000)]);
        self.plot.log.escrows.push((key, keys, sent.tx_id));
        Some(())
    }

    fn release_escrow(&mut self, number: usize) -> Option<()> {
        let escrow = self.cast.escrows[number];
        let seller = self.keys.escrows.get(&escrow)?[1].purse;
        let coins = std::mem::take(&mut self.purse(escrow).coins);
        let to = self.fresh(seller);
        let sent = self.sweep(TransactionKind::Sweep, escrow, &coins, to);
        self.plot.log.releases.push(sent.tx_id);
        Some(())
    }
}
