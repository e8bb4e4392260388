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

#[test]
fn prices_come_in_and_answers_have_values() {
    let (world, store) = (world(), Store::init());
    let network = ["--network", "regtest"];
    store.run(&[&["ingest", "bitcoin", &world.path("blocks")], &network[..]].concat()).exits(0);
    let last = store.run(&["status", "--json"]).exits(0).json()["last_time_s"].as_i64().unwrap();
    let mut text = String::from("unix;open;high;low;close\n");
    for hour in 0..5_000 {
        let close = 3_600 + hour % 7;
        text += &format!("{};3600;3610;3590;{close}\n", last + 7_200 - hour * 3_600);
    }
    let file = std::path::Path::new(&store.path()).join("../prices.csv");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    store.run(&["prices", "import", file]).fails(1, "no asset is named", "--asset BTC");
    let named = ["prices", "import", file, "--asset", "BTC", "--currency", "USD", "--json"];
    let dry = store.run(&[&named[..], &["--dry-run"]].concat()).exits(0).json();
    assert_eq!((dry["added"].as_u64(), dry["dry_run"].as_bool()), (Some(5_000), Some(true)));
    let report = store.run(&named).exits(0).json();
    assert_eq!(report["series"][0]["interval_s"], 3_600);
    assert_eq!(report["files"][0]["order"], "newest first");
    store.run(&["run"]).exits(0);
    let listed = store.run(&["prices", "list"]).exits(0).stdout;
    assert!(listed.contains("5,000") && listed.contains("1h"), "{listed}");
    let transfers = store.run(&["export", "transfers", "--format", "csv"]).exits(0).stdout;
    let header = transfers.lines().next().unwrap();
    assert!(header.starts_with("tx,tx_id,height,time_s,source,target,amount_sat,value_micros"));
    assert!(transfers.lines().count() > 100);
    let hit = world.hit();
    let near = store.run(&["neighbors", &hit, "--json"]).exits(0).json();
    let first = ["in", "out"].map(|side| near[side]["neighbors"][0]["value"]["currency"].clone());
    assert!(first.contains(&"USD".into()), "{near:#}");
}

#[test]
fn monitored_addresses_are_named_and_listed() {
    let (world, store) = (world(), Store::init());
    let (hit, clean) = (world.hit(), world.clean());
    let file = std::path::Path::new(&store.path()).join("../customers.csv");
    std::fs::write(&file, format!("address,label\n{clean},customer-18\n")).unwrap();
    let because = ["--reason", "onboarding", "--author", "jane"];
    let words =
        ["monitor", "add", &hit, "--file", file.to_str().unwrap(), "--label", "customer-17"];
    let report = store.run(&[&words[..], &because, &["--json"]].concat()).exits(0).json();
    assert_eq!((report["added"].as_u64(), report["monitored"].as_u64()), (Some(2), Some(2)));
    let listed = store.run(&["monitor", "list", "--json"]).exits(0).json();
    let labels: Vec<_> =
        listed["addresses"].as_array().unwrap().iter().map(|row| row["label"].clone()).collect();
    assert_eq!(labels, ["customer-17", "customer-18"]);
    store.run(&[&["monitor", "remove", &hit], &because[..]].concat()).exits(0);
    assert!(store.run(&["monitor", "list"]).exits(0).stdout.contains("1 address is monitored"));
    store.run(&[&["monitor", "remove", &hit], &because[..]].concat()).fails(
        1,
        "is not monitored",
        "monitor list",
    );
}
