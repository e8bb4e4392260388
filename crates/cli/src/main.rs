#![doc = include_str!("../README.md")]

mod args;
mod console;
mod outcome;
mod render;
mod run;
mod show;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, FromArgMatches};

use crate::args::Cli;
use crate::console::Console;
use crate::outcome::Failure;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    // Help and usage errors are printed before there is anything that could have read `--no-color`.
    let color = match words.iter().any(|word| word == "--no-color") {
        true => ColorChoice::Never,
        false => ColorChoice::Auto,
    };
    let parsed = Cli::command().color(color).try_get_matches_from(words);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let console = Console::new(&cli.global);
    match run::run(cli, console) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !matches!(failure, Failure::ReaderGone) {
                console.complain(&failure.message());
            }
            failure.exit().into()
        }
    }
}
