//! A little notation for ledgers, so that tests, docs and bug reports are data.
//!
//! ```text
//! a:3 b:2 -> c:5          one transaction: a and b pay 3 and 2, c gets 5
//! -> a:50                 a coinbase
//! ?:4 a:1 -> b:5          an input whose previous output is unknown (its amount is not recorded)
//! a:1 -> b:1 | c:2 -> d:2 two transactions in one block
//! # a comment
//! ```
//! A line is a block, ten minutes apart; `|` separates transactions within it. Names stand for P2PKH addresses and
//! get ids in order of first appearance, as in the store. Amounts are taken as written: the notation does not
//! check that inputs exist or that sums agree, because tests need the odd ones too.

use std::collections::BTreeMap;

use bitcoin_hashes::{Hash, hash160, sha256d};

use crate::{
    Address, AddressFamily, AddressId, Block, BlockHash, Height, Input, InputMarks, LedgerBatch,
    OutPoint, Output, ScriptType, Spent, Timestamp, Transaction, TxId, TxIndex,
};

/// Block time of the first line, and the seconds between lines.
const FIRST_TIME_S: i64 = 1_600_000_000;
const BLOCK_INTERVAL_S: i64 = 600;

/// A ledger written in the notation.
#[derive(Clone, Debug, Default)]
pub struct Notation {
    /// The rows.
    pub batch: LedgerBatch,
    /// Names by address id.
    pub names: Vec<String>,
}

/// A text that is not in the notation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}: {text:?}")]
pub struct NotationError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
    /// The part at fault.
    pub text: String,
}

impl Notation {
    /// The id of a name.
    ///
    /// # Panics
    /// If the ledger does not name it: a mistake of the test.
    pub fn id(&self, name: &str) -> AddressId {
        let found = self.names.iter().position(|other| other == name);
        let index = found.unwrap_or_else(|| panic!("no address {name:?} in this ledger"));
        AddressId::new(u32::try_from(index).expect("a notation is small"))
    }

    /// The address that a name stands for.
    pub fn address(name: &str) -> Address {
        Address::of_20(AddressFamily::P2pkh, hash160::Hash::hash(name.as_bytes()).to_byte_array())
    }
}

/// Reads a ledger.
///
/// # Errors
/// With line and part, if the text is not in the notation.
pub fn parse(text: &str) -> Result<Notation, NotationError> {
    let mut reader = Reader::default();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if !line.is_empty() {
            reader.block(line).map_err(|(what, text)| NotationError {
                line: number + 1,
                what,
                text: text.to_owned(),
            })?;
        }
    }
    Ok(reader.notation)
}

#[derive(Default)]
struct Reader {
    notation: Notation,
    ids: BTreeMap<String, AddressId>,
}

type Fault<'a> = (&'static str, &'a str);

impl Reader {
    fn block<'a>(&mut self, line: &'a str) -> Result<(), Fault<'a>> {
        let batch = &self.notation.batch;
        let height = Height::new(u32::try_from(batch.blocks.len()).expect("a notation is small"));
        let time = Timestamp::new(FIRST_TIME_S + BLOCK_INTERVAL_S * i64::from(height.get()));
        let first_tx = TxIndex::new(batch.transactions.len() as u64);
        for transaction in line.split('|') {
            self.transaction(transaction.trim(), height, time)?;
        }
        let batch = &mut self.notation.batch;
        let hash = |height: u32| match height {
            0 => BlockHash::default(),
            _ => BlockHash::from_bytes(digest(b"block", u64::from(height))),
        };
        batch.blocks.push(Block {
            height,
            hash: hash(height.get() + 1),
            previous_hash: hash(height.get()),
            merkle_root: digest(b"root", u64::from(height.get())),
            time,
            bits: 0x207f_ffff,
            size_bytes: 0,
            n_transactions: u32::try_from(batch.transactions.len() as u64 - first_tx.get())
                .expect("a notation is small"),
            first_tx,
        });
        Ok(())
    }

    fn transaction<'a>(
        &mut self,
        text: &'a str,
        height: Height,
        time: Timestamp,
    ) -> Result<(), Fault<'a>> {
        let (inputs, outputs) = text.split_once("->").ok_or(("no arrow", text))?;
        let tx = TxIndex::new(self.notation.batch.transactions.len() as u64);
        let (mut n_inputs, mut n_outputs) = (0, 0);
        for part in inputs.split_whitespace() {
            let (name, amount_sat) = amount(part)?;
            let spent = (name != "?").then(|| Spent {
                address: Some(self.id(name)),
                amount_sat,
                script_type: ScriptType::P2pkh,
            });
            let source = TxId::from_bytes(digest(b"previous", tx.get()));
            self.notation.batch.inputs.push(Input {
                tx,
                height,
                position: n_inputs,
                previous: OutPoint { tx_id: source, output: n_inputs },
                sequence: u32::MAX,
                marks: InputMarks::default(),
                spent,
            });
            n_inputs += 1;
        }
        for part in outputs.split_whitespace() {
            let (name, amount_sat) = amount(part)?;
            let address = (name != "data").then(|| self.id(name));
            self.notation.batch.outputs.push(Output {
                tx,
                height,
                position: n_outputs,
                address,
                amount_sat,
                script_type: if address.is_some() {
                    ScriptType::P2pkh
                } else {
                    ScriptType::OpReturn
                },
                script: None,
            });
            n_outputs += 1;
        }
        self.notation.batch.transactions.push(Transaction {
            index: tx,
            height,
            time,
            id: TxId::from_bytes(digest(b"tx", tx.get())),
            version: 2,
            lock_time: 0,
            size_bytes: 0,
            weight: 0,
            n_inputs,
            n_outputs,
            coinbase: n_inputs == 0,
        });
        Ok(())
    }

    fn id(&mut self, name: &str) -> AddressId {
        let names = &mut self.notation.names;
        *self.ids.entry(name.to_owned()).or_insert_with(|| {
            names.push(name.to_owned());
            AddressId::new(u32::try_from(names.len() - 1).expect("a notation is small"))
        })
    }
}

fn amount(part: &str) -> Result<(&str, u64), Fault<'_>> {
    let (name, amount) = part.split_once(':').ok_or(("no amount", part))?;
    if name.is_empty() {
        return Err(("no name", part));
    }
    Ok((name, amount.parse().map_err(|_| ("not an amount", part))?))
}

fn digest(kind: &[u8], number: u64) -> [u8; 32] {
    sha256d::Hash::hash(&[kind, &number.to_le_bytes()].concat()).to_byte_array()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_a_block_and_a_bar_separates_transactions() {
        let ledger = parse("-> a:50 # mined\n\n a:3 ?:2 -> b:4 data:0 | b:1 -> a:1").unwrap();
        assert_eq!(ledger.names, ["a", "b"]);
        assert_eq!(ledger.batch.blocks.len(), 2);
        let views: Vec<_> = ledger.batch.views().collect();
        assert_eq!(views.iter().map(|v| v.inputs.len()).collect::<Vec<_>>(), [0, 2, 1]);
        assert!(views[0].row.coinbase);
        assert_eq!(views[1].inputs[1].spent, None);
        assert_eq!(views[1].outputs[1].address, None);
        assert_eq!(ledger.batch.blocks[1].previous_hash, ledger.batch.blocks[0].hash);
    }

    #[test]
    fn faults_name_line_and_part() {
        #[track_caller]
        fn check(text: &str, message: &str) {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
        check("a:1 b:1", "line 1: no arrow: \"a:1 b:1\"");
        check("-> a:1\na -> b:1", "line 2: no amount: \"a\"");
        check("a:x -> b:1", "line 1: not an amount: \"a:x\"");
        check(":1 -> b:1", "line 1: no name: \":1\"");
    }
}
