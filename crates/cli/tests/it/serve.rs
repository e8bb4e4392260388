//! A model that the command trained, served by the command: the same digits, and a clean end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::world::{customers, run, tracehound};

/// Ends the server also where the test fails.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The body of the answer to a request of one connection.
fn post(address: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn model_serve_answers_as_model_predict_writes_and_ends_by_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (table, model) = (at("t.csv"), at("churn.model"));
    std::fs::write(&table, customers(240, "left")).unwrap();
    let train =
        ["model", "train", &table, "--target", "left", "--out", &model, "--time-budget", "1s"];
    run(&[&train[..], &["--method", "linear", "--quiet"]].concat()).exits(0);
    let file = run(&["model", "predict", &model, &table]).exits(0).stdout;
    let mut command = tracehound();
    command.args(["model", "serve", &model, "--listen", "127.0.0.1:0", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut serving = Serving(child);
    let mut told = String::new();
    let lines = BufReader::new(serving.0.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        told += &line;
        if line == "}" {
            break;
        }
    }
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["models"], json!(["churn"]));
    let rows: Vec<Vec<String>> = customers(240, "left")
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect();
    let tensor = |at: usize, name: &str| {
        let data: Vec<&String> = rows.iter().map(|row| &row[at]).collect();
        json!({ "name": name, "datatype": "BYTES", "shape": [rows.len(), 1], "data": data })
    };
    let request = json!({ "inputs": [tensor(0, "plan"), tensor(1, "size")] }).to_string();
    let address = told["address"].as_str().unwrap();
    let answer = post(address, "/v2/models/churn/infer", &request);
    let probabilities: Vec<&str> =
        file.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
    assert!(answer.contains(&format!("\"data\":[{}]", probabilities.join(","))), "{answer}");
    let pid = serving.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(serving.0.wait().unwrap().code(), Some(0));
    let mut notes = String::new();
    serving.0.stderr.take().unwrap().read_to_string(&mut notes).unwrap();
    assert_eq!(notes, "note: stopped\n");
}

#[test]
fn model_serve_stays_on_this_machine_unless_told_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let none = dir.path().join("none.model");
    let none = none.to_str().unwrap();
    run(&["model", "serve", none]).exits(1);
    let table = dir.path().join("t.csv");
    std::fs::write(&table, customers(240, "left")).unwrap();
    let (table, model) = (table.to_str().unwrap(), dir.path().join("a.model"));
    let model = model.to_str().unwrap();
    let train =
        ["model", "train", table, "--target", "left", "--out", model, "--time-budget", "1s"];
    run(&[&train[..], &["--method", "linear", "--quiet"]].concat()).exits(0);
    run(&["model", "serve", model, "--listen", "0.0.0.0:0"]).fails(
        2,
        "0.0.0.0:0 can be reached from other machines",
        "listen on 127.0.0.1",
    );
}
