//! Attribution: what people say of addresses (tags), and the sanctions lists (listings).
//!
//! Both are kept by decoded address, never by id or ticker, because an address may be tagged or listed long before
//! it first appears on a chain we hold.

use crate::{Address, Timestamp};

/// A row of the table `tags`: somebody's claim on an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The decoded address.
    pub address: Address,
    /// The address as the pack writes it.
    pub address_text: String,
    /// The chain or currency as the pack writes it; never used for matching.
    pub network: String,
    /// Who or what it is said to be.
    pub label: String,
    /// Category (concept of the taxonomy): `exchange`, `ransomware`, …; empty if the pack names none.
    pub category: String,
    /// Further concepts, separated by `;`.
    pub concepts: String,
    /// Identifier of the real-world party in an actor pack; empty if unknown.
    pub actor: String,
    /// Where the claim comes from.
    pub source: String,
    /// Name of the confidence level on the scale of TagPacks: `authority_data`, `web_crawl`, …
    pub confidence_name: String,
    /// The level as a number, 0 to 100.
    pub confidence: u8,
    /// Whether the claim is made on the whole cluster of the address.
    pub defines_cluster: bool,
    /// The pack it came in.
    pub pack: String,
    /// Who made the pack.
    pub creator: String,
    /// When the claim was last changed, if the pack says so.
    pub modified_at: Option<Timestamp>,
    /// When we learnt of it.
    pub known_at: Timestamp,
}

/// What a row of the table `listings` records; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ListingEvent {
    /// The address came on the list.
    Listed = 1,
    /// The address left the list.
    Delisted = 2,
}

impl ListingEvent {
    /// The event of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Listed, Self::Delisted].into_iter().find(|event| *event as u8 == number)
    }

    /// The name used in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Delisted => "delisted",
        }
    }
}

/// A row of the table `listings`: an append-only log in two times, when something held and when we knew.
///
/// The list as it stood at `d`, as known at `k`, is the last event of each (list, address, entity) among those with
/// `known_at <= k` and `effective_at <= d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Which list: `ofac-sdn`.
    pub list: String,
    /// What happened.
    pub event: ListingEvent,
    /// The decoded address.
    pub address: Address,
    /// The address as the list writes it.
    pub address_text: String,
    /// The ticker beside it (`XBT`, `USDT`); metadata, never used for matching.
    pub label: String,
    /// The list's own identifier of the party; empty if it gives none.
    pub entity_id: String,
    /// The party's name; empty if the list gives none.
    pub entity_name: String,
    /// Sanctions programs, separated by `;`.
    pub programs: String,
    /// Since when it holds: the list's own date, else the publication date of the first version that shows it.
    pub effective_at: Timestamp,
    /// When we learnt of it.
    pub known_at: Timestamp,
    /// SHA-256 of the list files read, in hexadecimal.
    pub list_version: String,
}

/// A row of the table `list_imports`: one version of a list that was taken in, whether or not it changed anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListImported {
    /// Which list.
    pub list: String,
    /// SHA-256 of the list files read, in hexadecimal.
    pub list_version: String,
    /// The format read.
    pub format: String,
    /// When the list was published, if known.
    pub published_at: Option<Timestamp>,
    /// When it was taken in.
    pub known_at: Timestamp,
    /// Entries on it.
    pub n_entries: u64,
    /// Of them new.
    pub n_added: u64,
    /// Entries gone since the last version.
    pub n_removed: u64,
}

/// A row of the table `prices`: one candle of an asset.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// Symbol of the asset.
    pub asset: String,
    /// Currency of the price.
    pub currency: String,
    /// Start of the interval.
    pub time: Timestamp,
    /// Length of the interval in seconds, at least 1: the close is known at `time + interval_s` and not before.
    pub interval_s: u32,
    /// First price of the interval.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded volume in units of the asset.
    pub volume: f64,
}
