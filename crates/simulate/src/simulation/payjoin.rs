//! PayJoin: the payee gives inputs as well, so the transaction looks like anybody's payment.
//!
//! Source: BIP 78. The payee adds one coin and gets it back with the payment; the payer pays for the larger transaction
//! out of its change. Nothing on chain tells it from a payment of one owner with two inputs.

use super::Simulation;
use super::paying::Draft;
use crate::keys::Lock;
use crate::transactions::TransactionKind;

impl Simulation {
    pub(super) fn payjoin(&mut self) -> Option<()> {
        let payer = self.dice.pick(&self.cast.mixable);
        let payee = self.dice.pick(&self.cast.mixable);
        let given = self.purses[payee.index()].largest(&[Lock::P2wpkh], 100_000, 3);
        if payer == payee || given.is_empty() {
            return None;
        }
        let given = self.dice.pick(&given);
        let amount_sat = self.payment_sat(payer);
        let funding = self.fund(payer, amount_sat, 1)?;
        let policy = self.policy(payer);
        let more_sat = funding.price.fee_sat(given.key.lock.input_vbytes());
        let to_lock = self.purses[payee.index()].lock;
        let payment = [(crate::keys::KeyRef { lock: to_lock, ..given.key }, amount_sat)];
        let (lock, change_sat) = self.change_of(payer, &funding, &payment, None);
        let all_p2wpkh = funding.coins.iter().all(|coin| coin.key.lock == Lock::P2wpkh);
        if !all_p2wpkh || change_sat < policy.change.min_sat + more_sat {
            self.put_back(funding);
            return None;
        }
        let given = self.purse(payee).take(&given).expect("it was seen there a moment ago");
        let mut inputs = funding.coins;
        inputs.push(given);
        let key = self.fresh_locked(payee, to_lock);
        let change_key = self.change_key(payer, lock, inputs[0].key);
        let sent = self.make(Draft {
            kind: TransactionKind::Payjoin,
            purse: None,
            policy,
            inputs: &inputs,
            outputs: &[(key, amount_sat + given.amount_sat), (change_key, change_sat - more_sat)],
            change: &[1],
            data: None,
        });
        self.mixer.payjoins.push(sent.tx_id);
        Some(())
    }
}
