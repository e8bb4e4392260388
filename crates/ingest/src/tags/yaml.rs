//! YAML as a tree of texts with line numbers, without guessing types.
//!
//! In: a text. Out: its first document as [`Node`]s. Scalars keep their text: `0x12…` without quotes is an address, not
//! a number, and `01` is a label.
//! Source: YAML 1.2, read by the events of `granit-parser`.
//! Turned down: `serde-saphyr` and its typed structs, because one tag of another shape would refuse the pack with all
//! others (docs/decisions/0006-yaml-events.md).
//! Cost: one pass. Anchors are shared, not copied, so an alias bomb costs nothing; depth and nodes are bounded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle};

use super::error::TagError;

const DEPTH_MAX: usize = 64;
/// 20 million scalars are a pack of some 2 GB.
const NODES_MAX: usize = 40_000_000;

/// A node and the line it starts on.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) line: u64,
    pub(super) value: Value<'a>,
}

#[derive(Debug)]
pub(super) enum Value<'a> {
    Scalar { text: Cow<'a, str>, is_plain: bool },
    List(Vec<Rc<Node<'a>>>),
    Map(Vec<(Rc<Node<'a>>, Rc<Node<'a>>)>),
}

impl<'a> Node<'a> {
    /// The text of a scalar; `None` for null, lists and maps.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, is_plain: true } if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    pub(super) fn list(&self) -> Option<&[Rc<Node<'a>>]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a map, merge keys (`<<`) expanded behind the map's own.
    pub(super) fn fields(&self) -> Option<Vec<(&str, &Node<'a>)>> {
        let Value::Map(pairs) = &self.value else { return None };
        let mut fields = Vec::with_capacity(pairs.len());
        let mut merged = Vec::new();
        for (key, value) in pairs {
            match (key.text(), &value.value) {
                (Some("<<"), Value::Map(_)) => merged.push(&**value),
                (Some("<<"), Value::List(maps)) => merged.extend(maps.iter().map(|map| &**map)),
                (key, _) => fields.push((key.unwrap_or(""), &**value)),
            }
        }
        for map in merged {
            let Value::Map(pairs) = &map.value else { continue };
            for (key, value) in pairs {
                let key = key.text().unwrap_or("");
                if !fields.iter().any(|(known, _)| *known == key) {
                    fields.push((key, &**value));
                }
            }
        }
        Some(fields)
    }
}

/// A collection that is being read.
struct Open<'a> {
    line: u64,
    anchor: usize,
    is_map: bool,
    items: Vec<Rc<Node<'a>>>,
}

/// Reads the one document of a text.
pub(super) fn parse<'a>(text: &'a str, file: &str) -> Result<Rc<Node<'a>>, TagError> {
    let mut open: Vec<Open<'a>> = Vec::new();
    let mut anchors: BTreeMap<usize, Rc<Node<'a>>> = BTreeMap::new();
    let mut root: Option<Rc<Node<'a>>> = None;
    let mut n_nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let line = u64::try_from(error.marker().line()).unwrap_or(0);
            TagError::new(file, Some(line), format!("not YAML: {error}"))
        })?;
        let line = u64::try_from(span.start.line()).unwrap_or(0);
        let refuse = |what: &str| Err(TagError::new(file, Some(line), what));
        n_nodes += 1;
        if n_nodes > NODES_MAX {
            return refuse("too many nodes for one pack");
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar { text, is_plain: style == ScalarStyle::Plain };
                (Rc::new(Node { line, value }), anchor)
            }
            Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                if open.len() == DEPTH_MAX {
                    return refuse("nested too deeply");
                }
                let is_map = matches!(event, Event::MappingStart(..));
                open.push(Open { line, anchor, is_map, items: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(collection) => closed(collection),
                None => continue,
            },
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(node) => (Rc::clone(node), 0),
                None => return refuse("an alias of something that is not yet complete"),
            },
            _ => continue,
        };
        if anchor != 0 {
            anchors.insert(anchor, Rc::clone(&node));
        }
        match open.last_mut() {
            Some(parent) => parent.items.push(node),
            None if root.is_none() => root = Some(node),
            None if node.is_null() => {}
            None => return refuse("a second document in one file"),
        }
    }
    root.ok_or_else(|| TagError::new(file, None, "the file is empty"))
}

/// The node of a collection that is complete, and its anchor.
fn closed(collection: Open<'_>) -> (Rc<Node<'_>>, usize) {
    let value = match collection.is_map {
        false => Value::List(collection.items),
        true => {
            let mut pairs = Vec::with_capacity(collection.items.len() / 2);
            let mut items = collection.items.into_iter();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                pairs.push((key, value));
            }
            Value::Map(pairs)
        }
    };
    (Rc::new(Node { line: collection.line, value }), collection.anchor)
}
