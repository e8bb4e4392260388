#![doc = include_str!("../README.md")]

mod block;
mod dice;
mod keys;
mod purse;
pub mod random;
mod reorg;
mod simulation;
mod spec;
mod truth;
mod world;

pub use block::{REGTEST_MAGIC, blk_record};
pub use reorg::Branch;
pub use spec::{SpecError, WorldSpec};
pub use truth::{
    Deposit, Escrow, Explained, FundsPath, Owner, OwnerId, OwnerKind, Ownership, SameKey, Step,
    Story, Truth,
};
pub use world::{Blocks, World};
