//! Makes a fresh Debian machine ready: finds what is missing, installs it, says one line for each.
//!
//! In: what the task at hand needs. Out: nothing where the machine is ready; else the installs, each
//! announced on stderr; else a failure that carries the command a person must run.
//! The build needs a C compiler and `ar` only (`LINKED_CRATES` says which package wants what); cmake,
//! make, pkg-config and clang are not needed, and not asked for. git is not needed either.
//! Turned down: `build-essential`, which brings a C++ compiler and make that nothing here calls.
//! Checked by: `setup/tests.rs` (the plan, as a table of machines) and `tests/machine.rs` (the binary
//! on a machine of stand-in programs).

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::Failure;

pub(crate) mod peers;
pub(crate) mod programs;
#[cfg(test)]
mod tests;

/// Packages of Cargo.lock that link or build foreign code, and what that takes. A rule of tidy
/// compares this with Cargo.lock, so that a new one is noticed before a fresh machine does.
pub const LINKED_CRATES: &[(&str, &str)] = &[
    ("core-foundation-sys", "macOS only"),
    ("js-sys", "WebAssembly only"),
    ("linux-raw-sys", "constants, no foreign code"),
    ("pkg-config", "a dependency of zstd-sys, called only if ZSTD_SYS_USE_PKG_CONFIG is set"),
    ("renderdoc-sys", "declarations, no foreign code"),
    ("secp256k1-sys", "C: cc, ar"),
    ("web-sys", "WebAssembly only"),
    ("windows-sys", "Windows only"),
    ("zstd-sys", "C and assembler: cc, ar"),
];

/// What a task is about to do, which decides what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Compile.
    Build,
    /// Compile and run the tests.
    Test,
    /// Compile, format and lint.
    Check,
    /// All of it.
    Everything,
}

/// One thing the machine must have.
#[derive(Debug, PartialEq, Eq)]
struct Need {
    name: &'static str,
    why: &'static str,
    /// A call that succeeds exactly where the need is met, and what it reads on stdin.
    probe: &'static [&'static str],
    input: &'static str,
    from: Source,
}

/// Who provides a need.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Debian(&'static [&'static str]),
    Rustup(&'static str),
}

const C_COMPILER: Need = Need {
    name: "a C compiler with the headers of the C library",
    why: "zstd-sys and secp256k1-sys compile C",
    // Debian's gcc only recommends libc6-dev: a compiler may well be there without its headers.
    probe: &["cc", "-fsyntax-only", "-x", "c", "-"],
    input: "#include <stdlib.h>\n",
    from: Source::Debian(&["gcc", "libc6-dev"]),
};
const ARCHIVER: Need = Need {
    name: "ar",
    why: "compiled C is packed with it",
    probe: &["ar", "--version"],
    input: "",
    from: Source::Debian(&["binutils"]),
};
const PYTHON: Need = Need {
    name: "python3 with its standard library",
    why: "tests compare with an independent script",
    // python3-minimal is a python3 without most of the library.
    probe: &["python3", "-c", "import csv, hashlib, json, struct"],
    input: "",
    from: Source::Debian(&["python3"]),
};
const RUSTFMT: Need = Need {
    name: "rustfmt",
    why: "the formatting check runs it",
    probe: &["cargo", "fmt", "--version"],
    input: "",
    from: Source::Rustup("rustfmt"),
};
const CLIPPY: Need = Need {
    name: "clippy",
    why: "the lint check runs it",
    probe: &["cargo", "clippy", "--version"],
    input: "",
    from: Source::Rustup("clippy"),
};

fn needs(scope: Scope) -> &'static [&'static Need] {
    match scope {
        Scope::Build => &[&C_COMPILER, &ARCHIVER],
        Scope::Test => &[&C_COMPILER, &ARCHIVER, &PYTHON],
        Scope::Check => &[&C_COMPILER, &ARCHIVER, &RUSTFMT, &CLIPPY],
        Scope::Everything => &[&C_COMPILER, &ARCHIVER, &PYTHON, &RUSTFMT, &CLIPPY],
    }
}

/// How this process may install Debian packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    /// It is root.
    Root,
    /// `sudo` works without a password.
    Sudo,
    /// `sudo` is there and wants a password, which a task must not ask for.
    Password,
    /// Neither root nor sudo.
    Nobody,
    /// There is no `apt-get`.
    NoApt,
}

/// One command that set-up runs, and the line it says before.
#[derive(Debug, PartialEq, Eq)]
struct Install {
    announcement: String,
    command: Vec<String>,
    /// `apt-get update` fails if any one of the machine's package lists does; the install then
    /// still decides.
    may_fail: bool,
}

/// Installs whatever `scope` needs and the machine lacks. Silent where nothing is missing.
///
/// # Errors
/// What is missing cannot be installed from here, or an install failed.
pub fn prepare(scope: Scope) -> Result<(), Failure> {
    let missing = missing(scope);
    if missing.is_empty() {
        return Ok(());
    }
    for install in plan(&missing, rights)? {
        announce(&install.announcement);
        carry_out(&install)?;
    }
    match self::missing(scope).first() {
        None => Ok(()),
        Some(need) => Err(Failure::new(format!("{} is still missing", need.name))
            .with_hint(format!("`{}` must succeed", need.probe.join(" ")))),
    }
}

fn missing(scope: Scope) -> Vec<&'static Need> {
    needs(scope).iter().copied().filter(|need| !answers(need.probe, need.input)).collect()
}

/// The commands that provide `missing`, or a failure that tells a person which. `rights` is asked
/// only where a Debian package is missing.
fn plan(missing: &[&Need], rights: impl Fn() -> Rights) -> Result<Vec<Install>, Failure> {
    let mut installs = Vec::new();
    let mut packages: Vec<&str> = Vec::new();
    let mut wanted: Vec<String> = Vec::new();
    for need in missing {
        let announcement = format!("installing {} ({})", need.name, need.why);
        match need.from {
            Source::Debian(names) => {
                packages.extend(names);
                wanted.push(format!("{} ({})", need.name, need.why));
            }
            Source::Rustup(component) => installs.push(Install {
                announcement,
                command: words(&format!("rustup component add {component}")),
                may_fail: false,
            }),
        }
    }
    if packages.is_empty() {
        return Ok(installs);
    }
    let packages = packages.join(" ");
    let sudo = match rights() {
        Rights::Root => "",
        Rights::Sudo => "sudo -n ",
        refused => return Err(by_hand(refused, &wanted.join(", "), &packages)),
    };
    let lists = Install {
        announcement: "reading Debian's package lists (apt-get update)".to_owned(),
        command: words(&format!("{sudo}apt-get update -qq")),
        may_fail: true,
    };
    let install = Install {
        announcement: format!("installing {} (apt-get install {packages})", wanted.join(", ")),
        command: words(&format!(
            "{sudo}apt-get install -y -qq --no-install-recommends \
             -o DPkg::Lock::Timeout=120 {packages}"
        )),
        may_fail: false,
    };
    installs.splice(0..0, [lists, install]);
    Ok(installs)
}

fn by_hand(rights: Rights, wanted: &str, packages: &str) -> Failure {
    let update = "apt-get update";
    let install = format!("apt-get install -y --no-install-recommends {packages}");
    let hint = match rights {
        Rights::NoApt => {
            format!("there is no apt-get here; Debian's names for it are: {packages}")
        }
        Rights::Password => format!("run: sudo {update} && sudo {install}"),
        _ => format!("run as root: {update} && {install}"),
    };
    Failure::new(format!("this machine lacks {wanted}")).with_hint(hint)
}

fn rights() -> Rights {
    if !answers(&["apt-get", "--version"], "") {
        Rights::NoApt
    } else if user_id() == "0" {
        Rights::Root
    } else if answers(&["sudo", "-n", "true"], "") {
        Rights::Sudo
    } else if answers(&["sudo", "-V"], "") {
        Rights::Password
    } else {
        Rights::Nobody
    }
}

fn user_id() -> String {
    let output = output(&["id", "-u"], "");
    output.map_or_else(|_| String::new(), |output| text(&output.stdout))
}

fn carry_out(install: &Install) -> Result<(), Failure> {
    let words: Vec<&str> = install.command.iter().map(String::as_str).collect();
    let line = words.join(" ");
    let failed = |reason: String| {
        Failure::new(format!("`{line}` failed")).with_hint(format!("it said: {reason}"))
    };
    match output(&words, "") {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) if install.may_fail => {
            announce(&format!("`{line}` failed, going on: {}", text(&output.stderr)));
            Ok(())
        }
        Ok(output) => Err(failed(text(&[output.stdout, output.stderr].concat()))),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn announce(line: &str) {
    eprintln!("setup: {line}");
}

/// Whether the command starts and succeeds. Nothing of what it says is shown.
pub(crate) fn answers(command: &[&str], input: &str) -> bool {
    output(command, input).is_ok_and(|output| output.status.success())
}

fn output(command: &[&str], input: &str) -> std::io::Result<Output> {
    let (program, arguments) = command.split_first().expect("every command of this file is named");
    let mut child =
        Command::new(if *program == "cargo" { cargo_path() } else { (*program).into() })
            .args(arguments)
            .current_dir(crate::tasks::root())
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
    // A program that ends without reading its input breaks the pipe; its exit status tells enough.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    child.wait_with_output()
}

/// The cargo that runs this task, so that a toolchain chosen on the command line (`cargo +stable`)
/// stays chosen.
pub(crate) fn cargo_path() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}
