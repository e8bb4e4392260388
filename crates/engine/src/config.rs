//! Configuration: one TOML file in the store, every key with a default, an unknown key refused with a suggestion.
//!
//! Environment variables override keys as `TRACEHOUND_SECTION__KEY` (the adapter passes them in; nothing here reads
//! the environment).

use serde::{Deserialize, Serialize};

use crate::Error;

/// The name of the file in the store's folder.
pub const CONFIG_FILE: &str = "tracehound.toml";

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Which blocks are taken in, and how.
    pub ingest: IngestConfig,
    /// What screening answers.
    pub screening: ScreeningConfig,
    /// Limits of path searches.
    pub trace: TraceConfig,
    /// How links become clusters.
    pub ownership: OwnershipConfig,
    /// What is known of parties, and how far their risk is followed.
    pub risk: RiskConfig,
    /// In which currency amounts have a value, and what a period of high volatility is.
    pub money: MoneyConfig,
}

/// See [`Config::ingest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IngestConfig {
    /// The Bitcoin network: `main`, `testnet3`, `testnet4`, `signet` or `regtest`.
    pub network: String,
    /// Raw block bytes gathered before a commit; bounds memory and the work lost by a crash.
    pub commit_bytes: u64,
}

/// See [`Config::screening`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreeningConfig {
    /// Farthest listed or tagged entity that `run` looks for, in hops (ownership changes); at most 250.
    pub hops_max: u32,
    /// A list older than this makes answers stale; 0 means never.
    pub list_age_hours_max: u32,
}

/// See [`Config::trace`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceConfig {
    /// Longest path looked for, in hops.
    pub hops_max: u32,
    /// Clusters with more outgoing transfers are not walked through: exchanges join everyone to everyone.
    pub degree_max: u64,
    /// Most edges that one search may visit.
    pub edges_visited_max: u64,
}

/// See [`Config::ownership`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnershipConfig {
    /// A link that would join two clusters of so many addresses each waits for a person.
    pub guard_addresses: u32,
    /// A tag names the entity of its cluster from this confidence on, 0 to 100; a link between two entities waits.
    pub entity_confidence_min: u8,
    /// Whether `run` writes the table `cluster_features`: about 350 bytes a cluster, single addresses among them.
    pub features: bool,
    /// A link between clusters that behave alike is suggested from this percentage on, 1 to 99.
    pub suggest_percent_min: u8,
}

/// See [`Config::risk`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RiskConfig {
    /// A tag makes its cluster a known party from this confidence on, 0 to 100.
    pub confidence_min: u8,
    /// Farthest known party that `run` looks for, in contracted hops (1 to 250).
    pub hops_max: u8,
    /// Most parties that the coins of one output are told apart by; the smaller ones are pooled by category.
    pub parts_max: u16,
}

impl RiskConfig {
    /// All of it as one number, which a run leaves as a checkpoint.
    pub(crate) fn stamp(&self) -> u64 {
        u64::from(self.parts_max) << 16
            | u64::from(self.hops_max) << 8
            | u64::from(self.confidence_min)
    }

    /// What a stamp was made of.
    pub(crate) fn of_stamp(stamp: u64) -> Self {
        let [confidence_min, hops_max, low, high, ..] = stamp.to_le_bytes();
        Self { confidence_min, hops_max, parts_max: u16::from_le_bytes([low, high]) }
    }
}

impl Default for RiskConfig {
    fn default() -> Self {
        Self { confidence_min: 40, hops_max: 8, parts_max: 32 }
    }
}

/// See [`Config::money`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MoneyConfig {
    /// The currency of values, as imported prices name it.
    pub currency: String,
    /// A price so many hours old still counts; 0: two intervals of its candle, and at least an hour.
    pub price_age_hours_max: u32,
    /// Volatility is high above this percentage of its own past, 1 to 100.
    pub volatility_percent: u8,
}

impl Default for MoneyConfig {
    fn default() -> Self {
        Self { currency: "USD".to_owned(), price_age_hours_max: 0, volatility_percent: 90 }
    }
}

impl MoneyConfig {
    /// All of it as one number, which a run leaves as a checkpoint.
    pub(crate) fn stamp(&self) -> u64 {
        let text =
            format!("{} {} {}", self.currency, self.price_age_hours_max, self.volatility_percent);
        crate::stamp(&text)
    }

    /// How prices are asked for.
    pub(crate) fn options(&self) -> forensics::money::PriceOptions {
        let hours = self.price_age_hours_max;
        forensics::money::PriceOptions {
            age_max_s: (hours > 0).then(|| i64::from(hours) * 3_600),
            volatility: forensics::money::VolatilityOptions {
                quantile_thousandths: u16::from(self.volatility_percent) * 10,
                ..Default::default()
            },
        }
    }
}

impl Default for OwnershipConfig {
    fn default() -> Self {
        Self {
            guard_addresses: 10_000,
            entity_confidence_min: 50,
            features: true,
            suggest_percent_min: 50,
        }
    }
}

impl OwnershipConfig {
    /// All of it as one number, which a run leaves as a checkpoint.
    pub(crate) fn stamp(&self) -> u64 {
        u64::from(self.guard_addresses) << 24
            | u64::from(self.suggest_percent_min) << 16
            | u64::from(self.features) << 8
            | u64::from(self.entity_confidence_min)
    }

    /// [`OwnershipConfig::guard_addresses`] of a stamp.
    pub(crate) fn guard_of_stamp(stamp: u64) -> u32 {
        u32::try_from(stamp >> 24).unwrap_or(u32::MAX)
    }
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self { network: "main".to_owned(), commit_bytes: 64 << 20 }
    }
}

impl Default for ScreeningConfig {
    fn default() -> Self {
        Self { hops_max: 20, list_age_hours_max: 24 }
    }
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self { hops_max: 20, degree_max: 100_000, edges_visited_max: 20_000_000 }
    }
}

impl Config {
    /// Reads a configuration: defaults, then the file's text, then overrides of the form (`section.key`, value).
    ///
    /// # Errors
    /// If the text is not TOML, a key is unknown or a value has the wrong type; with the key and a suggestion.
    pub fn parse(text: &str, overrides: &[(String, String)]) -> Result<Self, Error> {
        let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            Error::Config { what: error.to_string(), hint: None }
        })?;
        for (key, value) in overrides {
            set(&mut table, key, value);
        }
        let known = keys(&defaults());
        for key in keys(&table) {
            if !known.contains(&key) {
                return Err(unknown_key(&key, &known));
            }
        }
        let config: Self = table.try_into().map_err(|error: toml::de::Error| Error::Config {
            what: error.to_string().trim().to_owned(),
            hint: None,
        })?;
        config.checked()
    }

    /// The text that `init` writes: every key with its default and what it means.
    pub fn template() -> String {
        include_str!("config_template.toml").to_owned()
    }

    /// The configuration as TOML, for `status` and for the hash that every run carries.
    ///
    /// # Panics
    /// Never: every field is a plain value.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("plain values are TOML")
    }

    fn checked(self) -> Result<Self, Error> {
        let fault = |key: &str, what: &str| {
            Err(Error::Config {
                what: format!("{key} {what}"),
                hint: Some("see `tracehound init --help`".to_owned()),
            })
        };
        const NETWORKS: [&str; 5] = ["main", "testnet3", "testnet4", "signet", "regtest"];
        if !NETWORKS.contains(&self.ingest.network.as_str()) {
            let hint = format!("use one of {}", NETWORKS.join(", "));
            let what = format!("ingest.network is {:?}", self.ingest.network);
            return Err(Error::Config { what, hint: Some(hint) });
        }
        if !(1..=250).contains(&self.screening.hops_max) {
            return fault("screening.hops_max", "must be 1 to 250");
        }
        if self.ingest.commit_bytes == 0 || self.trace.hops_max == 0 {
            return fault("ingest.commit_bytes and trace.hops_max", "must be at least 1");
        }
        if self.ownership.guard_addresses < 2 || self.ownership.entity_confidence_min > 100 {
            return fault(
                "ownership.guard_addresses and ownership.entity_confidence_min",
                "must be at least 2, and at most 100",
            );
        }
        if !(1..=99).contains(&self.ownership.suggest_percent_min) {
            return fault("ownership.suggest_percent_min", "must be 1 to 99");
        }
        if self.risk.confidence_min > 100 || !(1..=250).contains(&self.risk.hops_max) {
            return fault(
                "risk.confidence_min and risk.hops_max",
                "must be 0 to 100, and 1 to 250",
            );
        }
        if self.risk.parts_max == 0 {
            return fault("risk.parts_max", "must be at least 1");
        }
        if !(1..=100).contains(&self.money.volatility_percent) {
            return fault("money.volatility_percent", "must be 1 to 100");
        }
        let currency = &self.money.currency;
        let is_ticker = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        if !(1..=16).contains(&currency.len()) || !currency.bytes().all(is_ticker) {
            return fault("money.currency", "must be a ticker in capitals, such as USD");
        }
        Ok(self)
    }
}

fn defaults() -> toml::Table {
    toml::Table::try_from(Config::default()).expect("plain values are TOML")
}

/// Every key as `section.key`; a section that is no section of ours is a key itself.
fn keys(table: &toml::Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (section, value) in table {
        match value.as_table() {
            Some(inner) if !inner.is_empty() => {
                keys.extend(inner.keys().map(|key| format!("{section}.{key}")));
            }
            Some(_) => {}
            None => keys.push(section.clone()),
        }
    }
    keys
}

fn set(table: &mut toml::Table, key: &str, value: &str) {
    let value = value
        .parse::<i64>()
        .map(toml::Value::from)
        .or_else(|_| value.parse::<bool>().map(toml::Value::from))
        .unwrap_or_else(|_| toml::Value::from(value));
    match key.split_once('.') {
        Some((section, key)) => {
            let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
            if let Some(section) = section.as_table_mut() {
                section.insert(key.to_owned(), value);
            }
        }
        None => {
            table.insert(key.to_owned(), value);
        }
    }
}

fn unknown_key(key: &str, known: &[String]) -> Error {
    Error::Config { what: format!("unknown key {key:?}"), hint: did_you_mean(key, known) }
}

/// `did you mean …?` for the nearest of the words, if one is near.
pub fn did_you_mean<S: AsRef<str>>(word: &str, known: &[S]) -> Option<String> {
    let near = |other: &&S| strsim::damerau_levenshtein(word, other.as_ref());
    let best = known.iter().min_by_key(near)?;
    let close = near(&best) <= 1 + word.len() / 3;
    close.then(|| format!("did you mean {:?}?", best.as_ref()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_template_is_the_default() {
        assert_eq!(Config::parse(&Config::template(), &[]).unwrap(), Config::default());
        let template: toml::Table = Config::template().parse().unwrap();
        assert_eq!(keys(&template), keys(&defaults()), "the template names every key");
    }

    #[test]
    fn a_stamp_of_risk_is_read_back() {
        let config = RiskConfig { confidence_min: 7, hops_max: 250, parts_max: 40_000 };
        assert_eq!(RiskConfig::of_stamp(config.stamp()), config);
    }

    #[test]
    fn overrides_win_over_the_file() {
        let config = Config::parse(
            "[trace]\nhops_max = 3",
            &[
                ("trace.hops_max".to_owned(), "5".to_owned()),
                ("ingest.network".to_owned(), "regtest".to_owned()),
            ],
        );
        let config = config.unwrap();
        assert_eq!((config.trace.hops_max, config.ingest.network.as_str()), (5, "regtest"));
    }

    #[test]
    fn faults_name_the_key_and_what_to_do() {
        #[track_caller]
        fn check(text: &str, what: &str, hint: Option<&str>) {
            let error = Config::parse(text, &[]).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(error.hint().as_deref(), hint, "{error}");
        }
        check("[trace]\nhop_max = 3", "trace.hop_max", Some("did you mean \"trace.hops_max\"?"));
        check(
            "[screning]\nhops_max = 3",
            "screning.hops_max",
            Some("did you mean \"screening.hops_max\"?"),
        );
        check("colour = 1", "unknown key \"colour\"", None);
        check("[trace]\nhops_max = 'x'", "invalid type", None);
        check(
            "[ingest]\nnetwork = 'moon'",
            "moon",
            Some("use one of main, testnet3, testnet4, signet, regtest"),
        );
        check("[screening]\nhops_max = 251", "1 to 250", Some("see `tracehound init --help`"));
        check("= 3", "TOML parse error", None);
    }
}
