//! An answer that says what is wrong: a status, and JSON with `error` and, where we know, `hint`.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tonic::{Code, Status};

/// What is wrong with a request, or with us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) what: String,
    pub(crate) hint: Option<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, what: impl Into<String>) -> Self {
        Self { status, what: what.into(), hint: None }
    }

    /// The request is no request of this protocol.
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, what)
    }

    /// The request can be read, and its rows do not fit.
    pub(crate) fn unfit(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, what)
    }

    pub(crate) fn too_large(what: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, what)
    }

    pub(crate) fn missing(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what)
    }

    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As gRPC says it: a client of it reads no JSON.
    pub(crate) fn grpc(self) -> Status {
        let code = match self.status.as_u16() {
            400 | 422 => Code::InvalidArgument,
            403 => Code::PermissionDenied,
            404 => Code::NotFound,
            503 => Code::Unavailable,
            504 => Code::DeadlineExceeded,
            _ => Code::Internal,
        };
        let hint = self.hint.map_or_else(String::new, |hint| format!("; {hint}"));
        Status::new(code, self.what + &hint)
    }
}

impl From<engine::Error> for Fault {
    fn from(error: engine::Error) -> Self {
        let status = match &error {
            error if error.is_schema() => StatusCode::UNPROCESSABLE_ENTITY,
            error if error.is_shape() || error.is_usage() => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, what: error.to_string(), hint: error.hint() }
    }
}

/// Parts of a path; what is no text is a fault like any other, not the framework's plain words.
pub(crate) struct InPath<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|Path(found)| Self(found)).map_err(|rejection| {
            Fault::malformed(rejection.body_text()).hinted("write names in the path as UTF-8")
        })
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let written = Written { error: &self.what, hint: self.hint.as_deref() };
        let text = serde_json::to_vec(&written).expect("two texts are JSON");
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
