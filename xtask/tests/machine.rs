//! The built `xtask` on a machine of stand-in programs: PATH holds nothing but shell scripts
//! that log their calls and answer as told, so no test installs anything.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// A folder of programs. `answer` is the body of a shell script that may use `$HERE`.
struct Machine {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// One machine at a time: a script that another thread's fork still holds open for writing cannot be
/// executed ("text file busy").
static ALONE: Mutex<()> = Mutex::new(());

impl Machine {
    /// Everything is there, and the user is root.
    fn ready() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = Self { folder: TempDir::new().unwrap(), _alone: alone };
        let programs = ["prometheus", "prometheus-alertmanager"];
        let tools = ["cc", "ar", "python3", "cargo", "rustup", "apt-get"];
        for program in tools.into_iter().chain(programs) {
            machine.with(program, "exit 0");
        }
        machine.with("id", "echo 0").with("sudo", "exit 1");
        machine
    }

    fn with(&self, program: &str, answer: &str) -> &Self {
        let here = self.folder.path().display();
        let log = format!("echo \"{program} $*\" >> {here}/log");
        let script = format!("#!/bin/sh\nHERE={here}\n{log}\n{answer}\n");
        let path = self.folder.path().join(program);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// `program` fails until one of the calls of `provider` that begin with `call` has happened.
    fn lacks(&self, program: &str, provider: &str, call: &str) -> &Self {
        self.with(program, "test -e $HERE/provided");
        self.with(provider, &format!("case \"$*\" in {call}*) : > $HERE/provided;; esac"))
    }

    fn xtask(&self, arguments: &[&str]) -> Output {
        let path: &Path = self.folder.path();
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(arguments)
            .env("PATH", path)
            .env("CARGO", path.join("cargo"))
            .env("XDG_CACHE_HOME", path.join("cache"))
            .env_remove("TRACEHOUND_PYTHON")
            .env_remove("TRACEHOUND_PYTHON_PACKAGES")
            .env_remove("TRACEHOUND_PROGRAMS")
            .output()
            .unwrap()
    }

    fn calls(&self, program: &str) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        log.lines().filter(|line| line.starts_with(program)).map(str::to_owned).collect()
    }
}

#[track_caller]
fn check(machine: &Machine, exit_code: i32, said: &str) {
    let output = machine.xtask(&["setup"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), said);
    assert_eq!(output.status.code(), Some(exit_code));
    assert_eq!(output.stdout, b"");
}

#[test]
fn a_ready_machine_is_left_alone_in_silence() {
    let machine = Machine::ready();
    check(&machine, 0, "");
    assert_eq!(machine.calls("apt-get"), [""; 0]);
    assert_eq!(machine.calls("rustup"), [""; 0]);
}

#[test]
fn root_gets_the_missing_package_and_no_other() {
    let machine = Machine::ready();
    machine.lacks("python3", "apt-get", "install");
    let said = "setup: reading Debian's package lists (apt-get update)\n\
                setup: installing python3 with its standard library (tests compare with an \
                independent script) (apt-get install python3)\n";
    check(&machine, 0, said);
    let install = "apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120";
    let expected = [
        "apt-get --version".to_owned(),
        "apt-get update -qq".to_owned(),
        format!("{install} python3"),
    ];
    assert_eq!(machine.calls("apt-get"), expected);
    check(&machine, 0, "");
}

#[test]
fn without_rights_nothing_runs_and_the_command_is_told() {
    let machine = Machine::ready();
    machine.with("id", "echo 1000").with("cc", "exit 1");
    let said = "error: this machine lacks a C compiler with the headers of the C library \
                (zstd-sys and secp256k1-sys compile C)\n\
                hint: run as root: apt-get update && apt-get install -y --no-install-recommends \
                gcc libc6-dev\n";
    check(&machine, 1, said);
    assert_eq!(machine.calls("apt-get"), ["apt-get --version"]);
}

#[test]
fn a_missing_component_comes_from_rustup() {
    let machine = Machine::ready();
    machine.with("cargo", "test \"$1\" != clippy || test -e $HERE/provided");
    machine.with("rustup", "test \"$*\" = 'component add clippy' && : > $HERE/provided");
    check(&machine, 0, "setup: installing clippy (the lint check runs it)\n");
}

#[test]
fn a_failed_install_shows_what_it_said() {
    let machine = Machine::ready();
    machine
        .with("ar", "exit 1")
        .with("apt-get", "test \"$1\" != install || { echo full; exit 100; }");
    let said = "setup: reading Debian's package lists (apt-get update)\n\
                setup: installing ar (compiled C is packed with it) (apt-get install binutils)\n\
                error: `apt-get install -y -qq --no-install-recommends -o \
                DPkg::Lock::Timeout=120 binutils` failed\n\
                hint: it said: full\n";
    check(&machine, 1, said);
}

#[test]
fn an_install_that_changes_nothing_is_noticed() {
    let machine = Machine::ready();
    machine.with("ar", "exit 1").with("apt-get", "test \"$1\" != update || exit 1");
    let said = "setup: reading Debian's package lists (apt-get update)\n\
                setup: `apt-get update -qq` failed, going on: \n\
                setup: installing ar (compiled C is packed with it) (apt-get install binutils)\n\
                error: ar is still missing\n\
                hint: `ar --version` must succeed\n";
    check(&machine, 1, said);
}

#[test]
fn the_demo_is_built_wherever_cargo_puts_it_and_gets_its_arguments() {
    let machine = Machine::ready();
    let message = r#"{"target":{"name":"tracehound"},"executable":"$HERE/tracehound"}"#;
    machine.with("cargo", &format!("test \"$1\" != build || cat <<END\n{message}\nEND"));
    machine.with("tracehound", "echo shown; exit 3");
    machine.with("cat", "while read -r line; do echo \"$line\"; done");
    let output = machine.xtask(&["demo", "--", "--json", "two words"]);
    assert_eq!(output.stdout, b"shown\n");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(machine.calls("tracehound"), ["tracehound demo --json two words"]);
    let build = "cargo build --release --package tracehound-cli \
                 --message-format=json-render-diagnostics";
    assert_eq!(machine.calls("cargo"), [build]);
}

#[test]
fn a_failed_test_fails_the_task_after_all_of_them_ran() {
    let machine = Machine::ready();
    machine.with("cargo", "case \"$*\" in *--doc*) exit 101;; esac");
    let output = machine.xtask(&["test"]);
    assert_eq!(output.status.code(), Some(101));
    let calls = [
        "cargo nextest --version",
        "cargo test --workspace --doc",
        "cargo nextest run --workspace --no-fail-fast",
    ];
    assert_eq!(machine.calls("cargo"), calls);
}

/// A python3 that imports the standard library only; what `log_env` writes shows what the tests were given.
fn without_packages(machine: &Machine) -> &Machine {
    machine
        .with("python3", "case \"$*\" in *'import networkx'*|*'import ipykernel'*) exit 1;; *ensurepip*) exit 1;; esac")
        .with("id", "echo 1000")
        .with("cargo", "echo \"python: $TRACEHOUND_PYTHON $TRACEHOUND_PYTHON_PACKAGES\" >> $HERE/log")
}

#[test]
fn tests_run_without_the_packages_they_compare_with_and_say_so() {
    let machine = Machine::ready();
    let output = without_packages(&machine).xtask(&["test", "-p", "one"]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    for list in ["bench-peers/peers", "python/tests"] {
        let line = format!(
            "setup: no Python packages of crates/{list}/requirements.txt, going on: \
             python3-venv is not installed"
        );
        assert!(said.lines().any(|said| said == line), "{said}");
    }
    assert_eq!(machine.calls("python: "), ["python:  "; 2]);
}

const MADE: &str = "#!/bin/sh\necho \"made $*\" >> HERE/log\n";
const MAKES_AN_ENVIRONMENT: &str = "case \"$*\" in *'import networkx'*|*'import ipykernel'*) exit 1;; *ensurepip*) exit 1;; esac
test \"$2\" != venv && exit 0
/bin/mkdir -p \"$4/bin\" && /bin/cp $HERE/made \"$4/bin/python\" && /bin/chmod 755 \"$4/bin/python\"";

#[test]
fn the_packages_are_installed_once_into_an_environment_of_their_own() {
    let machine = Machine::ready();
    let here = machine.folder.path().display().to_string();
    without_packages(&machine).with("id", "echo 0");
    // Making the environment puts an interpreter there that logs its calls and has every package.
    fs::write(machine.folder.path().join("made"), MADE.replace("HERE", &here)).unwrap();
    machine.with("python3", MAKES_AN_ENVIRONMENT);
    for _ in 0..2 {
        assert_eq!(machine.xtask(&["test", "-p", "one"]).status.code(), Some(0));
    }
    let calls = machine.calls("python3 -m venv");
    assert_eq!(calls.len(), 2, "one a list of packages: {calls:?}");
    assert_eq!(machine.calls("apt-get install").len(), 2);
    let installs = machine.calls("made -m pip install");
    assert_eq!(installs.len(), 2, "{installs:?}");
    let given = machine.calls("python: ");
    let pythons = given.last().map_or(0, |last| last.matches("/bin/python").count());
    assert_eq!(pythons, 2, "{given:?}");
}

/// `apt-get download` leaves two packages, and unpacking one leaves a program that answers.
fn without_programs(machine: &Machine) -> &Machine {
    machine
        .with("prometheus", "exit 1")
        .with("cargo", "echo \"programs: $TRACEHOUND_PROGRAMS\" >> $HERE/log")
        .with("env", "cd \"$2\" && : > a.deb && : > b.deb")
        .with("dpkg-deb", "/bin/mkdir -p \"$3/usr/bin\" && for name in prometheus prometheus-alertmanager; do /bin/cp $HERE/rustup \"$3/usr/bin/$name\"; done")
}

#[test]
fn programs_are_fetched_once_and_unpacked_without_being_installed() {
    let machine = Machine::ready();
    without_programs(&machine);
    for _ in 0..2 {
        assert_eq!(machine.xtask(&["test", "-p", "one"]).status.code(), Some(0));
    }
    let cache = machine.folder.path().join("cache/tracehound/unpacked-programs");
    let cache = cache.display();
    let download =
        format!("env -C {cache} apt-get download -qq prometheus prometheus-alertmanager");
    assert_eq!(machine.calls("env"), [download]);
    let unpacked = ["a", "b"].map(|name| format!("dpkg-deb -x {cache}/{name}.deb {cache}"));
    assert_eq!(machine.calls("dpkg-deb"), unpacked);
    assert_eq!(machine.calls("apt-get install"), [""; 0]);
    let given = format!("programs: {cache}/usr/bin");
    assert_eq!(machine.calls("programs: ").last(), Some(&given));
}

#[test]
fn tests_run_without_the_programs_they_talk_to_and_say_so() {
    let machine = Machine::ready();
    without_programs(&machine).with("env", "echo no such package; exit 100");
    let output = machine.xtask(&["test", "-p", "one"]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    let line = "setup: no prometheus, prometheus-alertmanager, going on: `env -C";
    assert!(said.lines().any(|said| said.starts_with(line)), "{said}");
    assert_eq!(machine.calls("programs: ").last().map(String::as_str), Some("programs: "));
}

#[test]
fn checks_stop_at_the_first_that_fails() {
    let machine = Machine::ready();
    machine.with("cargo", "test \"$*\" != 'fmt --all --check'");
    let output = machine.xtask(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(machine.calls("cargo").last().map(String::as_str), Some("cargo fmt --all --check"));
}
