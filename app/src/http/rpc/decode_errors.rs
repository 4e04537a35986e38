//! Adds a reason for programs to decoding errors of the RPC crate, which have only a message for people.
//!
//! Other errors are unchanged, as the conformance suite requires: an unknown codec is a bare 415, and a message that is
//! too large or compressed in an unknown way is a code without details.

use axum::{
    body::{Body, Bytes, HttpBody as _, to_bytes},
    http::StatusCode,
    response::Response,
};
use kith_kernel::ErrorKind;
use kith_proto::ErrorResponse;
use serde::{Deserialize, de::IgnoredAny};

use crate::http::{
    error_response::ResponseForm,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Length of an envelope's prefix in bytes.
const PREFIX_LEN: usize = 5;

/// Adds the reason to responses of unary calls.
pub struct DecodeErrorReasonLayer;

impl Layer for DecodeErrorReasonLayer {
    async fn handle(&self, context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let form = context.form;
        add_reason(form, next.run(context).await).await
    }
}

/// Adds the reason to responses of streams. It encloses the methods directly: further out the RPC crate has turned the
/// error into a stream of unknown length.
pub async fn add_reason_to_stream(response: Response) -> Response {
    add_reason(ResponseForm::for_request(response.headers()), response).await
}

async fn add_reason(form: ResponseForm, response: Response) -> Response {
    if !may_be_decode_error(form, &response) {
        return response;
    }
    let (parts, body) = response.into_parts();
    // The body is complete in memory, so that reading neither waits nor fails.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    match decode_error_message(form, &body) {
        Some(message) => {
            form.error_response(ErrorResponse::new(ErrorKind::InvalidArgument, "MALFORMED_MESSAGE", message))
        }
        None => Response::from_parts(parts, Body::from(body)),
    }
}

/// Returns true if the response can be a decoding error. In a stream such an error is the complete body, while other
/// streams have no known length.
fn may_be_decode_error(form: ResponseForm, response: &Response) -> bool {
    match form {
        ResponseForm::Unary => response.status() == StatusCode::BAD_REQUEST,
        ResponseForm::Stream { .. } => response.body().size_hint().exact().is_some(),
    }
}

#[derive(Deserialize)]
struct ConnectErrorBody {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<IgnoredAny>,
}

/// Content of the last envelope of a stream.
#[derive(Deserialize)]
struct EndOfStream {
    error: ConnectErrorBody,
}

/// Message of an `invalid_argument` error without details.
fn decode_error_message(form: ResponseForm, body: &Bytes) -> Option<String> {
    let error: ConnectErrorBody = match form {
        ResponseForm::Unary => serde_json::from_slice(body).ok()?,
        ResponseForm::Stream { .. } => serde_json::from_slice::<EndOfStream>(body.get(PREFIX_LEN..)?).ok()?.error,
    };
    (error.code == "invalid_argument" && error.details.is_empty()).then_some(error.message)
}
