//! How transactions come to be: coins are taken, change is returned, everything is put in the wallet's order.

use bitcoin::hashes::Hash;
use bitcoin::{Amount, OutPoint, ScriptBuf, Transaction, TxIn, TxOut, absolute, transaction};
use ledger::TxId;

use super::{Made, Note, Sent, Simulation, name};
use crate::keys::{KeyRef, Lock, PurseId};
use crate::purse::{self, Coin, Funding};
use crate::transactions::TransactionKind;
use crate::truth::OwnerId;
use crate::wallet::fingerprint::Price;
use crate::wallet::{ChangeAddress, OutputOrder, Policy};

/// A transaction to be built. Whatever the outputs leave is the fee.
pub(super) struct Draft<'a> {
    pub(super) kind: TransactionKind,
    /// Whose it is; `None` where it has several owners' inputs.
    pub(super) purse: Option<PurseId>,
    pub(super) policy: Policy,
    pub(super) inputs: &'a [Coin],
    pub(super) outputs: &'a [(KeyRef, u64)],
    /// Which of the outputs are change, by place in `outputs`.
    pub(super) change: &'a [usize],
    pub(super) data: Option<ScriptBuf>,
}

impl Simulation {
    pub(super) fn price(&self, purse: PurseId) -> Price {
        self.policy(purse).fees.price(self.market_milli)
    }

    /// Takes coins for payments of so much in all. Comes before keys are given out, which it may make needless.
    pub(super) fn fund(
        &mut self,
        from: PurseId,
        amount_sat: u64,
        n_outputs: usize,
    ) -> Option<Funding> {
        let price = self.price(from);
        self.purses[from.index()].fund(amount_sat, n_outputs, price, &mut self.dice)
    }

    /// Gives back what [`Self::fund`] took.
    pub(super) fn put_back(&mut self, funding: Funding) {
        funding.coins.into_iter().for_each(|coin| self.credit(coin));
    }

    /// Spends what [`Self::fund`] took.
    pub(super) fn spend(
        &mut self,
        from: PurseId,
        funding: Funding,
        payments: &[(KeyRef, u64)],
    ) -> Sent {
        let kind =
            if payments.len() > 1 { TransactionKind::Payout } else { TransactionKind::Payment };
        self.spend_as(kind, from, funding, payments, None)
    }

    pub(super) fn spend_as(
        &mut self,
        kind: TransactionKind,
        from: PurseId,
        funding: Funding,
        payments: &[(KeyRef, u64)],
        data: Option<ScriptBuf>,
    ) -> Sent {
        let policy = self.policy(from);
        let mut outputs = payments.to_vec();
        let mut change = Vec::new();
        let (lock, change_sat) = self.change_of(from, &funding, payments, data.as_ref());
        if change_sat >= policy.change.min_sat {
            let key = self.change_key(from, lock, funding.coins[0].key);
            change.push(outputs.len());
            outputs.push((key, change_sat));
        }
        self.make(Draft {
            kind,
            purse: Some(from),
            policy,
            inputs: &funding.coins,
            outputs: &outputs,
            change: &change,
            data,
        })
    }

    /// Lock and amount of the change that these coins leave; 0 where the fee takes all.
    pub(super) fn change_of(
        &self,
        from: PurseId,
        funding: &Funding,
        payments: &[(KeyRef, u64)],
        data: Option<&ScriptBuf>,
    ) -> (Lock, u64) {
        let locks = || payments.iter().map(|payment| payment.0.lock);
        let own = self.purses[from.index()].lock;
        let lock = self.policy(from).change.lock.choose(own, locks());
        let paid_sat: u64 = payments.iter().map(|payment| payment.1).sum();
        let data_vbytes = data.map_or(0, |data| 9 + data.len() as u64);
        let vbytes =
            purse::vbytes(&funding.coins, locks().chain(std::iter::once(lock))) + data_vbytes;
        let fee_sat = funding.price.fee_sat(vbytes);
        (lock, funding.total_sat().saturating_sub(paid_sat + fee_sat))
    }

    pub(super) fn change_key(&mut self, from: PurseId, lock: Lock, first_input: KeyRef) -> KeyRef {
        let own = self.purses[from.index()].lock;
        match self.policy(from).change.address {
            ChangeAddress::SameAsInput if first_input.lock == own => first_input,
            ChangeAddress::SameAsInput => self.fresh(from),
            ChangeAddress::Fresh => self.fresh_locked(from, lock),
        }
    }

    /// Pays an amount to a key of another purse.
    pub(super) fn pay(&mut self, from: PurseId, to: PurseId, amount_sat: u64) -> Option<Sent> {
        self.pay_as(TransactionKind::Payment, from, to, amount_sat)
    }

    pub(super) fn pay_as(
        &mut self,
        kind: TransactionKind,
        from: PurseId,
        to: PurseId,
        amount_sat: u64,
    ) -> Option<Sent> {
        let funding = self.fund(from, amount_sat, 1)?;
        let key = self.fresh(to);
        Some(self.spend_as(kind, from, funding, &[(key, amount_sat)], None))
    }

    /// Pays an amount to a key that is already known.
    pub(super) fn pay_to(&mut self, from: PurseId, key: KeyRef, amount_sat: u64) -> Option<Sent> {
        let funding = self.fund(from, amount_sat, 1)?;
        Some(self.spend(from, funding, &[(key, amount_sat)]))
    }

    /// Sends all of these coins to one key. They must hold more than the fee.
    pub(super) fn sweep(
        &mut self,
        kind: TransactionKind,
        from: PurseId,
        coins: &[Coin],
        to: KeyRef,
    ) -> Sent {
        let fee_sat = self.price(from).fee_sat(purse::vbytes(coins, std::iter::once(to.lock)));
        let total_sat = purse::total_sat(coins);
        let policy = self.policy(from);
        self.make(Draft {
            kind,
            purse: Some(from),
            policy,
            inputs: coins,
            outputs: &[(to, total_sat - fee_sat.min(total_sat / 2))],
            change: &[],
            data: None,
        })
    }

    /// Builds a transaction, credits its outputs and notes what is true of it.
    pub(super) fn make(&mut self, draft: Draft<'_>) -> Sent {
        let total_sat = purse::total_sat(draft.inputs);
        let paid_sat: u64 = draft.outputs.iter().map(|output| output.1).sum();
        assert!(paid_sat < total_sat, "a transaction pays {paid_sat} out of {total_sat} satoshi");
        let places = self.arranged_outputs(&draft);
        let transaction = self.transaction(&draft, &places);
        let id = transaction.compute_txid();
        let mut vouts = vec![0; draft.outputs.len()];
        for (vout, place) in (0_u32..).zip(&places) {
            if let Some(asked) = place {
                vouts[*asked] = vout;
            }
        }
        let coin = |((key, amount_sat), vout): (&(KeyRef, u64), &u32)| Coin {
            outpoint: OutPoint { txid: id, vout: *vout },
            amount_sat: *amount_sat,
            key: *key,
        };
        let coins: Vec<Coin> = draft.outputs.iter().zip(&vouts).map(coin).collect();
        coins.iter().for_each(|coin| self.credit(*coin));
        self.fees_sat += total_sat - paid_sat;
        let mut change: Vec<u32> = draft.change.iter().map(|place| vouts[*place]).collect();
        change.sort_unstable();
        let mut participants: Vec<OwnerId> =
            draft.inputs.iter().map(|coin| self.owner(coin.key.purse)).collect();
        participants.sort_unstable();
        participants.dedup();
        debug_assert!(participants.len() == 1 || draft.kind.is_collaborative());
        let note = Note { id, fee_sat: total_sat - paid_sat, purse: draft.purse };
        self.made.push(Made { id, transaction, note, kind: draft.kind, participants, change });
        let tx_id: TxId = name(id);
        Sent { tx_id, coins }
    }

    /// Which output asked for stands where; `None` is the data output.
    fn arranged_outputs(&mut self, draft: &Draft<'_>) -> Vec<Option<usize>> {
        let mut places: Vec<Option<usize>> = (0..draft.outputs.len()).map(Some).collect();
        places.extend(draft.data.is_some().then_some(None));
        let is_change = |place: &Option<usize>| place.is_some_and(|at| draft.change.contains(&at));
        let amount_sat = |place: &Option<usize>| place.map_or(0, |at| draft.outputs[at].1);
        match draft.policy.change.order {
            OutputOrder::Shuffled => self.dice.shuffle(&mut places),
            OutputOrder::ChangeFirst => places.sort_by_key(|place| !is_change(place)),
            OutputOrder::ChangeLast => places.sort_by_key(is_change),
            OutputOrder::Bip69 => places.sort_by_cached_key(|place| {
                let script = match place {
                    Some(at) => self.keys.script(draft.outputs[*at].0),
                    None => draft.data.clone().unwrap_or_default(),
                };
                (amount_sat(place), script)
            }),
            OutputOrder::Falling => {
                places.sort_by_key(|place| std::cmp::Reverse(amount_sat(place)));
            }
        }
        places
    }

    fn arranged_inputs(&mut self, order: OutputOrder, inputs: &[Coin]) -> Vec<Coin> {
        let mut inputs = inputs.to_vec();
        match order {
            OutputOrder::Shuffled => self.dice.shuffle(&mut inputs),
            OutputOrder::ChangeFirst | OutputOrder::ChangeLast => {}
            OutputOrder::Bip69 => inputs.sort_by_key(|coin| {
                let mut shown = coin.outpoint.txid.to_byte_array();
                shown.reverse(); // as transaction names are written
                (shown, coin.outpoint.vout)
            }),
            OutputOrder::Falling => {
                inputs.sort_by_key(|coin| std::cmp::Reverse(coin.amount_sat));
            }
        }
        inputs
    }

    fn transaction(&mut self, draft: &Draft<'_>, places: &[Option<usize>]) -> Transaction {
        let fingerprint = draft.policy.fingerprint;
        let inputs = self.arranged_inputs(draft.policy.change.order, draft.inputs);
        let mut input = Vec::with_capacity(inputs.len());
        for coin in inputs {
            // In a round everybody signs with their own software.
            let low_r = self.policy(coin.key.purse).fingerprint.low_r;
            let (script_sig, witness) = self.keys.unlock(coin.key, low_r, &mut self.dice);
            let sequence = fingerprint.sequence();
            input.push(TxIn { previous_output: coin.outpoint, script_sig, sequence, witness });
        }
        let output = |place: &Option<usize>| match place {
            Some(asked) => {
                let (key, amount_sat) = draft.outputs[*asked];
                TxOut { value: Amount::from_sat(amount_sat), script_pubkey: self.keys.script(key) }
            }
            None => {
                TxOut { value: Amount::ZERO, script_pubkey: draft.data.clone().unwrap_or_default() }
            }
        };
        let output = places.iter().map(output).collect();
        let lock_time = fingerprint.lock_times.at(self.height, &mut self.dice);
        Transaction {
            version: transaction::Version(fingerprint.version),
            lock_time: absolute::LockTime::from_consensus(lock_time),
            input,
            output,
        }
    }
}
