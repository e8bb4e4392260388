//! `completions`, `man`, `reference`: pages made from the command line's own description.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::CommandFactory;

use crate::args::Cli;
use crate::console::Console;
use crate::outcome::{Exit, Failure};

/// Wide enough for every line of the help, so that the page does not depend on a terminal.
const REFERENCE_WIDTH: usize = 110;

fn no_json(console: Console) -> Result<(), Failure> {
    match console.json {
        true => Err(Failure::usage("this command has no JSON form", "leave --json out")),
        false => Ok(()),
    }
}

pub(super) fn completions(shell: clap_complete::Shell, console: Console) -> Result<Exit, Failure> {
    no_json(console)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tracehound", &mut script);
    console.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

pub(super) fn man(dir: Option<&Path>, console: Console) -> Result<Exit, Failure> {
    no_json(console)?;
    let Some(dir) = dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        console.print(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let fault = |error| Failure::file(dir, error);
    fs::create_dir_all(dir).map_err(fault)?;
    clap_mangen::generate_to(Cli::command(), dir).map_err(fault)?;
    if !console.quiet {
        console.print(&format!("wrote the manual pages into {}\n", dir.display()))?;
    }
    Ok(Exit::Done)
}

/// The reference of the command line in Markdown.
pub(super) fn reference() -> String {
    let mut page = "# Command line\n\n\
        Made by `tracehound reference` from the code; a test compares the two. Every example stands in the\n\
        `--help` of its command as well.\n\n"
        .to_owned();
    let mut root = Cli::command().term_width(REFERENCE_WIDTH);
    root.build();
    section(&mut page, &mut root, "tracehound", 2);
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn section(page: &mut String, command: &mut clap::Command, path: &str, level: usize) {
    let help = command.render_long_help().to_string();
    let mark = "#".repeat(level);
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let help = lines.join("\n");
    writeln!(page, "{mark} `{path}`\n\n```text\n{}\n```\n", help.trim())
        .expect("writing to a String cannot fail");
    let inner = command.get_subcommands_mut().filter(|inner| !inner.is_hide_set());
    for inner in inner {
        let path = format!("{path} {}", inner.get_name());
        // The options of every command stand once, under the first heading.
        let hidden = |arg: clap::Arg| match arg.is_global_set() {
            true => arg.hide(true),
            false => arg,
        };
        section(page, &mut inner.clone().mut_args(hidden), &path, (level + 1).min(4));
    }
}
