//! A real process that commits in a loop is killed at random moments; what it acknowledged is
//! there, whole.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tracehound_store::Store;

use crate::model::{Model, Step, folder, run, tiny};

const CHILD: &str = "TRACEHOUND_STORE_KILL_DIR";

/// Commit number `number` does this, every time.
fn steps(number: u64) -> Vec<Step> {
    let small = |salt: u64| u8::try_from((number * 7 + salt) % 40).unwrap();
    vec![
        Step::Append(0, vec![1; usize::from(small(3))]),
        Step::RemoveAbove(0, 255 - small(1)),
        Step::Extend(vec![small(5); 30]),
        Step::TruncateColumn(255 - small(2)),
        Step::Assign((small(0)..40).collect()),
        Step::AppendKeys(vec![small(4)]),
        Step::TruncateKeys(255 - small(6) / 4),
        Step::Map(vec![u32::from(small(0)); 5]),
        Step::Checkpoint(number),
    ]
}

/// The child's life: take up where the store is, commit, say so.
fn commit_forever(dir: &Path) {
    let store = Store::open_with(dir, tiny()).unwrap();
    let mut writer = store.writer().unwrap();
    let mut model = model_at(writer.snapshot().checkpoint("stage").unwrap_or(0));
    for number in writer.snapshot().checkpoint("stage").unwrap_or(0) + 1.. {
        let mut commit = writer.begin();
        for step in steps(number) {
            model.apply(&mut commit, &step).unwrap();
        }
        commit.finish(run("killed")).unwrap();
        // Not through the test harness: what it captures would be lost with us.
        let line = format!("acknowledged {number}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    }
}

/// The model after so many commits, made on a store of its own.
fn model_at(number: u64) -> Model {
    let (_scratch, store) = crate::model::create();
    let mut writer = store.writer().unwrap();
    let mut model = Model::default();
    let mut commit = writer.begin();
    for step in (1..=number).flat_map(steps) {
        model.apply(&mut commit, &step).unwrap();
    }
    model
}

/// Kills the child a while after its `acks`th acknowledgement; the last number it acknowledged.
fn kill_after(dir: &Path, acks: u64, then: Duration) -> u64 {
    let name = "kill::acknowledged_commits_survive_kill";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut last = 0;
    let mut count = 0;
    let mut deadline = None;
    let killed = child.id();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(number) = line.unwrap().strip_prefix("acknowledged ") {
            last = number.parse().unwrap();
            count += 1;
            if count == acks {
                deadline = Some(Instant::now() + then);
            }
        }
        if let Some(deadline) = deadline.take() {
            while Instant::now() < deadline {
                std::hint::spin_loop();
            }
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(count >= acks, "child {killed} ended by itself");
    last
}

#[test]
fn acknowledged_commits_survive_kill() {
    if let Some(dir) = std::env::var_os(CHILD) {
        commit_forever(Path::new(&dir));
    }
    let scratch = folder();
    let dir = scratch.path().join("store");
    Store::create_with(&dir, tiny()).unwrap();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _kill in 0..20 {
        let acknowledged = kill_after(&dir, 1 + random(4), Duration::from_micros(random(3000)));
        let snapshot = Store::open_with(&dir, tiny()).unwrap().snapshot().unwrap();
        let reached = snapshot.checkpoint("stage").unwrap();
        assert!(
            reached == acknowledged || reached == acknowledged + 1,
            "{reached}, {acknowledged}"
        );
        model_at(reached).check(&snapshot);
        assert_eq!(snapshot.verify(&mut |_| {}).unwrap(), []);
    }
}
