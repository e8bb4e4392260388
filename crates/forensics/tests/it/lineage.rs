//! Where the inputs of labelled transactions come from, over whole ledgers.

use forensics::mixes::{Lineage, LineageBits, MixRule};
use ledger::notation::Notation;
use ledger::{Height, LedgerBatch, Mix, OutPoint, ScriptType, TxId};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::mixes::typed;
use crate::worlds::{blocks, cut, cuts};

/// A ledger whose inputs spend the latest output of their address and amount, where there is one.
fn chain(text: &str) -> LedgerBatch {
    let Notation { mut batch, .. } = typed(text, ScriptType::P2wpkh);
    for at in 0..batch.inputs.len() {
        let input = batch.inputs[at];
        let Some(spent) = input.spent else { continue };
        let mut earlier = batch.outputs.iter().take_while(|output| output.tx < input.tx);
        let paid =
            |o: &&ledger::Output| o.address == spent.address && o.amount_sat == spent.amount_sat;
        if let Some(output) = earlier.by_ref().filter(paid).last() {
            let tx_id = id_of(&batch, output.tx);
            batch.inputs[at].previous = OutPoint { tx_id, output: output.position };
        } else {
            // From outside, each from a transaction of its own.
            let mut bytes = [0xff; 32];
            bytes[..8].copy_from_slice(&(at as u64).to_le_bytes());
            batch.inputs[at].previous.tx_id = TxId::from_bytes(bytes);
        }
    }
    batch
}

fn id_of(batch: &LedgerBatch, tx: ledger::TxIndex) -> TxId {
    batch.transactions[usize::try_from(tx.get()).unwrap()].id
}

fn row(mix: &Mix) -> String {
    let name = MixRule::from_number(mix.protocol).map_or("-", |rule| rule.name);
    let bits = LineageBits::from_bits(mix.lineage);
    let marks = [
        (LineageBits::FROM_TX0, " tx0"),
        (LineageBits::FROM_MIX, " mix"),
        (LineageBits::WHOLE, " whole"),
        (LineageBits::CONTRADICTED, " contradicted"),
    ];
    let marks: String =
        marks.iter().filter(|(bit, _)| bits.contains(*bit)).map(|(_, mark)| *mark).collect();
    format!("{}:{name} {:.3}{marks}", mix.tx, mix.confidence)
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let rows: Vec<String> = Lineage::default().apply(&chain(text)).iter().map(row).collect();
    assert_eq!(rows, expected);
}

const TX0S: &str = "a:5000000 -> data:0 f:50000 p:1006050 q:1006050 r:1006050
b:5000000 -> data:0 g:50000 s:1006050 t:1006050 u:1006050";

#[test]
fn tx0_then_mix_then_remix() {
    check(
        &format!(
            "{TX0S}
            p:1006050 s:1006050 x:1000000 y:1000000 z:1000000 -> A:1000000 B:1000000 C:1000000 D:1000000 E:1000000
            q:1006050 t:1006050 A:1000000 v:1000000 w:1000000 -> F:1000000 G:1000000 H:1000000 I:1000000 J:1000000
            F:1000000 B:1000000 u:1006050 -> K:3006000"
        ),
        &[
            "0:whirlpool_tx0 0.980",
            "1:whirlpool_tx0 0.980",
            "2:whirlpool 0.994 tx0",
            "3:whirlpool 0.995 tx0 mix",
        ],
    );
}

#[test]
fn two_inputs_of_one_transaction_contradict_a_whirlpool_mix() {
    check(
        &format!(
            "{TX0S}
            p:1006050 q:1006050 x:1000000 y:1000000 z:1000000 -> A:1000000 B:1000000 C:1000000 D:1000000 E:1000000"
        ),
        &["0:whirlpool_tx0 0.980", "1:whirlpool_tx0 0.980", "2:whirlpool 0.497 tx0 contradicted"],
    );
}

#[test]
fn a_premix_of_another_pool_confirms_nothing() {
    check(
        "a:5000000 -> data:0 f:5000 p:106050 q:106050
        p:106050 s:1006050 x:1000000 y:1000000 z:1000000 -> A:1000000 B:1000000 C:1000000 D:1000000 E:1000000
        s:1006050 t:1006050 q:1000000 y:1000000 z:1000000 -> A:1000000 B:1000000 C:1000000 D:1000000 E:1000000",
        &["0:whirlpool_tx0 0.980", "2:whirlpool 0.990"],
    );
}

/// One owner fans out and joins the coins again as if with makers.
#[test]
fn coins_of_one_unlabelled_transaction_contradict_joinmarket() {
    let round = "i:9000000 j:7000000 k:7000000 -> a:5123456 b:5123456 c:5123456 d:3876794 e:1877044 f:1800000";
    check(round, &["0:joinmarket 0.950"]);
    check(
        &format!("z:24000000 -> i:9000000 j:7000000 y:8000000\n{round}"),
        &["1:joinmarket 0.475 contradicted"],
    );
}

#[test]
fn what_is_possible_without_a_label_has_a_row() {
    check("a:5 b:5 -> c:3 d:3 e:2\n a:1 -> b:1", &["0:- 0.000"]);
}

/// Ledgers of Tx0s, mixes of what they made and of what mixes made, payments and lookalikes.
fn ledger() -> impl Strategy<Value = LedgerBatch> {
    vec((0..5usize, any::<[prop::sample::Index; 5]>(), any::<bool>()), 1..16).prop_map(|steps| {
        let (mut premix, mut mixed) = (Vec::new(), Vec::new());
        let mut text = String::new();
        for (at, (kind, picks, same_block)) in steps.into_iter().enumerate() {
            let take = |coins: &mut Vec<String>, pick: usize, other: &str| match coins.len() {
                0 => format!("{other}{at}x{pick}"),
                n => coins.swap_remove(picks[pick].index(n)),
            };
            text += match () {
                () if at == 0 => "",
                () if same_block => " | ",
                () => "\n",
            };
            if kind < 2 {
                premix.extend((0..3).map(|n| format!("p{at}x{n}")));
                text += &format!("a{at}:5000000 -> data:0 f{at}:50000 ");
                text += &(0..3).map(|n| format!("p{at}x{n}:1006050 ")).collect::<String>();
            } else if kind < 4 {
                for pick in 0..5 {
                    text += &match pick < kind {
                        true => format!("{}:1006050 ", take(&mut premix, pick, "n")),
                        false => format!("{}:1000000 ", take(&mut mixed, pick, "r")),
                    };
                }
                mixed.extend((0..5).map(|n| format!("m{at}x{n}")));
                text += "-> ";
                text += &(0..5).map(|n| format!("m{at}x{n}:1000000 ")).collect::<String>();
            } else {
                text += &format!("{}:1000000 y{at}:7 -> z{at}:4 w{at}:4", take(&mut mixed, 0, "o"));
            }
        }
        chain(&text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_cut_gives_the_same_rows(batch in ledger(), cuts in cuts()) {
        let (mut whole, mut pieces) = (Lineage::default(), Lineage::default());
        let rows = whole.apply(&batch);
        let parts: Vec<Mix> = cut(&batch, &cuts).iter().flat_map(|p| pieces.apply(p)).collect();
        prop_assert_eq!(&rows, &parts);
        prop_assert_eq!(&whole, &pieces);
        let restored = Lineage::restore(rows.iter().map(|mix| (id_of(&batch, mix.tx), *mix)));
        prop_assert_eq!(whole, restored);
    }

    #[test]
    fn unwinding_undoes_applying(batch in ledger(), at in any::<prop::sample::Index>()) {
        let n_blocks = u32::try_from(batch.blocks.len()).unwrap();
        let from = u32::try_from(at.index(n_blocks as usize + 1)).unwrap();
        let (mut unwound, mut short) = (Lineage::default(), Lineage::default());
        let rows = unwound.apply(&batch);
        unwound.unwind(Height::new(from));
        short.apply(&blocks(&batch, 0..from));
        prop_assert_eq!(&unwound, &short);
        let again = unwound.apply(&blocks(&batch, from..n_blocks));
        let n_kept = rows.len() - again.len();
        prop_assert_eq!(&rows[n_kept..], &again[..]);
    }
}
