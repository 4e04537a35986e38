//! Reads the rest of the body of an HTTP/1.1 request after an early response. Any layer below may respond before the
//! body is read; hyper would then close the socket during the client's next request.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, Version, header},
    response::Response,
};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

use super::stack::{InnerHandler, Layer, Next, RequestContext};

/// Reads and discards the rest of the body, within limits, or closes the connection after the response.
pub struct DrainBodyLayer {
    /// Maximum number of bytes that are read and discarded.
    pub max_bytes: u64,
    /// Maximum time to wait for them.
    pub timeout: Duration,
}

impl Layer for DrainBodyLayer {
    async fn handle(&self, mut context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        // HTTP/2 resets a single stream; the connection stays open.
        if context.request.version() > Version::HTTP_11 || context.request.body().is_end_stream() {
            return next.run(context).await;
        }
        let expects_continue = context.request.headers().contains_key(header::EXPECT);
        let retained = RetainedBody(Arc::new(Mutex::new(std::mem::take(context.request.body_mut()))));
        *context.request.body_mut() = Body::new(retained.clone());
        let mut response = next.run(context).await;
        // Reading would send the `100 Continue` that the client waits for.
        if (expects_continue && !retained.is_end_stream()) || !self.drain(retained).await {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl DrainBodyLayer {
    /// Returns true if the connection can be reused.
    async fn drain(&self, mut retained: RetainedBody) -> bool {
        // Still being read: a bidirectional stream.
        if Arc::strong_count(&retained.0) > 1 {
            return true;
        }
        let rest = async {
            let mut read: u64 = 0;
            while let Some(Ok(frame)) = retained.frame().await {
                let size = frame.data_ref().map_or(0, Bytes::len);
                read = read.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
                if read > self.max_bytes {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(self.timeout, rest).await.unwrap_or(false)
    }
}

/// A body that stays accessible after the request is consumed.
#[derive(Clone)]
struct RetainedBody(Arc<Mutex<Body>>);

impl RetainedBody {
    fn body(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for RetainedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.body()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body().size_hint()
    }
}
