//! The same rows get the same numbers, digit by digit, over the wire and from `model predict`.

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use engine::tabular::{Table, predict};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::world::{Answer, Target, Wire, csv, model, options, request};

const ARROW: &str = "application/vnd.apache.arrow.stream";
const NAMES: [&str; 3] = ["left", "plan", "spent"];

/// Rows without the column that is predicted: figures of it are not what is compared.
fn rows(target: Target, n_rows: u64) -> String {
    let at = [5, 2, 6][target as usize];
    let without = |line: &str| {
        let fields = line.split(',').enumerate().filter(|(column, _)| *column != at);
        fields.map(|(_, field)| field).collect::<Vec<_>>().join(",")
    };
    csv(n_rows).lines().map(without).collect::<Vec<_>>().join("\n") + "\n"
}

/// The file that `model predict` writes, as columns of texts by name.
fn file(target: Target, rows: &str, n_reasons: usize) -> Vec<(String, Vec<String>)> {
    let model = model(target);
    let table = Table::from_bytes(rows.as_bytes().to_vec(), "rows.csv").unwrap();
    let predicted = predict(&model, &table, n_reasons).unwrap();
    let file = String::from_utf8(predicted.to_csv(model.model.target()).unwrap()).unwrap();
    let mut lines = file.lines().map(fields);
    let mut columns: Vec<(String, Vec<String>)> =
        lines.next().unwrap().into_iter().map(|name| (name, Vec::new())).collect();
    for line in lines {
        columns.iter_mut().zip(line).for_each(|((_, column), field)| column.push(field));
    }
    assert_eq!(columns.remove(0).0, "row");
    columns
}

/// Fields of a line in which some are quoted.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    for letter in line.replace("\"\"", "\u{1}").chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            '\u{1}' => fields.last_mut().unwrap().push('"'),
            letter => fields.last_mut().unwrap().push(letter),
        }
    }
    fields
}

/// The data of an output, letter for letter as they came.
fn data(answer: &Answer, output: &str) -> Vec<String> {
    let text = answer.text();
    let start = text.find(&format!("{{\"name\":{},", Value::from(output))).unwrap_or_else(|| {
        panic!("no output {output} in {text}");
    });
    let rest = &text[start..];
    let from = rest.find("\"data\":[").unwrap() + "\"data\":[".len();
    let list = &rest[from..from + rest[from..].find("]}").unwrap()];
    let values: Vec<Value> = serde_json::from_str(&format!("[{list}]")).unwrap();
    if values.iter().any(Value::is_string) {
        return values.iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect();
    }
    list.split(',').map(|number| number.replace("null", "")).collect()
}

#[track_caller]
fn check_same(answer: &Answer, columns: &[(String, Vec<String>)]) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (name, values) in columns {
        assert_eq!(&data(answer, name), values, "{name}");
    }
}

#[test]
fn numbers_over_the_wire_are_those_of_the_file_digit_by_digit() {
    for target in [Target::Left, Target::Plan, Target::Spent] {
        let (wire, rows) = (Wire::to(target), rows(target, 300));
        let expected = file(target, &rows, 0);
        let name = NAMES[target as usize];
        check_same(&wire.infer(name, &request(&rows, &[])), &expected);
        let numbers: Vec<&str> =
            ["size", "visits", "spent"].into_iter().filter(|column| *column != name).collect();
        check_same(&wire.infer(name, &request(&rows, &numbers)), &expected);
        // One row at a time, in any company, a row gets the same numbers.
        let head = rows.lines().next().unwrap();
        for (at, line) in rows.lines().skip(1).enumerate().take(5) {
            let one = wire.infer(name, &request(&format!("{head}\n{line}\n"), &numbers));
            let of_row: Vec<(String, Vec<String>)> = expected
                .iter()
                .map(|(name, values)| (name.clone(), vec![values[at].clone()]))
                .collect();
            check_same(&one, &of_row);
        }
    }
}

#[test]
fn reasons_are_those_of_the_file_and_contributions_add_up_to_the_margin() {
    for target in [Target::Left, Target::Plan, Target::Spent] {
        let (wire, rows) = (Wire::to(target), rows(target, 40));
        let mut request = request(&rows, &[]);
        request["parameters"] = json!({ "explain": true, "reasons": 2 });
        request["id"] = json!("of the client");
        let answer = wire.infer(NAMES[target as usize], &request);
        check_same(&answer, &file(target, &rows, 2));
        let json = answer.json();
        assert_eq!(json["id"], "of the client");
        let output = |name: &str| {
            let outputs = json["outputs"].as_array().unwrap();
            outputs.iter().find(|output| output["name"] == name).unwrap().clone()
        };
        let floats = |name: &str| -> Vec<f64> {
            let data = output(name)["data"].as_array().unwrap().clone();
            data.iter().map(|value| value.as_f64().unwrap()).collect()
        };
        let n_columns = output("contribution_columns")["data"].as_array().unwrap().len();
        assert_eq!(output("contributions")["shape"], json!([40, n_columns]));
        let (base, margin, all) = (floats("base"), floats("margin"), floats("contributions"));
        for (row, contributions) in all.chunks(n_columns).enumerate() {
            let sum = base[row] + contributions.iter().sum::<f64>();
            assert!((sum - margin[row]).abs() < 1e-6, "row {row}: {sum} {}", margin[row]);
        }
    }
}

/// Rows as an Arrow stream of texts.
fn stream(csv: &str) -> Vec<u8> {
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let column = |(at, name): (usize, &&str)| {
        let texts = rows.iter().map(|row| Some(row[at]).filter(|text| !text.is_empty()));
        ((*name).to_owned(), Arc::new(texts.collect::<StringArray>()) as _, true)
    };
    let batch = RecordBatch::try_from_iter_with_nullable(names.iter().enumerate().map(column));
    let batch = batch.unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    // Two batches: the cut is nobody's business.
    writer.write(&batch.slice(0, 7)).unwrap();
    writer.write(&batch.slice(7, batch.num_rows() - 7)).unwrap();
    writer.into_inner().unwrap()
}

fn batch(answer: &Answer) -> RecordBatch {
    let mut reader = StreamReader::try_new(answer.body.as_slice(), None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert!(reader.next().is_none());
    batch
}

/// docs/reference/serving.md: columns that a model does not use "may be there or not", whatever they hold.
#[test]
fn columns_that_no_model_needs_are_no_matter() {
    use arrow::array::{ArrayRef, BinaryArray, Float64Array};
    let (wire, rows) = (Wire::to(Target::Left), rows(Target::Left, 12));
    let path = "/v2/models/left/infer";
    let plain = wire.post(path, &[("content-type", ARROW)], &stream(&rows));
    let body = stream(&rows);
    let mut reader = StreamReader::try_new(body.as_slice(), None).unwrap();
    let batch = arrow::compute::concat_batches(
        &reader.schema(),
        &[reader.next(), reader.next()].map(|b| b.unwrap().unwrap()),
    )
    .unwrap();
    let n = batch.num_rows();
    let schema = batch.schema();
    let own = schema.fields().iter().zip(batch.columns());
    let mut columns: Vec<(String, ArrayRef)> =
        own.map(|(field, array)| (field.name().clone(), Arc::clone(array))).collect();
    columns.push(("bytes".to_owned(), Arc::new(BinaryArray::from(vec![b"x".as_slice(); n]))));
    columns.push(("far".to_owned(), Arc::new(Float64Array::from(vec![f64::INFINITY; n]))));
    let more = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &more.schema()).unwrap();
    writer.write(&more).unwrap();
    let answer = wire.post(path, &[("content-type", ARROW)], &writer.into_inner().unwrap());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.body, plain.body);
}

#[test]
fn arrow_streams_are_answered_with_the_same_bits() {
    for target in [Target::Left, Target::Plan, Target::Spent] {
        let (wire, rows) = (Wire::to(target), rows(target, 120));
        let path = format!("/v2/models/{}/infer?explain=true&reasons=2", NAMES[target as usize]);
        let answer = wire.post(&path, &[("content-type", ARROW)], &stream(&rows));
        assert_eq!((answer.status, answer.media_type.as_str()), (200, ARROW));
        let batch = batch(&answer);
        for (name, values) in file(target, &rows, 2) {
            let column = batch.column_by_name(&name).unwrap();
            for (row, value) in values.iter().enumerate() {
                let found = match column.as_primitive_opt::<Float64Type>() {
                    Some(numbers) if numbers.is_valid(row) => numbers.value(row).to_string(),
                    None if column.is_valid(row) => column.as_string::<i32>().value(row).to_owned(),
                    _ => String::new(),
                };
                assert_eq!(&found, value, "{name}, row {row}");
            }
        }
        let of = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Float64Type>();
        let names = batch.schema();
        let parts = names.fields().iter().filter(|f| f.name().starts_with("contribution_of_"));
        let sum: f64 = parts.map(|field| of(field.name()).value(3)).sum();
        assert!((of("base").value(3) + sum - of("margin").value(3)).abs() < 1e-6);
        let asked = [("content-type", ARROW), ("accept", "application/json")];
        let answer = wire.post(&path, &asked, &stream(&rows));
        check_same(&answer, &file(target, &rows, 2));
    }
}

#[test]
fn outputs_are_given_by_name_and_what_is_unseen_is_told() {
    let wire = Wire::to(Target::Left);
    let rows = "customer,size,plan,visits,since,spent\nc1,0.5,lifetime,3,2024-01-01,1.0\n";
    let mut request = request(rows, &[]);
    request["outputs"] = json!([{ "name": "probability_yes" }]);
    let answer = wire.infer("left", &request).json();
    assert_eq!(answer["outputs"].as_array().unwrap().len(), 1);
    assert_eq!(answer["outputs"][0]["name"], "probability_yes");
    let unseen = answer["parameters"]["unseen"].as_str().unwrap();
    assert!(unseen.contains("\"lifetime\" in row 1"), "{unseen}");
    request["outputs"] = json!([{ "name": "probability_no" }]);
    let answer = wire.infer("left", &request);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"], "no output is named \"probability_no\"");
}

#[test]
fn files_of_one_name_are_versions_and_the_last_answers() {
    let (mut first, second) = (model(Target::Left), model(Target::Spent));
    first.manifest.name = "spent".to_owned();
    let versions = [&first.sha256, &second.sha256].map(|sha256| sha256[..16].to_owned());
    let wire = Wire::of(vec![first, second], &options());
    let told = wire.get("/v2/models/spent").json();
    assert_eq!(told["versions"], json!(versions));
    assert_eq!(
        told["outputs"][0],
        json!({ "name": "predicted_spent", "datatype": "FP64", "shape": [-1] })
    );
    let older = wire.get(&format!("/v2/models/spent/versions/{}", versions[0])).json();
    assert_eq!(older["outputs"][1]["name"], "probability_yes");
    let size = older["inputs"].as_array().unwrap().iter().find(|input| input["name"] == "size");
    assert_eq!(size.unwrap()["datatype"], "FP64");
    let body = request(&rows(Target::Left, 2), &[]).to_string();
    let path = format!("/v2/models/spent/versions/{}/infer", versions[0]);
    let answer = wire.post(&path, &[], body.as_bytes());
    assert_eq!(answer.json()["model_version"], versions[0].as_str());
    for path in
        ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models", "/v2/models/spent/ready"]
    {
        assert_eq!(wire.get(path).status, 200, "{path}");
    }
}
