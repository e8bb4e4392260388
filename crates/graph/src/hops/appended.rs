//! Rows that grow: the edges that came after a snapshot, so that a search sees them before they are folded in.
//!
//! In: edges one by one. Out: the row of each node, in order of arrival, as one slice.
//! Source: a table of growing arrays in one arena: a full row moves to twice the room at the end.
//! Departures: the room that a moved row leaves is not used again (at most as much as all rows hold). A linked list
//! appends with one write less, but its rows are walked one cache miss an edge.
//! Cost: O(1) amortized an edge; 12 bytes a node, 4 to 16 an edge.
//! Checked against: rows kept as a vector each (`tests/it/hops.rs`).

use crate::error::GraphError;

/// Rows of ids that can be appended to.
#[derive(Debug, Clone, Default)]
pub struct AppendedRows {
    rows: Vec<Row>,
    arena: Vec<u32>,
    n_items: usize,
}

/// Where a row lies, and for how many items there is room.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    start: u32,
    n_items: u32,
    room: u32,
}

impl AppendedRows {
    /// `n_rows` empty rows.
    pub fn new(n_rows: u32) -> Self {
        Self { rows: vec![Row::default(); n_rows as usize], arena: Vec::new(), n_items: 0 }
    }

    /// Adds empty rows until there are `n_rows`; does nothing if there are already.
    pub fn ensure_rows(&mut self, n_rows: u32) {
        let n_rows = self.rows.len().max(n_rows as usize);
        self.rows.resize(n_rows, Row::default());
    }

    /// How many items all rows hold together.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Appends `item` to `row`.
    ///
    /// # Errors
    /// The arena is beyond what a 32-bit position can name: fold the rows into a snapshot before.
    ///
    /// # Panics
    /// `row` is not a row.
    pub fn push(&mut self, row: u32, item: u32) -> Result<(), GraphError> {
        let at = &mut self.rows[row as usize];
        if at.n_items == at.room {
            let (start, n_items, end) = (at.start as usize, at.n_items as usize, self.arena.len());
            let room = (2 * n_items).max(1);
            let error = GraphError::TooMany { what: "appended rows", found: end + room };
            u32::try_from(end + room).map_err(|_| error)?;
            self.arena.extend_from_within(start..start + n_items);
            self.arena.resize(end + room, 0);
            let position = |at: usize| u32::try_from(at).expect("compared above");
            (at.start, at.room) = (position(end), position(room));
        }
        self.arena[at.start as usize + at.n_items as usize] = item;
        at.n_items += 1;
        self.n_items += 1;
        Ok(())
    }

    /// The items of one row, in order of arrival.
    ///
    /// # Panics
    /// `row` is not a row.
    pub fn row(&self, row: u32) -> &[u32] {
        let at = self.rows[row as usize];
        &self.arena[at.start as usize..][..at.n_items as usize]
    }

    /// Takes the last item of a row back; none if it is empty.
    ///
    /// # Panics
    /// `row` is not a row.
    pub fn pop(&mut self, row: u32) -> Option<u32> {
        let item = self.row(row).last().copied()?;
        let at = &mut self.rows[row as usize];
        at.n_items -= 1;
        self.n_items -= 1;
        Some(item)
    }
}
