//! A column of texts, each distinct one kept once in one arena.

use std::collections::BTreeMap;

/// Stands for a missing text.
const MISSING: u32 = u32::MAX;

/// A few rows, of columns with so many times as many distinct texts, look their texts up one by one.
const FEW_SHARE: usize = 16;

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

    /// Number of distinct texts of this column.
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

    /// The named rows with the texts that they hold: a row of a long table must not carry all of its texts.
    pub(super) fn take(&self, rows: &[u32]) -> Self {
        let codes: Vec<u32> = rows.iter().map(|&row| self.codes[row as usize]).collect();
        let mut taken = Self::default();
        let mut add = |code: u32| {
            taken.arena.push_str(self.level(code));
            taken.ends.push(taken.arena.len());
            u32::try_from(taken.ends.len() - 1).expect("a frame has fewer than 2^32 rows")
        };
        if rows.len() * FEW_SHARE < self.ends.len() {
            let mut used: Vec<u32> =
                codes.iter().copied().filter(|code| *code != MISSING).collect();
            used.sort_unstable();
            used.dedup();
            for code in &used {
                add(*code);
            }
            let place = |code: u32| {
                let at = used.binary_search(&code).ok()?;
                u32::try_from(at).ok()
            };
            taken.codes = codes.into_iter().map(|code| place(code).unwrap_or(MISSING)).collect();
            return taken;
        }
        let mut is_used = vec![false; self.ends.len()];
        codes
            .iter()
            .filter(|code| **code != MISSING)
            .for_each(|code| is_used[*code as usize] = true);
        let moved: Vec<u32> = (0..)
            .zip(&is_used)
            .map(|(code, used)| if *used { add(code) } else { MISSING })
            .collect();
        let place = |code: u32| moved.get(code as usize).copied().unwrap_or(MISSING);
        taken.codes = codes.into_iter().map(place).collect();
        taken
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
