//! Files of models that strangers made: edited, renamed, swollen. None panics, loops or takes the memory of the machine.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tracehound_learn::automl::{AutoOptions, Manifest, Method, Model, SplitBy, train};
use tracehound_learn::{Frame, LearnError, report};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A table with a column of every kind, and three targets.
fn table() -> Frame {
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let mut csv = "size,plan,code,told,flag,step,start,end,left,price,color\n".to_owned();
    for _ in 0..120 {
        let size: f64 = dice.random_range(-2.0..2.0);
        let plan = ["monthly", "yearly", "free"][dice.random_range(0..3)];
        let code = format!("{}{}", ["A", "B"][dice.random_range(0..2)], dice.random_range(10..70));
        let word =
            |dice: &mut ChaCha8Rng| ["late", "paid", "card", "asked"][dice.random_range(0..4)];
        let told: Vec<String> =
            (0..4).map(|_| format!("{}{}", word(&mut dice), dice.random_range(0..9))).collect();
        let flag = ["yes", "no"][dice.random_range(0..2)];
        let step = ["low", "medium", "high"][dice.random_range(0..3)];
        let (month, day) = (dice.random_range(1..13), dice.random_range(1..20));
        let left = size + dice.random_range(-1.0..1.0) > 0.0;
        let price = (2.0 * size + dice.random_range(0.0..0.3)).exp();
        let color = ["red", "green", "blue"][usize::from(size > 0.5) + usize::from(left)];
        let shown = if dice.random_bool(0.05) { String::new() } else { format!("{size:.3}") };
        writeln!(
            csv,
            "{shown},{plan},{code},{},{flag},{step},2023-{month:02}-{day:02},2023-{month:02}-{:02},{},{price:.4},{color}",
            told.join(" "),
            day + 5,
            u8::from(left),
        )
        .unwrap();
    }
    Frame::from_csv(csv.as_bytes()).unwrap()
}

fn model(target: &str, methods: &[Method]) -> Model {
    trained(&table(), target, methods)
}

fn trained(table: &Frame, target: &str, methods: &[Method]) -> Model {
    let options = AutoOptions {
        budget_s: 0.1,
        methods: methods.to_vec(),
        split: SplitBy::Random,
        ..AutoOptions::for_target(target)
    };
    train(table, &options, &mut |_| true).unwrap()
}

fn entry_of(file: &[u8], name: &str) -> Value {
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn zipped(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A file whose hashes are right, whatever it holds.
fn packed(manifest: &Value, model: &[u8], method: CompressionMethod) -> Vec<u8> {
    let mut manifest = manifest.clone();
    let digest = Sha256::digest(model);
    let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    manifest["entries"] =
        json!([{ "name": "model.json", "n_bytes": model.len(), "sha256": sha256 }]);
    let manifest = serde_json::to_vec(&manifest).unwrap();
    zipped(&[("manifest.json", &manifest), ("model.json", model)], method)
}

/// All that is done with a model that was opened. A refusal is an answer; a panic is none.
fn used(model: &Model, manifest: &Manifest, table: &Frame) {
    let _ = model.predict(table).map(|prediction| prediction.labels().len());
    let _ = model.explain(table);
    let _ = model.reasons(&table.take(&[0, 1]), 3);
    let _ = model.targets_of(table);
    assert!(!report::html(model, manifest).is_empty());
    assert!(!report::json(model, manifest).is_empty());
    let _ = (model.n_trees(), model.parts(), model.schema());
}

/// A place in a document, as the numbers of parts on a walk from the root that may stop anywhere.
fn place(dice: &mut ChaCha8Rng, mut at: &Value) -> Vec<usize> {
    let mut way = Vec::new();
    loop {
        let n = match at {
            Value::Array(values) => values.len(),
            Value::Object(values) => values.len(),
            _ => 0,
        };
        if n == 0 || dice.random_bool(0.08) {
            return way;
        }
        way.push(dice.random_range(0..n));
        at = match at {
            Value::Array(values) => &values[way[way.len() - 1]],
            Value::Object(values) => values.values().nth(way[way.len() - 1]).unwrap(),
            _ => unreachable!("it has parts"),
        };
    }
}

fn part<'v>(document: &'v mut Value, way: &[usize]) -> &'v mut Value {
    way.iter().fold(document, |at, nth| match at {
        Value::Array(values) => &mut values[*nth],
        Value::Object(values) => values.values_mut().nth(*nth).unwrap(),
        _ => unreachable!("the walk went on"),
    })
}

fn edited(dice: &mut ChaCha8Rng, old: &Value, other: Value) -> Value {
    let pick =
        |dice: &mut ChaCha8Rng, from: &[Value]| from[dice.random_range(0..from.len())].clone();
    if dice.random_bool(0.15) {
        return other;
    }
    match old {
        Value::Number(_) => {
            let edges = [
                0.into(),
                1.into(),
                (-1).into(),
                3.into(),
                json!(0.5),
                json!(1e308),
                json!(-1e308),
            ];
            let whole = [7.into(), 1000.into(), u32::MAX.into(), u64::MAX.into(), i64::MIN.into()];
            pick(dice, &[&edges[..], &whole[..]].concat())
        }
        Value::String(_) => {
            let words = [
                "",
                "NaN",
                "inf",
                "-1e308",
                "regression",
                "binary",
                "number",
                "identity",
                "texts",
                "x",
            ];
            pick(dice, &words.map(Value::from))
        }
        Value::Bool(value) => Value::Bool(!value),
        Value::Null => pick(dice, &[json!(1), json!([]), json!({}), json!("a")]),
        Value::Array(values) => {
            let mut values = values.clone();
            match dice.random_range(0..5) {
                0 => values.clear(),
                1 => drop(values.pop()),
                2 => values.extend(values.last().cloned()),
                3 => values.reverse(),
                _ => values.extend(values.clone()),
            }
            Value::Array(values)
        }
        Value::Object(values) => {
            let mut values = values.clone();
            let key = values.keys().nth(dice.random_range(0..values.len().max(1))).cloned();
            key.and_then(|key| values.remove(&key));
            Value::Object(values)
        }
    }
}

/// Edits of a model, most of them one at a time; how many of the files were opened after all.
fn fuzzed(model: &Model, n_edits: u32, seed: u64) -> u32 {
    let file = model.to_bytes("m", "0").unwrap();
    let (manifest, mut document) =
        (entry_of(&file, "manifest.json"), entry_of(&file, "model.json"));
    let table = table().take(&[0, 5, 17]);
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut n_opened = 0;
    for _ in 0..n_edits {
        let (from, to) = (place(&mut dice, &document), place(&mut dice, &document));
        let other = part(&mut document, &from).clone();
        let at = part(&mut document, &to);
        let new = edited(&mut dice, at, other);
        let old = std::mem::replace(at, new);
        let bytes = serde_json::to_vec(&document).unwrap();
        let file = packed(&manifest, &bytes, CompressionMethod::Stored);
        match Model::from_bytes(&file) {
            Ok((model, manifest)) => {
                used(&model, &manifest, &table);
                n_opened += 1;
            }
            Err(error) => assert!(matches!(error, LearnError::Package { .. }), "{error}"),
        }
        *part(&mut document, &to) = old;
    }
    n_opened
}

#[test]
fn an_edited_model_is_refused_or_answers() {
    for (target, method, n_edits) in
        [("left", Method::Boosted, 6), ("price", Method::Forest, 6), ("color", Method::Linear, 20)]
    {
        let model = model(target, &[method]);
        assert!(fuzzed(&model, n_edits, 5) > 0, "{target}: no edit was harmless");
    }
    // A network takes long to train: of three columns.
    let few = ["size", "plan", "color"];
    let table = table();
    let own = table.columns().iter().filter(|column| few.contains(&column.name.as_str()));
    let few = Frame::new(own.cloned().collect()).unwrap().take(&(0..60).collect::<Vec<u32>>());
    let model = trained(&few, "color", &[Method::Network]);
    assert!(fuzzed(&model, 30, 5) > 0, "network: no edit was harmless");
}

/// The edits that a reviewer found to panic, one by one: each is refused with what is wrong.
#[test]
fn what_later_code_takes_for_granted_is_checked() {
    let file = model("left", &[Method::Linear]).to_bytes("m", "0").unwrap();
    let (manifest, document) = (entry_of(&file, "manifest.json"), entry_of(&file, "model.json"));
    let check = |pointer: &str, new: Value, part: &str| {
        let mut document = document.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"))[key] = new;
        let bytes = serde_json::to_vec(&document).unwrap();
        let error = Model::from_bytes(&packed(&manifest, &bytes, CompressionMethod::Stored));
        let error = error.unwrap_err().to_string();
        assert!(error.contains(part), "{pointer}: {error}");
    };
    let linear = "/members/0/learner/linear";
    check(&format!("{linear}/codings"), json!([]), "disagree");
    check(&format!("{linear}/terms"), json!([]), "disagree");
    check(&format!("{linear}/schema/kinds"), json!(["number"]), "disagree");
    check(&format!("{linear}/intercepts"), json!([0.0, 1.0]), "disagree");
    check("/targets/classes", json!(["a", "b", "c"]), "classes");
    check("/targets/task", json!("regression"), "classes");
    check("/blend/weights", json!([]), "weights");
    check("/blend/task", json!("regression"), "task");
    check("/members", json!([]), "weights");
    check("/members/0/shift", json!([1.0, 2.0]), "shifted");
    check("/pipeline/lineage", json!([]), "lineage");
    check("/pipeline/plans", json!([]), "lineage");
    for (at, plan) in document["pipeline"]["plans"].as_array().unwrap().iter().enumerate() {
        let of = format!("/pipeline/plans/{at}");
        let sources = if plan["step"].get("times").is_some() { "dates" } else { "one column" };
        check(&format!("{of}/sources"), json!([]), sources);
        check(&format!("{of}/outputs"), json!([]), "other features");
        for step in ["encoded", "text"] {
            if plan["step"].get(step).is_some() {
                check(&format!("{of}/step/{step}/encoding/all/sums"), json!([]), "outputs");
                check(&format!("{of}/step/{step}/n_outputs"), json!(1_u64 << 60), "outputs");
            }
        }
    }
}

#[test]
fn a_name_or_a_size_that_harms_is_refused() {
    let file = model("left", &[Method::Linear]).to_bytes("m", "0").unwrap();
    let (manifest, document) = (entry_of(&file, "manifest.json"), entry_of(&file, "model.json"));
    let document = serde_json::to_vec(&document).unwrap();
    for name in ["", "..", ".", "../../etc/passwd", "a b", "\u{1b}[31m", &"n".repeat(201)] {
        let mut manifest = manifest.clone();
        manifest["name"] = json!(name);
        let file = packed(&manifest, &document, CompressionMethod::Stored);
        let error = Model::from_bytes(&file).unwrap_err().to_string();
        assert!(error.contains("no name of a model"), "{name:?}: {error}");
    }
    // Whole by its hash, and a thousand times as large as the file.
    let swollen = [&document[..], &vec![b' '; 24 << 20]].concat();
    let file = packed(&manifest, &swollen, CompressionMethod::Deflated);
    assert!(file.len() < 1 << 18);
    let error = Model::from_bytes(&file).unwrap_err().to_string();
    assert!(error.contains("would unpack"), "{error}");
    // A manifest of blanks is not read to its end.
    let blanks = vec![b' '; 8 << 20];
    let file = zipped(&[("manifest.json", &blanks)], CompressionMethod::Deflated);
    let error = Model::from_bytes(&file).unwrap_err().to_string();
    assert!(error.contains("unpacks to more than"), "{error}");
    // One that is told smaller than it is.
    let mut told =
        entry_of(&packed(&manifest, &swollen, CompressionMethod::Deflated), "manifest.json");
    told["entries"][0]["n_bytes"] = json!(10);
    let told = serde_json::to_vec(&told).unwrap();
    let file =
        zipped(&[("manifest.json", &told), ("model.json", &swollen)], CompressionMethod::Deflated);
    let error = Model::from_bytes(&file).unwrap_err().to_string();
    assert!(error.contains("unpacks to more than 10 bytes"), "{error}");
}
