//! Answers in JSON. Numbers are the shortest digits that read back to the same bits, letter for letter those of the file of
//! `model predict`; serde's own would write `1e-7` and `1.0`.

use std::fmt::Write;

use engine::tabular::{AnswerColumn, AnswerValues, RowContributions};

use super::catalog::Served;

/// An answer in the making.
pub(super) struct Answer {
    text: String,
    n_outputs: usize,
}

impl Answer {
    /// Begins an answer. `notes` become its parameters.
    pub(super) fn new(served: &Served, id: Option<&str>, notes: &[(String, String)]) -> Self {
        let mut text = format!(
            "{{\"model_name\":{},\"model_version\":{}",
            quoted(served.name()),
            quoted(&served.version)
        );
        if let Some(id) = id {
            let _ = write!(text, ",\"id\":{}", quoted(id));
        }
        for (at, (name, note)) in notes.iter().enumerate() {
            let open = if at == 0 { ",\"parameters\":{" } else { "," };
            let _ = write!(text, "{open}{}:{}", quoted(name), quoted(note));
        }
        if !notes.is_empty() {
            text.push('}');
        }
        text += ",\"outputs\":[";
        Self { text, n_outputs: 0 }
    }

    pub(super) fn column(&mut self, column: &AnswerColumn) {
        match &column.values {
            AnswerValues::Numbers(values) => {
                self.begin(&column.name, "FP64", &[values.len()]);
                self.data(values.iter().copied(), number);
            }
            AnswerValues::Texts(values) => {
                self.begin(&column.name, "BYTES", &[values.len()]);
                self.data(values.iter().map(Option::as_deref), text);
            }
        }
    }

    /// Columns that contribute, the base, the margin, and a matrix of contributions; those that are wanted.
    pub(super) fn contributions(&mut self, rows: &RowContributions, wants: impl Fn(&str) -> bool) {
        let (n, m) = (rows.base.len(), rows.columns.len());
        let (vector, matrix) = ([n], [n, m]);
        let numbers = [
            ("base", &rows.base, vector.as_slice()),
            ("margin", &rows.margin, &vector),
            ("contributions", &rows.values, &matrix),
        ];
        for (name, values, shape) in numbers.into_iter().filter(|(name, ..)| wants(name)) {
            self.begin(name, "FP64", shape);
            self.data(values.iter().map(|value| Some(*value)), number);
        }
        if wants("contribution_columns") {
            self.begin("contribution_columns", "BYTES", &[m]);
            self.data(rows.columns.iter().map(|name| Some(name.as_str())), text);
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.text += "]}";
        self.text.into_bytes()
    }

    fn begin(&mut self, name: &str, datatype: &str, shape: &[usize]) {
        if self.n_outputs > 0 {
            self.text.push(',');
        }
        self.n_outputs += 1;
        let (name, shape) = (quoted(name), format!("{shape:?}").replace(' ', ""));
        let _ = write!(
            self.text,
            "{{\"name\":{name},\"datatype\":\"{datatype}\",\"shape\":{shape},\"data\":["
        );
    }

    fn data<T>(&mut self, values: impl Iterator<Item = Option<T>>, write: impl Fn(&mut String, T)) {
        for (at, value) in values.enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            match value {
                Some(value) => write(&mut self.text, value),
                None => self.text += "null",
            }
        }
        self.text += "]}";
    }
}

/// JSON has no word for what is no finite number; a model that gives one answers `null` in its place.
fn number(out: &mut String, value: f64) {
    let _ = if value.is_finite() { write!(out, "{value}") } else { write!(out, "null") };
}

fn text(out: &mut String, value: &str) {
    *out += &quoted(value);
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}
