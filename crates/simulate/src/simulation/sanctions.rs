//! The sanctioned entity, and the three ways from it to a customer's deposit address.
//!
//! Its three addresses are filled apart, one of them is listed, and one transaction spends them together: to
//! whoever sees only the chain that is what shows the other two. The gathered coins go down a peeling chain of eight
//! peels and arrive at the exchange. The fourth peel pays the launderer's second purse, which pays the same deposit
//! address: shorter, and narrow. A pawn shop paid that address *before* the entity ever paid the shop: shorter still,
//! and no way at all. Payees never spend, so no fourth way exists.

use super::paying::Draft;
use super::plot::Event;
use super::{Sent, Simulation};
use crate::keys::{KeyRef, PurseId};
use crate::purse::{total_sat, vbytes};
use crate::transactions::TransactionKind;
use crate::truth::Step;

/// The peel that pays the side door, from 0.
const SIDE_PEEL: usize = 3;

impl Simulation {
    pub(super) fn write_sanctions(&mut self) {
        let keys = (0..3).map(|_| self.fresh(self.cast.sanctioned)).collect();
        self.plot.log.sanctioned_keys = keys;
        let mut events: Vec<(u64, Event)> = vec![
            (30, |world| world.fill_sanctioned(0, 600_000_000)),
            (40, |world| world.fill_sanctioned(1, 800_000_000)),
            (50, |world| world.fill_sanctioned(2, 400_000_000)),
            (60, Self::fill_decoy),
        ];
        let n_donations = u64::from((self.spec.n_blocks / 15).min(24));
        events.extend(
            (0..n_donations)
                .map(|number| (100 + 200 * number / n_donations, Self::donate as Event)),
        );
        events.extend([
            (350, Self::decoy_pays as Event),
            (420, Self::pay_decoy),
            (500, Self::gather),
            (520, Self::peel),
            (540, Self::peel),
            (560, Self::peel),
            (580, Self::peel),
            (590, Self::side_door_pays),
            (600, Self::peel),
            (620, Self::peel),
            (640, Self::peel),
            (660, Self::peel),
            (680, Self::arrive),
        ]);
        self.write_thread(&events);
    }

    fn listed_key(&self) -> KeyRef {
        self.plot.log.sanctioned_keys[0]
    }

    fn fill_sanctioned(&mut self, place: usize, amount_sat: u64) -> Option<()> {
        let key = self.plot.log.sanctioned_keys[place];
        self.pay_to(self.richest_miner(), key, amount_sat).map(drop)
    }

    fn fill_decoy(&mut self) -> Option<()> {
        self.pay(self.richest_miner(), self.cast.decoy, 100_000_000).map(drop)
    }

    fn donate(&mut self) -> Option<()> {
        let customer = self.well_off();
        let amount_sat = self.dice.between(1_000_000, 20_000_000);
        let sent = self.pay_to(customer, self.listed_key(), amount_sat)?;
        self.plot.log.donations.push(sent.tx_id);
        Some(())
    }

    /// Where all three ways end.
    fn peeling_deposit(&mut self) -> KeyRef {
        self.deposit_key(self.cast.peeling_customer)
    }

    fn step_of(&self, sent: &Sent, from: KeyRef, place: usize) -> Step {
        let coin = sent.coins[place];
        Step {
            tx_id: sent.tx_id,
            from: self.address(from),
            to: self.address(coin.key),
            amount_sat: coin.amount_sat,
        }
    }

    fn decoy_pays(&mut self) -> Option<()> {
        let amount_sat = 30_000_000;
        let funding = self.fund(self.cast.decoy, amount_sat, 1)?;
        let from = funding.coins[0].key;
        let to = self.peeling_deposit();
        let sent = self.spend(self.cast.decoy, funding, &[(to, amount_sat)]);
        self.credit_account(self.cast.peeling_customer, amount_sat);
        self.plot.log.decoy_steps[1] = Some(self.step_of(&sent, from, 0));
        Some(())
    }

    /// The listed address pays the pawn shop, after the shop's own payment; change goes back to the listed address.
    fn pay_decoy(&mut self) -> Option<()> {
        let listed = self.listed_key();
        let amount_sat = 5_000_000;
        let coins = self.purse(self.cast.sanctioned).take_at(listed);
        let to = self.fresh(self.cast.decoy);
        let price = self.price(self.cast.sanctioned);
        let fee_sat = price.fee_sat(vbytes(&coins, [to.lock, listed.lock].into_iter()));
        let change_sat = total_sat(&coins) - amount_sat - fee_sat;
        let sent = self.make(Draft {
            kind: TransactionKind::Payment,
            purse: Some(self.cast.sanctioned),
            policy: self.policy(self.cast.sanctioned),
            inputs: &coins,
            outputs: &[(to, amount_sat), (listed, change_sat)],
            change: &[1],
            data: None,
        });
        self.plot.log.decoy_steps[0] = Some(self.step_of(&sent, listed, 0));
        Some(())
    }

    fn gather(&mut self) -> Option<()> {
        let coins = std::mem::take(&mut self.purse(self.cast.sanctioned).coins);
        let to = self.fresh(self.cast.launderer);
        let sent = self.sweep(TransactionKind::Sweep, self.cast.sanctioned, &coins, to);
        self.plot.log.gathered_in = Some(sent.tx_id);
        let step = self.step_of(&sent, self.listed_key(), 0);
        self.plot.log.peels.push(step);
        Some(())
    }

    /// Pays a little away and passes the rest on to a new address of the same owner.
    fn peel(&mut self) -> Option<()> {
        let number = self.plot.log.peels.len() - 1;
        let (to, amount_sat): (PurseId, u64) = match number {
            0..SIDE_PEEL => (self.cast.payees[number], self.dice.between(5_000_000, 40_000_000)),
            SIDE_PEEL => (self.cast.side_door, 8_000_000),
            _ => (self.cast.payees[number - 1], self.dice.between(5_000_000, 40_000_000)),
        };
        let funding = self.fund(self.cast.launderer, amount_sat, 1)?;
        let from = funding.coins[0].key;
        let key = self.fresh(to);
        let payments = [(key, amount_sat)];
        let kind = TransactionKind::Peel;
        let sent = self.spend_as(kind, self.cast.launderer, funding, &payments, None);
        if number == SIDE_PEEL {
            let aside = self.step_of(&sent, from, 0);
            self.plot.log.side_steps.push(aside);
        }
        let onward = self.step_of(&sent, from, 1);
        self.plot.log.peels.push(onward);
        Some(())
    }

    fn side_door_pays(&mut self) -> Option<()> {
        let step = self.empty_into_deposit(self.cast.side_door)?;
        self.plot.log.side_steps.push(step);
        Some(())
    }

    fn arrive(&mut self) -> Option<()> {
        let step = self.empty_into_deposit(self.cast.launderer)?;
        self.plot.log.peels.push(step);
        Some(())
    }

    fn empty_into_deposit(&mut self, from: PurseId) -> Option<Step> {
        let coins = std::mem::take(&mut self.purse(from).coins);
        let first = coins.first()?.key;
        let to = self.peeling_deposit();
        let sent = self.sweep(TransactionKind::Sweep, from, &coins, to);
        self.credit_account(self.cast.peeling_customer, sent.coins[0].amount_sat);
        Some(self.step_of(&sent, first, 0))
    }
}
