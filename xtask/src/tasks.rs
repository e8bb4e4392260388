//! The tasks as a table, and what each one runs.
//!
//! In: the words after `cargo xtask`. Out: the output of the commands it runs, untouched, on this
//! process's own streams, and one line on stderr before each of them.
//! Checked by: `tasks/tests.rs` for the command lines, `tests/machine.rs` for a run of the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::setup::{self, Scope};
use crate::suggest::nearest;
use crate::{Failure, tidy};

#[cfg(test)]
mod tests;

/// One task: its name, its line in the help, and what it does with the words after its name.
pub struct Task {
    /// The word after `cargo xtask`.
    pub name: &'static str,
    /// One line for the help.
    pub summary: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

/// Every task, in the order of the help.
pub const TASKS: &[Task] = &[
    Task { name: "demo", summary: "build the release binary and run `tracehound demo`", run: demo },
    Task { name: "test", summary: "set up, then run every test and doc example", run: test },
    Task { name: "check", summary: "formatting, clippy and docs without a warning", run: check },
    Task { name: "tidy", summary: "list what breaks the rules of the house", run: list_untidy },
    Task { name: "setup", summary: "install what the other tasks need and lack", run: set_up },
    Task { name: "help", summary: "this page", run: help },
];

/// Runs the task that `arguments` begin with; with none, prints the help.
///
/// # Errors
/// An unknown task, a machine that cannot be set up, or a step that failed.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = arguments.split_first() else { return help(&[]) };
    let name = match name.as_str() {
        "-h" | "--help" => "help",
        name => name,
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else { return Err(unknown(name)) };
    (task.run)(rest)
}

fn unknown(name: &str) -> Failure {
    let names: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
    let hint = match nearest(name, &names) {
        Some(meant) => format!("did you mean `cargo xtask {meant}`?"),
        None => format!("the tasks are {}", names.join(", ")),
    };
    Failure::usage(format!("no task is named `{name}`")).with_hint(hint)
}

fn help(_arguments: &[String]) -> Result<(), Failure> {
    println!("usage: cargo xtask TASK [ARGUMENTS]\n");
    for task in TASKS {
        println!("  {:6}  {}", task.name, task.summary);
    }
    println!("\nArguments of `demo` and `test` are handed on to the demo and to the test runner.");
    Ok(())
}

fn set_up(arguments: &[String]) -> Result<(), Failure> {
    refuse_arguments("setup", arguments)?;
    setup::prepare(Scope::Everything)
}

fn demo(arguments: &[String]) -> Result<(), Failure> {
    setup::prepare(Scope::Build)?;
    // Only cargo knows where the binary lands: CARGO_TARGET_DIR and `.cargo/config.toml` move it.
    let build = words("build --release --package tracehound-cli");
    announce(&build);
    let output = cargo(&build)
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started("cargo", &error))?;
    ended(&format!("cargo {}", build.join(" ")), output.status)?;
    let binary =
        executable(&String::from_utf8_lossy(&output.stdout), "tracehound").ok_or_else(|| {
            Failure::new("cargo built tracehound-cli but named no `tracehound` executable")
        })?;
    let handed_on = without_separator(arguments);
    let status = Command::new(&binary)
        .arg("demo")
        .args(handed_on)
        .status()
        .map_err(|error| not_started(&binary.display().to_string(), &error))?;
    ended("tracehound demo", status)
}

/// The executable that cargo's JSON messages name for the binary `name`.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    parsed
        .filter(|message: &serde_json::Value| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

fn test(arguments: &[String]) -> Result<(), Failure> {
    setup::prepare(Scope::Test)?;
    let arguments = without_separator(arguments);
    let nextest = setup::answers(&["cargo", "nextest", "--version"], "");
    let mut found = setup::peers::interpreters();
    found.extend(setup::programs::folder());
    let environment: Vec<(&str, &str)> =
        found.iter().map(|(variable, path)| (*variable, path.as_str())).collect();
    let mut outcome = Ok(());
    for command in test_commands(nextest, arguments) {
        // All of them run: a broken doc example must not hide what the tests say.
        outcome = step(&command, &environment).and(outcome);
    }
    outcome
}

/// The cargo calls of `cargo xtask test`. Doc examples come first, so that the last lines on screen
/// are the summary of the tests. Arguments narrow the run and mean nothing to rustdoc, so then the
/// doc examples stay out.
fn test_commands(nextest: bool, arguments: &[String]) -> Vec<Vec<String>> {
    let mut tests = words(if nextest { "nextest run" } else { "test" });
    if !arguments.iter().any(|word| selects_packages(word)) {
        tests.push("--workspace".to_owned());
    }
    if !nextest && !arguments.iter().any(|word| selects_targets(word)) {
        tests.extend(words("--lib --bins --tests"));
    }
    if !arguments.iter().any(|word| word.contains("fail-fast")) {
        tests.push("--no-fail-fast".to_owned());
    }
    tests.extend_from_slice(arguments);
    if arguments.is_empty() { vec![words("test --workspace --doc"), tests] } else { vec![tests] }
}

fn selects_packages(word: &str) -> bool {
    ["-p", "--package", "--workspace", "--all"].contains(&word) || word.starts_with("--package=")
}

fn selects_targets(word: &str) -> bool {
    let flags = ["--lib", "--bins", "--bin", "--tests", "--test", "--doc", "--all-targets"];
    flags.contains(&word) || word.starts_with("--bin=") || word.starts_with("--test=")
}

fn check(arguments: &[String]) -> Result<(), Failure> {
    refuse_arguments("check", arguments)?;
    setup::prepare(Scope::Check)?;
    step(&words("fmt --all --check"), &[])?;
    step(&words("clippy --workspace --all-targets -- -D warnings"), &[])?;
    step(&words("doc --workspace --no-deps"), &[("RUSTDOCFLAGS", "-D warnings")])
}

fn list_untidy(arguments: &[String]) -> Result<(), Failure> {
    refuse_arguments("tidy", arguments)?;
    let project = tidy::Project::read(&root())?;
    let mut count = 0;
    for rule in tidy::RULES {
        for violation in (rule.broken)(&project) {
            println!("{violation} [{}]", rule.name);
            count += 1;
        }
    }
    match count {
        0 => Ok(()),
        1 => Err(Failure::new("1 place breaks a rule")),
        count => Err(Failure::new(format!("{count} places break a rule"))),
    }
}

/// The folder of the workspace. Asked at run time, because a target folder that is shared between
/// checkouts may hold this binary as another checkout built it.
pub fn root() -> PathBuf {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    crate_folder.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn step(arguments: &[String], environment: &[(&str, &str)]) -> Result<(), Failure> {
    announce(arguments);
    let status = cargo(arguments)
        .envs(environment.iter().copied())
        .status()
        .map_err(|error| not_started("cargo", &error))?;
    ended(&format!("cargo {}", arguments.join(" ")), status)
}

fn cargo(arguments: &[String]) -> Command {
    let mut command = Command::new(setup::cargo_path());
    command.args(arguments).current_dir(root());
    command
}

fn announce(arguments: &[String]) {
    eprintln!("xtask: cargo {}", arguments.join(" "));
}

fn ended(command: &str, status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    // A child killed by a signal has no code; 1 stands for it.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure::new(format!("`{command}` failed ({status})")).with_exit_code(code))
}

fn not_started(program: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("could not start {program}: {error}"))
}

fn refuse_arguments(task: &str, arguments: &[String]) -> Result<(), Failure> {
    match arguments.first() {
        None => Ok(()),
        Some(extra) => Err(Failure::usage(format!("`{task}` takes no arguments, not `{extra}`"))),
    }
}

/// `cargo xtask demo -- --json` and `cargo xtask demo --json` mean the same.
fn without_separator(arguments: &[String]) -> &[String] {
    match arguments {
        [first, rest @ ..] if first == "--" => rest,
        all => all,
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}
