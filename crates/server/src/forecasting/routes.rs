//! Routes of forecasts.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, RawForm, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use super::Serving;
use super::board::{Entry, Trouble, now_s};
use super::prometheus::{self, Answer, Fields};
use super::scaling::{self, Asked};
use crate::exchange::{Exchanges, exchange};
use crate::exposition::{CONTENT_TYPE, Exposition};
use crate::fault::{Fault, InPath};

type Shared = State<Arc<Serving>>;

pub(super) fn all(serving: Arc<Serving>, exchanges: Exchanges, body_bytes_max: usize) -> Router {
    let query = |answer: fn(&[Entry], &Fields) -> Answer| {
        let handler = move |State(serving): Shared, RawForm(form): RawForm| async move {
            answer(&serving.board.entries(), &Fields::of(&form))
        };
        get(handler).post(handler)
    };
    Router::new()
        .route("/health/live", get(|| async { Json(json!({ "live": true })) }))
        // The socket is bound after the first forecast.
        .route("/health/ready", get(|| async { Json(json!({ "ready": true })) }))
        .route("/metrics", get(metrics))
        .route("/forecasts", get(forecasts))
        .route("/forecasts/alerts", get(alerts))
        .route("/api/v1/query", query(prometheus::instant))
        .route("/api/v1/query_range", query(prometheus::range))
        .route("/api/v1/series", query(prometheus::series))
        .route("/api/v1/labels", query(prometheus::labels))
        .route("/api/v1/label/{name}/values", get(label_values))
        .route("/api/v1/metadata", get(metadata))
        .route("/api/v1/status/buildinfo", get(|| async { prometheus::build() }))
        .route("/scaling/value", get(scaling_value))
        .route(
            "/apis/external.metrics.k8s.io/v1beta1",
            get(|| async { Json(scaling::resources()) }),
        )
        .route(
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}",
            get(external_metric),
        )
        .route("/grafana/dashboard.json", get(dashboard))
        .fallback(|| async {
            Fault::missing("there is nothing at this path")
                .hinted("ask /forecasts, /metrics, /api/v1/query_range or /scaling/value")
        })
        .method_not_allowed_fallback(|| async {
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method")
        })
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(middleware::from_fn_with_state(exchanges, exchange))
        .with_state(serving)
}

async fn metrics(State(serving): Shared) -> impl IntoResponse {
    let mut text = Exposition::default();
    serving.write(&mut text);
    serving.metrics.write(&mut text);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.finish())
}

/// One field of a query that may stand alone.
fn only(form: &[u8], name: &str) -> Option<String> {
    let found = form_urlencoded::parse(form).find(|(field, _)| field == name);
    found.map(|(_, text)| text.into_owned())
}

/// Every forecast, or that of one series, with what it rests on.
async fn forecasts(State(serving): Shared, RawForm(form): RawForm) -> Result<Json<Value>, Fault> {
    let now = now_s();
    let entries = match only(&form, "series") {
        None => serving.board.entries(),
        Some(series) => {
            let entry = serving.board.entry(&series);
            vec![entry.ok_or_else(|| Fault::missing(format!("no series is named {series:?}")))?]
        }
    };
    let written = entries.iter().map(|entry| {
        let health = &entry.health;
        let coverage = health.coverage.iter();
        let coverage = coverage.map(|(level, share)| json!({ "level": level, "within": share }));
        let degraded: Vec<String> = health.degraded.iter().map(ToString::to_string).collect();
        json!({
            "name": entry.series,
            "metric": entry.metric,
            "stale": serving.board.is_stale(entry, now),
            "standing": serving.board.standing(entry, now).name(),
            "age_s": entry.age_s(now),
            "read_s": entry.read_s,
            "latest": entry.latest.map(|(time_s, value)| json!({ "time_s": time_s, "value": value })),
            "health": {
                "judged": health.judged,
                "error": health.error,
                "naive_error": health.naive_error,
                "expected_error": health.expected_error,
                "coverage": coverage.collect::<Vec<_>>(),
                "degraded": degraded,
            },
            "forecast": &*entry.live,
        })
    });
    let failures = serving.board.troubles().into_iter().map(|(source, trouble)| {
        let Trouble { count, why, is_on } = trouble;
        json!({ "source": source, "failures": count, "last": why, "failing": is_on })
    });
    Ok(Json(json!({
        "forecasts": written.collect::<Vec<_>>(),
        "failures": failures.collect::<Vec<_>>(),
    })))
}

async fn alerts(State(serving): Shared) -> Json<Value> {
    let alerts = serving.alerts.as_ref().map(|alerts| alerts.written("", now_s()));
    Json(json!({ "alerts": alerts.unwrap_or_default() }))
}

async fn label_values(
    State(serving): Shared,
    InPath(name): InPath<String>,
    RawForm(form): RawForm,
) -> Answer {
    prometheus::values(&serving.board.entries(), &name, &Fields::of(&form))
}

async fn metadata(State(serving): Shared) -> Answer {
    prometheus::metadata(&serving.board.entries())
}

async fn scaling_value(
    State(serving): Shared,
    RawForm(form): RawForm,
) -> Result<Json<Value>, Fault> {
    let asked = Asked::of(form_urlencoded::parse(&form).into_owned())?;
    Ok(Json(serving.scaled(&asked)?.json()))
}

async fn external_metric(
    State(serving): Shared,
    InPath((_namespace, metric)): InPath<(String, String)>,
    RawForm(form): RawForm,
) -> Result<Json<Value>, Fault> {
    let selector = only(&form, "labelSelector").unwrap_or_default();
    let asked = Asked::of_selector(&selector)?;
    Ok(Json(serving.scaled(&asked)?.external(&metric)?))
}

async fn dashboard(State(serving): Shared) -> Json<Value> {
    let names: Vec<String> =
        serving.board.entries().into_iter().map(|entry| entry.series).collect();
    Json(super::dashboard(&names))
}
