//! Metrics as text, in the form that Prometheus scrapes.
//!
//! In: families and samples. Out: OpenMetrics 1.0 text, or the samples themselves. Source: the OpenMetrics specification.
//! Departures: no timestamps and no exemplars; every sample is of now. Cost: O(samples). Checked against: Prometheus itself,
//! where it is installed, and text by hand (`tests/it/metrics.rs`).

use std::fmt::Write;

/// What `Content-Type` says of it.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Metrics in the making.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Family { name: String, kind: &'static str, help: String },
    Sample { name: String, labels: Vec<(String, String)>, value: f64 },
}

impl Exposition {
    /// Begins a family; `kind` is `counter`, `gauge`, `histogram` or `info`. Samples of a counter are named `…_total`.
    pub(crate) fn family(&mut self, name: &str, kind: &'static str, help: &str) {
        self.lines.push(Line::Family { name: name.to_owned(), kind, help: help.to_owned() });
    }

    /// One sample of the family that was begun last.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let owned = |(label, text): &(&str, &str)| ((*label).to_owned(), (*text).to_owned());
        let labels = labels.iter().map(owned).collect();
        self.lines.push(Line::Sample { name: name.to_owned(), labels, value });
    }

    /// Names, labels and values.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (&str, &[(String, String)], f64)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Sample { name, labels, value } => {
                Some((name.as_str(), labels.as_slice(), *value))
            }
            Line::Family { .. } => None,
        })
    }

    /// The whole text.
    pub(crate) fn finish(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            // Writing to a String never fails.
            let _ = match line {
                Line::Family { name, kind, help } => {
                    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
                    writeln!(text, "# TYPE {name} {kind}\n# HELP {name} {help}")
                }
                Line::Sample { name, labels, value } => {
                    text += name;
                    for (at, (label, value)) in labels.iter().enumerate() {
                        let open = if at == 0 { '{' } else { ',' };
                        let _ = write!(text, "{open}{label}=\"{}\"", escaped(value));
                    }
                    if !labels.is_empty() {
                        text.push('}');
                    }
                    writeln!(text, " {}", number(*value))
                }
            };
        }
        text + "# EOF\n"
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
