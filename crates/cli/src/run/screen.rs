//! `screen`: one address in full, or many as a stream of lines or columns.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use engine::{ScreenAnswer, ScreenOptions, View};
use serde::Serialize;

use super::Session;
use super::batch::{ScreenRows, Stream, screen_schema};
use crate::args::ScreenArgs;
use crate::console::{Console, binary_output};
use crate::outcome::{Exit, Failure, message};
use crate::{render, show};

/// What has come of the addresses so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Addresses answered.
    pub(crate) answered: u64,
    /// Of them, hits.
    pub(crate) hits: u64,
    /// Of them, stale.
    pub(crate) stale: u64,
    /// Texts that could not be read.
    pub(crate) unread: u64,
    /// Of those answered, no hit of which `--within` asks farther than hops are known.
    pub(crate) undecided: u64,
}

impl Tally {
    fn take(&mut self, answer: &ScreenAnswer, within: Option<u32>) {
        self.answered += 1;
        self.undecided += u64::from(is_undecided(answer, within));
        self.hits += u64::from(answer.hit);
        self.stale += u64::from(answer.stale);
    }

    /// A hit is a hit, however old the list; a stale list makes every other answer doubtful, also those of
    /// addresses that could be read.
    fn exit(self, fail_stale: bool) -> Exit {
        match self {
            Self { hits: 1.., .. } => Exit::Hit,
            Self { stale: 1.., .. } if fail_stale => Exit::Stale,
            Self { unread: 1.., .. } | Self { undecided: 1.., .. } => Exit::Partial,
            _ => Exit::Done,
        }
    }
}

/// An address that could not be read, among others that could. It does not repeat the text but as the error does:
/// that may be a private key, pasted by mistake.
#[derive(Serialize)]
struct Unread {
    /// Which: `argument 2`, `customers.txt:17`.
    at: String,
    /// What is wrong with it.
    error: String,
    /// What to do about it.
    hint: Option<String>,
}

/// Where many answers go.
enum Sink {
    Text(BufWriter<io::Stdout>),
    Json(BufWriter<io::Stdout>),
    Arrow(Box<Stream<BufWriter<io::Stdout>>>, ScreenRows),
}

/// Many addresses on their way from a source to a sink.
struct Many<'a> {
    view: &'a View,
    options: ScreenOptions,
    within: Option<u32>,
    console: Console,
    sink: Sink,
    tally: Tally,
    /// Whether each answer must leave at once, because a program may be waiting for it before it asks on.
    prompt: bool,
}

impl Session {
    pub(super) fn screen(&self, args: &ScreenArgs) -> Result<Exit, Failure> {
        let console = self.console.full(args.full);
        let output = args.arrow.then(|| binary_output("--arrow")).transpose()?;
        let view = self.view()?;
        let options =
            ScreenOptions { now: Some(self.now), as_of: args.as_of, known_at: args.known_at };
        if let (Some(address), None) = (single(args), &output) {
            let mut answer = view.screen(address, &options)?;
            widen(&mut answer, args.within);
            note_bound(&answer, args.within, console);
            console.answer(&answer, render::screen)?;
            let mut tally = Tally::default();
            tally.take(&answer, args.within);
            return Ok(tally.exit(args.fail_stale));
        }
        let sink = match output {
            Some(output) => {
                Sink::Arrow(Box::new(Stream::new(output, screen_schema())?), ScreenRows::default())
            }
            None if console.json => Sink::Json(BufWriter::new(io::stdout())),
            None => Sink::Text(BufWriter::new(io::stdout())),
        };
        let tally = Tally::default();
        let mut many =
            Many { view: &view, options, within: args.within, console, sink, tally, prompt: false };
        match many.answer_all(args) {
            Ok(()) => {}
            // What has been answered still counts: a hit before `| head` closed the pipe is a hit.
            Err(Failure::ReaderGone) => return Ok(many.tally.exit(args.fail_stale)),
            Err(failure) => return Err(failure),
        }
        if matches!(many.sink, Sink::Text(_)) && !console.quiet {
            console.note(&render::tally(&many.tally));
        }
        Ok(many.tally.exit(args.fail_stale))
    }
}

/// The only address asked for, if it is one on the command line.
fn single(args: &ScreenArgs) -> Option<&str> {
    match args.addresses.as_slice() {
        [address] if args.file.is_empty() && address != "-" => Some(address),
        _ => None,
    }
}

/// Counts a listed entity within so many hops as a hit, as `--within` asks.
fn widen(answer: &mut ScreenAnswer, within: Option<u32>) {
    let nearest = [&answer.proximity.from_listed, &answer.proximity.to_listed];
    let is_near =
        |hops_max: u32| nearest.into_iter().flatten().any(|nearest| nearest.hops <= hops_max);
    answer.hit |= within.is_some_and(is_near);
}

/// Whether `--within` asks for hops that are not known. An address that the ledger has not seen is near to nobody.
fn is_undecided(answer: &ScreenAnswer, within: Option<u32>) -> bool {
    let near = &answer.proximity;
    let is_known = |hops: u32| near.listed_computed && hops <= near.hops_max;
    answer.in_ledger && !answer.hit && within.is_some_and(|hops| !is_known(hops))
}

fn note_bound(answer: &ScreenAnswer, within: Option<u32>, console: Console) {
    let searched = answer.proximity.hops_max;
    let Some(within) = within.filter(|_| answer.in_ledger) else { return };
    if !answer.proximity.listed_computed {
        console.note(&format!(
            "--within {within} is not decided: the hops of {} were not computed; `tracehound run` first",
            answer.address
        ));
    } else if within > searched {
        console.note(&format!(
            "--within {within} looks no farther than the {searched} hops of the last run; \
             set screening.hops_max and `tracehound run` to look farther"
        ));
    }
}

impl Many<'_> {
    fn answer_all(&mut self, args: &ScreenArgs) -> Result<(), Failure> {
        for (index, address) in args.addresses.iter().enumerate() {
            match address.as_str() {
                "-" => self.answer_lines(Path::new("-"))?,
                address => self.answer(address, || format!("argument {}", index + 1))?,
            }
        }
        args.file.iter().try_for_each(|file| self.answer_lines(file))?;
        self.finish()
    }

    fn answer_lines(&mut self, file: &Path) -> Result<(), Failure> {
        let name =
            if file == Path::new("-") { "standard input".into() } else { file.to_string_lossy() };
        let fault = |error| Failure::file(Path::new(name.as_ref()), error);
        let mut input: Box<dyn BufRead> = match file == Path::new("-") {
            true => Box::new(io::stdin().lock()),
            false => Box::new(BufReader::new(File::open(file).map_err(fault)?)),
        };
        self.prompt = file == Path::new("-");
        let mut bytes = Vec::new();
        for number in 1_u64.. {
            bytes.clear();
            if input.read_until(b'\n', &mut bytes).map_err(fault)? == 0 {
                break;
            }
            // Bytes that are no text stand for no address either, and the error shows them escaped.
            let line = String::from_utf8_lossy(&bytes);
            let text = line.split('#').next().unwrap_or_default().trim();
            if !text.is_empty() {
                self.answer(text, || format!("{name}:{number}"))?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, text: &str, at: impl Fn() -> String) -> Result<(), Failure> {
        match self.view.screen(text, &self.options) {
            Ok(mut answer) => {
                widen(&mut answer, self.within);
                // Said once: what keeps one address undecided is as a rule true of them all, and the last line counts.
                let is_first = self.tally.undecided == 0 && is_undecided(&answer, self.within);
                if self.tally.answered == 0 || is_first {
                    note_bound(&answer, self.within, self.console);
                }
                self.tally.take(&answer, self.within);
                self.write(&answer)
            }
            Err(error) if error.is_usage() => {
                self.tally.unread += 1;
                let unread = Unread { at: at(), error: error.to_string(), hint: error.hint() };
                self.write_unread(unread)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn write(&mut self, answer: &ScreenAnswer) -> Result<(), Failure> {
        let look = self.console.look;
        match &mut self.sink {
            Sink::Text(output) if self.console.verbose => {
                writeln!(output, "{}", render::screen(answer, look))?
            }
            Sink::Text(output) => output.write_all(render::screen_line(answer, look).as_bytes())?,
            Sink::Json(output) => write_json_line(output, answer)?,
            Sink::Arrow(stream, rows) => {
                rows.push(answer);
                flush_rows(stream, rows, self.prompt)?;
            }
        }
        self.flush_if_prompt()
    }

    fn write_unread(&mut self, unread: Unread) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Text(_) => {
                let what = format!("{}: {}", unread.at, unread.error);
                self.console.complain(&message(&what, unread.hint.as_deref()));
            }
            Sink::Json(output) => write_json_line(output, &unread)?,
            Sink::Arrow(stream, rows) => {
                rows.push_unread(&unread.at, &unread.error);
                flush_rows(stream, rows, self.prompt)?;
            }
        }
        self.flush_if_prompt()
    }

    fn flush_if_prompt(&mut self) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Text(output) | Sink::Json(output) if self.prompt => Ok(output.flush()?),
            _ => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Text(output) | Sink::Json(output) => Ok(output.flush()?),
            Sink::Arrow(stream, rows) => {
                flush_rows(stream, rows, true)?;
                stream.finish()
            }
        }
    }
}

fn write_json_line(output: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(io::Error::from)?;
    Ok(writeln!(output, "{}", show::json(&text))?)
}

fn flush_rows<W: Write>(
    stream: &mut Stream<W>,
    rows: &mut ScreenRows,
    now: bool,
) -> Result<(), Failure> {
    if rows.len() >= super::batch::ROWS_MAX || (now && rows.len() > 0) {
        stream.write(&std::mem::take(rows).into_batch()?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_tells_the_worst() {
        #[track_caller]
        fn check(hits: u64, stale: u64, unread: u64, fail_stale: bool, exit: Exit) {
            let tally = Tally { answered: 9, hits, stale, unread, undecided: 0 };
            assert_eq!(tally.exit(fail_stale), exit);
        }
        check(0, 0, 0, true, Exit::Done);
        check(0, 1, 0, false, Exit::Done);
        check(0, 1, 0, true, Exit::Stale);
        check(0, 0, 1, true, Exit::Partial);
        check(0, 1, 1, true, Exit::Stale);
        check(0, 1, 1, false, Exit::Partial);
        check(1, 1, 1, true, Exit::Hit);
        let undecided = Tally { answered: 9, undecided: 1, ..Tally::default() };
        assert_eq!(undecided.exit(true), Exit::Partial);
    }
}
