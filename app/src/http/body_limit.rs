//! Refuses a request body that exceeds the limit, by its declared length or once it has been exceeded. It is above
//! every reader of the body.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::StatusCode,
    response::Response,
};
use http_body::{Frame, SizeHint};
use kith_kernel::ErrorKind;
use kith_proto::ErrorResponse;

use super::{
    error_response::ResponseForm,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Limits the size of the body as sent. [`super::rpc`] limits the size of the decompressed message.
pub struct BodyLimitLayer {
    pub max_bytes: u64,
}

impl Layer for BodyLimitLayer {
    async fn handle(&self, mut context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let form = context.form;
        let declared = context.request.body().size_hint();
        if declared.lower() > self.max_bytes {
            return self.too_large(form);
        }
        // Hyper enforces a declared length.
        if declared.exact().is_some() {
            return next.run(context).await;
        }
        let exceeded = Arc::new(AtomicBool::new(false));
        let body = std::mem::take(context.request.body_mut());
        *context.request.body_mut() =
            Body::new(LimitedBody { body, remaining: self.max_bytes, exceeded: exceeded.clone() });
        let response = next.run(context).await;
        // The layers below see a broken body; this is the cause.
        if exceeded.load(Ordering::Relaxed) { self.too_large(form) } else { response }
    }
}

impl BodyLimitLayer {
    fn too_large(&self, form: ResponseForm) -> Response {
        let message = format!("request body must be at most {} bytes", self.max_bytes);
        form.error_response_with_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            ErrorResponse::new(ErrorKind::ResourceExhausted, "BODY_TOO_LARGE", message),
        )
    }
}

struct LimitedBody {
    body: Body,
    remaining: u64,
    exceeded: Arc<AtomicBool>,
}

impl HttpBody for LimitedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let size = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        let Some(remaining) = u64::try_from(size).ok().and_then(|size| self.remaining.checked_sub(size)) else {
            self.exceeded.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(axum::Error::new(TooLarge))));
        };
        self.remaining = remaining;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("request body is too large")]
struct TooLarge;
