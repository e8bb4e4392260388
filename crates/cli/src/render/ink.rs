//! How text looks: color, width, and whether identifiers are whole.

/// How answers look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether color is used.
    pub(crate) color: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
    /// Whether addresses and transactions are whole.
    pub(crate) full: bool,
}

/// What a piece of text is, as color repeats it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Text.
    #[default]
    Plain,
    /// A heading, or what was asked for.
    Strong,
    /// What one looks up rather than reads.
    Faint,
    /// A hit, or damage.
    Bad,
    /// A connection, or staleness.
    Warning,
    /// A tag.
    Remark,
    /// All well.
    Good,
}

impl Tone {
    fn sgr(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Bad => Some("1;31"),
            Self::Warning => Some("33"),
            Self::Remark => Some("36"),
            Self::Good => Some("32"),
        }
    }
}

impl Look {
    /// The text in its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        match tone.sgr() {
            Some(sgr) if self.color && !text.is_empty() => format!("\x1b[{sgr}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }

    /// A heading.
    pub(crate) fn heading(self, text: &str) -> String {
        self.paint(Tone::Strong, text)
    }

    /// What one looks up rather than reads.
    pub(crate) fn faint(self, text: &str) -> String {
        self.paint(Tone::Faint, text)
    }
}
