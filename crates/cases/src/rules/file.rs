//! A file of rules to rules, and a rule to its text.

use std::sync::Arc;

use ledger::Severity;
use serde::Deserialize;
use toml::Spanned;

use super::fault::RuleFault;
use super::place::places;
use super::{Dedupe, Rule, RuleSubject};
use crate::CaseError;
use crate::expression::{Expr, Vocabulary, did_you_mean};

/// Bounds of a file: rules are written by people.
const FILE_BYTES_MAX: usize = 1 << 20;
const RULES_MAX: usize = 1_000;
const NAME_MAX: usize = 60;
const ABOUT_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: Spanned<String>,
    version: Spanned<u32>,
    about: Spanned<String>,
    severity: Spanned<String>,
    subject: Spanned<String>,
    when: Spanned<String>,
    fatf: Option<Spanned<String>>,
    dedupe: Option<Spanned<String>>,
}

const KEYS: [&str; 9] =
    ["rule", "name", "version", "about", "severity", "subject", "when", "fatf", "dedupe"];

/// Reads a file of rules.
///
/// # Errors
/// [`CaseError::Rules`] with every fault: at most one a rule.
pub fn parse_rules(text: &str, vocabulary: &Vocabulary) -> Result<Vec<Rule>, CaseError> {
    read(text, vocabulary, Origin::File)
}

/// Reads rules that were read before, with the words of another day: a condition that cannot be read now is kept as
/// [`Expr::Unreadable`], so that its rule is still there, says that it cannot say, and can be retired.
pub(super) fn parse_stored(text: &str, vocabulary: &Vocabulary) -> Result<Vec<Rule>, CaseError> {
    read(text, vocabulary, Origin::Log)
}

/// Where a text comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    File,
    Log,
}

fn read(text: &str, vocabulary: &Vocabulary, origin: Origin) -> Result<Vec<Rule>, CaseError> {
    let one = |fault: RuleFault| CaseError::Rules { faults: vec![fault] };
    if text.len() > FILE_BYTES_MAX {
        return Err(one(RuleFault::at("", 0..0, format!("more than {FILE_BYTES_MAX} bytes"))));
    }
    let file: RawFile = toml::from_str(text).map_err(|error| one(of_toml(text, &error)))?;
    if file.rule.len() > RULES_MAX {
        return Err(one(RuleFault::at(text, 0..0, format!("more than {RULES_MAX} rules"))));
    }
    let vocabulary = Arc::new(vocabulary.clone());
    let (mut rules, mut faults): (Vec<Rule>, Vec<RuleFault>) = (Vec::new(), Vec::new());
    for raw in &file.rule {
        match rule(text, raw, &vocabulary, origin) {
            Ok(rule) if rules.iter().any(|other| other.name == rule.name) => {
                let fault = RuleFault::at(text, raw.name.span(), "a second rule of this name");
                faults.push(fault.hinted(Some("name it otherwise".to_owned())));
            }
            Ok(rule) => rules.push(rule),
            Err(mut fault) => {
                fault.rule = Some(raw.name.get_ref().chars().take(NAME_MAX).collect());
                faults.push(*fault);
            }
        }
    }
    match faults.is_empty() {
        true => Ok(rules),
        false => Err(CaseError::Rules { faults }),
    }
}

fn of_toml(text: &str, error: &toml::de::Error) -> RuleFault {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    match unknown {
        Some(key) => RuleFault::at(text, span, format!("there is no key `{key}`")).hinted(
            did_you_mean(key, KEYS).or_else(|| Some(format!("keys: {}", KEYS[1..].join(", ")))),
        ),
        None => {
            let missing = message.strip_prefix("missing field `").and_then(|m| m.split('`').next());
            let hint = missing.map(|key| format!("every rule has a key `{key}`"));
            RuleFault::at(text, span, message.lines().collect::<Vec<_>>().join("; ")).hinted(hint)
        }
    }
}

fn rule(
    file: &str,
    raw: &RawRule,
    vocabulary: &Arc<Vocabulary>,
    origin: Origin,
) -> Result<Rule, Box<RuleFault>> {
    let name = raw.name.get_ref();
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(letters) {
        let fault = RuleFault::at(file, raw.name.span(), "this is no name of a rule");
        let hint = format!("small letters, digits, `-` and `_`; at most {NAME_MAX} of them");
        return Err(fault.hinted(Some(hint)).into());
    }
    if *raw.version.get_ref() == 0 {
        let fault = RuleFault::at(file, raw.version.span(), "versions begin at 1");
        return Err(fault.hinted(Some("write `version = 1`".to_owned())).into());
    }
    for text in [Some(&raw.about), raw.fatf.as_ref()].into_iter().flatten() {
        if text.get_ref().trim().is_empty() || text.get_ref().len() > ABOUT_MAX {
            let fault = RuleFault::at(file, text.span(), "an empty or very long text");
            return Err(fault.hinted(Some(format!("1 to {ABOUT_MAX} bytes"))).into());
        }
    }
    let severities = Severity::ALL.map(|severity| (severity.name(), severity));
    let severity = chosen(file, &raw.severity, "severity", &severities)?;
    let subject = subject(file, &raw.subject, origin)?;
    let dedupes: Vec<(&str, Dedupe)> =
        Dedupe::of(subject).iter().map(|dedupe| (dedupe.name(), *dedupe)).collect();
    let dedupe = match &raw.dedupe {
        Some(text) => chosen(file, text, "dedupe", &dedupes)?,
        None => dedupes[0].1,
    };
    let when = match origin {
        Origin::File => condition(file, &raw.when, subject, vocabulary)?,
        Origin::Log => Expr::parse_stored(raw.when.get_ref(), subject.about(), vocabulary),
    };
    Ok(Rule {
        name: name.clone(),
        version: *raw.version.get_ref(),
        about: raw.about.get_ref().trim().to_owned(),
        severity,
        subject,
        dedupe,
        fatf: raw.fatf.as_ref().map(|text| text.get_ref().trim().to_owned()),
        when,
        vocabulary: Arc::clone(vocabulary),
    })
}

/// All payments were promised once and never looked at: a file may not ask for them, and a rule of that time goes on
/// about payments to monitored addresses.
fn subject(
    file: &str,
    raw: &Spanned<String>,
    origin: Origin,
) -> Result<RuleSubject, Box<RuleFault>> {
    let all = RuleSubject::ALL.map(|subject| (subject.name(), subject));
    let is_transaction = raw.get_ref() == RuleSubject::Transaction.name();
    if is_transaction && origin == Origin::File {
        let what = "payments to addresses that nobody monitors are not looked at";
        let hint = "write `subject = \"monitored\"`, and name the addresses by `monitor add`";
        return Err(RuleFault::at(file, raw.span(), what).hinted(Some(hint.to_owned())).into());
    }
    let of_files = all.len() - usize::from(origin == Origin::File);
    chosen(file, raw, "subject", &all[..of_files])
}

/// One of a few words.
fn chosen<T: Copy>(
    file: &str,
    text: &Spanned<String>,
    key: &str,
    of: &[(&str, T)],
) -> Result<T, Box<RuleFault>> {
    let word = text.get_ref().as_str();
    let found = of.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = of.iter().map(|(name, _)| *name).collect();
        let what =
            format!("`{key}` cannot be \"{}\" here", word.chars().take(40).collect::<String>());
        let hint = format!("one of: {}", names.join(", "));
        RuleFault::at(file, text.span(), what).hinted(Some(hint)).into()
    })
}

fn condition(
    file: &str,
    raw: &Spanned<String>,
    subject: RuleSubject,
    vocabulary: &Vocabulary,
) -> Result<Expr, Box<RuleFault>> {
    let text = raw.get_ref();
    Expr::parse(text, subject.about(), vocabulary).map_err(|fault| {
        let span = match places(file, raw.span(), text) {
            Some(places) => {
                let start = places[fault.span.start.min(text.len())];
                // The end of a span is the place after its last byte.
                let end = match fault.span.end.min(text.len()) {
                    0 => start,
                    end if end > fault.span.start => places[end - 1] + 1,
                    _ => start,
                };
                start..end.max(start)
            }
            None => raw.span(),
        };
        RuleFault::at(file, span, fault.what).hinted(fault.hint).into()
    })
}

impl Rule {
    /// The rule as TOML in its canonical form: reading it gives the same rule.
    pub fn to_toml(&self) -> String {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut lines = vec![
            "[[rule]]".to_owned(),
            format!("name = {}", text(&self.name)),
            format!("version = {}", self.version),
            format!("about = {}", text(&self.about)),
            format!("severity = {}", text(self.severity.name())),
            format!("subject = {}", text(self.subject.name())),
            format!("dedupe = {}", text(self.dedupe.name())),
        ];
        if let Some(fatf) = &self.fatf {
            lines.push(format!("fatf = {}", text(fatf)));
        }
        lines.push(format!("when = {}", text(&self.condition())));
        lines.join("\n") + "\n"
    }
}
