//! What was served, in numbers.

use crate::world::{Target, Wire, csv, request};

fn value(text: &str, sample: &str) -> Option<f64> {
    let line =
        text.lines().find(|line| line.strip_prefix(sample).is_some_and(|l| l.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

#[test]
fn requests_rows_and_unseen_levels_are_counted() {
    let wire = Wire::to(Target::Left);
    let mut body = request(&csv(5), &[]);
    for input in body["inputs"].as_array_mut().unwrap() {
        if input["name"] == "plan" {
            input["data"][1] = "of \"old\"".into();
        }
    }
    assert_eq!(wire.infer("left", &body).status, 200);
    assert_eq!(wire.infer("left", &serde_json::json!({ "inputs": [] })).status, 400);
    assert_eq!(wire.get("/v2/models/none-of-ours").status, 404);
    let answer = wire.get("/metrics");
    assert!(answer.media_type.starts_with("application/openmetrics-text; version=1.0.0"));
    let text = answer.text();
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let of = |sample: &str| value(&text, sample).unwrap_or_else(|| panic!("no {sample} in {text}"));
    assert_eq!(of("tracehound_http_requests_total{route=\"infer\",code=\"200\"}"), 1.0);
    assert_eq!(of("tracehound_http_requests_total{route=\"infer\",code=\"400\"}"), 1.0);
    assert_eq!(of("tracehound_http_requests_total{route=\"model\",code=\"404\"}"), 1.0);
    let buckets = "tracehound_http_request_duration_seconds_bucket{route=\"infer\",le=\"+Inf\"}";
    assert_eq!(of(buckets), 2.0);
    assert_eq!(of("tracehound_http_request_duration_seconds_count{route=\"infer\"}"), 2.0);
    let line = text.lines().find(|line| line.starts_with("tracehound_model_rows_total")).unwrap();
    assert!(
        line.starts_with("tracehound_model_rows_total{model=\"left\",version=\"")
            && line.ends_with("} 5")
    );
    let line =
        text.lines().find(|line| line.starts_with("tracehound_model_unseen_rows_total")).unwrap();
    assert!(line.contains("column=\"plan\",what=\"level\"} 1"), "{line}");
    assert!(!text.contains("none-of-ours"));
    // A family begins with its type, and none comes twice.
    let families: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut once = families.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(families.len(), once.len());
}
