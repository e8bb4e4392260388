//! What cannot be answered is answered with what is wrong.

use serde_json::{Value, json};
use tracehound_server::{ServeError, ServeOptions, serve_models};

use crate::world::{Target, Wire, csv, model, options, request};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const INFER: &str = "/v2/models/left/infer";

/// A right request with one thing changed.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut request = request(&csv(2), &["size", "visits"]);
    change(&mut request);
    request
}

fn input<'a>(request: &'a mut Value, name: &str) -> &'a mut Value {
    let inputs = request["inputs"].as_array_mut().unwrap();
    inputs.iter_mut().find(|input| input["name"] == name).unwrap()
}

#[track_caller]
fn check(wire: &Wire, request: &Value, status: u16, error: &str) {
    let answer = wire.infer("left", request);
    let text = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    assert_eq!((answer.status, answer.media_type.as_str()), (status, "application/json"), "{text}");
    assert!(text.contains(error), "{text:?} has not {error:?}");
}

#[test]
fn rows_that_do_not_fit_name_column_and_row() {
    let wire = Wire::to(Target::Left);
    check(&wire, &changed(|_| {}), 200, "");
    let without = changed(|request| {
        let inputs = request["inputs"].as_array_mut().unwrap();
        inputs.retain(|input| input["name"] != "plan");
    });
    check(&wire, &without, 422, "no column \"plan\"");
    let word = changed(|request| input(request, "size")["data"][1] = json!("big"));
    check(&wire, &word, 422, "column \"size\", row 2 is \"big\", expected FP64 or null");
    let fraction = changed(|request| {
        *input(request, "visits") =
            json!({ "name": "visits", "datatype": "INT64", "shape": [2], "data": [1, 1.5] });
    });
    check(&wire, &fraction, 422, "column \"visits\", row 2 is 1.5, expected INT64");
    let range = changed(|request| {
        *input(request, "visits") =
            json!({ "name": "visits", "datatype": "UINT8", "shape": [2], "data": [256, 1] });
    });
    check(&wire, &range, 422, "row 1 is 256, expected UINT8");
    let truth = changed(|request| {
        *input(request, "plan") =
            json!({ "name": "plan", "datatype": "BOOL", "shape": [2], "data": [true, 1] });
    });
    check(&wire, &truth, 422, "column \"plan\", row 2");
    let huge = changed(|request| {
        *input(request, "size") =
            json!({ "name": "size", "datatype": "FP32", "shape": [2], "data": [1e300, 1] });
    });
    check(&wire, &huge, 422, "column \"size\", row 1 is \"inf\"");
    let beyond = changed(|request| input(request, "size")["data"][1] = json!(1e308));
    check(
        &wire,
        &beyond,
        422,
        "column \"size\", row 2 is \"1e308\", expected a number within -1e150",
    );
}

#[test]
fn what_is_no_request_of_the_protocol_is_refused() {
    let wire = Wire::to(Target::Left);
    check(&wire, &json!({ "inputs": [] }), 400, "no input");
    check(&wire, &json!({}), 400, "missing field `inputs`");
    check(&wire, &json!({ "inputs": [], "inptus": 1 }), 400, "unknown field `inptus`");
    let shape = |shape: Value| changed(|request| input(request, "size")["shape"] = shape);
    check(&wire, &shape(json!([3])), 400, "has shape [3] and 2 values");
    check(&wire, &shape(json!([2, 2])), 400, "expected [n] or [n, 1]");
    check(&wire, &shape(json!([])), 400, "expected [n] or [n, 1]");
    check(&wire, &shape(json!([2, 1])), 200, "");
    let nested = changed(|request| input(request, "size")["data"] = json!([[1.0], [null]]));
    check(&wire, &nested, 200, "");
    let deep = changed(|request| input(request, "size")["data"] = json!([[[1.0]], [[2.0]]]));
    check(&wire, &deep, 400, "lists of one value");
    let uneven = changed(|request| {
        *input(request, "plan") =
            json!({ "name": "plan", "datatype": "BYTES", "shape": [1], "data": ["free"] });
    });
    check(&wire, &uneven, 400, "input \"plan\" has 1 rows, \"customer\" has 2");
    let kind = changed(|request| input(request, "size")["datatype"] = json!("STRING"));
    check(&wire, &kind, 400, "datatype \"STRING\"");
    let twice = changed(|request| {
        let again = input(request, "plan").clone();
        request["inputs"].as_array_mut().unwrap().push(again);
    });
    check(&wire, &twice, 400, "is the name of an earlier column");
    let empty = changed(|request| {
        for input in request["inputs"].as_array_mut().unwrap() {
            (input["shape"], input["data"]) = (json!([0]), json!([]));
        }
    });
    check(&wire, &empty, 400, "has no row");
    let binary = changed(|request| {
        input(request, "size")["parameters"] = json!({ "binary_data_size": 8 });
    });
    check(&wire, &binary, 400, "\"binary_data_size\"");
    let asked = changed(|request| request["parameters"] = json!({ "explain": "yes" }));
    check(&wire, &asked, 400, "parameter \"explain\"");
}

#[test]
fn paths_methods_and_types_are_told_apart() {
    let wire = Wire::to(Target::Left);
    let status = |path: &str| wire.get(path).status;
    assert_eq!(status("/v2/models/right"), 404);
    assert_eq!(status("/v2/models/left/versions/1"), 404);
    assert_eq!(status("/v2/models/right/ready"), 404);
    for path in ["/v2/models/%ff", "/v2/models/left/versions/%ff/ready"] {
        let answer = wire.get(path);
        assert_eq!(
            (answer.status, answer.media_type.as_str()),
            (400, "application/json"),
            "{path}"
        );
        assert!(answer.json()["hint"].is_string(), "{path}");
    }
    assert_eq!(status("/nowhere"), 404);
    assert_eq!(status(INFER), 405);
    let missing = wire.infer("right", &changed(|_| {}));
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["hint"], "models that are served: left");
    let post = |headers: &[(&str, &str)], body: &[u8]| {
        let answer = wire.post(INFER, headers, body);
        (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(post(&[("content-type", "text/plain")], b"{}").0, 415);
    assert_eq!(post(&[("inference-header-content-length", "4")], b"{}").0, 400);
    assert_eq!(post(&JSON, b"{\"inputs\": [").0, 400);
    assert_eq!(post(&JSON, b"\xff\xfe").0, 400);
    let deep = "[".repeat(100_000);
    assert_eq!(post(&JSON, deep.as_bytes()).0, 400);
    assert_eq!(wire.post(&format!("{INFER}?explian=true"), &JSON, b"{}").status, 400);
}

/// A stream cut anywhere, or with any byte turned, is an error or rows, and the server goes on.
#[test]
fn damaged_arrow_streams_are_refused_and_break_nothing() {
    use arrow::array::{Int64Array, RecordBatch};
    use arrow::ipc::writer::StreamWriter;
    let wire = Wire::to(Target::Left);
    let column = std::sync::Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("size", column as _)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let whole = writer.into_inner().unwrap();
    let status = |bytes: &[u8]| {
        let headers = [("content-type", "application/vnd.apache.arrow.stream")];
        wire.post(INFER, &headers, bytes).status
    };
    assert_eq!(status(&whole), 422, "other columns are missing");
    for end in (0..whole.len() - 8).step_by(5) {
        assert!([400, 422].contains(&status(&whole[..end])), "cut at {end}");
    }
    for at in (0..whole.len()).step_by(3) {
        let mut turned = whole.clone();
        turned[at] ^= 0xff;
        assert!([400, 413, 422].contains(&status(&turned)), "turned at {at}");
    }
    assert_eq!(wire.get("/v2/health/live").status, 200);
}

#[test]
fn what_cannot_be_served_is_said_before_anything_listens() {
    #[track_caller]
    fn check(outcome: Result<tracehound_server::Server, ServeError>, text: &str) {
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.hint().is_some());
    }
    check(serve_models(Vec::new(), &options()), "nothing to serve");
    check(serve_models(vec![model(Target::Left), model(Target::Left)], &options()), "given twice");
    let elsewhere = ServeOptions { listen: "0.0.0.0:0".parse().unwrap(), ..options() };
    check(serve_models(vec![model(Target::Left)], &elsewhere), "reached from other machines");
    let taken = Wire::to(Target::Left);
    let same = ServeOptions { listen: taken.server.address(), ..options() };
    check(serve_models(vec![model(Target::Left)], &same), "in use");
    let none = ServeOptions { workers: 0, ..options() };
    check(serve_models(vec![model(Target::Left)], &none), "the number of workers is 0");
}
