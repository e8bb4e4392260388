//! What is predicted: classes from tags and lists.
//!
//! A tag counts from the configuration's `risk.confidence_min` on. The weight of a row is the part of its tags, by
//! confidence, that agrees with its class.

use std::collections::{BTreeMap, BTreeSet};

use ledger::Category;
use store::Snapshot;

use super::{TableLevel, Unlabelled};
use crate::stages::{Learning, category_of};
use crate::view::TagFile;
use crate::{Error, did_you_mean};

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableTarget {
    /// Whether a tag of this category names it.
    Tag(Category),
    /// The category that its tags name.
    Category,
    /// Whether a list names it.
    Listed,
}

impl TableTarget {
    /// Reads `tag:CATEGORY`, `category` or `listed`.
    ///
    /// # Errors
    /// If the text is none of them; with the nearest category.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.split_once(':') {
            None if text == "category" => Ok(Self::Category),
            None if text == "listed" => Ok(Self::Listed),
            Some(("tag", name)) => {
                let known = Category::from_name(name).filter(|found| found.is_party());
                known.map(Self::Tag).ok_or_else(|| {
                    let names: Vec<&str> = Category::parties().map(Category::name).collect();
                    let hint = did_you_mean(name, &names);
                    Error::Question {
                        what: format!("{name:?} is no category of tags"),
                        hint: Some(hint.unwrap_or_else(|| format!("one of {}", names.join(", ")))),
                    }
                })
            }
            _ => Err(Error::Question {
                what: format!("{text:?} is no target"),
                hint: Some("write tag:CATEGORY (tag:fraud), category, or listed".to_owned()),
            }),
        }
    }

    /// The name of its column.
    pub fn column(self) -> String {
        match self {
            Self::Tag(category) => format!("is_{}", category.name()),
            Self::Category => "category".to_owned(),
            Self::Listed => "is_listed".to_owned(),
        }
    }

    /// How it is decided, in words.
    pub fn rule(self, unlabelled: Unlabelled) -> String {
        let (yes, no) = match self {
            Self::Tag(category) => {
                let name = category.name();
                (format!("true: a tag says {name}"), "false: tags say other things only")
            }
            Self::Listed => {
                ("true: a list names an address".to_owned(), "false: tags name it and no list does")
            }
            Self::Category => {
                ("the category that most of its tags say, by confidence".to_owned(), "")
            }
        };
        let rest = match unlabelled {
            Unlabelled::LeaveOut => "all others are left out",
            Unlabelled::Empty => "all others are empty",
            Unlabelled::Negative if self == Self::Category => "all others are empty",
            Unlabelled::Negative => "all others are false, because it was asked for",
        };
        let parts = [yes.as_str(), no, rest];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

/// A class, and how much speaks for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) class: Class,
    /// 0 to 1.
    pub(super) weight: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Is(bool),
    Of(Category),
}

/// What tags and lists say, by address or by label of the cluster.
pub(super) struct Labels {
    tags: BTreeMap<u32, Vec<(Category, u8)>>,
    listed: BTreeSet<u32>,
}

impl Labels {
    pub(super) fn read(
        snapshot: &Snapshot,
        learning: &Learning<'_>,
        level: TableLevel,
        confidence_min: u8,
    ) -> Result<Self, Error> {
        let subject = |address: &ledger::Address| {
            let id = learning.id_of(address)?;
            match level {
                TableLevel::Address => Some(id),
                TableLevel::Cluster => learning.labels.get(id as usize).copied(),
            }
        };
        let mut tags: BTreeMap<u32, Vec<(Category, u8)>> = BTreeMap::new();
        if let Some(file) = TagFile::open(snapshot)? {
            for row in (0..file.len()).filter(|row| file.confidence(*row) >= confidence_min) {
                let found = file.address(row).as_ref().and_then(subject);
                if let Some(found) = found {
                    let tag = file.tag(row)?;
                    tags.entry(found).or_default().push((category_of(&tag), tag.confidence));
                }
            }
        }
        let listed = learning.lists.addresses().filter_map(subject).collect();
        Ok(Self { tags, listed })
    }

    /// The targets of all that is labelled.
    pub(super) fn targets(&self, target: Option<TableTarget>, unlabelled: Unlabelled) -> Targets {
        let mut targets = BTreeMap::new();
        let negative = match target {
            Some(TableTarget::Tag(_) | TableTarget::Listed) => unlabelled == Unlabelled::Negative,
            _ => false,
        };
        if let Some(target) = target {
            let named = self.tags.keys().chain(&self.listed);
            for subject in named {
                targets.extend(self.target(target, *subject).map(|found| (*subject, found)));
            }
        }
        // A list is no tag: who is listed is no example of someone who is not sanctioned.
        let never_negative = match target {
            Some(TableTarget::Tag(category)) if category == Category::SANCTIONED => {
                self.listed.clone()
            }
            _ => BTreeSet::new(),
        };
        Targets { targets, negative, never_negative }
    }

    fn target(&self, target: TableTarget, subject: u32) -> Option<Target> {
        let tags = self.tags.get(&subject).map_or(&[][..], Vec::as_slice);
        let sum = |is_counted: &dyn Fn(Category) -> bool| -> f64 {
            let counted = tags.iter().filter(|tag| is_counted(tag.0));
            counted.map(|tag| f64::from(tag.1)).sum()
        };
        let all = sum(&|_| true);
        let part = |of: f64| if all > 0.0 { of / all } else { 1.0 };
        let is_listed = self.listed.contains(&subject);
        match target {
            TableTarget::Tag(category) => {
                let own = sum(&|other| other == category);
                let is_said = tags.iter().any(|tag| tag.0 == category);
                match is_said {
                    true => Some(Target { class: Class::Is(true), weight: part(own) }),
                    false if tags.is_empty() => None,
                    false if category == Category::SANCTIONED && is_listed => None,
                    false => Some(Target { class: Class::Is(false), weight: 1.0 }),
                }
            }
            TableTarget::Listed if is_listed => {
                Some(Target { class: Class::Is(true), weight: 1.0 })
            }
            TableTarget::Listed => {
                (!tags.is_empty()).then_some(Target { class: Class::Is(false), weight: 1.0 })
            }
            TableTarget::Category => {
                let mut said: Vec<Category> = tags.iter().map(|tag| tag.0).collect();
                said.sort_unstable();
                said.dedup();
                // Of equals the first, which is the more severe.
                let own = |category: Category| sum(&|other| other == category);
                let best = said.into_iter().rev().max_by(|a, b| own(*a).total_cmp(&own(*b)))?;
                Some(Target { class: Class::Of(best), weight: part(own(best)) })
            }
        }
    }
}

/// The class of what is labelled.
pub(super) struct Targets {
    targets: BTreeMap<u32, Target>,
    negative: bool,
    never_negative: BTreeSet<u32>,
}

impl Targets {
    pub(super) fn of(&self, subject: u32) -> Option<Target> {
        self.targets.get(&subject).copied()
    }

    /// The class of the unlabelled, where somebody says that they have one.
    pub(super) fn negative(&self, subject: u32) -> Option<Target> {
        let is_guessed = self.negative && !self.never_negative.contains(&subject);
        is_guessed.then_some(Target { class: Class::Is(false), weight: 1.0 })
    }
}
