//! A table, models of it, a server, and a client.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::OnceLock;

use engine::tabular::{LoadedModel, Table, open_model, train_model};
use engine::{AutoOptions, Method, Unwatched};
use serde_json::Value;
use tracehound_server::{ServeOptions, Server, serve_models};

/// Columns of the table, and what is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Two classes.
    Left,
    /// Three classes.
    Plan,
    /// A number.
    Spent,
}

/// Rows that follow rules with noise, the same in every run: sizes with blanks, plans, dates, whole numbers, words.
pub(crate) fn csv(n_rows: u64) -> String {
    let mut text = "customer,size,plan,visits,since,left,spent\n".to_owned();
    for row in 0..n_rows {
        let draw = |salt: u64| (row + 1).wrapping_mul(salt) / 7 % 1_000;
        let size = draw(2_654_435_761) as f64 / 250.0 - 2.0;
        let plan = ["monthly", "yearly", "free"][usize::try_from(draw(40_503) % 3).unwrap()];
        let visits = draw(69_069) % 40;
        let noise = draw(22_695_477) as f64 / 500.0 - 1.0;
        let margin = 1.5 * size + if plan == "monthly" { 1.0 } else { -0.5 } + noise;
        let left = if margin > 0.0 { "yes" } else { "no" };
        let spent = 3.0 * size + visits as f64 / 7.0 + noise;
        let size = if draw(97) % 17 == 0 { String::new() } else { format!("{size:.3}") };
        let (month, day) = (1 + draw(31) % 12, 1 + draw(57) % 28);
        let _ = writeln!(
            text,
            "c{row:05},{size},{plan},{visits},2024-{month:02}-{day:02},{left},{spent:.4}"
        );
    }
    text
}

/// The bytes of a model's file.
fn trained(target: Target) -> &'static [u8] {
    static FILES: [OnceLock<Vec<u8>>; 3] = [const { OnceLock::new() }; 3];
    FILES[target as usize].get_or_init(|| {
        let column = ["left", "plan", "spent"][target as usize];
        let table = Table::from_bytes(csv(400).into_bytes(), "world.csv").unwrap();
        let mut options = AutoOptions::for_target(column);
        options.budget_s = 0.3;
        options.methods = vec![Method::Linear, Method::Boosted];
        train_model(&table, &options, column, &Unwatched).unwrap().0
    })
}

/// A model of the table, as it is read from its file.
pub(crate) fn model(target: Target) -> LoadedModel {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.model");
    std::fs::write(&path, trained(target)).unwrap();
    open_model(&path).unwrap()
}

pub(crate) fn options() -> ServeOptions {
    ServeOptions { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..ServeOptions::default() }
}

/// A server of one model, and a client.
pub(crate) struct Wire {
    pub(crate) server: Server,
    agent: ureq::Agent,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) request_id: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&self.body));
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

impl Wire {
    pub(crate) fn of(models: Vec<LoadedModel>, options: &ServeOptions) -> Self {
        Self { server: serve_models(models, options).unwrap(), agent: agent() }
    }

    /// A client of a server that is there.
    pub(crate) fn around(server: Server) -> Self {
        Self { server, agent: agent() }
    }

    pub(crate) fn to(target: Target) -> Self {
        Self::of(vec![model(target)], &options())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        received(self.agent.get(self.url(path)).call().unwrap())
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        received(request.send(body).unwrap())
    }

    pub(crate) fn infer(&self, name: &str, request: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.post(&format!("/v2/models/{name}/infer"), &headers, request.to_string().as_bytes())
    }
}

/// A client that takes statuses as answers.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn received(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    Answer {
        status: response.status().as_u16(),
        media_type: header("content-type"),
        request_id: header("x-request-id"),
        body: response.body_mut().read_to_vec().unwrap(),
    }
}

/// The rows of a CSV as a request, every column a text but those named in `numbers`.
pub(crate) fn request(csv: &str, numbers: &[&str]) -> Value {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let tensor = |(at, name): (usize, &&str)| {
        let cell = |row: &Vec<&str>| match row[at] {
            "" => Value::Null,
            text if numbers.contains(name) => serde_json::from_str(text).unwrap(),
            text => Value::from(text),
        };
        let datatype = if numbers.contains(name) { "FP64" } else { "BYTES" };
        serde_json::json!({
            "name": name, "datatype": datatype, "shape": [rows.len()],
            "data": rows.iter().map(cell).collect::<Vec<_>>(),
        })
    };
    serde_json::json!({ "inputs": names.iter().enumerate().map(tensor).collect::<Vec<_>>() })
}
