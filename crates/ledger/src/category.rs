//! What kind of party an entity is: the categories over which exposure, proximity and scores are told.
//!
//! Tag packs use more than ninety concepts (the INTERPOL taxonomy of GraphSense); a compliance officer decides by some
//! twenty kinds. [`Category::of_concept`] maps the one to the other; a concept that is not known is [`Category::OTHER`],
//! never dropped.

use std::fmt;

/// A kind of party; the number is stored and never given anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(u8);

/// What stands in the table of categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CategoryRow {
    /// Its name, in tables, profiles and rules.
    pub name: &'static str,
    /// What it stands for.
    pub about: &'static str,
    /// Concepts of tag packs that are of this kind.
    pub concepts: &'static [&'static str],
}

/// Every category, by number.
pub const CATEGORIES: &[CategoryRow] = &[
    row(
        "untraced",
        "nobody known: the trace ends at coins from before the ledger, or at an unknown input",
        &[],
    ),
    row("mined", "newly created coins and their fees", &[]),
    row("sanctioned", "an entry of a sanctions list", &["sanction", "sanctions"]),
    row("terrorism", "terrorist financing and extremism", &["terrorism", "extremism"]),
    row("child_abuse", "sexual abuse of children", &["child_sexual_abuse_material", "csam"]),
    row("ransomware", "extortion by encrypted or stolen data", &["ransomware"]),
    row(
        "theft",
        "stolen funds: hacked services, drained wallets",
        &["hack", "service_hack", "theft", "hacking"],
    ),
    row(
        "darknet_market",
        "market of illegal goods",
        &["market", "darknet_market", "darknet_crime", "illicit_market"],
    ),
    row(
        "fraud",
        "scams, phishing, pyramid schemes",
        &[
            "scam",
            "fraud",
            "phishing",
            "ponzi_scheme",
            "pyramid_scheme",
            "investment_fraud",
            "giveaway_scam",
            "financial_crime",
            "fake_exchange",
            "rug_pull",
            "impersonation",
        ],
    ),
    row(
        "extortion",
        "blackmail other than ransomware",
        &["sextortion", "extortion", "blackmail", "bomb_threat"],
    ),
    row(
        "blacklisted",
        "frozen or blocked by an issuer or a service",
        &["black_list", "blacklist", "abuse"],
    ),
    row(
        "mixing",
        "mixers, coordinators of mixing, mixed coins",
        &["mixing_service", "coinjoin", "mixer", "tumbler"],
    ),
    row("gambling", "games for money", &["gambling"]),
    row(
        "exchange",
        "custodial exchange or broker",
        &["exchange", "hosted_wallet", "broker", "otc"],
    ),
    row(
        "payment",
        "payment processor, merchant service, cash machine",
        &["payment_processor", "atm", "service", "shop"],
    ),
    row(
        "defi",
        "decentralized exchange, lending or bridge",
        &["defi", "defi_dex", "defi_lending", "defi_bridge", "bridge"],
    ),
    row("mining_pool", "miner or pool", &["miner", "mining_pool"]),
    row(
        "wallet",
        "wallet service, person or organization",
        &["wallet_service", "user", "organization", "donation", "etf"],
    ),
    row("other", "attributed to somebody of no kind above", &[]),
];

const fn row(
    name: &'static str,
    about: &'static str,
    concepts: &'static [&'static str],
) -> CategoryRow {
    CategoryRow { name, about, concepts }
}

impl Category {
    /// Nobody known.
    pub const UNTRACED: Self = Self(0);
    /// Newly created coins.
    pub const MINED: Self = Self(1);
    /// On a sanctions list.
    pub const SANCTIONED: Self = Self(2);
    /// Mixers and mixed coins.
    pub const MIXING: Self = Self(11);
    /// An exchange.
    pub const EXCHANGE: Self = Self(13);
    /// Attributed, of no kind of the table.
    pub const OTHER: Self = Self(18);

    /// The category of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        (usize::from(number) < CATEGORIES.len()).then_some(Self(number))
    }

    /// The category of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|category| category.name() == name)
    }

    /// The kind of party that a concept of a tag pack names; [`Category::OTHER`] for concepts that are not known.
    pub fn of_concept(concept: &str) -> Self {
        let concept = concept.trim().to_lowercase();
        let is_of = |category: &Self| {
            category.name() == concept || category.row().concepts.contains(&concept.as_str())
        };
        Self::parties().find(is_of).unwrap_or(Self::OTHER)
    }

    /// Every category, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).take(CATEGORIES.len()).map(Self)
    }

    /// Those that a party can be of, by number.
    pub fn parties() -> impl Iterator<Item = Self> {
        Self::all().filter(|category| category.is_party())
    }

    /// Whether a party can be of it: new coins and coins of nobody known are of no party.
    pub fn is_party(self) -> bool {
        self != Self::MINED && self != Self::UNTRACED
    }

    /// The stored number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// As an index into a column by category.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Its row of [`CATEGORIES`].
    pub fn row(self) -> &'static CategoryRow {
        &CATEGORIES[self.index()]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl serde::Serialize for Category {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_name_their_rows() {
        let check = |category: Category, name: &str| {
            assert_eq!(category.name(), name);
            assert_eq!(Category::from_name(name), Some(category));
            assert_eq!(Category::from_number(category.number()), Some(category));
        };
        check(Category::UNTRACED, "untraced");
        check(Category::MINED, "mined");
        check(Category::SANCTIONED, "sanctioned");
        check(Category::MIXING, "mixing");
        check(Category::EXCHANGE, "exchange");
        check(Category::OTHER, "other");
    }

    #[test]
    fn every_concept_has_one_category() {
        let mut concepts: Vec<&str> =
            CATEGORIES.iter().flat_map(|row| row.concepts).copied().collect();
        let count = concepts.len();
        concepts.sort_unstable();
        concepts.dedup();
        assert_eq!(concepts.len(), count);
        for row in CATEGORIES {
            for concept in row.concepts {
                assert_eq!(Category::of_concept(concept).name(), row.name);
            }
        }
        assert_eq!(Category::of_concept("Ransomware ").name(), "ransomware");
        assert_eq!(Category::of_concept("no such concept"), Category::OTHER);
        assert_eq!(Category::of_concept("untraced"), Category::OTHER);
    }
}
