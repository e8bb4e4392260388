//! Rows that are copies of each other: they are held out together, or a learner is judged by rows it knows by heart.
//!
//! In: a table, the columns that are used and the target. Out: a group a row, the same for rows equal in all of these columns;
//! none where no two rows are equal, or where chance alone makes rows equal (a few columns of few values).
//! A row that fills more than a fold by itself is a state that the table is often in, and not a copy: its rows are groups of one.
//! Values are compared as a person writes them, column by column, among the rows that were equal so far: an ordinary table is told apart
//! by its first columns.
//! Cost: O(rows log rows) a column, of the rows still equal. Checked against: tables copied by hand (`tests/it/copied_rows.rs`).

use std::collections::{BTreeMap, BTreeSet};

use crate::roles::{Reading, Role, Targets, read_levels};
use crate::{Frame, LearnError};

/// Rows equal to another that chance alone may bring before copies are no sign any more.
const ALIKE_MAX: f64 = 0.05;

/// Columns that are used, in the order of the table.
pub(super) fn used(roles: &[Role]) -> Vec<&str> {
    roles.iter().filter(|role| role.kind.is_used()).map(|role| role.column.as_str()).collect()
}

/// Whether chance alone makes some of so many rows equal to one row, were the columns independent. Ends at the first columns
/// that tell rows apart.
pub(super) fn alike_by_chance(
    frame: &Frame,
    columns: &[&str],
    n_rows: usize,
) -> Result<bool, LearnError> {
    let mut chance = n_rows as f64;
    for column in columns {
        if chance <= ALIKE_MAX {
            break;
        }
        let levels = read_levels(&Reading::Level, frame.column(column)?);
        let (counts, missing) = levels.counts();
        let n = frame.n_rows() as f64;
        let shares = counts.values().copied().chain([missing]).map(|count| count as f64 / n);
        chance *= shares.map(|share| share * share).sum::<f64>();
    }
    Ok(chance > ALIKE_MAX)
}

/// Groups of equal rows, of `size_max` rows at most; `None` where no two rows are copies.
pub(super) fn groups(
    frame: &Frame,
    roles: &[Role],
    targets: &Targets,
    size_max: usize,
) -> Result<Option<Vec<u32>>, LearnError> {
    let mut columns = used(roles);
    columns.push(&targets.column);
    let n_rows = frame.n_rows();
    let mut group_of = vec![0_u32; n_rows];
    let mut equal: Vec<u32> = (0..n_rows).map(super::search::row_number).collect();
    for column in columns.iter().rev() {
        equal = told_apart(frame, column, &equal, &mut group_of)?;
        if equal.is_empty() {
            return Ok(None);
        }
    }
    let features = used(roles);
    if alike_by_chance(frame, &features, n_rows)? {
        return Ok(None);
    }
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    equal.iter().for_each(|row| *sizes.entry(group_of[*row as usize]).or_default() += 1);
    let is_copy = |row: &u32| sizes[&group_of[*row as usize]] <= size_max;
    let copies: BTreeSet<u32> = equal.iter().copied().filter(is_copy).collect();
    if copies.is_empty() {
        return Ok(None);
    }
    // Groups are named by their first rows, so that a row alone has a name that no other has.
    let mut first: BTreeMap<u32, u32> = BTreeMap::new();
    let name = |row: u32| match copies.contains(&row) {
        true => *first.entry(group_of[row as usize]).or_insert(row),
        false => row,
    };
    Ok(Some((0..n_rows).map(super::search::row_number).map(name).collect()))
}

/// Cuts groups by one more column; gives the rows that still equal another.
fn told_apart(
    frame: &Frame,
    column: &str,
    equal: &[u32],
    group_of: &mut [u32],
) -> Result<Vec<u32>, LearnError> {
    let values = &frame.column(column)?.values;
    let mut known: BTreeMap<(u32, Option<String>), (u32, usize)> = BTreeMap::new();
    let mut place = Vec::with_capacity(equal.len());
    for row in equal {
        let shown = values.shown(*row as usize).map(|text| text.trim().to_owned());
        let next = u32::try_from(known.len()).expect("a frame has fewer than 2^32 rows");
        let group = known.entry((group_of[*row as usize], shown)).or_insert((next, 0));
        group.1 += 1;
        place.push(group.0);
    }
    let mut sizes = vec![0; known.len()];
    known.values().for_each(|(group, size)| sizes[*group as usize] = *size);
    let mut left = Vec::new();
    for (row, group) in equal.iter().zip(place) {
        group_of[*row as usize] = group;
        if sizes[group as usize] > 1 {
            left.push(*row);
        }
    }
    Ok(left)
}

/// Rows that share their group with another.
pub(super) fn n_copies(groups: &[u32]) -> usize {
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    groups.iter().for_each(|group| *sizes.entry(*group).or_default() += 1);
    sizes.into_values().filter(|size| *size > 1).sum()
}
