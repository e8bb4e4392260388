//! Real blocks, counted by the engine and again by a script in another language that shares no code with it.

use std::path::Path;
use std::process::Command;

use engine::{BitcoinSource, IngestOptions, ListImport, Unwatched};
use serde_json::Value;
use simulate::{World, WorldSpec};

use crate::{NOW, Scratch, data};

fn recount(folder: &Path, arguments: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recount/recount.py");
    let output = Command::new("python3").arg(script).arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Takes in `folder` with tags and lists, and compares every number of the status with the recount.
fn check(folder: &Path, tags: Option<&Path>, listed: Option<&Path>) {
    let scratch = Scratch::new();
    let mut arguments = Vec::new();
    if let Some(listed) = listed {
        let import = ListImport {
            list: "ofac-sdn".to_owned(),
            paths: vec![listed.to_owned()],
            ..ListImport::default()
        };
        scratch.engine.import_lists(&import, NOW, &Unwatched).unwrap();
        arguments.extend(["--listed", listed.to_str().unwrap()]);
    }
    let tag_list = scratch.dir.path().join("tagged.txt");
    if let Some(tags) = tags {
        let report = scratch.engine.import_tags(&[tags.to_owned()], None, NOW, &Unwatched).unwrap();
        assert_eq!(report.failed, [""; 0]);
        std::fs::write(&tag_list, tagged_lines(tags)).unwrap();
        arguments.extend(["--tags", tag_list.to_str().unwrap()]);
    }
    let counted = check_store(&scratch, folder, &arguments);
    let status = status(&scratch);
    for (name, asked) in [("tagged_addresses", tags), ("listed_addresses", listed)] {
        if asked.is_some() {
            assert_eq!(status[name], counted[name], "{name}");
        }
    }
}

fn status(scratch: &Scratch) -> Value {
    serde_json::to_value(scratch.engine.view().unwrap().status(NOW).unwrap()).unwrap()
}

/// Takes `folder` into the store and compares what its blocks alone determine.
fn check_store(scratch: &Scratch, folder: &Path, arguments: &[&str]) -> Value {
    let source = BitcoinSource::Path(vec![folder.to_owned()]);
    let ingested =
        scratch.engine.ingest_bitcoin(&source, &IngestOptions::default(), NOW, &Unwatched).unwrap();
    let run = scratch.engine.run(NOW, &Unwatched).unwrap();
    let status = status(scratch);
    let counted = recount(folder, arguments);
    for name in [
        "blocks",
        "transactions",
        "inputs",
        "inputs_unknown",
        "outputs",
        "addresses",
        "links",
        "clusters",
        "clustered_addresses",
        "cluster_edges",
    ] {
        assert_eq!(status[name], counted[name], "{name}");
    }
    assert_eq!(ingested.outputs, counted["outputs"]);
    assert_eq!(run.mixing_transactions, counted["mixing_transactions"]);
    for (name, count) in &run.links_by_heuristic {
        assert_eq!(
            counted["links_by_heuristic"].get(name).unwrap_or(&Value::from(0)),
            count,
            "{name}"
        );
    }
    let sizes = |value: &Value| -> Vec<Value> {
        value["largest_clusters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["size"].clone())
            .collect()
    };
    assert_eq!(sizes(&status), sizes(&counted));
    assert!(scratch.engine.verify(true, &Unwatched).unwrap().all_holds());
    counted
}

/// Every `address:` of the packs, one a line, taken by text and not by a YAML reader.
fn tagged_lines(packs: &Path) -> String {
    let mut lines = String::new();
    let mut folders = vec![packs.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                let field = line.trim_start_matches([' ', '-']);
                if let Some(address) = field.strip_prefix("address:") {
                    lines.push_str(address.trim().trim_matches(['"', '\'']));
                    lines.push('\n');
                }
            }
        }
    }
    lines
}

#[test]
fn seventeen_blocks_of_2019_are_counted_alike() {
    let Some(folder) = data("bitcoin/run-560062") else { return };
    let listed = data("labels/ofac/addresses-2024-09-27")
        .map(|lists| lists.join("sanctioned_addresses_XBT.txt"));
    check(&folder, data("labels/tagpacks/packs").as_deref(), listed.as_deref());
}

#[test]
fn the_first_blocks_are_counted_alike() {
    let Some(folder) = data("bitcoin/run-genesis") else { return };
    check(&folder, None, None);
}

#[test]
fn a_simulated_world_is_counted_alike() {
    let scratch = Scratch::on_regtest();
    let folder = scratch.dir.path().join("blocks");
    std::fs::create_dir(&folder).unwrap();
    let world = World::new(WorldSpec::small(4)).unwrap();
    for (height, block) in world.blocks().enumerate() {
        std::fs::write(folder.join(format!("{height:05}.blk")), block).unwrap();
    }
    let counted = check_store(&scratch, &folder, &[]);
    assert_eq!(counted["blocks"], world.spec().n_blocks);
    assert_eq!(counted["inputs_unknown"], 0);
}
