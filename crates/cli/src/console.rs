//! Where answers and messages go, and how they may look: decided once, from the options, the environment and
//! what is at the other end.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::args::Global;
use crate::outcome::Failure;
use crate::render::Look;
use crate::show;

/// Columns where nobody says how many there are: what fits a page and a wide terminal.
const WIDTH_DEFAULT: usize = 100;

/// Standard output and standard error of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    /// How answers look.
    pub(crate) look: Look,
    /// Answers are JSON.
    pub(crate) json: bool,
    /// No notes, no progress, no reports.
    pub(crate) quiet: bool,
    /// More on the way.
    pub(crate) verbose: bool,
    /// Whether progress can be drawn.
    pub(crate) progress: bool,
    color_messages: bool,
}

impl Console {
    pub(crate) fn new(global: &Global) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = !global.no_color && !dumb && !is_set("NO_COLOR");
        let (to_person, watched) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let width = terminal_size::terminal_size_of(io::stdout())
            .map_or(WIDTH_DEFAULT, |(terminal_size::Width(columns), _)| usize::from(columns));
        Self {
            look: Look { color: color && to_person, width, full: global.verbose },
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            progress: watched && !dumb && !global.quiet && !global.json,
            color_messages: color && watched,
        }
    }

    /// The same, with addresses and transactions whole if asked for.
    pub(crate) fn full(mut self, full: bool) -> Self {
        self.look.full |= full;
        self
    }

    /// Writes an answer.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut output = io::stdout().lock();
        output.write_all(text.as_bytes())?;
        Ok(output.flush()?)
    }

    /// Writes an answer as one JSON document.
    pub(crate) fn print_json(&self, answer: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(answer).map_err(io::Error::from)?;
        self.print(&format!("{}\n", show::json(&text)))
    }

    /// Writes an answer: as JSON if that is wanted, else as `text` says.
    pub(crate) fn answer<A: Serialize>(
        &self,
        answer: &A,
        text: impl FnOnce(&A, Look) -> String,
    ) -> Result<(), Failure> {
        match self.json {
            true => self.print_json(answer),
            false => self.print(&text(answer, self.look)),
        }
    }

    /// Writes what long work did: like an answer, but `--quiet` leaves the text out.
    pub(crate) fn report<A: Serialize>(
        &self,
        report: &A,
        text: impl FnOnce(&A, Look) -> String,
    ) -> Result<(), Failure> {
        match self.quiet && !self.json {
            true => Ok(()),
            false => self.answer(report, text),
        }
    }

    /// Says something on standard error that is no error.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say("note: ", "36", &format!("note: {}\n", show::lines(text)));
        }
    }

    /// Says what went wrong on standard error: also when quiet.
    pub(crate) fn complain(&self, message: &str) {
        self.say("error: ", "1;31", message);
    }

    fn say(&self, head: &str, sgr: &str, message: &str) {
        let mut text = message.to_owned();
        if self.color_messages && message.starts_with(head) {
            let (head, rest) = message.split_at(head.len() - 1);
            text = format!("\x1b[{sgr}m{head}\x1b[0m{rest}");
        }
        // Nobody is left to tell if standard error fails too.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// Standard output for columns, which must not be written to a person's terminal.
pub(crate) fn binary_output(what: &str) -> Result<io::BufWriter<io::Stdout>, Failure> {
    match io::stdout().is_terminal() {
        true => Err(Failure::usage(
            format!("{what} is binary and standard output is a terminal"),
            "send it to a file or a program: `> FILE` or `| PROGRAM`",
        )),
        false => Ok(io::BufWriter::new(io::stdout())),
    }
}
