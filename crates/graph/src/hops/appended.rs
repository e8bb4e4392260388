//! Rows that grow: the edges that came after a snapshot, so that a search sees them before they are folded in.
//!
//! In: edges in batches. Out: the row of each node, the newest first.
//! Source: a linked list a row, all in one array.
//! Departures: none. Growing arrays in an arena, and lists of chunks, are walked two to three times faster and
//! appended to three to six times slower (both measured); few rows are walked while a snapshot is young, and all
//! edges are appended.
//! Cost: O(1) an edge; 4 bytes a node, 8 an edge.
//! Checked against: rows kept as a vector each (`tests/it/hops.rs`).

use crate::NONE;
use crate::csr::{check_below, check_count};
use crate::error::{GraphError, same_length};

/// Rows of ids that can be appended to.
#[derive(Debug, Clone, Default)]
pub struct AppendedRows {
    /// The place of the newest item of each row; [`NONE`] if it is empty.
    newest: Vec<u32>,
    items: Vec<Item>,
}

#[derive(Debug, Clone, Copy)]
struct Item {
    item: u32,
    /// The place of the item of the same row that came before; always a smaller one.
    before: u32,
}

impl AppendedRows {
    /// `n_rows` empty rows.
    pub fn new(n_rows: u32) -> Self {
        Self { newest: vec![NONE; n_rows as usize], items: Vec::new() }
    }

    /// Adds empty rows until there are `n_rows`; does nothing if there are already.
    pub fn ensure_rows(&mut self, n_rows: u32) {
        let n_rows = self.newest.len().max(n_rows as usize);
        self.newest.resize(n_rows, NONE);
    }

    /// How many items all rows hold together.
    pub fn n_items(&self) -> usize {
        self.items.len()
    }

    /// Appends `items[i]` to row `rows[i]`.
    ///
    /// # Errors
    /// The slices differ in length, a row is none of these, or there are more items than 32-bit ids: fold the rows
    /// into a snapshot before. Nothing is changed then.
    pub fn extend(&mut self, rows: &[u32], items: &[u32]) -> Result<(), GraphError> {
        same_length("items", rows.len(), items.len())?;
        check_count("appended rows", self.items.len().saturating_add(items.len()))?;
        check_below("rows", rows, u32::try_from(self.newest.len()).unwrap_or(NONE))?;
        let first = u32::try_from(self.items.len()).expect("counted above");
        let newest = &mut self.newest;
        let places = (first..).zip(rows.iter().zip(items));
        self.items.extend(places.map(|(place, (&row, &item))| Item {
            item,
            before: std::mem::replace(&mut newest[row as usize], place),
        }));
        Ok(())
    }

    /// The items of one row, the newest first.
    ///
    /// # Panics
    /// `row` is not a row.
    pub fn row(&self, row: u32) -> impl Iterator<Item = u32> + '_ {
        let mut place = self.newest[row as usize];
        std::iter::from_fn(move || {
            let Item { item, before } = *self.items.get(place as usize)?;
            place = before;
            Some(item)
        })
    }

    /// Takes the items that came last back, so that `n_items` are left. `rows` are those they were appended to, in
    /// the order of their coming, as in [`Self::extend`].
    ///
    /// # Errors
    /// `rows` is not as long as what is taken back, or names another row; the items behind that one are gone then.
    pub fn truncate(&mut self, n_items: usize, rows: &[u32]) -> Result<(), GraphError> {
        same_length("rows", self.items.len().saturating_sub(n_items), rows.len())?;
        for &row in rows.iter().rev() {
            let place = u32::try_from(self.items.len() - 1).expect("counted when it came");
            match self.newest.get_mut(row as usize) {
                Some(newest) if *newest == place => *newest = self.items[place as usize].before,
                _ => return Err(GraphError::Row { node: row, edge: place }),
            }
            self.items.pop();
        }
        Ok(())
    }
}
