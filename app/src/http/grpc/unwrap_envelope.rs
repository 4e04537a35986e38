//! Removes the envelope of the message of a unary gRPC call.
//!
//! It is separate from the rest of [`super`] and far below it, because it reads the body: only for authorized callers,
//! and within the deadline.

use std::cmp::Ordering;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header::CONTENT_ENCODING},
    response::{IntoResponse as _, Response},
};
use bytes::Buf as _;
use connectrpc_axum::prelude::{Code, ConnectError};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::http::stack::{InnerHandler, Layer, Next, RequestContext};

/// Length of an envelope's prefix in bytes: the compression flag and the length of the message.
const PREFIX_LEN: usize = 5;

/// Request extension of a unary gRPC call.
#[derive(Clone)]
pub(super) struct UnaryEnvelope {
    /// Compression of the message, if any.
    pub(super) encoding: Option<HeaderValue>,
}

/// Replaces the body with the message.
pub struct UnwrapEnvelopeLayer {
    pub max_message_bytes: usize,
}

impl Layer for UnwrapEnvelopeLayer {
    async fn handle(&self, mut context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let Some(UnaryEnvelope { encoding }) = context.request.extensions_mut().remove() else {
            return next.run(context).await;
        };
        let body = std::mem::take(context.request.body_mut());
        let (compressed, message) = match only_message(body, self.max_message_bytes).await {
            Ok(message) => message,
            Err(error) => return error.into_response(),
        };
        if compressed {
            let Some(encoding) = encoding.filter(|encoding| encoding != "identity") else {
                return ConnectError::new(Code::Internal, "message is compressed but grpc-encoding is missing")
                    .into_response();
            };
            context.request.headers_mut().insert(CONTENT_ENCODING, encoding);
        }
        *context.request.body_mut() = Body::from(message);
        next.run(context).await
    }
}

/// Returns the only message of a unary call, and whether it is compressed.
async fn only_message(body: Body, limit: usize) -> Result<(bool, Bytes), ConnectError> {
    let body = Limited::new(body, limit.saturating_add(PREFIX_LEN)).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return ConnectError::new(Code::ResourceExhausted, format!("message must be at most {limit} bytes"));
        }
        ConnectError::new(Code::Canceled, "request body is incomplete")
    })?;
    let mut bytes = body.to_bytes();
    if bytes.is_empty() {
        return Err(ConnectError::new(Code::Unimplemented, "exactly one message is expected, got none"));
    }
    let compressed = bytes.try_get_u8().unwrap_or_default() & 1 == 1;
    let length = bytes.try_get_u32().ok().and_then(|length| usize::try_from(length).ok());
    match length.map(|length| length.cmp(&bytes.len())) {
        Some(Ordering::Equal) => Ok((compressed, bytes)),
        Some(Ordering::Less) => {
            Err(ConnectError::new(Code::Unimplemented, "exactly one message is expected, got several"))
        }
        Some(Ordering::Greater) | None => Err(ConnectError::new(Code::InvalidArgument, "message is truncated")),
    }
}
