//! Pythons with the packages that tests need: those we compare with (`crates/bench-peers`), and those that use our own
//! package (`crates/python`).
//!
//! In: whatever Python the machine has. Out: for each list of packages the interpreter to hand to the tests in a variable, or
//! a line that says why there is none: those tests then say that they were skipped, and nothing fails.
//! Order: what the caller named; `python3` if it has the packages; a virtual environment in the cache folder,
//! made once per requirements file. Nothing is installed into the system's own Python.

use std::path::{Path, PathBuf};

use super::{Install, Need, Source, answers, carry_out, plan, rights};
use crate::tasks::root;

/// A list of packages, and who asks for it.
struct Packages {
    /// The variable that names the interpreter.
    variable: &'static str,
    requirements: &'static str,
    /// Succeeds where they are installed.
    imports: &'static str,
}

const ALL: [Packages; 2] = [
    Packages {
        variable: "TRACEHOUND_PYTHON",
        requirements: "crates/bench-peers/peers/requirements.txt",
        imports: "import networkx, numpy, pyarrow, scipy",
    },
    Packages {
        variable: "TRACEHOUND_PYTHON_PACKAGES",
        requirements: "crates/python/tests/requirements.txt",
        imports: "import ipykernel, nbclient, nbformat, numpy, pandas, polars, pyarrow, pytest, sklearn",
    },
];

/// Debian keeps the part of Python that makes environments in a package of its own.
const VENV: Need = Need {
    name: "the part of python3 that makes environments",
    why: "tests use packages for Python",
    probe: &["python3", "-c", "import ensurepip, venv"],
    input: "",
    from: Source::Debian(&["python3-venv"]),
};

/// Variables with the interpreters that have the packages; makes those it can.
pub(crate) fn interpreters() -> Vec<(&'static str, String)> {
    let found = ALL.iter().map(|packages| (packages.variable, packages.interpreter()));
    found.filter_map(|(variable, python)| Some((variable, python?))).collect()
}

impl Packages {
    fn interpreter(&self) -> Option<String> {
        if let Some(chosen) = std::env::var(self.variable).ok().filter(|chosen| !chosen.is_empty())
        {
            return Some(chosen);
        }
        if self.are_in("python3") {
            return Some("python3".to_owned());
        }
        let folder = self.folder()?;
        let python = folder.join("bin/python").display().to_string();
        if self.are_in(&python) {
            return Some(python);
        }
        match self.make(&folder, &python) {
            Ok(()) => Some(python),
            Err(reason) => {
                let line = reason.lines().rfind(|line| !line.is_empty()).unwrap_or_default();
                super::announce(&format!(
                    "no Python packages of {}, going on: {line}",
                    self.requirements
                ));
                None
            }
        }
    }

    fn are_in(&self, python: &str) -> bool {
        answers(&[python, "-c", self.imports], "")
    }

    /// Named after the requirements, so that other versions get an environment of their own.
    fn folder(&self) -> Option<PathBuf> {
        let requirements = std::fs::read_to_string(root().join(self.requirements)).ok()?;
        let versions: Vec<&str> = requirements
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .collect();
        Some(cache_folder()?.join(format!("python-{}", versions.join("-"))))
    }

    fn make(&self, folder: &Path, python: &str) -> Result<(), String> {
        let folder = folder.display().to_string();
        super::announce(&format!(
            "installing the Python packages of {} into {folder}",
            self.requirements
        ));
        if !answers(VENV.probe, VENV.input) {
            let installs = plan(&[&VENV], rights).map_err(|_| "python3-venv is not installed")?;
            installs.iter().try_for_each(run)?;
        }
        let requirements = root().join(self.requirements).display().to_string();
        let pip =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary"];
        let make = ["python3", "-m", "venv", "--clear", &folder];
        let fill = [&[python], &pip[..], &[":all:", "-r", &requirements]].concat();
        for command in [&make[..], &fill] {
            let command = command.iter().map(|&word| word.to_owned()).collect();
            run(&Install { announcement: String::new(), command, may_fail: false })?;
        }
        Ok(())
    }
}

/// Where things that are made or fetched once are kept, outside every checkout.
pub(super) fn cache_folder() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    Some(cache.join("tracehound"))
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
