//! The commands of the README in their order, staleness, and Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::world::{Ended, run, tracehound, world};

struct Store {
    dir: tempfile::TempDir,
}

impl Store {
    fn init() -> Self {
        let store = Self { dir: tempfile::tempdir().unwrap() };
        store.run(&["init"]).exits(0);
        store
    }

    fn path(&self) -> String {
        self.dir.path().join("store").to_str().unwrap().to_owned()
    }

    fn run(&self, words: &[&str]) -> Ended {
        run(&[&["--store", &self.path()], words].concat())
    }
}

#[test]
fn the_commands_of_the_readme_lead_to_an_answer() {
    let (world, store) = (world(), Store::init());
    let blocks = world.path("blocks");
    let took = store
        .run(&["ingest", "bitcoin", &blocks, "--network", "regtest", "--json"])
        .exits(0)
        .json();
    assert_eq!(took["blocks"], world.report["status"]["blocks"]);
    let again = store
        .run(&["ingest", "bitcoin", &blocks, "--network", "regtest", "--json"])
        .exits(0)
        .json();
    assert_eq!(again["blocks"], 0, "a second time brings nothing new");
    let tags = store.run(&["tags", "import", &world.path("tags.yaml"), "--json"]).exits(0).json();
    assert_eq!(tags["refused"], 0);
    let dry = store
        .run(&["lists", "import", "house", &world.path("sanctions.txt"), "--dry-run"])
        .exits(0)
        .stdout;
    assert!(dry.contains("nothing was changed"), "{dry}");
    assert!(store.run(&["lists", "show"]).exits(0).stdout.contains("no lists"));
    let lists = store
        .run(&["lists", "import", "house", &world.path("sanctions.txt"), "--json"])
        .exits(0)
        .json();
    assert!(lists[0]["live"].as_u64() >= Some(1), "{lists:#}");
    let clean = world.clean();
    let stale = store.run(&["screen", &clean, "--fail-stale", "--json"]).exits(4).json();
    assert_eq!(stale["stale"], true, "nothing has been run yet");
    store.run(&["run"]).exits(0);
    store.run(&["screen", &clean, "--fail-stale"]).exits(0);
    let again = store.run(&["run", "--json"]).exits(0).json();
    assert_eq!(again["up_to_date"], true);
    store.run(&["screen", &world.hit()]).exits(3);
    let (status, demo) = (store.run(&["status", "--json"]).json(), &world.report["status"]);
    for key in [
        "transactions",
        "inputs",
        "outputs",
        "addresses",
        "links",
        "clusters",
        "cluster_edges",
        "tags",
    ] {
        assert_eq!(status[key], demo[key], "{key}: the demo takes the same way");
    }
    assert!(store.run(&["lists", "show"]).exits(0).stdout.contains("house"));
    let quiet = store.run(&["run", "--quiet"]).exits(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn ctrl_c_stops_after_a_commit_and_the_next_call_goes_on() {
    let (world, store) = (world(), Store::init());
    let (path, blocks) = (store.path(), world.path("blocks"));
    let words =
        ["--store", &path, "ingest", "bitcoin", &blocks, "--network", "regtest", "--verbose"];
    let mut command = tracehound();
    // A commit a block: there is one to stop after.
    command.args(words).env("TRACEHOUND_INGEST__COMMIT_BYTES", "1");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    messages.read_line(&mut first).unwrap();
    assert!(first.contains("Ctrl-C stops"), "{first}");
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let status = child.wait().unwrap();
    let mut rest = String::new();
    messages.read_to_string(&mut rest).unwrap();
    assert_eq!(status.code(), Some(130), "{rest}");
    assert!(rest.contains("stopping after the commit at hand"), "{rest}");
    assert!(rest.contains("hint: run the same command again"), "{rest}");
    let done = store.run(&["status", "--json"]).exits(0).json()["blocks"].as_u64().unwrap();
    let total = world.report["status"]["blocks"].as_u64().unwrap();
    assert!(done < total, "it was stopped on the way: {done} of {total}");
    let rest = store
        .run(&["ingest", "bitcoin", &blocks, "--network", "regtest", "--json"])
        .exits(0)
        .json();
    assert_eq!(rest["blocks"].as_u64(), Some(total - done));
    let key = "transactions";
    assert_eq!(store.run(&["status", "--json"]).json()[key], world.report["status"][key]);
}
