//! Labelled transactions of the main network: what the exclusion finds, what it costs, what it saves.
//!
//! The table of `docs/methods/collaborative-exclusion.md` is what `-- fixtures --nocapture` prints.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use forensics::collaborative::{PROTOCOLS, Protocols, possible_protocols};
use graph::Components;
use ledger::{
    AddressId, Height, Input, InputMarks, LedgerBatch, OutPoint, Output, ScriptType, Spent,
    Timestamp, Transaction, TransactionView, TxId, TxIndex,
};
use tracehound_forensics as forensics;

use crate::collaborative::masked;

/// The folder with the fixtures; `None`, with a line that says so, where there is none.
fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test on real data asks where it is")]
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        data.map_or_else(|| PathBuf::from(default), PathBuf::from).join("bitcoin/coinjoin");
    if !folder.is_dir() {
        println!("skipped: no labelled coinjoins at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// By the template of a script in hexadecimal.
fn script_type(script: &str) -> ScriptType {
    let templates = [
        ("0014", 44, ScriptType::P2wpkh),
        ("0020", 68, ScriptType::P2wsh),
        ("5120", 68, ScriptType::P2tr),
        ("a914", 46, ScriptType::P2sh),
        ("76a914", 50, ScriptType::P2pkh),
    ];
    let is = |(prefix, length, _): &&(&str, usize, ScriptType)| {
        script.starts_with(prefix) && script.len() == *length
    };
    let found = templates.iter().find(is).map(|(_, _, script_type)| *script_type);
    let data = script.starts_with("6a").then_some(ScriptType::OpReturn);
    found.or(data).unwrap_or(ScriptType::NonStandard)
}

/// Reads `txid:::block:::index:::time:::inputs:::outputs`; inputs are `txid-vout-satoshi+script+type`, outputs
/// `satoshi+script+type`, both joined by `}{`.
pub fn read(name: &str) -> Option<LedgerBatch> {
    #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
    let text = std::fs::read_to_string(folder()?.join(name)).unwrap();
    let mut batch = LedgerBatch::default();
    let mut ids: BTreeMap<String, AddressId> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(":::").collect();
        let mut id = |script: &str| {
            let next = AddressId::new(u32::try_from(ids.len()).unwrap());
            *ids.entry(script.to_owned()).or_insert(next)
        };
        let (tx, height) = (TxIndex::new(number as u64), Height::new(0));
        let coin = |text: &str| {
            let parts: Vec<&str> = text.split('+').collect();
            (parts[0].parse::<u64>().unwrap(), parts[1].to_owned(), parts[2] == "TxNullData")
        };
        let inputs: Vec<&str> = fields[4].split("}{").collect();
        let outputs: Vec<&str> = fields[5].split("}{").collect();
        for (position, input) in (0..).zip(&inputs) {
            let [previous, output, coin_text] = input.splitn(3, '-').collect::<Vec<_>>()[..] else {
                panic!("line {number} of {name}: {input}")
            };
            let (amount_sat, script, _) = coin(coin_text);
            let previous =
                OutPoint { tx_id: previous.parse().unwrap(), output: output.parse().unwrap() };
            let script_type = script_type(&script);
            let spent = Some(Spent { address: Some(id(&script)), amount_sat, script_type });
            batch.inputs.push(Input {
                tx,
                height,
                position,
                previous,
                sequence: 0,
                marks: InputMarks::default(),
                spent,
            });
        }
        for (position, output) in (0..).zip(&outputs) {
            let (amount_sat, script, is_data) = coin(output);
            let address = (!is_data).then(|| id(&script));
            let script_type = script_type(&script);
            batch.outputs.push(Output {
                tx,
                height,
                position,
                address,
                amount_sat,
                script_type,
                script: None,
            });
        }
        batch.transactions.push(Transaction {
            index: tx,
            height,
            time: Timestamp::new(fields[3].parse().unwrap()),
            id: fields[0].parse::<TxId>().unwrap(),
            version: 0,
            lock_time: 0,
            size_bytes: 0,
            weight: 0,
            n_inputs: u32::try_from(inputs.len()).unwrap(),
            n_outputs: u32::try_from(outputs.len()).unwrap(),
            coinbase: false,
        });
    }
    Some(batch)
}

/// What clustering by common inputs makes of the transactions that `excluded` lets through.
#[derive(Debug, PartialEq)]
struct Merged {
    /// Addresses joined with another one.
    n_addresses: usize,
    /// Members of the largest cluster.
    largest: u32,
}

fn merged(batch: &LedgerBatch, excluded: impl Fn(Protocols) -> bool) -> Merged {
    let mut components = Components::default();
    for view in batch.views().filter(|view| !excluded(possible_protocols(view))) {
        let addresses: Vec<u32> =
            view.inputs.iter().filter_map(|i| Some(i.spent?.address?.get())).collect();
        components.ensure_nodes(addresses.iter().max().unwrap() + 1);
        addresses.iter().for_each(|address| {
            components.link(addresses[0], *address);
        });
    }
    let sizes = components.sizes();
    let joined = sizes.iter().filter(|size| **size > 1);
    Merged {
        n_addresses: joined.clone().map(|size| *size as usize).sum(),
        largest: joined.max().copied().unwrap_or(1),
    }
}

#[derive(Debug, PartialEq)]
struct Measured {
    n: usize,
    by_protocol: Vec<usize>,
    flagged: usize,
    merged_equal_outputs: Merged,
    merged_union: Merged,
}

fn measure(batch: &LedgerBatch) -> Measured {
    let found: Vec<Protocols> = batch.views().map(|view| possible_protocols(&view)).collect();
    let of = |name: &str| found.iter().filter(|protocols| protocols.contains(name)).count();
    Measured {
        n: found.len(),
        by_protocol: PROTOCOLS.iter().map(|protocol| of(protocol.name)).collect(),
        flagged: found.iter().filter(|protocols| protocols.any()).count(),
        merged_equal_outputs: merged(batch, |protocols| protocols.contains("equal_outputs")),
        merged_union: merged(batch, Protocols::any),
    }
}

/// Set; transactions; flagged by each protocol in order; flagged by any; addresses merged and largest cluster
/// with `equal_outputs` alone; the same with the union.
type Row = (&'static str, usize, [usize; 6], usize, (usize, u32), (usize, u32));

const MEASURED: &[Row] = &[
    ("whirlpool", 700, [0, 700, 0, 0, 29, 0], 700, (5161, 8), (0, 1)),
    ("wasabi1-2018", 152, [4, 0, 152, 3, 0, 126], 152, (5630, 478), (0, 1)),
    ("wasabi2", 12, [0, 0, 0, 11, 12, 0], 12, (1885, 254), (0, 1)),
    ("joinmarket-candidates", 300, [248, 0, 4, 0, 0, 25], 248, (158, 30), (158, 30)),
    ("whirlpool-tx0", 450, [0, 82, 0, 0, 1, 0], 82, (1129, 53), (539, 53)),
    ("whirlpool-post-mix", 1200, [114, 115, 4, 0, 3, 4], 234, (4533, 141), (3607, 141)),
    ("joinmarket-post-mix", 500, [62, 0, 6, 1, 1, 50], 63, (3670, 1129), (3431, 1129)),
];

#[test]
fn labelled_rounds_are_found() {
    let mut found = Vec::new();
    for &(name, ..) in MEASURED {
        let Some(batch) = read(&format!("{name}.txt")) else { return };
        let measured = measure(&batch);
        found.push((name, measured));
    }
    println!(
        "| set | n | {} | any |",
        PROTOCOLS.iter().map(|p| p.name).collect::<Vec<_>>().join(" | ")
    );
    for (name, m) in &found {
        let by_protocol: Vec<String> = m.by_protocol.iter().map(usize::to_string).collect();
        println!("| {name} | {} | {} | {} |", m.n, by_protocol.join(" | "), m.flagged);
    }
    println!("| set | joined, largest: equal_outputs alone | joined, largest: union |");
    for (name, m) in &found {
        let (one, all) = (&m.merged_equal_outputs, &m.merged_union);
        let text = |merged: &Merged| format!("{}, {}", merged.n_addresses, merged.largest);
        println!("| {name} | {} | {} |", text(one), text(all));
    }
    let merged = |m: (usize, u32)| Merged { n_addresses: m.0, largest: m.1 };
    for ((_, measured), row) in found.iter().zip(MEASURED) {
        let expected = Measured {
            n: row.1,
            by_protocol: row.2.to_vec(),
            flagged: row.3,
            merged_equal_outputs: merged(row.4),
            merged_union: merged(row.5),
        };
        assert_eq!((row.0, measured), (row.0, &expected));
    }
}

/// On real rounds, too: hiding inputs never hides a round.
#[test]
fn real_rounds_are_found_with_inputs_unknown() {
    for name in ["whirlpool.txt", "wasabi1-2018.txt", "wasabi2.txt", "joinmarket-candidates.txt"] {
        let Some(batch) = read(name) else { return };
        for view in batch.views() {
            let known = possible_protocols(&view).bits();
            for hidden in [2, 3, 5, 7] {
                let first = usize::try_from(view.row.index.get()).unwrap();
                let inputs = masked(&view, |at| (first + at).is_multiple_of(hidden));
                let view = TransactionView { inputs: &inputs, ..view };
                assert_eq!(
                    known & !possible_protocols(&view).bits(),
                    0,
                    "{} of {name}",
                    view.row.id
                );
            }
        }
    }
}
