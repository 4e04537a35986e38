//! Gives what the crate refuses as unreadable the reason that programs look for: it has words for people only.
//!
//! Only that. A codec that nobody knows is a bare 415, and a message that is too large or packed in an unknown way is a
//! code without details: so the official suite wants it.

use axum::{
    body::{Body, Bytes, HttpBody as _, to_bytes},
    http::StatusCode,
    response::Response,
};
use kith_kernel::Fault;
use kith_proto::Refusal;
use serde::{Deserialize, de::IgnoredAny};

use crate::http::{
    chain::{Call, Inside, Layer, Next},
    refuse::Wire,
};

/// The head of an envelope.
const PREFIX: usize = 5;

/// See the module.
pub struct Reasons;

impl Layer for Reasons {
    async fn handle(&self, call: Box<Call>, next: &Next<impl Inside>) -> Response {
        let wire = call.wire;
        explained(wire, next.run(call).await).await
    }
}

/// The same for streams, to stand right round the methods: further out, the crate has made a refusal a stream like any
/// other, which may go on.
pub async fn of_stream(answer: Response) -> Response {
    explained(Wire::of(answer.headers()), answer).await
}

async fn explained(wire: Wire, answer: Response) -> Response {
    if !may_refuse(wire, &answer) {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    // It is whole already: nothing is waited for, and nothing breaks off.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    match unreadable(wire, &body) {
        Some(words) => wire.refuse(Refusal::new(Fault::Invalid, "MESSAGE_UNREADABLE", words)),
        None => Response::from_parts(parts, Body::from(body)),
    }
}

/// Whether this may be a refusal as unreadable. One in a stream is all that there is of it; how long a stream will be is
/// not known.
fn may_refuse(wire: Wire, response: &Response) -> bool {
    match wire {
        Wire::Unary => response.status() == StatusCode::BAD_REQUEST,
        Wire::Stream { .. } => response.body().size_hint().exact().is_some(),
    }
}

#[derive(Deserialize)]
struct Refused {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<IgnoredAny>,
}

/// The last envelope of a stream.
#[derive(Deserialize)]
struct End {
    error: Refused,
}

/// The words of a refusal without a reason, if it is the caller's fault.
fn unreadable(wire: Wire, body: &Bytes) -> Option<String> {
    let refused: Refused = match wire {
        Wire::Unary => serde_json::from_slice(body).ok()?,
        Wire::Stream { .. } => serde_json::from_slice::<End>(body.get(PREFIX..)?).ok()?.error,
    };
    (refused.code == "invalid_argument" && refused.details.is_empty()).then_some(refused.message)
}
