#![doc = include_str!("../README.md")]

mod address;
mod alert;
mod amount;
mod attribution;
mod category;
mod chain;
mod decision;
mod decoded;
mod derived;
mod id;
mod mix;
mod monitored;
pub mod notation;
mod risk;
mod risk_model;
mod rows;
mod suggestion;
pub mod tables;
mod value;

pub use address::{
    ADDRESS_KEY_BYTES, Address, AddressError, AddressErrorKind, AddressFamily, AddressNote,
    ParsedAddress, parse_address,
};
pub use alert::{AlertCause, AlertEvent, AlertEventKind, AlertFact, RuleRecord, Severity};
pub use amount::{Amount, InCoins};
pub use attribution::{ListImported, Listing, ListingEvent, Price, Tag};
pub use category::{CATEGORIES, Category, CategoryRow};
pub use chain::{Asset, Chain, ChainSet, UnknownChain};
pub use decision::{DecisionKind, DecisionRecord, HeldRecord, LinkSource, ModelRecord};
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
pub use monitored::{MonitorEvent, MonitoredRecord};
pub use risk::{
    Entity, EntityId, Exposure, FlowSide, MonitoredPayment, PatternMatch, ProximityRow, Rank,
    Score, ScoreTerm,
};
pub use risk_model::{RiskModelEvent, RiskModelEventKind};
pub use rows::{
    Alias, Block, Input, LedgerBatch, Output, Resolution, Spent, Transaction, TransactionView,
};
pub use suggestion::SuggestedLink;
pub use tables::ClusterFeatures;
pub use value::Value;
