#![doc = include_str!("../README.md")]

mod address;
mod amount;
mod attribution;
mod chain;
mod decoded;
mod derived;
mod id;
mod mix;
pub mod notation;
mod rows;
mod suggestion;
pub mod tables;

pub use address::{
    ADDRESS_KEY_BYTES, Address, AddressError, AddressErrorKind, AddressFamily, AddressNote,
    ParsedAddress, parse_address,
};
pub use amount::{Amount, InCoins};
pub use attribution::{ListImported, Listing, ListingEvent, Price, Tag};
pub use chain::{Asset, Chain, ChainSet, UnknownChain};
pub use decoded::{
    AliasKind, DecodedAlias, DecodedBlock, DecodedInput, DecodedOutput, DecodedTransaction,
    InputMarks, ScriptType, SpentByInput,
};
pub use derived::{ClusterEdge, ClusterMember, Link};
pub use id::{
    AddressId, BlockHash, ClusterId, Height, OutPoint, ParseHashError, Timestamp, TxId, TxIndex,
    bytes_from_hex,
};
pub use mix::Mix;
pub use rows::{
    Alias, Block, Input, LedgerBatch, Output, Resolution, Spent, Transaction, TransactionView,
};
pub use suggestion::SuggestedLink;
