//! The words that rules may use: facts, patterns, the asset and the currency of the store.

/// What a store knows by name, beside the facts of the language itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// The ticker in which amounts are written: `BTC`.
    pub asset: String,
    /// The currency in which values are written: `USD`.
    pub currency: String,
    /// Detectors of patterns: stored number and name.
    pub patterns: Vec<(u8, &'static str)>,
}

/// A fact of the language, for the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactHelp {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub form: &'static str,
    /// Its unit, or `yes or no`.
    pub unit: &'static str,
    /// What it says.
    pub about: &'static str,
    /// Whether it exists in rules about payments only.
    pub payment: bool,
}

const fn help(
    name: &'static str,
    form: &'static str,
    unit: &'static str,
    about: &'static str,
) -> FactHelp {
    FactHelp { name, form, unit, about, payment: false }
}

const fn of_payment(
    name: &'static str,
    form: &'static str,
    unit: &'static str,
    about: &'static str,
) -> FactHelp {
    FactHelp { name, form, unit, about, payment: true }
}

/// Every fact, in the order of the reference.
static FACTS: &[FactHelp] = &[
    help(
        "hops",
        "hops(SIDE, CATEGORY)",
        "hops",
        "changes of ownership to the nearest party of the category",
    ),
    help(
        "hops_contracted",
        "hops_contracted(SIDE, CATEGORY)",
        "hops",
        "the same, clusters that only pass on not counted",
    ),
    help(
        "exposure",
        "exposure(SIDE, CATEGORY[, direct|indirect])",
        "coins",
        "what came from (went to) the category",
    ),
    help("value", "value(SIDE, CATEGORY[, direct|indirect])", "money", "its value when it moved"),
    help(
        "share",
        "share(SIDE, CATEGORY[, direct|indirect])",
        "share",
        "its part of all that was received (sent)",
    ),
    help(
        "mixed",
        "mixed(SIDE)",
        "share",
        "the part that passed a possibly collaborative transaction",
    ),
    help("total", "total(SIDE)", "coins", "all that was received (sent)"),
    help("total_value", "total_value(SIDE)", "money", "its value when it moved"),
    help(
        "pattern",
        "pattern(\"NAME\"[, DURATION])",
        "count",
        "matches of the pattern; those that ended within the duration before now",
    ),
    help("score", "score", "points", "the score, 0 to 100"),
    help("size", "size", "count", "addresses of the cluster"),
    help("age", "age", "duration", "time since the cluster first appeared"),
    help("listed", "listed", "yes or no", "an address of the cluster is on a list"),
    help(
        "list",
        "list(\"NAME\", …)",
        "yes or no",
        "an address of the cluster is on this list (one of these)",
    ),
    help(
        "tag",
        "tag(\"TEXT\", …)",
        "yes or no",
        "a tag has this label or actor (one of these); case says nothing",
    ),
    help(
        "category",
        "category in [CATEGORY, …]",
        "yes or no",
        "the cluster is itself known as such a party",
    ),
    help(
        "monitored",
        "monitored",
        "yes or no",
        "the cluster (the receiver of the payment) is monitored",
    ),
    of_payment("amount", "amount", "coins", "what the payment brings"),
    of_payment("amount_value", "amount_value", "money", "its value"),
    of_payment("payment_score", "payment_score", "points", "the score of the payment alone"),
    of_payment("mixing", "mixing", "yes or no", "the payment is possibly collaborative"),
];

/// Every fact, in the order of the reference.
pub fn fact_helps() -> &'static [FactHelp] {
    FACTS
}
