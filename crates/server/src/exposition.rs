//! Metrics as text, in the form that Prometheus scrapes.
//!
//! In: families and samples. Out: OpenMetrics 1.0 text. Source: the OpenMetrics specification. Departures: no timestamps and
//! no exemplars; every sample is of now. Cost: O(samples). Checked against: Prometheus itself, where it is installed, and
//! text by hand (`tests/it/metrics.rs`).

use std::fmt::Write;

/// What `Content-Type` says of it.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Metrics in the making.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins a family; `kind` is `counter`, `gauge`, `histogram` or `info`. Samples of a counter are named `…_total`.
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.text, "# TYPE {name} {kind}");
        let _ = writeln!(self.text, "# HELP {name} {help}");
    }

    /// One sample of the family that was begun last.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.text += name;
        for (at, (label, text)) in labels.iter().enumerate() {
            let open = if at == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{open}{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {}", number(value));
    }

    /// The whole text.
    pub(crate) fn finish(mut self) -> String {
        self.text += "# EOF\n";
        self.text
    }
}

/// A number as Prometheus writes it.
pub(crate) fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        _ => value.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
