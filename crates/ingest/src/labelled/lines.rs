//! The line format of Dumplings: a transaction a line, with the outputs that it spends.
//!
//! `txid:::block hash:::index in block:::unix time:::inputs:::outputs` and perhaps more; inputs
//! `previous txid-output-satoshi+script+type`, outputs `satoshi+script+type`, both joined by `}{`. Scripts are
//! hexadecimal. Lines come in any order; rows are put in order of time, then place in the block, then line.

use std::collections::BTreeSet;

use ledger::{
    BlockHash, DecodedBlock, DecodedInput, DecodedOutput, DecodedTransaction, Height, InputMarks,
    OutPoint, SpentByInput, Timestamp, TxId,
};

use super::error::{Skipped, Skips};
use super::json::bytes_of_hex;
use crate::bitcoin::script::{Payee, payee};

/// A transaction that stands for itself, outside of a block.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) time: Timestamp,
    /// Among those of one time.
    pub(super) place: u64,
    pub(super) block: BlockHash,
    pub(super) id: TxId,
    pub(super) inputs: Vec<DecodedInput>,
    pub(super) outputs: Vec<DecodedOutput>,
}

/// Reads the lines of one file as blocks: transactions of one block hash and time together, heights counted from 0. What
/// cannot be read is left out and counted.
pub fn read_lines(text: &str, file: &str) -> (Vec<DecodedBlock>, Vec<Skipped>) {
    let mut skips = Skips::default();
    let rows = rows(text, file, &mut skips);
    (blocks(rows, file, &mut skips), skips.into_rows())
}

/// The rows of one file in order of its lines.
pub(super) fn rows(text: &str, file: &str, skips: &mut Skips) -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, line) in (1u64..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match row(line.trim()) {
            Ok(row) => rows.push(row),
            Err(reason) => skips.add(file, reason, format_args!("line {number}")),
        }
    }
    rows
}

/// Whether a text looks like this format.
pub(super) fn looks_like_lines(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    first.split(":::").count() >= 5 && first.starts_with(|c: char| c.is_ascii_hexdigit())
}

fn row(line: &str) -> Result<Row, &'static str> {
    let fields: Vec<&str> = line.split(":::").collect();
    let [id, block, place, time, inputs, outputs, ..] = fields[..] else {
        return Err("fewer than six fields between `:::`");
    };
    Ok(Row {
        id: id.parse().map_err(|_| "no transaction id")?,
        block: block.parse().unwrap_or_default(),
        place: place.parse().unwrap_or_default(),
        time: Timestamp::new(time.parse().map_err(|_| "no time")?),
        inputs: parts(inputs).map(input).collect::<Result<_, _>>()?,
        outputs: parts(outputs).map(output).collect::<Result<_, _>>()?,
    })
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split("}{").map(|part| part.trim_matches(['{', '}'])).filter(|part| !part.is_empty())
}

fn coin(text: &str) -> Result<(u64, Payee, Vec<u8>), &'static str> {
    let mut parts = text.split('+');
    let amount_sat = parts.next().and_then(|text| text.parse().ok()).ok_or("no amount")?;
    let script =
        bytes_of_hex(parts.next().ok_or("no script")?).ok_or("script is no hexadecimal")?;
    Ok((amount_sat, payee(&script), script))
}

fn input(text: &str) -> Result<DecodedInput, &'static str> {
    let mut parts = text.splitn(3, '-');
    let tx_id = parts.next().and_then(|text| text.parse().ok()).ok_or("no previous transaction")?;
    let output = parts.next().and_then(|text| text.parse().ok()).ok_or("no previous output")?;
    // A scanner that does not know the spent output may leave it empty; it then stays unknown.
    let spent = match parts.next().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let (amount_sat, payee, _) = coin(text)?;
            let (script_type, address) = (payee.script_type, payee.address);
            Some(SpentByInput { amount_sat, script_type, address })
        }
    };
    let previous = OutPoint { tx_id, output };
    Ok(DecodedInput { previous, sequence: 0, marks: InputMarks::default(), spent })
}

fn output(text: &str) -> Result<DecodedOutput, &'static str> {
    let (amount_sat, payee, script) = coin(text)?;
    let script = payee.keeps_script.then(|| script.into_boxed_slice());
    let (script_type, address) = (payee.script_type, payee.address);
    Ok(DecodedOutput { amount_sat, script_type, address, script })
}

/// Rows as blocks in order of time; a transaction that comes again is left out.
pub(super) fn blocks(mut rows: Vec<Row>, file: &str, skips: &mut Skips) -> Vec<DecodedBlock> {
    rows.sort_by_key(|row| (row.time, row.block, row.place));
    let mut seen = BTreeSet::new();
    rows.retain(|row| {
        let is_new = seen.insert(row.id);
        if !is_new {
            skips.add(file, "transaction that stands there already", row.id);
        }
        is_new
    });
    let mut blocks: Vec<DecodedBlock> = Vec::new();
    let mut last = None;
    for row in rows {
        if last != Some((row.time, row.block)) {
            last = Some((row.time, row.block));
            let height = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
            blocks.push(empty_block(Height::new(height), row.block, row.time));
        }
        if let Some(block) = blocks.last_mut() {
            push(block, row);
        }
    }
    blocks
}

/// A block without transactions, of which only place and time are known.
pub(super) fn empty_block(height: Height, hash: BlockHash, time: Timestamp) -> DecodedBlock {
    DecodedBlock {
        height,
        hash,
        previous_hash: BlockHash::default(),
        merkle_root: [0; 32],
        time,
        bits: 0,
        size_bytes: 0,
        transactions: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        aliases: Vec::new(),
        has_spent_outputs: true,
    }
}

fn push(block: &mut DecodedBlock, row: Row) {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    block.transactions.push(DecodedTransaction {
        id: row.id,
        version: 0,
        lock_time: 0,
        size_bytes: 0,
        weight: 0,
        n_inputs: count(row.inputs.len()),
        n_outputs: count(row.outputs.len()),
        coinbase: row.inputs.is_empty(),
    });
    block.inputs.extend(row.inputs);
    block.outputs.extend(row.outputs);
}
