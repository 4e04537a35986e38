//! Turns a panic into an `internal` error, in a stream too, where it would end the connection with all other calls on
//! it. It is below the layers that every response needs, and above all application code.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use futures_util::FutureExt as _;
use http_body::Frame;
use kith_kernel::ErrorKind;
use kith_proto::{ErrorResponse, REQUEST_ID};

use super::{
    error_response::ResponseForm,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Catches panics of the layers below and of response bodies.
pub struct CatchPanicLayer;

impl Layer for CatchPanicLayer {
    async fn handle(&self, context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let form = context.form;
        match (catch(next.boxed(context)).await, form) {
            (Some(response), ResponseForm::Unary) => response,
            (Some(response), ResponseForm::Stream { .. }) => {
                let request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
                response.map(|body| Body::new(CatchPanicBody { body, form, request_id }))
            }
            (None, _) => internal_error(form),
        }
    }
}

/// Returns `None` if the future panics. Work in progress is dropped with the future.
pub(super) async fn catch(response: impl Future<Output = Response>) -> Option<Response> {
    AssertUnwindSafe(response).catch_unwind().await.ok()
}

pub(super) fn internal_error(form: ResponseForm) -> Response {
    tracing::error!("request panicked");
    form.error_response(ErrorResponse::new(ErrorKind::Internal, "INTERNAL", "internal error"))
}

/// Body of a stream that ends with an error if it panics.
struct CatchPanicBody {
    body: Body,
    form: ResponseForm,
    /// Bodies are polled outside the task-local scope of the request id.
    request_id: String,
}

impl HttpBody for CatchPanicBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.body).poll_frame(cx)));
        polled.unwrap_or_else(|_| {
            let error = REQUEST_ID.sync_scope(self.request_id.clone(), || internal_error(self.form));
            self.body = error.into_body();
            Pin::new(&mut self.body).poll_frame(cx)
        })
    }
}
