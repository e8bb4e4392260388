//! A risk profile: what an officer decides about scores, as a versioned text.
//!
//! In: TOML ([`Profile::parse`]). Out: the weights, in whole thousandths of a point and parts per million. Every key must
//! be there and none may be unknown, so that a profile means the same whatever program reads it.
//! Departures: commercial profiles give a category one risk level; here it has points by direction and by nearness, because
//! a mixer's customer and a mixer's supplier are not the same.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ledger::{CATEGORIES, Category, FlowSide, Value};

use super::curve::{Curve, PPM};
use super::parse;

/// How many categories there are.
pub(super) const N_CATEGORIES: usize = CATEGORIES.len();

/// The text of the default profile, with what each key means.
pub const DEFAULT_PROFILE: &str = include_str!("profiles/default.toml");

/// The text of the default profile with its values in another currency: the same numbers, as rules that come with the
/// program have them.
pub fn default_profile(currency: &str) -> String {
    let line = format!("currency = {}", toml::Value::from(currency));
    DEFAULT_PROFILE.replace("currency = \"USD\"", &line)
}

/// Stored numbers and names of the patterns that the default profile weighs.
pub const PATTERNS: &[(u8, &str)] = &[
    (1, "structuring"),
    (2, "fan_in"),
    (3, "fan_out"),
    (4, "gather_scatter"),
    (5, "scatter_gather"),
    (6, "temporal_cycle"),
    (7, "peeling_chain"),
    (8, "layering"),
    (9, "pass_through"),
    (10, "dormancy_then_drain"),
    (11, "mixer_within_a_hop"),
    (12, "bridge_within_a_hop"),
    (13, "rapid_cash_out"),
];

/// Why a text is no profile, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct ProfileError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    pub(super) hint: Option<String>,
}

impl ProfileError {
    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// A profile that has been read and checked. Points are thousandths of a point, factors parts per million.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) currency: String,
    pub(super) confidence_min: u8,
    pub(super) dust: Dust,
    pub(super) factors: Factors,
    pub(super) curves: Curves,
    pub(super) services: Services,
    /// Of the payers' scores, in a transaction.
    pub(super) sender_ppm: i64,
    pub(super) model: Option<ModelWeight>,
    /// By category.
    pub(super) categories: [CategoryPoints; N_CATEGORIES],
    /// By stored number: name and points.
    pub(super) patterns: BTreeMap<u8, (String, i64)>,
    pub(super) bands: Vec<Band>,
    pub(super) label: String,
}

/// Below what received money is dust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dust {
    pub(super) value_min: Value,
    pub(super) amount_sat_min: u64,
}

/// How much of an exposure counts, in ppm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Factors {
    pub(super) direct: i64,
    pub(super) indirect: i64,
    pub(super) mixed: i64,
}

impl Factors {
    /// For an exposure that is direct or not, and mixed or not.
    pub(super) fn of(&self, direct: bool, mixed: bool) -> i64 {
        let way = if direct { self.direct } else { self.indirect };
        if mixed { way * self.mixed / PPM } else { way }
    }
}

/// What counts on a cluster that a service holds, in ppm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Services {
    /// A bit a category that is a service.
    pub(super) categories: u32,
    pub(super) nearness: i64,
    pub(super) patterns: i64,
}

/// What measures earn, in ppm of the points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Curves {
    /// By share in ppm.
    pub(super) share: Curve,
    /// By value in millionths of the currency.
    pub(super) value: Curve,
    /// At 1, 2, … hops.
    pub(super) hops: Vec<i64>,
    /// By number of matches.
    pub(super) matches: Curve,
}

/// Points of a category, in thousandths; by [`FlowSide`] received, then sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CategoryPoints {
    pub(super) held: i64,
    pub(super) exposure: [i64; 2],
    pub(super) near: [i64; 2],
}

/// What a model's probability adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModelWeight {
    /// The model, as it was published.
    pub(super) name: String,
    /// Thousandths of a point at a probability of 1.
    pub(super) points: i64,
    /// Below it nothing is added.
    pub(super) from_ppm: i64,
}

/// A band of severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// The least score of it, in thousandths of a point.
    pub from: i64,
}

/// The place of a side in a pair.
pub(super) fn side_index(side: FlowSide) -> usize {
    match side {
        FlowSide::Received => 0,
        FlowSide::Sent => 1,
    }
}

static DEFAULT: LazyLock<Profile> = LazyLock::new(|| {
    Profile::parse(DEFAULT_PROFILE, PATTERNS).expect("the embedded profile is read by a test")
});

impl Default for Profile {
    /// The profile of [`DEFAULT_PROFILE`].
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl Profile {
    /// Reads a profile. `patterns` are the stored numbers and names of the patterns that there are.
    ///
    /// # Errors
    /// If the text is not TOML, a key is unknown or missing, or a value is of another kind or out of its range; with line
    /// and column, and a suggestion for unknown keys.
    pub fn parse(text: &str, patterns: &[(u8, &str)]) -> Result<Self, ProfileError> {
        parse::profile(text, patterns)
    }

    /// Name, version and digest of the values: `default 1 0011223344556677`. Comments and layout do not change it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The currency of its values.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The least confidence, 0 to 100, at which an entity counts.
    pub fn confidence_min(&self) -> u8 {
        self.confidence_min
    }

    /// The model whose probability is a term, and from which probability on, in parts per million; `None` if there is
    /// none, or it adds nothing.
    pub fn model(&self) -> Option<(&str, u32)> {
        let counts = self.model.as_ref().filter(|model| model.points != 0)?;
        let from = u32::try_from(counts.from_ppm).expect("a percentage is at most a million parts");
        Some((&counts.name, from))
    }

    /// Its bands, the lowest first.
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// The band of a score in thousandths of a point.
    pub fn band(&self, points: i64) -> &str {
        let reached = self.bands.iter().rev().find(|band| points >= band.from);
        reached.or(self.bands.first()).map_or("", |band| &band.name)
    }

    pub(super) fn of_category(&self, category: Category) -> &CategoryPoints {
        &self.categories[category.index()]
    }

    /// The name and points of a pattern; a number that the profile does not know weighs nothing.
    pub(super) fn pattern(&self, number: u8) -> Option<(&str, i64)> {
        self.patterns.get(&number).map(|(name, points)| (name.as_str(), *points))
    }
}
