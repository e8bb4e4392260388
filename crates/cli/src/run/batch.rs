//! Answers as columns: flat Arrow batches and the IPC stream that carries them.
//!
//! In: answers. Out: an Arrow IPC stream, at most [`ROWS_MAX`] rows a batch. Times are unix seconds UTC, amounts
//! decimals without places, as in the tables of the store. Checked by: reading the stream back.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::iter;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
    UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use engine::forecasts::ForecastAnswer;
use engine::{
    MembersAnswer, NearestAnswer, NeighborhoodAnswer, NeighborhoodPair, NeighborsAnswer,
    ScreenAnswer, WorthAnswer,
};

use crate::outcome::Failure;

/// Rows gathered before a batch is written.
pub(crate) const ROWS_MAX: usize = 8192;

const DECIMAL_DIGITS: u8 = 38;

/// An Arrow IPC stream.
pub(crate) struct Stream<W: Write>(StreamWriter<W>);

impl<W: Write> Stream<W> {
    pub(crate) fn new(output: W, schema: SchemaRef) -> Result<Self, Failure> {
        Ok(Self(StreamWriter::try_new(output, &schema).map_err(fault)?))
    }

    /// Writes the batch, so that a reader has it before the next is made.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.0.write(batch).map_err(fault)?;
        self.0.flush().map_err(fault)
    }

    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.0.finish().map_err(fault)?;
        self.0.flush().map_err(fault)
    }
}

fn fault(error: ArrowError) -> Failure {
    match error {
        ArrowError::IoError(_, error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Failure::ReaderGone
        }
        error => Failure::Arrow(error),
    }
}

fn field(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn nullable(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, true)
}

/// One row a step ahead: its time (null where the series has none), the mean, sides of the bounds by level in per cent, and
/// quantiles.
pub(crate) fn forecast(answer: &ForecastAnswer) -> Result<RecordBatch, Failure> {
    let steps = UInt32Array::from_iter_values((1_u32..).take(answer.mean.len()));
    let time = |step: usize| answer.times.get(step).map(String::as_str);
    let times: StringArray = (0..answer.mean.len()).map(time).collect();
    let numbers = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let mut fields = vec![field("step", DataType::UInt32), nullable("time", DataType::Utf8)];
    let mut columns: Vec<ArrayRef> = vec![Arc::new(steps), Arc::new(times)];
    let base = ("", &answer.mean, &answer.bounds, &answer.quantiles);
    let scenario = answer.scenario.as_ref();
    let scenario = scenario.map(|own| ("scenario_", &own.mean, &own.bounds, &own.quantiles));
    for (prefix, mean, bounds, quantiles) in iter::once(base).chain(scenario) {
        let mut add = |name: &str, values: &[f64]| {
            fields.push(field(&format!("{prefix}{name}"), DataType::Float64));
            columns.push(numbers(values));
        };
        add("mean", mean);
        for bounds in bounds {
            add(&format!("lower_{}", bounds.level), &bounds.lower);
            add(&format!("upper_{}", bounds.level), &bounds.upper);
        }
        for path in quantiles {
            add(&format!("quantile_{}", path.quantile), &path.values);
        }
    }
    let method = [("method".to_owned(), answer.method.clone())];
    let instead_of = answer.instead_of.as_ref();
    let told = instead_of
        .map(|asked| ("instead_of".to_owned(), format!("{}: {}", asked.method, asked.reason)));
    let schema = Schema::new_with_metadata(fields, method.into_iter().chain(told).collect());
    RecordBatch::try_new(Arc::new(schema), columns).map_err(fault)
}

/// One row an address; `error` is null for an address that was answered, and then nothing else but `query` stands
/// in the row.
pub(crate) fn screen_schema() -> SchemaRef {
    use DataType::{Boolean, UInt32, UInt64, Utf8};
    let hops = |name| nullable(name, UInt32);
    Arc::new(Schema::new(vec![
        field("query", Utf8),
        nullable("error", Utf8),
        nullable("address", Utf8),
        nullable("family", Utf8),
        nullable("verdict", Utf8),
        nullable("hit", Boolean),
        nullable("listed_entity", Utf8),
        nullable("list", Utf8),
        nullable("n_cluster_hits", UInt64),
        nullable("tag", Utf8),
        nullable("n_cluster_tags", UInt64),
        nullable("in_ledger", Boolean),
        nullable("cluster", UInt32),
        nullable("cluster_size", UInt64),
        hops("hops_from_listed"),
        hops("hops_to_listed"),
        hops("hops_from_tagged"),
        hops("hops_to_tagged"),
        hops("hops_max"),
        nullable("stale", Boolean),
        nullable("list_version", Utf8),
        nullable("snapshot", Utf8),
    ]))
}

/// Screening answers on their way to a batch.
#[derive(Default)]
pub(crate) struct ScreenRows(Vec<ScreenRow>);

enum ScreenRow {
    Answered(Box<ScreenAnswer>),
    Unread { at: String, error: String },
}

impl ScreenRows {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push(&mut self, answer: &ScreenAnswer) {
        self.0.push(ScreenRow::Answered(Box::new(answer.clone())));
    }

    pub(crate) fn push_unread(&mut self, at: &str, error: &str) {
        self.0.push(ScreenRow::Unread { at: at.to_owned(), error: error.to_owned() });
    }

    pub(crate) fn into_batch(self) -> Result<RecordBatch, Failure> {
        let rows = &self.0;
        let query = rows.iter().map(|row| match row {
            ScreenRow::Answered(answer) => Some(answer.query.as_str()),
            ScreenRow::Unread { at, .. } => Some(at.as_str()),
        });
        let error = rows.iter().map(|row| match row {
            ScreenRow::Answered(_) => None,
            ScreenRow::Unread { error, .. } => Some(error.as_str()),
        });
        let listing = |a: &ScreenAnswer| {
            a.direct.first().or_else(|| a.cluster_hits.first()?.listings.first()).cloned()
        };
        let tag = |a: &ScreenAnswer| {
            a.tags.first().or(a.cluster_tags.first()).map(|tag| tag.label.clone())
        };
        let hops = |nearest: &Option<NearestAnswer>| nearest.as_ref().map(|nearest| nearest.hops);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(query.collect::<StringArray>()),
            Arc::new(error.collect::<StringArray>()),
            text(rows, |a| Some(a.address.clone())),
            text(rows, |a| Some(a.family.to_owned())),
            text(rows, |a| Some(a.verdict.name().to_owned())),
            flag(rows, |a| a.hit),
            text(rows, |a| listing(a).map(|listing| listing.entity_name)),
            text(rows, |a| listing(a).map(|listing| listing.list)),
            count(rows, |a| a.cluster_hit_count),
            text(rows, tag),
            count(rows, |a| a.cluster_tag_count),
            flag(rows, |a| a.in_ledger),
            number(rows, |a| a.cluster.map(|cluster| cluster.get().get())),
            count(rows, |a| a.cluster_size),
            number(rows, |a| hops(&a.proximity.from_listed)),
            number(rows, |a| hops(&a.proximity.to_listed)),
            number(rows, |a| hops(&a.proximity.from_tagged)),
            number(rows, |a| hops(&a.proximity.to_tagged)),
            number(rows, |a| Some(a.proximity.hops_max)),
            flag(rows, |a| a.stale),
            text(rows, |a| Some(a.list_version.clone())),
            text(rows, |a| Some(a.snapshot.clone())),
        ];
        Ok(RecordBatch::try_new(screen_schema(), columns)?)
    }
}

impl ScreenRow {
    fn get<T>(&self, of: impl FnOnce(&ScreenAnswer) -> Option<T>) -> Option<T> {
        match self {
            Self::Answered(answer) => of(answer),
            Self::Unread { .. } => None,
        }
    }
}

fn text(rows: &[ScreenRow], of: impl Fn(&ScreenAnswer) -> Option<String>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| row.get(&of)).collect::<StringArray>())
}

fn flag(rows: &[ScreenRow], of: impl Fn(&ScreenAnswer) -> bool) -> ArrayRef {
    Arc::new(rows.iter().map(|row| row.get(|a| Some(of(a)))).collect::<BooleanArray>())
}

fn count(rows: &[ScreenRow], of: impl Fn(&ScreenAnswer) -> u64) -> ArrayRef {
    Arc::new(rows.iter().map(|row| row.get(|a| Some(of(a)))).collect::<UInt64Array>())
}

fn number(rows: &[ScreenRow], of: impl Fn(&ScreenAnswer) -> Option<u32>) -> ArrayRef {
    Arc::new(rows.iter().map(|row| row.get(&of)).collect::<UInt32Array>())
}

/// One row a member.
pub(crate) fn members_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        field("cluster", DataType::UInt32),
        field("address", DataType::Utf8),
    ]))
}

/// The members of a cluster as columns.
pub(crate) fn members(answer: &MembersAnswer) -> Result<RecordBatch, Failure> {
    let cluster = std::iter::repeat_n(answer.cluster.get().get(), answer.members.len());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(cluster)),
        Arc::new(StringArray::from_iter_values(&answer.members)),
    ];
    Ok(RecordBatch::try_new(members_schema(), columns)?)
}

/// One row a neighbor.
pub(crate) fn neighbors_schema() -> SchemaRef {
    use DataType::{Decimal128, Int64, UInt32, UInt64, Utf8};
    let mut fields = vec![
        field("direction", Utf8),
        field("cluster", UInt32),
        field("address", Utf8),
        field("entity", Utf8),
        field("amount_sat", Decimal128(DECIMAL_DIGITS, 0)),
        field("n_transfers", UInt64),
        field("first_time_s", Int64),
        field("last_time_s", Int64),
    ];
    fields.extend(worth_fields());
    Arc::new(Schema::new(fields))
}

/// What a pair of clusters moved, in money.
fn worth_fields() -> [Field; 5] {
    [
        nullable("value_micros", DataType::Decimal128(DECIMAL_DIGITS, 0)),
        nullable("currency", DataType::Utf8),
        field("value_complete", DataType::Boolean),
        nullable("n_mixing", DataType::UInt64),
        nullable("n_high_volatility", DataType::UInt64),
    ]
}

fn worth_columns<'a>(
    worth: impl Iterator<Item = &'a WorthAnswer> + Clone,
) -> Result<[ArrayRef; 5], Failure> {
    let values = worth.clone().map(|worth| worth.value.as_ref());
    let micros: Decimal128Array = values.clone().map(|value| Some(value?.micros)).collect();
    let currencies = values.map(|value| Some(value?.currency.as_str()));
    let complete = worth.clone().map(|worth| Some(worth.value_complete));
    Ok([
        Arc::new(micros.with_precision_and_scale(DECIMAL_DIGITS, 0)?),
        Arc::new(currencies.collect::<StringArray>()),
        Arc::new(complete.collect::<BooleanArray>()),
        Arc::new(worth.clone().map(|worth| worth.n_mixing).collect::<UInt64Array>()),
        Arc::new(worth.map(|worth| worth.n_high_volatility).collect::<UInt64Array>()),
    ])
}

/// Amounts as decimals without places.
fn decimals(amounts: impl Iterator<Item = u128>) -> Result<ArrayRef, Failure> {
    let amounts: Vec<i128> = amounts
        .map(i128::try_from)
        .collect::<Result<_, _>>()
        .map_err(|_| ArrowError::ArithmeticOverflow("an amount beyond 38 digits".to_owned()))?;
    Ok(Arc::new(Decimal128Array::from(amounts).with_precision_and_scale(DECIMAL_DIGITS, 0)?))
}

/// One row a pair of clusters; `hops_*` is how far each is from the cluster asked for.
pub(crate) fn neighborhood_schema() -> SchemaRef {
    use DataType::{Decimal128, Int64, UInt32, UInt64, Utf8};
    let mut fields = Vec::new();
    for end in ["from", "to"] {
        fields.push(field(&format!("{end}_cluster"), UInt32));
        fields.push(field(&format!("{end}_address"), Utf8));
        fields.push(field(&format!("{end}_entity"), Utf8));
        fields.push(field(&format!("{end}_listed"), DataType::Boolean));
        fields.push(field(&format!("{end}_hops"), UInt32));
    }
    fields.push(field("amount_sat", Decimal128(DECIMAL_DIGITS, 0)));
    fields.push(field("n_transfers", UInt64));
    fields.push(field("first_time_s", Int64));
    fields.push(field("last_time_s", Int64));
    fields.extend(worth_fields());
    // The same in every row, so that a stream alone tells whether it is all there is.
    fields.push(nullable("truncated_by", Utf8));
    Arc::new(Schema::new(fields))
}

/// The payments of a neighborhood as columns.
pub(crate) fn neighborhood(answer: &NeighborhoodAnswer) -> Result<RecordBatch, Failure> {
    let nodes: BTreeMap<_, _> =
        answer.nodes.iter().map(|node| (node.cluster.get().get(), node)).collect();
    let pairs = &answer.pairs;
    let mut columns: Vec<ArrayRef> = Vec::new();
    for end in 0..2 {
        let ends = || pairs.iter().map(|pair| [pair.from, pair.to][end].get().get());
        let ends_known = || ends().map(|id| nodes[&id]);
        columns.push(Arc::new(UInt32Array::from_iter_values(ends())));
        let addresses = ends_known().map(|node| &node.address);
        columns.push(Arc::new(StringArray::from_iter_values(addresses)));
        let entities = ends_known().map(|node| &node.entity);
        columns.push(Arc::new(StringArray::from_iter_values(entities)));
        let listed: Vec<bool> = ends_known().map(|node| node.listed).collect();
        columns.push(Arc::new(BooleanArray::from(listed)));
        columns.push(Arc::new(UInt32Array::from_iter_values(ends_known().map(|node| node.hops))));
    }
    columns.push(decimals(pairs.iter().map(|pair| pair.amount_sat))?);
    let transfers = pairs.iter().map(|pair| pair.n_transfers);
    columns.push(Arc::new(UInt64Array::from_iter_values(transfers)));
    let times: [fn(&NeighborhoodPair) -> engine::Time; 2] =
        [|pair| pair.first_time_s, |pair| pair.last_time_s];
    for time in times {
        let times = pairs.iter().map(|pair| time(pair).get());
        columns.push(Arc::new(Int64Array::from_iter_values(times)));
    }
    columns.extend(worth_columns(pairs.iter().map(|pair| &pair.worth))?);
    let truncated_by = pairs.iter().map(|_| answer.truncated_by.as_deref());
    columns.push(Arc::new(truncated_by.collect::<StringArray>()));
    Ok(RecordBatch::try_new(neighborhood_schema(), columns)?)
}

/// The neighbors of a cluster as columns.
pub(crate) fn neighbors(answer: &NeighborsAnswer) -> Result<RecordBatch, Failure> {
    let rows = &answer.neighbors;
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|_| answer.direction))),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.cluster.get().get()))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.address))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.entity))),
        decimals(rows.iter().map(|row| row.amount_sat))?,
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.n_transfers))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.first_time_s.get()))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.last_time_s.get()))),
    ];
    columns.extend(worth_columns(rows.iter().map(|row| &row.worth))?);
    Ok(RecordBatch::try_new(neighbors_schema(), columns)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow::array::AsArray;
    use arrow::datatypes::{Decimal128Type, UInt32Type};
    use arrow::ipc::reader::StreamReader;

    use super::*;
    use crate::render::samples;

    fn read(bytes: &[u8]) -> Vec<RecordBatch> {
        StreamReader::try_new(bytes, None).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn screening_answers_are_read_back() {
        let mut rows = ScreenRows::default();
        rows.push(&samples::listed());
        rows.push_unread("argument 2", "no address format fits \"x\"");
        rows.push(&samples::nothing_found());
        let mut bytes = Vec::new();
        let mut stream = Stream::new(&mut bytes, screen_schema()).unwrap();
        stream.write(&rows.into_batch().unwrap()).unwrap();
        stream.finish().unwrap();
        drop(stream);
        let batches = read(&bytes);
        let batch = &batches[0];
        assert_eq!((batches.len(), batch.num_rows()), (1, 3));
        let texts = |name: &str| -> Vec<Option<String>> {
            batch[name].as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
        };
        assert_eq!(texts("query")[1].as_deref(), Some("argument 2"));
        assert!(texts("error")[1].as_deref().unwrap().contains("no address format"));
        assert_eq!(texts("error")[0], None);
        let verdicts = [Some("listed".to_owned()), None, Some("nothing_found".to_owned())];
        assert_eq!(texts("verdict"), verdicts);
        let hops: Vec<_> = batch["hops_from_listed"].as_primitive::<UInt32Type>().iter().collect();
        assert_eq!(hops, [Some(2), None, None]);
    }

    #[test]
    fn amounts_keep_every_digit() {
        let mut answer = samples::neighbors();
        answer.neighbors[0].amount_sat = 10_u128.pow(37);
        let batch = neighbors(&answer).unwrap();
        assert_eq!(batch["amount_sat"].as_primitive::<Decimal128Type>().value(0), 10_i128.pow(37));
        answer.neighbors[0].amount_sat = u128::MAX;
        assert!(neighbors(&answer).is_err());
    }

    #[test]
    fn a_neighborhood_has_a_row_a_pair_and_says_if_it_was_cut() {
        let batch = neighborhood(&samples::neighborhood()).unwrap();
        assert_eq!(batch.num_rows(), 3);
        let hops: Vec<_> = batch["to_hops"].as_primitive::<UInt32Type>().values().to_vec();
        assert_eq!(hops, [1, 0, 2]);
        assert_eq!(batch["from_entity"].as_string::<i32>().value(1), "Tumbler");
        assert!(batch["to_listed"].as_boolean().value(2));
        assert_eq!(batch["truncated_by"].as_string::<i32>().value(2), "edges_visited_max");
    }

    #[test]
    fn a_reader_that_is_gone_is_no_fault() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(matches!(Stream::new(Gone, members_schema()), Err(Failure::ReaderGone)));
    }
}
