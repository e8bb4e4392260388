//! Routes of the protocol.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, middleware};
use engine::tabular::{
    Predicted, RowContributions, Table, predict, predict_explained, unseen_words,
};
use serde_json::{Value, json};

use super::Serving;
use super::asked::Asked;
use super::catalog::Served;
use super::columns::{self, MEDIA_TYPE};
use super::tensors::InferRequest;
use super::written::Answer;
use crate::exchange::{Exchanges, exchange};
use crate::exposition::{CONTENT_TYPE, Exposition};
use crate::fault::{Fault, InPath};

/// Contributions of an answer, at most: beyond, it is longer than a client can want.
const CONTRIBUTIONS_MAX: usize = 1 << 22;

type Shared = State<Arc<Serving>>;

pub(super) fn all(serving: Arc<Serving>, exchanges: Exchanges, body_bytes_max: usize) -> Router {
    Router::new()
        .route("/v2", get(server))
        .route("/v2/health/live", get(|| async { Json(json!({ "live": true })) }))
        // The socket is bound after all models are read: who is answered is answered by ready models.
        .route("/v2/health/ready", get(|| async { Json(json!({ "ready": true })) }))
        .route("/v2/models", get(models))
        .route("/v2/models/{name}", get(model))
        .route("/v2/models/{name}/versions/{version}", get(model_version))
        .route("/v2/models/{name}/ready", get(ready))
        .route("/v2/models/{name}/versions/{version}/ready", get(ready_version))
        .route("/v2/models/{name}/infer", post(infer))
        .route("/v2/models/{name}/versions/{version}/infer", post(infer_version))
        .route("/metrics", get(metrics))
        .fallback(|| async {
            Fault::missing("there is nothing at this path")
                .hinted("ask GET /v2/models, or POST /v2/models/NAME/infer")
        })
        .method_not_allowed_fallback(|| async {
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method")
                .hinted("infer takes POST, all others GET")
        })
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(middleware::from_fn_with_state(exchanges, exchange))
        .with_state(serving)
}

async fn server() -> Json<Value> {
    Json(json!({
        "name": "tracehound",
        "version": engine::CODE_VERSION,
        "extensions": ["arrow_stream"],
    }))
}

async fn models(State(serving): Shared) -> Json<Value> {
    Json(json!({ "models": serving.catalog.names() }))
}

async fn model(State(serving): Shared, InPath(name): InPath<String>) -> Result<Json<Value>, Fault> {
    let served = serving.catalog.find(&name, None)?;
    Ok(Json(serving.catalog.metadata(served)))
}

async fn model_version(
    State(serving): Shared,
    InPath((name, version)): InPath<(String, String)>,
) -> Result<Json<Value>, Fault> {
    let served = serving.catalog.find(&name, Some(&version))?;
    Ok(Json(serving.catalog.metadata(served)))
}

async fn ready(State(serving): Shared, InPath(name): InPath<String>) -> Result<Json<Value>, Fault> {
    let served = serving.catalog.find(&name, None)?;
    Ok(Json(json!({ "name": served.name(), "ready": true })))
}

async fn ready_version(
    State(serving): Shared,
    InPath((name, version)): InPath<(String, String)>,
) -> Result<Json<Value>, Fault> {
    let served = serving.catalog.find(&name, Some(&version))?;
    Ok(Json(json!({ "name": served.name(), "version": served.version, "ready": true })))
}

async fn metrics(State(serving): Shared) -> impl IntoResponse {
    let mut text = Exposition::default();
    serving.catalog.write(&mut text);
    serving.metrics.write(&mut text);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text.finish())
}

type AskedInQuery = Result<Query<Asked>, QueryRejection>;
type Body = Result<Bytes, BytesRejection>;

async fn infer(
    State(serving): Shared,
    InPath(name): InPath<String>,
    query: AskedInQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let served = Arc::clone(serving.catalog.find(&name, None)?);
    answer(serving, served, query, &headers, body).await
}

async fn infer_version(
    State(serving): Shared,
    InPath((name, version)): InPath<(String, String)>,
    query: AskedInQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let served = Arc::clone(serving.catalog.find(&name, Some(&version))?);
    answer(serving, served, query, &headers, body).await
}

/// How rows come, or an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Arrow,
}

async fn answer(
    serving: Arc<Serving>,
    served: Arc<Served>,
    query: AskedInQuery,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let Query(asked) = query.map_err(|rejection| {
        Fault::malformed(rejection.body_text()).hinted("a query is ?explain=true&reasons=3")
    })?;
    let from = form_of_body(headers)?;
    let to = form_of_answer(headers, from);
    let body = body.map_err(|rejection| Fault::new(rejection.status(), rejection.body_text()))?;
    let metrics = Arc::clone(&serving.metrics);
    let work = move || {
        let done = worked(&served, asked, (from, to), &body)?;
        metrics.predicted((served.name(), &served.version), done.n_rows, &done.unseen);
        Ok(done.bytes)
    };
    let bytes = serving.gate.run(work).await?;
    let media_type = match to {
        Form::Json => "application/json",
        Form::Arrow => MEDIA_TYPE,
    };
    let media_type = HeaderValue::from_static(media_type);
    Ok(([(header::CONTENT_TYPE, media_type)], bytes).into_response())
}

fn form_of_body(headers: &HeaderMap) -> Result<Form, Fault> {
    if headers.contains_key("inference-header-content-length") {
        return Err(Fault::malformed("the binary extension of the protocol is not spoken")
            .hinted(format!("send data in JSON, or columns as {MEDIA_TYPE}")));
    }
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(Form::Json) };
    let given = given.to_str().unwrap_or("?");
    match given.split(';').next().unwrap_or_default().trim() {
        "application/json" => Ok(Form::Json),
        MEDIA_TYPE => Ok(Form::Arrow),
        _ => {
            let what = format!("the request is of type {given:?}");
            Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what)
                .hinted(format!("send application/json or {MEDIA_TYPE}")))
        }
    }
}

/// The form that `Accept` names, else that of the request.
fn form_of_answer(headers: &HeaderMap, from: Form) -> Form {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let names = |media_type| accept.is_some_and(|accept| accept.contains(media_type));
    match (names("application/json"), names(MEDIA_TYPE)) {
        (true, false) => Form::Json,
        (false, true) => Form::Arrow,
        _ => from,
    }
}

struct Done {
    bytes: Vec<u8>,
    n_rows: u64,
    unseen: Vec<(String, &'static str, u64)>,
}

/// From the body of a request to that of its answer.
fn worked(
    served: &Served,
    asked: Asked,
    (from, to): (Form, Form),
    body: &[u8],
) -> Result<Done, Fault> {
    let (request, table, asked) = match from {
        Form::Json => {
            let mut request = InferRequest::read(body)?;
            let asked = asked.with(&request.parameters)?;
            let table = Table::of_request(request.frame(served)?);
            (Some(request), table, asked)
        }
        Form::Arrow => (None, Table::of_request(columns::frame(body)?), asked),
    };
    let (predicted, contributions) = predicted(served, &table, asked.reasons()?)?;
    let unseen = &predicted.prediction.unseen;
    let words = unseen_words(unseen);
    let notes: Vec<(String, String)> = match words.is_empty() {
        true => Vec::new(),
        false => vec![("unseen".to_owned(), words.join("; "))],
    };
    let mut columns = predicted.columns(served.model.model.target());
    if let Some(request) = &request {
        let mut names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        if contributions.is_some() {
            let more = ["base", "margin", "contributions", "contribution_columns"];
            names.extend(more.map(str::to_owned));
        }
        request.check_wanted(&names)?;
        columns.retain(|column| request.wants(&column.name));
    }
    let wants = |name: &str| request.as_ref().is_none_or(|request| request.wants(name));
    let bytes = match to {
        Form::Arrow => columns::stream(&columns, contributions.as_ref(), notes)?,
        Form::Json => {
            let id = request.as_ref().and_then(|request| request.id.as_deref());
            let mut answer = Answer::new(served, id, &notes);
            columns.iter().for_each(|column| answer.column(column));
            if let Some(rows) = &contributions {
                answer.contributions(rows, wants);
            }
            answer.finish()
        }
    };
    let counted = unseen.columns.iter().map(|found| {
        let what = match found.what {
            engine::tabular::UnseenKind::Level => "level",
            engine::tabular::UnseenKind::Value => "value",
        };
        (found.column.clone(), what, found.n_rows)
    });
    Ok(Done { bytes, n_rows: table.frame.n_rows() as u64, unseen: counted.collect() })
}

fn predicted(
    served: &Served,
    table: &Table,
    reasons: Option<usize>,
) -> Result<(Predicted, Option<RowContributions>), Fault> {
    let Some(n_reasons) = reasons else { return Ok((predict(&served.model, table, 0)?, None)) };
    let n_rows = table.frame.n_rows();
    let n = n_rows.saturating_mul(served.inputs.len());
    if n > CONTRIBUTIONS_MAX {
        let what =
            format!("{n_rows} rows of {} columns have too many contributions", served.inputs.len());
        return Err(Fault::too_large(what).hinted(format!(
            "explain at most {} rows at once",
            CONTRIBUTIONS_MAX / served.inputs.len().max(1)
        )));
    }
    let (predicted, contributions) = predict_explained(&served.model, table, n_reasons)?;
    Ok((predicted, Some(contributions)))
}
