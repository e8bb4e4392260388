//! Programs: habits that come together because one program has them.
//!
//! Source: fingerprints of eight programs as found by Ishaana Misra, "Wallet Fingerprints: Detection & Analysis" (2023), and
//! listed by Andrew Chow (`achow101/wallet-fingerprinting`): version 1 is Trust, Trezor and Ledger; lock times against fee
//! sniping are Bitcoin Core and Electrum; BIP 69 is Electrum and Trezor; one address for all is Exodus and Trust; coins in
//! order of age and change last is Ledger; no signal of replaceability is Exodus and Coinbase Wallet.
//! Departures: shares among people are ours. The survey could name the program of about half of all transactions; here it is
//! four in five, and the rest combine habits freely. Fee policies are ours.

use super::Policy;
use super::change::{ChangeAddress, ChangeLock, ChangePolicy, OutputOrder};
use super::fingerprint::{FeePolicy, Fingerprint, LockTimes};
use super::habits::Habits;
use super::selection::CoinSelection;
use crate::dice::Dice;

/// A program, its share of people in per cent, and what it does.
struct Program {
    name: &'static str,
    per_cent: u32,
    policy: fn(&mut Dice) -> Policy,
}

/// The register: a program a line.
const PROGRAMS: [Program; 9] = [
    Program { name: "core", per_cent: 12, policy: core },
    Program { name: "electrum", per_cent: 14, policy: electrum },
    Program { name: "blue", per_cent: 10, policy: blue },
    Program { name: "trezor", per_cent: 8, policy: trezor },
    Program { name: "ledger", per_cent: 12, policy: ledger },
    Program { name: "exodus", per_cent: 8, policy: exodus },
    Program { name: "trust", per_cent: 6, policy: trust },
    Program { name: "coinbase", per_cent: 10, policy: coinbase },
    Program { name: "assorted", per_cent: 20, policy: assorted },
];

/// Share of each program among the people of every world, in per cent.
pub fn software_shares() -> impl Iterator<Item = (&'static str, u32)> {
    PROGRAMS.iter().map(|program| (program.name, program.per_cent))
}

/// Deals programs by their shares: exact in every hundred people.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deck(Vec<usize>);

impl Deck {
    pub(crate) fn deal(&mut self, dice: &mut Dice) -> Policy {
        if self.0.is_empty() {
            for (place, program) in PROGRAMS.iter().enumerate() {
                self.0.extend(std::iter::repeat_n(place, program.per_cent as usize));
            }
            dice.shuffle(&mut self.0);
        }
        let program = &PROGRAMS[self.0.pop().expect("it was filled")];
        let mut policy = (program.policy)(dice);
        policy.software = program.name;
        let habits = Habits::draw(dice);
        // A program that shows one address makes its owner give out that one.
        policy.habits = match policy.change.address {
            ChangeAddress::SameAsInput => Habits { reuse_per_mille: 1_000, ..habits },
            ChangeAddress::Fresh => habits,
        };
        policy
    }
}

const fn market(per_mille: u32) -> FeePolicy {
    FeePolicy::Market { per_mille }
}

fn core(dice: &mut Dice) -> Policy {
    Policy {
        selection: CoinSelection::BranchAndBound,
        change: ChangePolicy {
            lock: ChangeLock::LikePayee,
            order: OutputOrder::Shuffled,
            ..Policy::plain().change
        },
        fingerprint: Fingerprint {
            version: 2,
            lock_times: LockTimes::AntiFeeSniping,
            replaceable: dice.chance(700),
            low_r: true,
        },
        fees: market(900),
        ..Policy::plain()
    }
}

fn electrum(dice: &mut Dice) -> Policy {
    Policy {
        selection: CoinSelection::RandomDraw,
        change: ChangePolicy { order: OutputOrder::Bip69, min_sat: 546, ..Policy::plain().change },
        fingerprint: Fingerprint {
            version: 2,
            lock_times: LockTimes::AntiFeeSniping,
            replaceable: dice.chance(900),
            low_r: true,
        },
        ..Policy::plain()
    }
}

fn blue(_: &mut Dice) -> Policy {
    Policy {
        selection: CoinSelection::LargestFirst,
        change: ChangePolicy {
            order: OutputOrder::ChangeLast,
            lock: ChangeLock::AlwaysP2wpkh,
            ..Policy::plain().change
        },
        fees: market(1_200),
        ..Policy::plain()
    }
}

fn trezor(_: &mut Dice) -> Policy {
    Policy {
        selection: CoinSelection::BranchAndBound,
        change: ChangePolicy { order: OutputOrder::Bip69, min_sat: 546, ..Policy::plain().change },
        fingerprint: Fingerprint { version: 1, ..Policy::plain().fingerprint },
        fees: market(1_100),
        ..Policy::plain()
    }
}

fn ledger(_: &mut Dice) -> Policy {
    Policy {
        selection: CoinSelection::OldestFirst,
        change: ChangePolicy { order: OutputOrder::ChangeLast, ..Policy::plain().change },
        fingerprint: Fingerprint { version: 1, ..Policy::plain().fingerprint },
        ..Policy::plain()
    }
}

fn exodus(_: &mut Dice) -> Policy {
    Policy {
        change: ChangePolicy {
            order: OutputOrder::ChangeLast,
            address: ChangeAddress::SameAsInput,
            ..Policy::plain().change
        },
        fingerprint: Fingerprint { replaceable: false, ..Policy::plain().fingerprint },
        fees: market(1_500),
        ..Policy::plain()
    }
}

fn trust(_: &mut Dice) -> Policy {
    Policy {
        selection: CoinSelection::LargestFirst,
        change: ChangePolicy {
            order: OutputOrder::ChangeLast,
            address: ChangeAddress::SameAsInput,
            ..Policy::plain().change
        },
        fingerprint: Fingerprint { version: 1, replaceable: false, ..Policy::plain().fingerprint },
        fees: market(1_300),
        ..Policy::plain()
    }
}

fn coinbase(_: &mut Dice) -> Policy {
    Policy {
        selection: CoinSelection::FewestInputs,
        change: ChangePolicy { order: OutputOrder::ChangeLast, ..Policy::plain().change },
        fingerprint: Fingerprint { replaceable: false, ..Policy::plain().fingerprint },
        fees: market(1_000),
        ..Policy::plain()
    }
}

/// Every habit drawn by itself: programs that nobody has looked at, scripts, old versions.
fn assorted(dice: &mut Dice) -> Policy {
    let fees = match dice.below(10) {
        0..2 => FeePolicy::Fixed { sat_per_vbyte: dice.pick(&[2, 5, 10, 20]) },
        2..4 => FeePolicy::Flat { sat: dice.pick(&[10_000, 20_000, 50_000]) },
        _ => market(dice.pick(&[600, 800, 1_000, 1_600])),
    };
    Policy {
        selection: dice.pick(&CoinSelection::ALL),
        change: ChangePolicy {
            order: dice.pick(&[
                OutputOrder::Shuffled,
                OutputOrder::Shuffled,
                OutputOrder::ChangeFirst,
                OutputOrder::ChangeLast,
                OutputOrder::Bip69,
            ]),
            address: ChangeAddress::Fresh,
            lock: dice.pick(&[ChangeLock::Own, ChangeLock::Own, ChangeLock::AlwaysP2wpkh]),
            min_sat: dice.pick(&[546, 1_000, 5_000]),
        },
        fingerprint: Fingerprint {
            version: dice.pick(&[1, 2, 2]),
            lock_times: dice.pick(&[
                LockTimes::Zero,
                LockTimes::Zero,
                LockTimes::AntiFeeSniping,
                LockTimes::Constant(50),
            ]),
            replaceable: dice.chance(600),
            low_r: dice.chance(400),
        },
        fees,
        ..Policy::plain()
    }
}
