//! A strict walk over XML: elements of one namespace, no DTD, no entities of its own, nothing left open.
//!
//! In: a reader. Out: opening and closing tags in order, with attributes and the text between.
//! Departures from a general XML reader: refuses document types (entity bombs, outside files), text beside elements,
//! elements of another namespace, any encoding but UTF-8, and a document that ends early. What is not asked for is
//! skipped but checked all the same.
//! Cost: one pass, memory of the longest single tag or text.

use std::io::BufRead;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::error::{ListError, ListErrorKind, Place};

/// No list nests deeper than about fifteen.
const DEPTH_MAX: usize = 64;

/// One step of the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Open,
    Close,
}

/// What one event of the reader amounts to.
enum Seen {
    Step(Step),
    End,
    /// Text, a comment, a declaration.
    Between,
}

pub(super) struct Walk<R> {
    reader: NsReader<R>,
    buffer: Vec<u8>,
    file: String,
    namespaces: &'static [&'static str],
    /// Names of the open elements.
    open: Vec<String>,
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    /// An empty element was opened; its close comes next.
    is_empty_element: bool,
    /// The last step was a close: text now would stand beside an element.
    is_after_child: bool,
    is_done: bool,
}

impl<R: BufRead> Walk<R> {
    pub(super) fn new(reader: R, file: &str, namespaces: &'static [&'static str]) -> Self {
        Self {
            reader: NsReader::from_reader(reader),
            buffer: Vec::new(),
            file: file.to_owned(),
            namespaces,
            open: Vec::new(),
            name: String::new(),
            attributes: Vec::new(),
            text: String::new(),
            is_empty_element: false,
            is_after_child: false,
            is_done: false,
        }
    }

    /// The name of the element just opened or closed.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn place(&self) -> Place {
        Place::Byte(self.reader.buffer_position())
    }

    pub(super) fn malformed(&self, what: impl Into<String>) -> ListError {
        ListError::malformed(&self.file, self.place(), what)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that the format demands.
    pub(super) fn demand(&self, name: &str) -> Result<String, ListError> {
        match self.attribute(name) {
            Some(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
            _ => Err(self.malformed(format!("<{}> has no attribute {name}", self.name))),
        }
    }

    /// Opens the root, which must be called `name`.
    pub(super) fn root(&mut self, name: &str) -> Result<(), ListError> {
        match self.next()? {
            Some(Step::Open) if self.name == name => Ok(()),
            _ => Err(self.malformed(format!("the root element is not <{name}>"))),
        }
    }

    /// The next child of the element that is open: true at its opening tag, false at the parent's close.
    pub(super) fn child(&mut self) -> Result<bool, ListError> {
        match self.next()? {
            Some(Step::Open) => Ok(true),
            Some(Step::Close) => Ok(false),
            None => Err(self.truncated()),
        }
    }

    /// The text of the element just opened, which has no children; up to and with its close.
    pub(super) fn leaf(&mut self) -> Result<String, ListError> {
        let name = self.name.clone();
        match self.next()? {
            Some(Step::Close) => Ok(self.text.trim().to_owned()),
            _ => {
                Err(self.malformed(format!("<{name}> should hold text and holds <{}>", self.name)))
            }
        }
    }

    /// Passes over the element just opened, with `look` at every opening tag within.
    pub(super) fn skip(
        &mut self,
        mut look: impl FnMut(&Self) -> Result<(), ListError>,
    ) -> Result<(), ListError> {
        let depth = self.open.len();
        look(self)?;
        while self.open.len() >= depth {
            match self.next()? {
                Some(Step::Open) => look(self)?,
                Some(Step::Close) => {}
                None => return Err(self.truncated()),
            }
        }
        Ok(())
    }

    /// After the root's close: nothing may follow.
    pub(super) fn finish(mut self) -> Result<(), ListError> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(self.malformed("something follows the root element")),
        }
    }

    fn truncated(&self) -> ListError {
        let open = self.open.last().map_or("nothing", String::as_str);
        ListError::new(
            ListErrorKind::Truncated,
            &self.file,
            format!("the file ends within <{open}>"),
        )
        .at(self.place())
    }

    /// The next opening or closing tag; `None` at the end of a whole document.
    fn next(&mut self) -> Result<Option<Step>, ListError> {
        if self.is_empty_element {
            self.is_empty_element = false;
            return self.close().map(Some);
        }
        self.text.clear();
        loop {
            self.buffer.clear();
            let mut buffer = std::mem::take(&mut self.buffer);
            let step = self.event(&mut buffer);
            self.buffer = buffer;
            match step? {
                Seen::Step(step) => return Ok(Some(step)),
                Seen::End => return Ok(None),
                Seen::Between => {}
            }
        }
    }

    fn event(&mut self, buffer: &mut Vec<u8>) -> Result<Seen, ListError> {
        let at = self.reader.buffer_position();
        let broken = |file: &str, error: String| {
            ListError::malformed(file, Place::Byte(at), format!("not well-formed XML: {error}"))
        };
        let (namespace, event) = match self.reader.read_resolved_event_into(buffer) {
            Ok((namespace, event)) => {
                let known = match namespace {
                    ResolveResult::Bound(found) => {
                        self.namespaces.iter().position(|known| *known == found.as_ref())
                    }
                    _ => None,
                };
                (known, event)
            }
            Err(error) => return Err(broken(&self.file, error.to_string())),
        };
        match event {
            Event::Start(tag) => self.opened(&tag, namespace).map(|()| Seen::Step(Step::Open)),
            Event::Empty(tag) => {
                self.opened(&tag, namespace)?;
                self.is_empty_element = true;
                Ok(Seen::Step(Step::Open))
            }
            Event::End(_) => self.close().map(Seen::Step),
            Event::Text(text) => {
                self.text.push_str(&text.xml10_content());
                self.text_is_alone()
            }
            Event::CData(text) => {
                self.text.push_str(&text.xml10_content());
                self.text_is_alone()
            }
            Event::GeneralRef(name) => {
                let resolved = match name.resolve_char_ref() {
                    Ok(Some(c)) => c.to_string(),
                    _ => match quick_xml::escape::resolve_xml_entity(&name) {
                        Some(text) => text.to_owned(),
                        None => return Err(broken(&self.file, format!("entity &{};", &*name))),
                    },
                };
                self.text.push_str(&resolved);
                self.text_is_alone()
            }
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case("utf-8") => {
                    Err(broken(&self.file, format!("encoding {encoding}, not UTF-8")))
                }
                Some(Err(error)) => Err(broken(&self.file, error.to_string())),
                _ => Ok(Seen::Between),
            },
            Event::DocType(_) => {
                Err(broken(&self.file, "a document type is not allowed".to_owned())
                    .with_hint("lists have none; this file may be an attack"))
            }
            Event::Comment(_) | Event::PI(_) => Ok(Seen::Between),
            Event::Eof if self.is_done => Ok(Seen::End),
            Event::Eof => Err(self.truncated()),
        }
    }

    fn opened(&mut self, tag: &BytesStart<'_>, namespace: Option<usize>) -> Result<(), ListError> {
        let name = tag.local_name().as_ref().to_owned();
        if self.is_done {
            return Err(self.malformed("a second root element"));
        }
        if namespace.is_none() {
            let what = format!("<{name}> is not in the namespace of this list");
            return Err(ListError::new(ListErrorKind::Namespace, &self.file, what)
                .at(self.place())
                .with_hint(format!(
                    "expected xmlns=\"{}\"; is this another list?",
                    self.namespaces[0]
                )));
        }
        if !self.text.trim().is_empty() {
            return Err(self.malformed(format!("text beside <{name}>")));
        }
        self.attributes.clear();
        for attribute in tag.attributes() {
            let attribute = attribute
                .map_err(|error| self.malformed(format!("not well-formed XML: {error}")))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.malformed(format!("not well-formed XML: {error}")))?;
            self.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        self.open.push(name.clone());
        if self.open.len() > DEPTH_MAX {
            return Err(self.malformed("nested too deeply"));
        }
        self.name = name;
        self.text.clear();
        self.is_after_child = false;
        Ok(())
    }

    fn close(&mut self) -> Result<Step, ListError> {
        let Some(name) = self.open.pop() else {
            return Err(self.malformed("a closing tag without its opening one"));
        };
        self.name = name;
        self.is_after_child = true;
        self.is_done = self.open.is_empty();
        Ok(Step::Close)
    }

    /// Text after a child's close is text beside an element.
    fn text_is_alone(&self) -> Result<Seen, ListError> {
        match (self.is_after_child || self.open.is_empty()) && !self.text.trim().is_empty() {
            true => Err(self.malformed("text beside an element")),
            false => Ok(Seen::Between),
        }
    }
}
