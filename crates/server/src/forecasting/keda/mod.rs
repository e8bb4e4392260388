//! An external scaler of KEDA over gRPC.
//!
//! In: metadata of a trigger: `target`, and of the forecast `series`, `horizon`, `quantile`, and `activation`. Out: the largest value
//! that is forecast; the last value that was measured where the forecast is too old; the status UNAVAILABLE where that is, too,
//! so that KEDA's own `fallback` applies. `tracehound-source` in the answer's metadata says which.
//! Answers come from the board, so a fit holds up none of them. The specification of the metric comes from the metadata alone: were it
//! an error, KEDA's fallback would never begin (kedacore/keda#8056).
//! Source: `proto/externalscaler.proto`. Departures: no protoc and no generated server; the codec is tonic's.
//! Checked against: the generated client (`tests/it/keda.rs`).

mod messages;
mod trigger;

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Router, middleware};
use prost::Message;
use tokio::sync::{mpsc, watch};
use tonic::Status;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::{Grpc, ServerStreamingService, UnaryService};
use tonic_prost::ProstCodec;

use super::Serving;
use super::scaling::{METRIC, Scaled};
use crate::exchange::{Exchanges, exchange};
use crate::fault::Fault;
use messages::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec,
    MetricValue, ScaledObjectRef,
};
use trigger::Trigger;

/// Bytes of a message, at most: metadata of a trigger is a few lines.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// How often a stream looks whether its answer is another.
const LOOK: Duration = Duration::from_millis(500);

/// What every call needs.
#[derive(Clone)]
struct Scaler {
    serving: Arc<Serving>,
    /// Streams end when the server does.
    stopped: watch::Receiver<bool>,
}

type Answered<A> = Result<tonic::Response<A>, Status>;
type Told<A> = ReceiverStream<Result<A, Status>>;

pub(super) fn routes(
    serving: Arc<Serving>,
    stopped: watch::Receiver<bool>,
    exchanges: Exchanges,
) -> Router {
    Router::new()
        .route("/externalscaler.ExternalScaler/IsActive", post(is_active))
        .route("/externalscaler.ExternalScaler/StreamIsActive", post(stream_is_active))
        .route("/externalscaler.ExternalScaler/GetMetricSpec", post(metric_spec))
        .route("/externalscaler.ExternalScaler/GetMetrics", post(metrics))
        .route("/externalscaler.ExternalScaler/StreamMetricSpec", post(stream_metric_spec))
        .fallback(|| async {
            let status = Status::unimplemented("this is an externalscaler.ExternalScaler");
            status.into_http::<axum::body::Body>()
        })
        .layer(middleware::from_fn_with_state(exchanges, exchange))
        .with_state(Scaler { serving, stopped })
}

/// A function as a service of tonic.
struct Answering<F>(F);

impl<F, Q, A> UnaryService<Q> for Answering<F>
where
    F: FnMut(Q) -> Answered<A>,
{
    type Response = A;
    type Future = Ready<Answered<A>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        ready((self.0)(request.into_inner()))
    }
}

/// A function that opens a stream as a service of tonic.
struct Streaming<F>(F);

impl<F, Q, A> ServerStreamingService<Q> for Streaming<F>
where
    F: FnMut(Q) -> Answered<Told<A>>,
{
    type Response = A;
    type ResponseStream = Told<A>;
    type Future = Ready<Answered<Told<A>>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        ready((self.0)(request.into_inner()))
    }
}

fn grpc<Q, A>() -> Grpc<ProstCodec<A, Q>>
where
    Q: Message + Default + Send + 'static,
    A: Message + Send + 'static,
{
    Grpc::new(ProstCodec::default()).apply_max_message_size_config(Some(MESSAGE_BYTES_MAX), None)
}

async fn unary<Q, A>(request: Request, answer: impl FnMut(Q) -> Answered<A>) -> Response
where
    Q: Message + Default + Send + 'static,
    A: Message + Send + 'static,
{
    grpc().unary(Answering(answer), request).await.map(axum::body::Body::new)
}

async fn streaming<Q, A>(request: Request, open: impl FnMut(Q) -> Answered<Told<A>>) -> Response
where
    Q: Message + Default + Send + 'static,
    A: Message + Send + 'static,
{
    grpc().server_streaming(Streaming(open), request).await.map(axum::body::Body::new)
}

async fn is_active(State(scaler): State<Scaler>, request: Request) -> Response {
    let answer = |asked: ScaledObjectRef| {
        let trigger = Trigger::of(&asked.scaler_metadata).map_err(Fault::grpc)?;
        let scaled = scaler.serving.scaled(&trigger.asked).map_err(Fault::grpc)?;
        let answer = IsActiveResponse { result: trigger.is_active(scaled.value()) };
        Ok(said(answer, &scaled))
    };
    unary(request, answer).await
}

async fn metric_spec(request: Request) -> Response {
    let answer = |asked: ScaledObjectRef| {
        let trigger = Trigger::of(&asked.scaler_metadata).map_err(Fault::grpc)?;
        Ok(tonic::Response::new(specification(&trigger)))
    };
    unary(request, answer).await
}

async fn metrics(State(scaler): State<Scaler>, request: Request) -> Response {
    let answer = |request: GetMetricsRequest| {
        if request.metric_name != METRIC {
            let what = format!("no metric is named {:?}", request.metric_name);
            return Err(Fault::missing(what).hinted(format!("the metric is {METRIC}")).grpc());
        }
        let asked = request.scaled_object_ref.unwrap_or_default();
        let trigger = Trigger::of(&asked.scaler_metadata).map_err(Fault::grpc)?;
        let scaled = scaler.serving.scaled(&trigger.asked).map_err(Fault::grpc)?;
        let value = scaled.value();
        let metric_value = MetricValue {
            metric_name: METRIC.to_owned(),
            metric_value: whole(value),
            metric_value_float: value,
        };
        Ok(said(GetMetricsResponse { metric_values: vec![metric_value] }, &scaled))
    };
    unary(request, answer).await
}

async fn stream_is_active(State(scaler): State<Scaler>, request: Request) -> Response {
    let open = |asked: ScaledObjectRef| {
        let trigger = Trigger::of(&asked.scaler_metadata).map_err(Fault::grpc)?;
        // What cannot be answered now is told at once, and not by a stream that stays silent.
        scaler.serving.scaled(&trigger.asked).map_err(Fault::grpc)?;
        let serving = Arc::clone(&scaler.serving);
        let look = move || {
            let scaled = serving.seen(&trigger.asked).ok()?;
            Some(IsActiveResponse { result: trigger.is_active(scaled.value()) })
        };
        Ok(tonic::Response::new(told(look, scaler.stopped.clone())))
    };
    streaming(request, open).await
}

async fn stream_metric_spec(State(scaler): State<Scaler>, request: Request) -> Response {
    let open = |asked: ScaledObjectRef| {
        let trigger = Trigger::of(&asked.scaler_metadata).map_err(Fault::grpc)?;
        let look = move || Some(specification(&trigger));
        Ok(tonic::Response::new(told(look, scaler.stopped.clone())))
    };
    streaming(request, open).await
}

/// What is seen now, and again whenever it is another, until the client goes or the server stops. Where nothing can be said
/// nothing is: `false` would let KEDA scale to the least.
fn told<A>(
    mut look: impl FnMut() -> Option<A> + Send + 'static,
    mut stopped: watch::Receiver<bool>,
) -> Told<A>
where
    A: Clone + PartialEq + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut last = None;
        loop {
            if let Some(seen) = look()
                && last.as_ref() != Some(&seen)
            {
                if sender.send(Ok(seen.clone())).await.is_err() {
                    return;
                }
                last = Some(seen);
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = sender.closed() => return,
                _ = stopped.changed() => return,
            }
        }
    });
    ReceiverStream::new(receiver)
}

fn specification(trigger: &Trigger) -> GetMetricSpecResponse {
    let spec = MetricSpec {
        metric_name: METRIC.to_owned(),
        target_size: whole(trigger.target),
        target_size_float: trigger.target,
    };
    GetMetricSpecResponse { metric_specs: vec![spec] }
}

/// For clients that know whole numbers only: too little must not be made of it.
#[expect(clippy::cast_possible_truncation, reason = "what is beyond whole numbers is the largest")]
fn whole(value: f64) -> i64 {
    value.ceil() as i64
}

/// An answer that says where its value came from.
fn said<A>(answer: A, scaled: &Scaled) -> tonic::Response<A> {
    let mut response = tonic::Response::new(answer);
    let metadata: &mut MetadataMap = response.metadata_mut();
    for (name, text) in scaled.told() {
        // A name of a series in letters that no header takes is left out; the value stands.
        if let Ok(text) = MetadataValue::try_from(text) {
            metadata.insert(name, text);
        }
    }
    response
}
