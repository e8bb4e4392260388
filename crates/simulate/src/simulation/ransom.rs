//! The ransomware operator: a new address for each victim, one gathering, two ways through the mixer, cash at the
//! exchange.

use bitcoin::hashes::Hash;
use ledger::TxId;

use super::Simulation;
use super::plot::Event;
use crate::purse::Coin;
use crate::transactions::TransactionKind;

impl Simulation {
    pub(super) fn write_ransom(&mut self) {
        let n_victims = u64::from((self.spec.n_customers / 10).clamp(6, 40));
        let mut events: Vec<(u64, Event)> = (0..n_victims)
            .map(|number| (120 + 200 * number / n_victims, Self::pay_ransom as Event))
            .collect();
        events.extend([
            (370, Self::gather_ransom as Event),
            (390, Self::split_ransom),
            (400, |world| world.tx0(world.cast.ransomware, 3)),
            (900, Self::cash_ransom),
        ]);
        self.write_thread(&events);
    }

    /// A customer with enough coins finds its files encrypted.
    fn pay_ransom(&mut self) -> Option<()> {
        let victim = self.well_off();
        let amount_sat = self.dice.between(100, 300) * 100_000;
        let sent = self.pay(victim, self.cast.ransomware, amount_sat)?;
        self.plot.log.ransom_keys.push(sent.coins[0].key);
        self.plot.log.ransom_payments.push(sent.tx_id);
        Some(())
    }

    fn gather_ransom(&mut self) -> Option<()> {
        let ransomware = self.cast.ransomware;
        let coins = std::mem::take(&mut self.purse(ransomware).coins);
        let to = self.fresh(ransomware);
        let sent = self.sweep(TransactionKind::Consolidation, ransomware, &coins, to);
        self.plot.log.ransom_gathered_in = Some(sent.tx_id);
        Some(())
    }

    /// Two coins: one part for each kind of mixing.
    fn split_ransom(&mut self) -> Option<()> {
        let half = self.purses[self.cast.ransomware.index()].balance_sat() / 2;
        self.pay(self.cast.ransomware, self.cast.ransomware, half).map(drop)
    }

    /// Deposits one coin out of a mixing round.
    fn cash_ransom(&mut self) -> Option<()> {
        let ransomware = self.cast.ransomware;
        let rounds = [&self.mixer.wasabi[..], &self.mixer.whirlpool].concat();
        let mixed = |coin: &&Coin| {
            let made_in = TxId::from_bytes(coin.outpoint.txid.to_byte_array());
            rounds.contains(&made_in)
        };
        let coin = *self.purses[ransomware.index()].coins.iter().find(mixed)?;
        self.purse(ransomware).take(&coin);
        let to = self.deposit_key(ransomware);
        let sent = self.sweep(TransactionKind::Payment, ransomware, &[coin], to);
        self.credit_account(ransomware, sent.coins[0].amount_sat);
        self.plot.log.ransom_cashed_in = Some(sent.tx_id);
        Some(())
    }
}
