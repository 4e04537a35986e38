//! Requires exactly one message for methods that take one. A unary call is a single body; the request of a server
//! stream is read here and counted, for both Connect and gRPC.

use axum::{
    body::{Body, to_bytes},
    response::Response,
};
use bytes::{Buf as _, Bytes};
use connectrpc_axum::prelude::{Code, ConnectError};
use kith_proto::MethodShape;

use crate::http::{
    error_response::ResponseForm,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Refuses server streams whose request does not have exactly one message.
pub struct SingleMessageLayer;

impl Layer for SingleMessageLayer {
    async fn handle(&self, mut context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let shape = context.method.map(|called| called.shape);
        let ResponseForm::Stream { binary } = context.form else { return next.run(context).await };
        if shape != Some(MethodShape::ServerStream) {
            return next.run(context).await;
        }
        // `body_limit` has limited the size and responds if it is exceeded.
        let Ok(body) = to_bytes(std::mem::take(context.request.body_mut()), usize::MAX).await else {
            return ConnectError::new(Code::Canceled, "request body is incomplete").into_streaming_response(binary);
        };
        if count_envelopes(body.clone()) != 1 {
            let message = "exactly one message is expected";
            return ConnectError::new(Code::Unimplemented, message).into_streaming_response(binary);
        }
        *context.request.body_mut() = Body::from(body);
        next.run(context).await
    }
}

/// Number of envelopes in the bytes. A truncated one counts; the RPC crate reports the error.
fn count_envelopes(mut bytes: Bytes) -> usize {
    let mut count: usize = 0;
    while bytes.try_get_u8().is_ok() {
        count = count.saturating_add(1);
        let length = bytes.try_get_u32().ok().and_then(|length| usize::try_from(length).ok());
        bytes.advance(length.unwrap_or(usize::MAX).min(bytes.len()));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_envelopes_count() {
        let message = [0, 0, 0, 0, 2, b'h', b'i'];
        assert_eq!(count_envelopes(Bytes::new()), 0);
        assert_eq!(count_envelopes(Bytes::copy_from_slice(&message)), 1);
        assert_eq!(count_envelopes(Bytes::from([message, message].concat())), 2);
        assert_eq!(count_envelopes(Bytes::from_static(&[0, 0, 0, 0, 9, 1])), 1, "truncated");
    }
}
