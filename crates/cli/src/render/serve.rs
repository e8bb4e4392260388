//! Where something is served.

use super::ink::{Look, Tone};
use crate::show;

/// Models that are served at an address.
pub(crate) fn serving_models(address: &str, models: &[String], look: Look) -> String {
    let names: Vec<String> = models.iter().map(|name| show::line(name)).collect();
    let mut page = look.paint(Tone::Good, &format!("✓ serving {}", names.join(", "))) + "\n";
    for name in &names {
        page += &format!("  POST http://{address}/v2/models/{name}/infer\n");
    }
    page + &look.faint(&format!("  GET  http://{address}/metrics; Ctrl-C stops")) + "\n"
}

/// Forecasts that are served at an address.
pub(crate) fn serving_forecasts(
    address: &str,
    others: &[(&str, &Option<String>)],
    look: Look,
) -> String {
    let mut page = look.paint(Tone::Good, "✓ serving forecasts") + "\n";
    let lines = [
        ("forecasts with what they rest on", "/forecasts"),
        ("gauges for Prometheus", "/metrics"),
        ("a Prometheus for Grafana", "/"),
        ("its dashboard", "/grafana/dashboard.json"),
        ("one number for an autoscaler", "/scaling/value"),
    ];
    for (what, path) in lines {
        page += &format!("  {what:<34}http://{address}{path}\n");
    }
    for (what, place) in others {
        if let Some(place) = place {
            page += &format!("  {what:<34}{}\n", show::line(place));
        }
    }
    page + &look.faint("  Ctrl-C stops") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_its_line() {
        let page = serving_models(
            "127.0.0.1:1",
            &["a".to_owned(), "b".to_owned()],
            Look { color: false, width: 100, full: false },
        );
        let expected = "✓ serving a, b\n  POST http://127.0.0.1:1/v2/models/a/infer\n  \
                        POST http://127.0.0.1:1/v2/models/b/infer\n  GET  http://127.0.0.1:1/metrics; Ctrl-C stops\n";
        assert_eq!(page, expected);
    }
}
