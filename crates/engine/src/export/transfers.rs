//! Transfers: what each transaction moved from one cluster to another, with its value then. Made while they are written, and
//! not stored: they are `cluster_edges` without the sums.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, FixedSizeBinaryArray, Int64Array, RecordBatch,
    UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use forensics::money::PricesView;
use forensics::{AMOUNT_UNKNOWN, Transfer, transfers};
use ledger::Value;

use super::Sink;
use crate::derived::MappedMoney;
use crate::layout::checkpoint;
use crate::reader::LedgerReader;
use crate::{Engine, Error, ExportFormat, ExportReport, Progress, View, Watch};

pub(super) const NAME: &str = "transfers";
pub(super) const ABOUT: &str = "what each transaction moved from one cluster to another, its value then in millionths of the \
    currency, and marks; made from ledger, clusters and prices as of the last run, and not stored";

/// Rows a batch: a round of hundreds is up to a hundred thousand.
const ROWS_MAX: usize = 1 << 16;

impl Engine {
    pub(super) fn export_transfers(
        &self,
        format: ExportFormat,
        output: &mut (dyn Write + Send),
        watch: &dyn Watch,
    ) -> Result<ExportReport, Error> {
        let view = self.view()?;
        let derived = view.derived()?;
        let prices = view.money().map(MappedMoney::prices);
        let until = view.snapshot.checkpoint(checkpoint::CLUSTERS).unwrap_or(0);
        let reader = LedgerReader::open(&view.snapshot)?;
        // Blocks that came in since have addresses without a cluster.
        let ranges = reader.ranges_below(u32::try_from(until).expect("heights are u32"));
        let total = Some(ranges.len() as u64);
        watch.tell(Progress::Begin { what: format!("export {NAME}"), total, unit: "parts" });
        let mut sink = Sink::open(format, &schema(), output)?;
        let mut rows = 0;
        for (done, range) in (1..).zip(ranges) {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            let found = transfers(&reader.read(range)?, derived.labels(), true)?;
            for part in found.chunks(ROWS_MAX) {
                sink.write(&columns(&view, part, prices)?)?;
            }
            rows += found.len() as u64;
            watch.tell(Progress::At { done });
        }
        sink.finish()?;
        watch.tell(Progress::End);
        Ok(ExportReport { table: NAME.to_owned(), rows, snapshot: view.snapshot_id().to_owned() })
    }
}

fn schema() -> SchemaRef {
    use DataType::{Boolean, Decimal128, FixedSizeBinary, Int64, UInt32, UInt64};
    let field = |name: &str, kind| Field::new(name, kind, false);
    let optional = |name: &str, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        field("tx", UInt64),
        field("tx_id", FixedSizeBinary(32)),
        field("height", UInt32),
        field("time_s", Int64),
        field("source", UInt32),
        field("target", UInt32),
        // Null where the sender's part cannot be told.
        optional("amount_sat", UInt64),
        // Null where no price was known, or no amount is.
        optional("value_micros", Decimal128(38, 0)),
        field("mixing", Boolean),
        // Null where that was not known.
        optional("high_volatility", Boolean),
    ]))
}

fn columns(
    view: &View,
    rows: &[Transfer],
    prices: Option<PricesView<'_>>,
) -> Result<RecordBatch, Error> {
    let ids: Vec<[u8; 32]> = rows.iter().map(|row| *view.tx_id(row.tx).as_bytes()).collect();
    let amount = |row: &Transfer| (row.flags & AMOUNT_UNKNOWN == 0).then_some(row.amount_sat);
    let marks: Vec<_> = rows
        .iter()
        .map(|row| prices.map(|prices| prices.mark_at(row.time)).unwrap_or_default())
        .collect();
    let values = rows
        .iter()
        .zip(&marks)
        .map(|(row, mark)| Some(Value::of_satoshi(amount(row)?, mark.price_micros?).micros()));
    let values: Decimal128Array = values.collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.tx.get()))),
        Arc::new(FixedSizeBinaryArray::try_from_iter(ids.iter())?),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.height.get()))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.time.get()))),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.source.get().get()))),
        Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.target.get().get()))),
        Arc::new(rows.iter().map(amount).collect::<UInt64Array>()),
        Arc::new(values.with_precision_and_scale(38, 0)?),
        Arc::new(rows.iter().map(|row| Some(row.is_mixing())).collect::<BooleanArray>()),
        Arc::new(marks.iter().map(|mark| mark.is_high_volatility).collect::<BooleanArray>()),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}
