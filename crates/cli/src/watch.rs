//! Progress on the terminal, and Ctrl-C.
//!
//! The first Ctrl-C (or SIGTERM) asks the work to stop after the commit at hand; the second ends the process at
//! once, which costs the commit at hand and nothing else: the store is made to survive that.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{Progress, Watch};
use indicatif::{ProgressBar, ProgressStyle};

use crate::console::Console;
use crate::outcome::Exit;
use crate::show;

/// Watches long work for a person at a terminal, or for nobody.
pub(crate) struct Watcher {
    console: Console,
    bar: Arc<Mutex<Option<ProgressBar>>>,
    interrupts: Arc<AtomicUsize>,
}

impl Watcher {
    /// Starts to watch; from here on Ctrl-C is ours.
    pub(crate) fn new(console: Console) -> Self {
        Self::saying(
            console,
            "stopping after the commit at hand; press Ctrl-C again to stop at once\n",
        )
    }

    /// Watches training, which commits nothing.
    pub(crate) fn training(console: Console) -> Self {
        Self::saying(
            console,
            "ending the search; the model is made of what was tried. Press Ctrl-C again to stop without one\n",
        )
    }

    fn saying(console: Console, at_first: &'static str) -> Self {
        let watcher = Self { console, bar: Arc::default(), interrupts: Arc::default() };
        let (interrupts, bar) = (Arc::clone(&watcher.interrupts), Arc::clone(&watcher.bar));
        let handler = move || match interrupts.fetch_add(1, Ordering::SeqCst) {
            0 => say(&bar, at_first),
            _ => std::process::exit(Exit::Interrupted as i32),
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            watcher.console.note(&format!("Ctrl-C will stop at once: {error}"));
        }
        watcher
    }
}

impl Watch for Watcher {
    fn tell(&self, progress: Progress) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Begin { what, total, unit } => {
                if self.console.progress {
                    *bar = Some(new_bar(what, total, unit));
                }
            }
            Progress::At { done } => {
                if let Some(bar) = bar.as_ref() {
                    bar.set_position(done);
                }
            }
            Progress::End => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
            }
            Progress::Note { text } => match bar.as_ref() {
                Some(bar) => bar.suspend(|| self.console.note(&text)),
                None => self.console.note(&text),
            },
        }
    }

    fn stopped(&self) -> bool {
        self.interrupts.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

/// Says it beside the bar. The bar may be locked by the work that draws it, and a person who pressed Ctrl-C must
/// not wait for that.
fn say(bar: &Mutex<Option<ProgressBar>>, text: &str) {
    let print = || {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    };
    match bar.try_lock() {
        Ok(bar) => bar.as_ref().map_or_else(print, |bar| bar.suspend(print)),
        Err(_) => print(),
    }
}

fn new_bar(what: String, total: Option<u64>, unit: &'static str) -> ProgressBar {
    let (position, length, speed) = match unit {
        "bytes" => ("{binary_bytes}", "{binary_total_bytes}", "{binary_bytes_per_sec}"),
        _ => ("{human_pos}", "{human_len}", "{per_sec:.0}"),
    };
    let unit = if unit == "bytes" { "" } else { unit };
    let (bar, template) = match total {
        Some(total) => {
            let line = format!(
                "{{msg:30!}} [{{wide_bar}}] {position}/{length} {unit}  {speed}  {{eta}} left"
            );
            (ProgressBar::new(total), line)
        }
        None => (
            ProgressBar::new_spinner(),
            format!("{{spinner}} {{msg:30!}} {position} {unit}  {speed}"),
        ),
    };
    let style = ProgressStyle::with_template(&template).expect("the templates above are right");
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(show::line(&what));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
