//! Text in columns.
//!
//! Identifiers are never broken over lines or cut: a person copies them. Where a table is wider than the
//! terminal, one column of prose gives way; if that is not enough, the line runs over.

use unicode_width::UnicodeWidthStr;

use super::ink::{Look, Tone};

const GAP: &str = "  ";
/// What is left of a column of prose, at least.
const PROSE_WIDTH_MIN: usize = 12;

/// A piece of text in its tone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Words and identifiers.
    Left,
    /// Numbers.
    Right,
    /// Prose: cut where the terminal is too narrow.
    Prose,
    /// The last column, whose words decide something: where they do not fit they go on below their row, never cut.
    Reason,
}

/// Rows of cells under an optional heading.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    indent: usize,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(indent: usize, columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), indent }
    }

    /// True if there is no row, not even a heading.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// With a line of column names.
    pub(crate) fn headed(indent: usize, columns: &[(Column, &str)]) -> Self {
        let mut table =
            Self::new(indent, &columns.iter().map(|(column, _)| *column).collect::<Vec<_>>());
        table.row(columns.iter().map(|(_, name)| Cell::new(Tone::Faint, *name)));
        table
    }

    /// Adds a row; cells that are missing at its end are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, each ended; a column that is empty throughout takes no place.
    pub(crate) fn lines(&self, look: Look) -> String {
        let widths = self.widths(look);
        let mut text = String::new();
        for row in &self.rows {
            let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
            let mut line = " ".repeat(self.indent);
            let mut is_first = true;
            for (index, cell) in row.iter().enumerate().take(last + 1) {
                if widths[index] == 0 {
                    continue;
                }
                if !is_first {
                    line += GAP;
                }
                is_first = false;
                if self.columns[index] == Column::Reason {
                    line = with_reason(line, cell, self.indent, look);
                    continue;
                }
                let shown = cut(&cell.text, widths[index]);
                let blanks = " ".repeat(widths[index] - shown.width().min(widths[index]));
                let shown = look.paint(cell.tone, &shown);
                line += &match (self.columns[index], index == last) {
                    (Column::Right, _) => blanks + &shown,
                    (_, true) => shown,
                    (_, false) => shown + &blanks,
                };
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    /// Widths of the columns; that of reasons is 0 where there are none, and takes no part otherwise.
    fn widths(&self, look: Look) -> Vec<usize> {
        let width = |index: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            cells.map(|cell| cell.text.width()).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let reasons = self.columns.iter().position(|column| *column == Column::Reason);
        let beside = reasons.map_or(0, |index| widths[index]);
        let n_gaps = widths.iter().filter(|width| **width > 0).count().saturating_sub(1);
        let taken = self.indent + widths.iter().sum::<usize>() - beside + n_gaps * GAP.len();
        let prose = self.columns.iter().position(|column| *column == Column::Prose);
        if let Some(prose) = prose {
            let too_wide = taken.saturating_sub(look.width);
            let least = widths[prose].min(PROSE_WIDTH_MIN);
            widths[prose] = widths[prose].saturating_sub(too_wide).max(least);
        }
        widths
    }
}

/// A line and its reason: behind it where that fits, else below it.
fn with_reason(line: String, reason: &Cell, indent: usize, look: Look) -> String {
    // What paints a cell takes no place on a terminal.
    let shown = unpainted_width(&line);
    if shown + reason.text.width() <= look.width {
        return line + &look.paint(reason.tone, &reason.text);
    }
    let below = super::words::wrapped(&reason.text, &" ".repeat(indent + 4), look);
    format!("{}\n{}", line.trim_end(), look.paint(reason.tone, &below))
}

fn unpainted_width(line: &str) -> usize {
    let mut width = 0;
    for (number, part) in line.split('\x1b').enumerate() {
        let shown =
            if number == 0 { part } else { part.split_once('m').map_or("", |(_, rest)| rest) };
        width += shown.width();
    }
    width
}

/// The text in at most so many columns of the terminal.
pub(crate) fn cut(text: &str, width_max: usize) -> String {
    if text.width() <= width_max {
        return text.to_owned();
    }
    let mut shown = String::new();
    for c in text.chars() {
        if shown.width() + c.to_string().width() + 1 > width_max {
            break;
        }
        shown.push(c);
    }
    shown + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { color: false, width: 30, full: false };

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table =
            Table::headed(2, &[(Column::Right, "n"), (Column::Prose, "name"), (Column::Left, "")]);
        table.row(["7".into(), "取引所".into(), "x".into()]);
        table.row(["1,000".into(), "b".into()]);
        assert_eq!(table.lines(LOOK), "      n  name\n      7  取引所  x\n  1,000  b\n");
    }

    #[test]
    fn prose_gives_way_and_identifiers_do_not() {
        let mut table = Table::new(0, &[Column::Left, Column::Prose, Column::Left]);
        table.row(["12QtD5BFwRsdNsAZ".into(), "a very long name of somebody".into(), "".into()]);
        assert_eq!(table.lines(LOOK), "12QtD5BFwRsdNsAZ  a very long…\n");
        table.row(["x".into(), "".into(), "0123456789".into()]);
        assert_eq!(
            table.lines(LOOK).lines().last(),
            Some("x                               0123456789")
        );
    }

    #[test]
    fn reasons_are_never_cut() {
        let mut table = Table::new(2, &[Column::Left, Column::Right, Column::Reason]);
        table.row(["a".into(), "1".into(), "fits behind it".into()]);
        table.row(["b".into(), "22".into(), "does not fit behind it, and goes on".into()]);
        table.row(["c".into(), "3".into(), "".into()]);
        let expected = "  a   1  fits behind it\n  b  22\n      does not fit behind it,\n      and goes on\n  c   3\n";
        assert_eq!(table.lines(LOOK), expected);
        let colored = table.lines(Look { color: true, ..LOOK });
        assert_eq!(colored, expected, "plain cells are not painted");
    }

    #[test]
    fn empty_columns_take_no_place_and_color_none_either() {
        let mut table = Table::new(0, &[Column::Left, Column::Left, Column::Left]);
        table.row([Cell::new(Tone::Bad, "a"), "".into(), "b".into()]);
        table.row(["cc".into(), "".into(), "d".into()]);
        assert_eq!(table.lines(LOOK), "a   b\ncc  d\n");
        assert_eq!(table.lines(Look { color: true, ..LOOK }), "\x1b[1;31ma\x1b[0m   b\ncc  d\n");
    }
}
