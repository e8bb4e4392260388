//! The columns of a table to learn from.
//!
//! Every field says what it is to a model ([`KIND`], [`CLOCK`]), so that a reader need not guess whether a count is a code.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampSecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use ledger::tables::FEATURE_COLUMNS;
use ledger::{AddressId, ClusterFeatures};

use super::targets::{Class, Target};
use super::{TableLevel, TableTarget};
use crate::Error;
use crate::risk_models::risk_columns;
use crate::tabular::{CLOCK, KIND};
use crate::view::View;

/// The column of weights.
pub(super) const WEIGHT: &str = "weight";
/// Columns of an address that its cluster's say as well, or that name a date.
const NOT_OF_ADDRESSES: [&str; 3] = ["n_addresses", "first_time_s", "last_time_s"];

/// What becomes a row.
pub(super) struct Row<'a> {
    pub(super) first_seen: i64,
    /// Of the cluster, or of the address.
    pub(super) behavior: &'a ClusterFeatures,
    pub(super) target: Option<Target>,
}

/// How rows are written.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) level: TableLevel,
    pub(super) target: Option<TableTarget>,
    pub(super) weights: bool,
}

/// Columns in the making.
#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn push(&mut self, name: &str, array: ArrayRef, metadata: &[(&str, &str)]) {
        let of = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let metadata: HashMap<String, String> = metadata.iter().map(of).collect();
        let field = Field::new(name, array.data_type().clone(), true).with_metadata(metadata);
        self.fields.push(field);
        self.arrays.push(array);
    }

    fn numbers(&mut self, name: &str, values: impl Iterator<Item = f64>) {
        let known = |value: f64| (!value.is_nan()).then_some(value);
        let array: Float64Array = values.map(known).collect();
        self.push(name, Arc::new(array), &[(KIND, "number")]);
    }
}

/// Places of the columns of an address of its own.
fn of_addresses() -> Vec<usize> {
    let own = |at: &usize| !NOT_OF_ADDRESSES.contains(&FEATURE_COLUMNS[*at].name);
    (0..FEATURE_COLUMNS.len()).filter(own).collect()
}

impl Rows {
    pub(super) fn n_features(&self) -> u64 {
        let own = if self.level == TableLevel::Address { of_addresses().len() } else { 0 };
        (risk_columns().len() + own) as u64
    }

    /// The columns, and how many rows there are of each class. `features` are those of clusters, by label.
    pub(super) fn batch(
        &self,
        view: &View,
        labels: &[u32],
        rows: Vec<Row<'_>>,
        features: &BTreeMap<u32, Vec<f64>>,
    ) -> Result<(RecordBatch, Vec<(String, u64)>), Error> {
        let own = |row: &Row<'_>| row.behavior.cluster.get();
        let label = |row: &Row<'_>| match self.level {
            TableLevel::Cluster => own(row).get(),
            TableLevel::Address => labels[own(row).index()],
        };
        let texts = |of: &dyn Fn(&Row<'_>) -> AddressId| -> ArrayRef {
            let texts = rows.iter().map(|row| Some(view.address_text(of(row))));
            Arc::new(texts.collect::<StringArray>())
        };
        let mut columns = Columns::default();
        let identifier = &[(KIND, "identifier")];
        columns.push("address", texts(&own), identifier);
        if self.level == TableLevel::Address {
            let first = |row: &Row<'_>| AddressId::new(label(row));
            columns.push("cluster_address", texts(&first), identifier);
        }
        let times: TimestampSecondArray = rows.iter().map(|row| Some(row.first_seen)).collect();
        let times: ArrayRef = Arc::new(times.with_timezone("+00:00"));
        debug_assert!(matches!(times.data_type(), DataType::Timestamp(TimeUnit::Second, Some(_))));
        columns.push("first_seen", times, &[(KIND, "identifier"), (CLOCK, "true")]);
        if self.level == TableLevel::Address {
            let numbers: Vec<_> = rows.iter().map(|row| row.behavior.numbers()).collect();
            for at in of_addresses() {
                let name = format!("address_{}", FEATURE_COLUMNS[at].name);
                columns.numbers(&name, numbers.iter().map(|row| row[at].unwrap_or(f64::NAN)));
            }
        }
        for (at, column) in risk_columns().columns().iter().enumerate() {
            let value = |row: &Row<'_>| features.get(&label(row)).map_or(f64::NAN, |row| row[at]);
            columns.numbers(&column.name, rows.iter().map(value));
        }
        if let Some(target) = self.target {
            columns.push(&target.column(), classes(target, &rows), &[]);
        }
        if self.weights && self.target.is_some() {
            let weight = |row: &Row<'_>| row.target.map_or(f64::NAN, |target| target.weight);
            let array: Float64Array = rows.iter().map(weight).map(Some).collect();
            columns.push(WEIGHT, Arc::new(array), identifier);
        }
        let schema = Arc::new(Schema::new(columns.fields));
        Ok((RecordBatch::try_new(schema, columns.arrays)?, counted(&rows)))
    }
}

fn classes(target: TableTarget, rows: &[Row<'_>]) -> ArrayRef {
    let class = |row: &Row<'_>| row.target.map(|target| target.class);
    if target == TableTarget::Category {
        let name = |class: Class| match class {
            Class::Of(category) => Some(category.name()),
            Class::Is(_) => None,
        };
        return Arc::new(rows.iter().map(|row| class(row).and_then(name)).collect::<StringArray>());
    }
    let is = |class: Class| match class {
        Class::Is(is) => Some(is),
        Class::Of(_) => None,
    };
    Arc::new(rows.iter().map(|row| class(row).and_then(is)).collect::<BooleanArray>())
}

fn counted(rows: &[Row<'_>]) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<Class, u64> = BTreeMap::new();
    for target in rows.iter().filter_map(|row| row.target) {
        *counts.entry(target.class).or_default() += 1;
    }
    let name = |class: Class| match class {
        Class::Is(is) => is.to_string(),
        Class::Of(category) => category.name().to_owned(),
    };
    counts.into_iter().map(|(class, n)| (name(class), n)).collect()
}
