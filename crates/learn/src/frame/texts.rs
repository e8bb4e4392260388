//! A column of texts, each distinct one kept once in one arena.

use std::collections::BTreeMap;

/// Stands for a missing text.
const MISSING: u32 = u32::MAX;

/// Texts, a row each; distinct ones are numbered by first appearance.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    arena: String,
    /// Where each distinct text ends in the arena.
    ends: Vec<usize>,
    /// A distinct text a row, or `MISSING`.
    codes: Vec<u32>,
}

impl Texts {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The text of a row; `None` where missing.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.code(row).map(|code| self.level(code))
    }

    /// Number of distinct texts that this column knows; after [`Frame::take`](crate::Frame::take) some may not occur.
    pub fn n_levels(&self) -> usize {
        self.ends.len()
    }

    /// A distinct text by its number, `0..n_levels`.
    pub fn level(&self, code: u32) -> &str {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.arena[start..self.ends[code]]
    }

    /// Which distinct text a row holds; `None` where missing.
    pub fn code(&self, row: usize) -> Option<u32> {
        Some(self.codes[row]).filter(|code| *code != MISSING)
    }

    pub(super) fn take(&self, rows: &[u32]) -> Self {
        let codes = rows.iter().map(|&row| self.codes[row as usize]).collect();
        Self { arena: self.arena.clone(), ends: self.ends.clone(), codes }
    }
}

/// Two columns are equal where their rows are, however their texts are numbered.
impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|row| self.get(row) == other.get(row))
    }
}

impl<T: AsRef<str>> FromIterator<Option<T>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(texts: I) -> Self {
        let mut builder = TextsBuilder::default();
        texts.into_iter().for_each(|text| builder.push(text.as_ref().map(AsRef::as_ref)));
        builder.finish()
    }
}

/// Texts in the making.
#[derive(Debug, Default)]
pub(super) struct TextsBuilder {
    texts: Texts,
    // An ordered map, not a table of hashes: no text can be chosen to collide with others.
    known: BTreeMap<Box<str>, u32>,
}

impl TextsBuilder {
    pub(super) fn push(&mut self, text: Option<&str>) {
        let code = match text {
            None => MISSING,
            Some(text) => match self.known.get(text) {
                Some(code) => *code,
                None => self.add(text),
            },
        };
        self.texts.codes.push(code);
    }

    fn add(&mut self, text: &str) -> u32 {
        let code = u32::try_from(self.texts.ends.len()).expect("a frame has fewer than 2^32 rows");
        self.texts.arena.push_str(text);
        self.texts.ends.push(self.texts.arena.len());
        self.known.insert(text.into(), code);
        code
    }

    pub(super) fn finish(self) -> Texts {
        self.texts
    }
}
