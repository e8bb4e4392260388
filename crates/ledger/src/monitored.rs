//! Monitored addresses: those of the firm's own customers, whose incoming transactions are looked at as they arrive.

use crate::{Address, Timestamp};

/// What a row of the table `monitored` records; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MonitorEvent {
    /// The address is monitored from then on; if it was, with another label.
    Add = 1,
    /// It is not any more.
    Remove = 2,
}

impl MonitorEvent {
    /// The event of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Add, Self::Remove].into_iter().find(|event| *event as u8 == number)
    }
}

/// A row of the table `monitored`. By decoded address, never by id: a customer's address is monitored before it first
/// appears on a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredRecord {
    /// What happened.
    pub event: MonitorEvent,
    /// The decoded address.
    pub address: Address,
    /// The address as it was written.
    pub address_text: String,
    /// Whose it is: a label or the customer's reference; empty if none was given.
    pub label: String,
    /// Why.
    pub reason: String,
    /// Who did it.
    pub author: String,
    /// When.
    pub at: Timestamp,
}
