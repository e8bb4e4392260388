//! ActorPacks: the real-world parties that tags refer to by id.
//!
//! In: the bytes of one pack. Out: its actors, and how many could not be read.
//! Source: GraphSense ActorPack specification. Departures: `context` (links, images) is not kept.

use std::collections::BTreeSet;

use super::error::TagError;
use super::pack::utf8;
use super::yaml::{self, Node};

/// A party: an exchange, a service, a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// What tags refer to.
    pub id: String,
    /// Its name.
    pub label: String,
    /// Its site.
    pub uri: String,
    /// Concepts of the taxonomy: `exchange`, `defi_dex`, …
    pub categories: Vec<String>,
    /// Countries, as ISO 3166 two-letter codes.
    pub jurisdictions: Vec<String>,
    /// Other ids of the same party.
    pub aliases: Vec<String>,
}

/// What became of an ActorPack. `actors` and `refused` together are every actor in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActorPackReport {
    /// The pack, as the caller names it.
    pub pack: String,
    /// The actors, in order of the file.
    pub actors: Vec<Actor>,
    /// Line and reason of the others.
    pub refused: Vec<(u64, String)>,
}

/// Reads one ActorPack.
///
/// # Errors
/// If the file is no YAML or has no list of `actors`.
pub fn read_actor_pack(bytes: &[u8], pack: &str) -> Result<ActorPackReport, TagError> {
    let root = yaml::parse(utf8(bytes, pack)?, pack)?;
    from_root(&root, pack)
}

pub(super) fn from_root(root: &Node<'_>, pack: &str) -> Result<ActorPackReport, TagError> {
    let fields = root.fields().unwrap_or_default();
    let list = fields.iter().find(|(key, _)| *key == "actors").and_then(|(_, node)| node.list());
    let Some(items) = list else {
        return Err(TagError::new(pack, Some(root.line), "no list of `actors`"));
    };
    let mut report = ActorPackReport { pack: pack.to_owned(), ..ActorPackReport::default() };
    let mut ids = BTreeSet::new();
    for item in items {
        match actor(item) {
            Ok(actor) if ids.insert(actor.id.clone()) => report.actors.push(actor),
            Ok(actor) => {
                report.refused.push((item.line, format!("id {:?} is there twice", actor.id)))
            }
            Err(reason) => report.refused.push((item.line, reason.to_owned())),
        }
    }
    Ok(report)
}

fn actor(item: &Node<'_>) -> Result<Actor, &'static str> {
    let fields = item.fields().ok_or("not a map of fields")?;
    let mut actor = Actor::default();
    for (key, node) in fields {
        let text = || node.text().unwrap_or("").trim().to_owned();
        match key {
            "id" => actor.id = text(),
            "label" => actor.label = text(),
            "uri" => actor.uri = text(),
            "categories" => actor.categories = texts(node),
            "jurisdictions" => actor.jurisdictions = texts(node),
            "aliases" => actor.aliases = texts(node),
            _ => {}
        }
    }
    match (actor.id.is_empty(), actor.label.is_empty()) {
        (true, _) => Err("no id"),
        (_, true) => Err("no label"),
        _ => Ok(actor),
    }
}

fn texts(node: &Node<'_>) -> Vec<String> {
    match node.list() {
        Some(items) => {
            items.iter().filter_map(|item| item.text()).map(|text| text.trim().to_owned()).collect()
        }
        None => node.text().map(|text| text.trim().to_owned()).into_iter().collect(),
    }
}
