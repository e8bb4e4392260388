#![doc = include_str!("../README.md")]

mod block;
mod dice;
mod keys;
mod laundering;
pub mod load;
mod prices;
mod purse;
pub mod random;
mod reorg;
mod simulation;
mod spec;
mod transactions;
mod truth;
mod wallet;
mod world;

pub use block::{REGTEST_MAGIC, blk_record};
pub use laundering::{
    Evasion, Laundering, LaunderingSpec, LookAlike, LookAlikeKind, Pattern, PlantedActor,
    PlantedCase, PlantedTag, Probe,
};
pub use prices::{Candle, PricePath};
pub use reorg::Branch;
pub use spec::{SpecError, WorldSpec};
pub use transactions::{MixProtocol, TransactionKind, TransactionTruth, Transactions};
pub use truth::{
    Deposit, Escrow, Explained, FundsPath, Owner, OwnerId, OwnerKind, Ownership, SameKey, Step,
    Story, Truth, Wallet,
};
pub use wallet::{
    ChangeAddress, ChangeLock, ChangePolicy, CoinSelection, FeePolicy, Fingerprint, Habits,
    LockTimes, OutputOrder, Policy, software_shares,
};
pub use world::{Blocks, World};
