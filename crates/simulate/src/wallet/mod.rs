//! What a wallet's software and its owner do, as far as a chain can show it.
//!
//! In: chance. Out: a [`Policy`] an owner, kept in the truth ([`crate::Truth::wallets`]).
//! Each family of policies is a module: [`selection`] (which coins), [`change`] (where the rest goes, in which order),
//! [`fingerprint`] (version, lock time, sequence, signatures, fees), [`habits`] (amounts, hours, reuse), and
//! [`software`] puts them together as real programs do. A new one is one module and one line in its family's table.

pub(crate) mod change;
pub(crate) mod fingerprint;
pub(crate) mod habits;
pub(crate) mod selection;
pub(crate) mod software;

pub use change::{ChangeAddress, ChangeLock, ChangePolicy, OutputOrder};
pub use fingerprint::{FeePolicy, Fingerprint, LockTimes};
pub use habits::Habits;
pub use selection::CoinSelection;
pub use software::software_shares;

/// Everything by which transactions of one wallet resemble each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The program it is modelled on, `assorted` for a free combination, `plain` for services and the story's people.
    pub software: &'static str,
    /// Which coins it takes.
    pub selection: CoinSelection,
    /// Where the rest goes, and how inputs and outputs are ordered.
    pub change: ChangePolicy,
    /// What every transaction shows.
    pub fingerprint: Fingerprint,
    /// What it pays miners.
    pub fees: FeePolicy,
    /// What its owner does.
    pub habits: Habits,
}

impl Policy {
    /// Nothing conspicuous; services and the people of the story set what they need.
    pub(crate) const fn plain() -> Self {
        Self {
            software: "plain",
            selection: CoinSelection::FewestInputs,
            change: ChangePolicy {
                order: OutputOrder::Shuffled,
                address: ChangeAddress::Fresh,
                lock: ChangeLock::Own,
                min_sat: 1_000,
            },
            fingerprint: Fingerprint {
                version: 2,
                lock_times: LockTimes::Zero,
                replaceable: true,
                low_r: false,
            },
            fees: FeePolicy::Market { per_mille: 1_000 },
            habits: Habits::PLAIN,
        }
    }

    /// One address for everything, change too.
    pub(crate) const fn reusing(mut self) -> Self {
        self.habits.reuse_per_mille = 1_000;
        self.change.address = ChangeAddress::SameAsInput;
        self
    }

    /// Whether it ever gives out an address twice.
    pub(crate) fn reuses(&self) -> bool {
        self.habits.reuse_per_mille > 0 || self.change.address == ChangeAddress::SameAsInput
    }
}
