//! Rules: a TOML file of `[[rule]]` tables to checked rules, and back.
//!
//! In: text and the [`Vocabulary`] of the store. Out: [`Rule`]s in the order of the file, or every fault with line, column and
//! the line itself. A rule's own text, [`Rule::to_toml`], is canonical: reading it gives the same rule, and its digest is
//! what `publish` records. Language: `docs/methods/rules.md`.

mod fault;
mod file;
mod key;
mod place;
mod set;

use ledger::{AlertFact, Severity};

use crate::expression::{About, Expr, Facts, Truth, Vocabulary};

pub use fault::RuleFault;
pub use file::parse_rules;
pub use key::{Subject, SubjectKey};
pub use set::{Change, Changed, RuleSet, default_text, in_force};

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleSubject {
    /// A cluster.
    Cluster,
    /// A payment that arrives at a monitored address; facts of clusters are those of the payer.
    Monitored,
    /// In rules of earlier versions only: the same as [`RuleSubject::Monitored`]. Files may no longer ask for it.
    Transaction,
}

impl RuleSubject {
    /// All of them, that of earlier versions last.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Monitored, Self::Transaction];

    /// As rules write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Monitored => "monitored",
            Self::Transaction => "transaction",
        }
    }

    /// Which facts exist.
    pub const fn about(self) -> About {
        match self {
            Self::Cluster => About::Cluster,
            Self::Monitored | Self::Transaction => About::Payment,
        }
    }
}

/// What has at most one open alert of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dedupe {
    /// A cluster.
    Cluster,
    /// An entity; a cluster of nobody known for itself.
    Entity,
    /// A payment.
    Payment,
    /// The address that is paid.
    Address,
}

impl Dedupe {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cluster, Self::Entity, Self::Payment, Self::Address];

    /// As rules write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Entity => "entity",
            Self::Payment => "payment",
            Self::Address => "address",
        }
    }

    /// What a rule about such a subject may say; the first is meant where it says nothing.
    pub const fn of(subject: RuleSubject) -> &'static [Self] {
        match subject {
            RuleSubject::Cluster => &[Self::Cluster, Self::Entity],
            RuleSubject::Monitored | RuleSubject::Transaction => &[Self::Payment, Self::Address],
        }
    }
}

/// A checked rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name: small letters, digits, `-` and `_`.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// What it is for, in words.
    pub about: String,
    /// How bad its alerts are.
    pub severity: Severity,
    /// What it is about.
    pub subject: RuleSubject,
    /// What has at most one open alert of it.
    pub dedupe: Dedupe,
    /// The FATF indicator that it stands for.
    pub fatf: Option<String>,
    /// When it raises.
    pub when: Expr,
    vocabulary: std::sync::Arc<Vocabulary>,
}

/// What a rule says of a subject, with the facts that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It raises; the facts that hold.
    Alert(Vec<AlertFact>),
    /// It does not; the facts that stand against it.
    Quiet(Vec<AlertFact>),
    /// It cannot tell; the facts that are missing.
    Unknown(Vec<AlertFact>),
}

/// What the rule says of the subject, with the facts that decided it.
pub fn evaluate(rule: &Rule, facts: &dyn Facts) -> Verdict {
    let basis = rule.when.basis(facts, &rule.vocabulary).facts;
    match rule.when.truth(facts) {
        Truth::True => Verdict::Alert(basis),
        Truth::False => Verdict::Quiet(basis),
        Truth::Unknown => Verdict::Unknown(basis),
    }
}

impl Rule {
    /// Whether it raises: [`evaluate`] without the facts, for many subjects.
    pub fn truth(&self, facts: &dyn Facts) -> Truth {
        self.when.truth(facts)
    }

    /// The condition as text, in its canonical form.
    pub fn condition(&self) -> String {
        self.when.text(&self.vocabulary)
    }

    /// Parts of a stored rule that cannot be read with today's words (another currency, a pattern that is gone), each
    /// with the reason. What they say is unknown of everybody.
    pub fn unreadable(&self) -> Vec<(&str, &str)> {
        self.when.unreadable()
    }

    /// The words that it was read with.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The first 16 hexadecimal digits of SHA-256 of [`Rule::to_toml`].
    pub fn digest(&self) -> String {
        crate::short_hash(&self.to_toml(), 8)
    }
}
