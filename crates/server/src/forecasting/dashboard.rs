//! A dashboard of Grafana: what was measured, what is forecast, and its bounds, a panel a series.
//!
//! In: names of series. Out: the JSON that Grafana imports; its data source is this server, added as a Prometheus.
//! Checked against: the fields that Grafana's documentation requires; Grafana itself was not at hand.

use serde_json::{Value, json};

use super::board::metric_name;

/// Two panels a row of Grafana's grid of 24 columns.
const WIDTH: usize = 12;
const HEIGHT: usize = 9;

/// A dashboard with a panel a series.
pub fn dashboard(series: &[String]) -> Value {
    let panels: Vec<Value> = series.iter().enumerate().map(|(at, name)| panel(at, name)).collect();
    json!({
        "uid": "tracehound-forecast",
        "title": "Load forecasts",
        "tags": ["tracehound"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "refresh": "1m",
        "timezone": "utc",
        "time": { "from": "now-2d", "to": "now+2d" },
        "templating": { "list": [{
            "name": "datasource",
            "label": "Forecasts",
            "type": "datasource",
            "query": "prometheus",
        }] },
        "panels": panels,
    })
}

fn panel(at: usize, series: &str) -> Value {
    let metric = metric_name(series);
    // In a selector, a text in quotes: those within it are escaped as in JSON.
    let named = format!("series={}", Value::from(series));
    let target = |letter: &str, query: String, legend: &str| {
        json!({
            "refId": letter,
            "expr": query,
            "legendFormat": legend,
            "datasource": { "type": "prometheus", "uid": "${datasource}" },
        })
    };
    let predicted = |what: &str| format!("{metric}:predicted{{{named},ml_forecast=\"{what}\"}}");
    let of = |name: &str, id: &str, value: Value| {
        json!({
            "matcher": { "id": "byRegexp", "options": name },
            "properties": [{ "id": "custom.lineWidth", "value": 0 }, { "id": id, "value": value }],
        })
    };
    json!({
        "id": at + 1,
        "title": series,
        "type": "timeseries",
        "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "gridPos": { "h": HEIGHT, "w": WIDTH, "x": at % 2 * WIDTH, "y": at / 2 * HEIGHT },
        "targets": [
            target("A", format!("{metric}{{{named}}}"), "measured"),
            target("B", predicted("yhat"), "forecast"),
            target("C", predicted("yhat_lower"), "lower {{level}}"),
            target("D", predicted("yhat_upper"), "upper {{level}}"),
        ],
        "fieldConfig": {
            "defaults": { "custom": { "drawStyle": "line", "spanNulls": false } },
            "overrides": [
                of("/^lower/", "custom.lineStyle", json!({ "fill": "dash" })),
                of("/^upper/", "custom.fillOpacity", json!(10)),
            ],
        },
        "options": { "legend": { "displayMode": "list", "placement": "bottom" } },
    })
}
