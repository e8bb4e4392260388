//! What is kept of a transaction until its outputs are spent.
//!
//! 72 bytes a transaction and 40 an output, beside some 60 for looking them up: about 210 for two outputs.

use ledger::{AddressId, Height, TransactionView, TxId, TxIndex};

use super::fingerprint::{Class, Fingerprint, is_peel};
use super::rules::{Evidence, RULES};
use super::subject::Subject;
use super::verdict::{Verdict, Verdicts};

/// A transaction whose change is looked for, or one that a peel chain may continue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Its name, by which spenders find it.
    pub id: TxId,
    /// Its index.
    pub tx: TxIndex,
    /// Its height.
    pub height: Height,
    /// The smallest address among its inputs, which a link would name.
    pub payer: Option<AddressId>,
    /// How many inputs it has.
    pub n_inputs: u32,
    /// Where its outputs begin among those of the state.
    pub(super) first_output: u32,
    /// How many outputs with an address it has.
    pub n_outputs: u8,
    /// Whether it may be judged; else it stands here as the start of a peel chain, or as a consolidation.
    pub judged: bool,
    /// Whether it has one input and two outputs.
    pub peel: bool,
    /// How its maker's wallet works.
    pub fingerprint: Fingerprint,
    /// The height at which its link was made.
    pub linked_at: Option<Height>,
}

/// An output with an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutputRecord {
    /// Whom it pays.
    pub address: AddressId,
    /// Position among the transaction's outputs.
    pub position: u32,
    /// Amount in satoshi.
    pub amount_sat: u64,
    /// What the rules said when it appeared, by place in [`RULES`].
    pub verdicts: Verdicts,
    /// The height at which its address was paid again, if this was the first payment to it.
    pub paid_again_at: Option<Height>,
    /// Who spent it.
    pub spender: Option<Spender>,
}

/// The spender of an output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spender {
    /// Its height.
    pub height: Height,
    /// How its maker's wallet works, by the input that spends.
    pub fingerprint: Fingerprint,
}

impl Record {
    pub(super) fn new(subject: &Subject<'_>, judged: bool, first_output: u32) -> Self {
        let TransactionView { row, inputs, .. } = subject.view;
        Self {
            id: row.id,
            tx: row.index,
            height: row.height,
            payer: subject.payers.first().copied(),
            n_inputs: u32::try_from(inputs.len()).expect("a block has fewer inputs"),
            first_output,
            n_outputs: u8::try_from(subject.outputs.len()).expect("more outputs are not recorded"),
            judged,
            peel: is_peel(&subject.view),
            fingerprint: Fingerprint::of_maker(&subject.view),
            linked_at: None,
        }
    }

    /// Whether links may come of it: it is judged, or a consolidation. What else is on record starts a peel chain.
    pub(super) fn is_watched(&self) -> bool {
        self.judged || !self.peel
    }

    pub(super) fn range(&self) -> std::ops::Range<usize> {
        let first = self.first_output as usize;
        first..first + usize::from(self.n_outputs)
    }
}

impl OutputRecord {
    /// Whether its spender paid somebody: made two outputs or more. Only then a link to it is made: as long as a coin
    /// lies, and where it is merely gathered with others, most of what tells a wallet from the one that it paid is
    /// missing, and one wrong link to the deposit address of an exchange gives its payer all that the exchange has.
    pub fn moved_on(&self) -> bool {
        self.spender.is_some_and(|spender| spender.fingerprint.class(Class::Outputs) > 0)
    }

    pub(super) fn new(subject: &Subject<'_>, place: usize) -> Self {
        let mut verdicts = Verdicts::default();
        for (at, rule) in RULES.iter().enumerate() {
            if let Evidence::Appearance(verdict) = rule.evidence {
                verdicts.set(at, verdict(subject, place));
            }
        }
        Self {
            address: subject.address(place),
            position: subject.outputs[place].position,
            amount_sat: subject.amount(place),
            verdicts,
            paid_again_at: None,
            spender: None,
        }
    }
}

/// What a rule says of one output by itself, before others are compared: agreement of the spender, say.
pub(super) fn own_verdict(at: usize, record: &Record, output: &OutputRecord) -> Verdict {
    match RULES[at].evidence {
        Evidence::Appearance(_) => output.verdicts.get(at),
        Evidence::Continuity(compare) => output.spender.map_or(Verdict::NoInformation, |spender| {
            let gap = spender.height.get().saturating_sub(record.height.get());
            compare(record.fingerprint, spender.fingerprint, gap)
        }),
        Evidence::PaidAgain => match output.paid_again_at {
            Some(_) => Verdict::Against,
            None => Verdict::NoInformation,
        },
        Evidence::PeelAfter => match output.spender {
            Some(spender) if record.peel => {
                Verdict::agrees(spender.fingerprint.class(Class::Peel) == 1)
            }
            _ => Verdict::NoInformation,
        },
    }
}

/// The verdict of one rule alone on the output at a place, by which its error rate is published.
pub(super) fn verdict(
    at: usize,
    record: &Record,
    outputs: &[OutputRecord],
    place: usize,
) -> Verdict {
    let own = own_verdict(at, record, &outputs[place]);
    let mut others = (0..outputs.len()).filter(|other| *other != place);
    let mut of_others = others.by_ref().map(|other| own_verdict(at, record, &outputs[other]));
    match (RULES[at].evidence, own) {
        (Evidence::Appearance(_), own) => own,
        (_, Verdict::NoInformation) => Verdict::NoInformation,
        (Evidence::PaidAgain, _) => {
            let all_again = of_others.all(|other| other == Verdict::Against);
            if all_again { Verdict::NoInformation } else { Verdict::Against }
        }
        (_, Verdict::For) => {
            let all_against = of_others.all(|other| other == Verdict::Against);
            if all_against { Verdict::For } else { Verdict::NoInformation }
        }
        (_, Verdict::Against) => {
            let another_for = of_others.any(|other| other == Verdict::For);
            if another_for { Verdict::Against } else { Verdict::NoInformation }
        }
    }
}
