//! Rows of `entities` and `entity_clusters` to columns and back.

use arrow_array::RecordBatch;
use arrow_array::types::{UInt8Type, UInt32Type};
use arrow_schema::DataType;

use super::columns::{Columns, batch, number_array, string_array};
use super::{Table, TableError, field};
use crate::{AddressId, Category, ClusterId, Entity, EntityId};

/// One row a known party.
pub static ENTITIES: Table = Table {
    name: "entities",
    about: "known parties that hold clusters: category, name, and the list or pack that says so. A view over lists, tags and \
            clusters",
    key: None,
    columns: || {
        vec![
            field("entity", DataType::UInt32),
            field("category", DataType::Utf8),
            field("name", DataType::Utf8),
            field("source", DataType::Utf8),
            field("source_version", DataType::Utf8),
            field("confidence", DataType::UInt8),
        ]
    },
};

/// One row a cluster of a known party.
pub static ENTITY_CLUSTERS: Table = Table {
    name: "entity_clusters",
    about: "the known party that holds a cluster; a cluster without a row is of nobody known. A view over lists, tags and \
            clusters",
    key: None,
    columns: || vec![field("cluster", DataType::UInt32), field("entity", DataType::UInt32)],
};

/// Rows of `entities` to columns.
pub fn entities_to(rows: &[Entity]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.id.get())),
        string_array(rows.iter().map(|row| row.category.name())),
        string_array(rows.iter().map(|row| row.name.as_str())),
        string_array(rows.iter().map(|row| row.source.as_str())),
        string_array(rows.iter().map(|row| row.source_version.as_str())),
        number_array::<UInt8Type>(rows.iter().map(|row| row.confidence)),
    ];
    batch(&ENTITIES, columns)
}

/// Rows of `entities` from columns.
///
/// # Errors
/// If the batch has another schema, or a category is not known.
pub fn entities_from(batch: &RecordBatch) -> Result<Vec<Entity>, TableError> {
    let columns = Columns::new(&ENTITIES, batch);
    let ids = columns.numbers::<UInt32Type>("entity")?;
    let categories = columns.strings("category")?;
    let names = columns.strings("name")?;
    let sources = columns.strings("source")?;
    let versions = columns.strings("source_version")?;
    let confidences = columns.numbers::<UInt8Type>("confidence")?;
    let row = |row: usize| {
        let category = categories.value(row);
        Ok(Entity {
            id: EntityId::new(ids[row]),
            category: Category::from_name(category)
                .ok_or_else(|| columns.bad("category", row, category))?,
            name: names.value(row).to_owned(),
            source: sources.value(row).to_owned(),
            source_version: versions.value(row).to_owned(),
            confidence: confidences[row],
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Rows of `entity_clusters` to columns.
pub fn entity_clusters_to(rows: &[(ClusterId, EntityId)]) -> RecordBatch {
    let columns = vec![
        number_array::<UInt32Type>(rows.iter().map(|row| row.0.get().get())),
        number_array::<UInt32Type>(rows.iter().map(|row| row.1.get())),
    ];
    batch(&ENTITY_CLUSTERS, columns)
}

/// Rows of `entity_clusters` from columns.
///
/// # Errors
/// If the batch has another schema.
pub fn entity_clusters_from(batch: &RecordBatch) -> Result<Vec<(ClusterId, EntityId)>, TableError> {
    let columns = Columns::new(&ENTITY_CLUSTERS, batch);
    let clusters = columns.numbers::<UInt32Type>("cluster")?;
    let entities = columns.numbers::<UInt32Type>("entity")?;
    let cluster = |id: &u32| ClusterId::new(AddressId::new(*id));
    let rows = clusters.iter().zip(entities);
    Ok(rows.map(|(id, entity)| (cluster(id), EntityId::new(*entity))).collect())
}
