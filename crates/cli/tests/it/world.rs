//! One small world for all tests, made once by `tracehound demo`, and a way to run commands on it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use serde_json::Value;

/// What the demo printed, and where it put things.
pub(crate) struct World {
    pub(crate) dir: PathBuf,
    pub(crate) report: Value,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command, away from whatever the machine's environment says.
pub(crate) fn tracehound() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracehound"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TRACEHOUND_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs it with these words.
pub(crate) fn run<W: AsRef<OsStr>>(words: &[W]) -> Ended {
    ended(tracehound().args(words).output().unwrap())
}

/// Customers of whom some leave, as a table whose last column has that name.
pub(crate) fn customers(n: u32, target: &str) -> String {
    let mut text = format!("plan,size,{target}\n");
    for row in 0..n {
        let size = f64::from(row * 37 % 100) / 9.0;
        let plan = ["monthly", "free"][(row % 2) as usize];
        let left = size + f64::from(row % 2) * 3.0 + f64::from(row * 13 % 7) > 8.0;
        writeln!(text, "{plan},{size},{}", if left { "yes" } else { "no" }).unwrap();
    }
    text
}

/// A file of its own folder, and its path.
pub(crate) fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

/// Runs it with these words and this standard input.
pub(crate) fn run_with_input(words: &[&str], input: &str) -> Ended {
    let mut command = tracehound();
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    ended(child.wait_with_output().unwrap())
}

pub(crate) fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Ended {
    /// The only JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// One JSON document a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// An error on standard error with this text, a hint, and nothing on standard output.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, what: &str, hint: &str) {
        let ended = self.exits(code);
        assert!(ended.stderr.starts_with("error: "), "{ended:#?}");
        assert!(ended.stderr.contains(what), "{ended:#?}");
        assert!(ended.stderr.contains("hint: ") && ended.stderr.contains(hint), "{ended:#?}");
        assert_eq!(ended.stdout, "");
    }
}

/// The world, made on first use: once for all processes (a test runner may start one for each test), anew for
/// each build of the binary. Kept below the target folder, since a static is never dropped.
pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = File::create(folder.join("world.lock")).unwrap();
        lock.lock().unwrap();
        let built = fs::metadata(env!("CARGO_BIN_EXE_tracehound")).unwrap().modified().unwrap();
        let built = built.duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let dir = folder.join(format!("world-{built}"));
        let kept = dir.join("report.json");
        if !kept.is_file() {
            make(folder, &dir);
        }
        let report = serde_json::from_str(&fs::read_to_string(kept).unwrap()).unwrap();
        World { dir, report }
    })
}

/// Makes the world in `dir`, and removes those of earlier builds.
fn make(folder: &Path, dir: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().unwrap().to_string_lossy().starts_with("world-") {
            fs::remove_dir_all(path).unwrap();
        }
    }
    let words = ["demo", "--json", "--transactions", "900", "--seed", "7", "--dir"];
    let demo = run(&[&words.map(OsStr::new)[..], &[dir.as_os_str()]].concat()).exits(0);
    fs::write(dir.join("report.json"), demo.stdout).unwrap();
}

impl World {
    pub(crate) fn store(&self) -> &str {
        self.report["store"].as_str().unwrap()
    }

    /// A file or folder that the demo left beside its store.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().to_owned()
    }

    /// Runs the words on the world's store.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        run(&[&["--store", self.store()], words].concat())
    }

    /// The words of a question's command after the store.
    fn words(&self, kind: &str) -> Vec<String> {
        let questions = self.report["questions"].as_array().unwrap();
        let command = questions.iter().find(|question| question["answer"]["kind"] == kind).unwrap();
        let words = command["command"].as_str().unwrap().split(' ').skip(3);
        words.map(str::to_owned).collect()
    }

    /// An address whose cluster is listed, while it is not.
    pub(crate) fn hit(&self) -> String {
        self.words("screen")[1].clone()
    }

    /// The listed address, and one that its money reached.
    pub(crate) fn traced(&self) -> (String, String) {
        let words = self.words("trace");
        (words[1].clone(), words[3].clone())
    }

    /// Two addresses of one owner.
    pub(crate) fn explained(&self) -> (String, String) {
        let words = self.words("explain");
        (words[2].clone(), words[3].clone())
    }

    /// An address of which nothing is known.
    pub(crate) fn clean(&self) -> String {
        let mut next =
            self.report["try_next"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        let screen = next.rfind(|line| line.contains(" screen ")).unwrap();
        screen.rsplit(' ').next().unwrap().to_owned()
    }
}
