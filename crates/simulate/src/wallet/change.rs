//! Where the rest of a payment goes: to which address, of which kind, in which place.
//!
//! Source: Bitcoin Core (`OutputType` of change follows the payees since 0.20/23.0, order shuffled), BIP 69, the survey of
//! eight wallets by Ishaana Misra (2023) for the others.

use crate::keys::Lock;

/// In which order inputs and outputs stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputOrder {
    /// By chance, inputs too.
    Shuffled,
    /// Change before everything else; inputs as they were selected.
    ChangeFirst,
    /// Change after everything else; inputs as they were selected.
    ChangeLast,
    /// BIP 69: inputs by transaction and position, outputs by amount and script.
    Bip69,
    /// Both in falling order of amount: rounds of WabiSabi.
    Falling,
}

/// Which address change goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeAddress {
    /// A new one each time.
    Fresh,
    /// That of the first input.
    SameAsInput,
}

/// Of which kind a new change address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeLock {
    /// The wallet's own kind, which is that of its inputs.
    Own,
    /// The kind of a payee, so that the kind does not tell change from payment (Bitcoin Core).
    LikePayee,
    /// P2WPKH, whatever the inputs are: wallets that moved to SegWit.
    AlwaysP2wpkh,
}

/// All about change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangePolicy {
    /// Order of inputs and outputs.
    pub order: OutputOrder,
    /// Address.
    pub address: ChangeAddress,
    /// Kind of address.
    pub lock: ChangeLock,
    /// Less than this, in satoshi, is left to the miner.
    pub min_sat: u64,
}

impl ChangeLock {
    /// The lock of change of a wallet with lock `own` that pays these.
    pub(crate) fn choose(self, own: Lock, payees: impl Iterator<Item = Lock>) -> Lock {
        // Scripts of several keys stay what they are: their change must need the same cosigners.
        if matches!(own, Lock::P2wsh | Lock::NestedP2wsh | Lock::Multisig) {
            return own;
        }
        match self {
            Self::Own => own,
            Self::AlwaysP2wpkh => Lock::P2wpkh,
            Self::LikePayee => payees.map(single_key).max().unwrap_or(own),
        }
    }
}

/// The single-key form that looks like this lock's output from outside. Ordered as Bitcoin Core prefers them: the
/// newest kind among the payees.
fn single_key(payee: Lock) -> Lock {
    match payee {
        Lock::P2tr => Lock::P2tr,
        Lock::P2wpkh | Lock::P2wsh => Lock::P2wpkh,
        Lock::NestedP2wpkh | Lock::NestedP2wsh => Lock::NestedP2wpkh,
        Lock::P2pk
        | Lock::P2pkUncompressed
        | Lock::P2pkh
        | Lock::P2pkhUncompressed
        | Lock::Multisig => Lock::P2pkh,
    }
}
