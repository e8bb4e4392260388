//! Rows of `ranks` to columns and back.
//!
//! Contributors are text, `12=0.25;other=0.05`, because the tables hold flat columns only; a number is written with as
//! many digits as bring back the same one.

use arrow_array::RecordBatch;
use arrow_array::types::{Float64Type, UInt8Type, UInt32Type};
use arrow_schema::{DataType, Field};

use super::columns::{Columns, batch, number_array, string_array};
use super::{Table, TableError, field};
use crate::{AddressId, Category, ClusterId, EntityId, FlowSide, Rank};

/// One row a cluster, side and category that a walk from known entities reaches.
pub static RANKS: Table = Table {
    name: "ranks",
    about: "propagated risk: the chance that a walk from the known entities of a category, with the money (side 1 \
            received) or against it (2 sent), ends at a cluster; contributors by entity. For ranking, never as evidence. \
            A view",
    key: None,
    columns,
};

fn columns() -> Vec<Field> {
    vec![
        field("cluster", DataType::UInt32),
        field("side", DataType::UInt8),
        field("category", DataType::UInt8),
        field("score", DataType::Float64),
        field("contributors", DataType::Utf8),
    ]
}

/// Rows of `ranks` to columns.
pub fn ranks_to(rows: &[Rank]) -> RecordBatch {
    let contributors: Vec<String> = rows.iter().map(contributors_text).collect();
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.side as u8)),
        number_array::<UInt8Type>(rows.iter().map(|row| row.category.number())),
        number_array::<Float64Type>(rows.iter().map(|row| row.score)),
        string_array(contributors.iter().map(String::as_str)),
    ];
    batch(&RANKS, columns)
}

/// Rows of `ranks` from columns.
///
/// # Errors
/// If the batch has another schema, or a stored number or text is not known.
pub fn ranks_from(batch: &RecordBatch) -> Result<Vec<Rank>, TableError> {
    let columns = Columns::new(&RANKS, batch);
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let sides = columns.numbers::<UInt8Type>("side")?;
    let categories = columns.numbers::<UInt8Type>("category")?;
    let scores = columns.numbers::<Float64Type>("score")?;
    let contributors = columns.strings("contributors")?;
    let row = |row: usize| {
        let (side, category, text) = (sides[row], categories[row], contributors.value(row));
        Ok(Rank {
            cluster: ClusterId::new(AddressId::new(clusters[row])),
            side: FlowSide::from_number(side).ok_or_else(|| columns.bad("side", row, side))?,
            category: Category::from_number(category)
                .ok_or_else(|| columns.bad("category", row, category))?,
            score: scores[row],
            contributors: contributors_of(text)
                .ok_or_else(|| columns.bad("contributors", row, text))?,
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn contributors_text(row: &Rank) -> String {
    let part = |(entity, part): &(EntityId, f64)| match entity.known() {
        Some(entity) => format!("{}={part}", entity.get()),
        None => format!("other={part}"),
    };
    row.contributors.iter().map(part).collect::<Vec<_>>().join(";")
}

fn contributors_of(text: &str) -> Option<Vec<(EntityId, f64)>> {
    let part = |part: &str| {
        let (entity, part) = part.split_once('=')?;
        let entity = match entity {
            "other" => EntityId::NONE,
            number => EntityId::new(number.parse().ok()?),
        };
        Some((entity, part.parse().ok()?))
    };
    text.split(';').filter(|part| !part.is_empty()).map(part).collect()
}
