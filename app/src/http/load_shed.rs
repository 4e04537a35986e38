//! Refuses calls beyond the limits at once instead of queueing them. It is above all costly layers, because an
//! overloaded server must refuse quickly.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use http_body::{Frame, SizeHint};
use kith_kernel::ErrorKind;
use kith_proto::ErrorResponse;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    error_response::ResponseForm,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Limits concurrent calls and streams. Streams are counted separately, because idle streams cause little load.
pub struct LoadShedLayer {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl LoadShedLayer {
    #[must_use]
    pub fn new(max_calls: usize, max_streams: usize) -> Self {
        Self { calls: Arc::new(Semaphore::new(max_calls)), streams: Arc::new(Semaphore::new(max_streams)) }
    }
}

impl Layer for LoadShedLayer {
    async fn handle(&self, context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let form = context.form;
        let permits = match form {
            ResponseForm::Unary => &self.calls,
            ResponseForm::Stream { .. } => &self.streams,
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            return form.error_response(ErrorResponse::new(
                ErrorKind::Unavailable,
                "OVERLOADED",
                "server is overloaded, retry",
            ));
        };
        next.run(context).await.map(|body| Body::new(PermitBody { body, _permit: permit }))
    }
}

/// Body that holds its permit until it is sent or dropped.
struct PermitBody {
    body: Body,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for PermitBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
