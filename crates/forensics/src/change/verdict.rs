//! What a rule says of one output.

/// For change, against it, or nothing. Two bits when stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Verdict {
    /// The rule does not apply, or what it needs is unknown.
    #[default]
    NoInformation = 0,
    /// Speaks for the output being change.
    For = 1,
    /// Speaks against it.
    Against = 2,
}

impl Verdict {
    pub(super) fn agrees(same: bool) -> Self {
        if same { Self::For } else { Self::Against }
    }

    /// The word used in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoInformation => "no information",
            Self::For => "for",
            Self::Against => "against",
        }
    }
}

/// The verdicts of up to 32 rules on one output, two bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts(u64);

impl Verdicts {
    /// From stored bits; `None` if two bits hold no verdict.
    pub fn from_bits(bits: u64) -> Option<Self> {
        (bits & bits >> 1 & 0x5555_5555_5555_5555 == 0).then_some(Self(bits))
    }

    /// The bits to store.
    pub fn bits(self) -> u64 {
        self.0
    }

    pub(super) fn set(&mut self, place: usize, verdict: Verdict) {
        self.0 |= u64::from(verdict as u8) << (2 * place);
    }

    /// The verdict of the rule at a place.
    pub fn get(self, place: usize) -> Verdict {
        match self.0 >> (2 * place) & 3 {
            1 => Verdict::For,
            2 => Verdict::Against,
            _ => Verdict::NoInformation,
        }
    }
}
