//! A Python with the packages that tests compare with (`crates/bench-peers/peers/requirements.txt`).
//!
//! In: whatever Python the machine has. Out: the interpreter to hand to the tests as `TRACEHOUND_PYTHON`, or a line
//! that says why there is none: those tests then say that they were skipped, and nothing fails.
//! Order: what the caller named; `python3` if it has the packages; a virtual environment in the cache folder,
//! made once per requirements file. Nothing is installed into the system's own Python.

use std::path::{Path, PathBuf};

use super::{Install, Need, Source, answers, carry_out, plan, rights};
use crate::tasks::root;

/// The variable that names the interpreter.
pub(crate) const VARIABLE: &str = "TRACEHOUND_PYTHON";
const REQUIREMENTS: &str = "crates/bench-peers/peers/requirements.txt";
const IMPORTS: &str = "import networkx, numpy, pyarrow, scipy";

/// Debian keeps the part of Python that makes environments in a package of its own.
const VENV: Need = Need {
    name: "the part of python3 that makes environments",
    why: "tests compare with packages for Python",
    probe: &["python3", "-c", "import ensurepip, venv"],
    input: "",
    from: Source::Debian(&["python3-venv"]),
};

/// The interpreter with the packages; makes one where it can.
pub(crate) fn interpreter() -> Option<String> {
    if let Some(chosen) = std::env::var(VARIABLE).ok().filter(|chosen| !chosen.is_empty()) {
        return Some(chosen);
    }
    if has_packages("python3") {
        return Some("python3".to_owned());
    }
    let folder = folder()?;
    let python = folder.join("bin/python").display().to_string();
    if has_packages(&python) {
        return Some(python);
    }
    match make(&folder, &python) {
        Ok(()) => Some(python),
        Err(reason) => {
            let line = reason.lines().rfind(|line| !line.is_empty()).unwrap_or_default();
            super::announce(&format!("no Python packages to compare with, going on: {line}"));
            None
        }
    }
}

fn has_packages(python: &str) -> bool {
    answers(&[python, "-c", IMPORTS], "")
}

/// Named after the requirements, so that other versions get an environment of their own.
fn folder() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    let requirements = std::fs::read_to_string(root().join(REQUIREMENTS)).ok()?;
    let versions: Vec<&str> =
        requirements.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    Some(cache.join("tracehound").join(format!("python-{}", versions.join("-"))))
}

fn make(folder: &Path, python: &str) -> Result<(), String> {
    let folder = folder.display().to_string();
    super::announce(&format!("installing the Python packages of {REQUIREMENTS} into {folder}"));
    if !answers(VENV.probe, VENV.input) {
        let installs = plan(&[&VENV], rights).map_err(|_| "python3-venv is not installed")?;
        installs.iter().try_for_each(run)?;
    }
    let requirements = root().join(REQUIREMENTS).display().to_string();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary"];
    let make = ["python3", "-m", "venv", "--clear", &folder];
    let fill = [&[python], &pip[..], &[":all:", "-r", &requirements]].concat();
    for command in [&make[..], &fill] {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        run(&Install { announcement: String::new(), command, may_fail: false })?;
    }
    Ok(())
}

fn run(install: &Install) -> Result<(), String> {
    if !install.announcement.is_empty() {
        super::announce(&install.announcement);
    }
    carry_out(install).map_err(|failure| match failure.hint() {
        Some(said) => format!("{failure}\n{said}"),
        None => failure.to_string(),
    })
}
