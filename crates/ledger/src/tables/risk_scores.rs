//! Rows of `scores` and `score_terms` to columns and back.

use std::sync::Arc;

use arrow_array::types::{Int64Type, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::columns::{Columns, batch, nullable_array, number_array, string_array};
use super::{Table, TableError, field, optional};
use crate::{AddressId, Category, ClusterId, EntityId, Score, ScoreTerm};

/// One row a cluster with a score above 0, or with terms.
pub static SCORES: Table = Table {
    name: "scores",
    about: "how dangerous a cluster is: thousandths of a point, 0 to 100,000, the sum of its rows of score_terms; the hard \
            rule that set it, if one did; profile by name, version and digest. A cluster without a row scores 0. A view",
    key: None,
    columns: || {
        vec![
            field("cluster", DataType::UInt32),
            field("points", DataType::Int64),
            optional("hard_rule", DataType::Utf8),
            field("profile", DataType::Utf8),
            field("n_terms", DataType::UInt32),
        ]
    },
};

/// One row an addend of a score.
pub static SCORE_TERMS: Table = Table {
    name: "score_terms",
    about: "the addends of scores, in thousandths of a point, none of them 0: what each stands for, the party, what was \
            measured, and the versions of lists and tags behind it. A view",
    key: None,
    columns: || {
        vec![
            field("cluster", DataType::UInt32),
            field("position", DataType::UInt16),
            field("kind", DataType::Utf8),
            optional("category", DataType::UInt8),
            optional("entity", DataType::UInt32),
            field("points", DataType::Int64),
            field("basis", DataType::Utf8),
            field("source_version", DataType::Utf8),
        ]
    },
};

/// Rows of `scores` to columns.
pub fn scores_to(rows: &[Score]) -> RecordBatch {
    let hard_rules: StringArray = rows.iter().map(|row| row.hard_rule.as_deref()).collect();
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
        number_array::<Int64Type>(rows.iter().map(|row| row.points)),
        Arc::new(hard_rules),
        string_array(rows.iter().map(|row| row.profile.as_str())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.n_terms)),
    ];
    batch(&SCORES, columns)
}

/// Rows of `scores` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn scores_from(batch: &RecordBatch) -> Result<Vec<Score>, TableError> {
    let columns = Columns::new(&SCORES, batch);
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let points = columns.numbers::<Int64Type>("points")?;
    let hard_rules = columns.strings("hard_rule")?;
    let profiles = columns.strings("profile")?;
    let n_terms = columns.numbers::<UInt32Type>("n_terms")?;
    let row = |row: usize| Score {
        cluster: ClusterId::new(AddressId::new(clusters[row])),
        points: points[row],
        hard_rule: hard_rules.is_valid(row).then(|| hard_rules.value(row).to_owned()),
        profile: profiles.value(row).to_owned(),
        n_terms: n_terms[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// Rows of `score_terms` to columns.
pub fn score_terms_to(rows: &[ScoreTerm]) -> RecordBatch {
    let category = |row: &ScoreTerm| row.category.map(Category::number);
    let entity = |row: &ScoreTerm| row.entity.known().map(EntityId::get);
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.cluster.get().get())),
        number_array::<UInt16Type>(rows.iter().map(|row| row.position)),
        string_array(rows.iter().map(|row| row.kind.as_str())),
        nullable_array::<UInt8Type>(rows.iter().map(category)),
        nullable_array::<UInt32Type>(rows.iter().map(entity)),
        number_array::<Int64Type>(rows.iter().map(|row| row.points)),
        string_array(rows.iter().map(|row| row.basis.as_str())),
        string_array(rows.iter().map(|row| row.source_version.as_str())),
    ];
    batch(&SCORE_TERMS, columns)
}

/// Rows of `score_terms` from columns.
///
/// # Errors
/// If the batch has another schema, or a category is not known.
pub fn score_terms_from(batch: &RecordBatch) -> Result<Vec<ScoreTerm>, TableError> {
    let columns = Columns::new(&SCORE_TERMS, batch);
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let positions = columns.numbers::<UInt16Type>("position")?;
    let kinds = columns.strings("kind")?;
    let categories = columns.nullable::<UInt8Type>("category")?;
    let entities = columns.nullable::<UInt32Type>("entity")?;
    let points = columns.numbers::<Int64Type>("points")?;
    let bases = columns.strings("basis")?;
    let source_versions = columns.strings("source_version")?;
    let row = |row: usize| {
        let category = categories.is_valid(row).then(|| categories.value(row));
        let category = category.map(|number| {
            Category::from_number(number).ok_or_else(|| columns.bad("category", row, number))
        });
        let entity = entities.is_valid(row).then(|| EntityId::new(entities.value(row)));
        Ok(ScoreTerm {
            cluster: ClusterId::new(AddressId::new(clusters[row])),
            position: positions[row],
            kind: kinds.value(row).to_owned(),
            category: category.transpose()?,
            entity: entity.unwrap_or(EntityId::NONE),
            points: points[row],
            basis: bases.value(row).to_owned(),
            source_version: source_versions.value(row).to_owned(),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}
