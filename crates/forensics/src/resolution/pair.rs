//! What ties two clusters together, beside what each does.

use ledger::{ScriptType, TxIndex};

use super::activity::Payee;
use super::profiles::{Payment, Profiles};
use super::rules::trailing_zeros;

/// Transactions kept as evidence of a pair; the earliest ones.
pub const EVIDENCE_MAX: usize = 8;

/// What ties a pair of clusters `a` < `b`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ties {
    /// Transactions in which `a` pays `b`, and `b` pays `a`.
    pub n_paid: [u32; 2],
    /// Addresses that both pay and few others do.
    pub n_deposits: u32,
    /// Clusters that both pay and few others do; each weighs 1 / (clusters paying it - 1).
    pub n_payees: u32,
    /// Clusters that pay both and few others; weighed alike.
    pub n_payers: u32,
    /// Transactions that show any of it, ascending, at most [`EVIDENCE_MAX`].
    pub evidence: Vec<TxIndex>,
    pub(super) payees_weight: f64,
    pub(super) payers_weight: f64,
    /// Of all direct payments together.
    pub(super) signs: Signs,
}

/// How a direct payment looks: as change of the payer (or its whole purse moved on), or as a payment. Each is a sum over
/// direct payments of +1, 0 or -1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Signs {
    pub(super) script: f64,
    pub(super) round: f64,
    pub(super) fresh: f64,
    pub(super) small: f64,
    pub(super) returned: f64,
    pub(super) sole: f64,
    pub(super) batch: f64,
    pub(super) born: f64,
    pub(super) stopped: f64,
}

/// A pair of clusters to be judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'p> {
    pub(super) profiles: &'p Profiles<'p>,
    pub(super) ends: [usize; 2],
    pub(super) ties: &'p Ties,
}

impl<'p> Pair<'p> {
    /// Height and fee rate of each record of one end where the rate is known, in order.
    pub(super) fn fees(&self, end: usize) -> impl Iterator<Item = (u32, f32)> + use<'p> {
        let profiles = self.profiles;
        let rows = profiles.rows(self.ends[end]).iter();
        rows.filter_map(move |row| {
            let spend = profiles.spend(*row);
            Some((spend.height.get(), spend.fee_rate?))
        })
    }

    /// Direct payments, either way.
    pub(super) fn n_direct(&self) -> f64 {
        f64::from(self.ties.n_paid[0]) + f64::from(self.ties.n_paid[1])
    }

    /// A sum of signs as a mean; 0 without direct payments.
    pub(super) fn mean(&self, sum: f64) -> f64 {
        let n_direct = self.n_direct();
        if n_direct > 0.0 { sum / n_direct } else { 0.0 }
    }
}

impl Signs {
    pub(super) fn of(profiles: &Profiles<'_>, payment: &Payment) -> Self {
        let activity = profiles.activity();
        let spend = profiles.spend(payment.spend);
        let payees = activity.payees_of(payment.spend as usize);
        let own = payees[payment.payee as usize];
        let (before, after) = payees.split_at(payment.payee as usize);
        let others: Vec<&Payee> = before.iter().chain(&after[1..]).collect();
        let is_fresh = |payee: &Payee| payee.address >= spend.n_addresses_before;
        let payer = profiles.all()[payment.payer as usize].cluster.get().get();
        let rows = profiles.rows(payment.payer as usize);
        let smallest = spend
            .smallest_input_sat
            .filter(|_| activity.inputs_of(payment.spend as usize).len() > 1);
        Self {
            script: script(spend.script_type, &own, &others),
            round: round(&own, &others),
            fresh: only(is_fresh(&own), others.iter().any(|other| is_fresh(other))),
            small: smallest.map_or(0.0, |smallest| {
                let fits = |payee: &Payee| payee.amount_sat < smallest;
                only(fits(&own), others.iter().any(|other| fits(other)))
            }),
            returned: yes(others.iter().any(|other| profiles.label(other.address) == payer)),
            sole: yes(spend.n_outputs == 1),
            batch: yes(spend.n_outputs > 3),
            born: yes(is_fresh(&own) && profiles.label(own.address) == own.address),
            stopped: yes(rows.last() == Some(&payment.spend)),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.script += other.script;
        self.round += other.round;
        self.fresh += other.fresh;
        self.small += other.small;
        self.returned += other.returned;
        self.sole += other.sole;
        self.batch += other.batch;
        self.born += other.born;
        self.stopped += other.stopped;
    }
}

fn yes(is_so: bool) -> f64 {
    f64::from(u8::from(is_so))
}

/// +1 where it alone is so, -1 where it is not; 0 where others are so, too.
fn only(own: bool, another: bool) -> f64 {
    match (own, another) {
        (true, false) => 1.0,
        (true, true) => 0.0,
        (false, _) => -1.0,
    }
}

/// C3 of change detection: the one output of the inputs' script type.
fn script(inputs: Option<ScriptType>, own: &Payee, others: &[&Payee]) -> f64 {
    let Some(inputs) = inputs else { return 0.0 };
    let others = others.iter().any(|other| other.script_type == inputs);
    match (own.script_type == inputs, others) {
        (true, false) => 1.0,
        (false, true) => -1.0,
        _ => 0.0,
    }
}

/// C4: an amount by three decimal digits less round than another is change.
fn round(own: &Payee, others: &[&Payee]) -> f64 {
    let own = trailing_zeros(own.amount_sat);
    let Some(most) = others.iter().map(|other| trailing_zeros(other.amount_sat)).max() else {
        return 0.0;
    };
    match () {
        () if most >= own + 3 => 1.0,
        () if own >= most + 3 => -1.0,
        () => 0.0,
    }
}
