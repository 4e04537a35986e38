//! The layers as one statically composed type, and the context of a request that they share.
//!
//! Not tower's `Service`: a tower layer that awaits needs a page of types, and `axum::middleware::from_fn` clones every
//! layer below it for each request. Here a layer is one async function. It passes a pointer to the next layer, and a
//! future is boxed only where it would be moved, not in every layer.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use kith_kernel::Actor;
use tower::Service;

use super::{error_response::ResponseForm, method_registry::MatchedMethod};

/// A request and the results of the layers that it has passed.
pub struct RequestContext {
    /// The request as received, without the parts that a layer documents as removed.
    pub request: Request,
    /// Format of error responses. A layer that changes the content type of the request updates it.
    pub form: ResponseForm,
    /// Set by [`super::client_ip`].
    pub client_ip: Option<IpAddr>,
    /// Set by [`super::method_lookup`]. `None` if the method does not exist.
    pub method: Option<MatchedMethod>,
    /// Set by [`super::authenticate`]. `None` for an anonymous caller.
    pub actor: Option<Actor>,
}

impl RequestContext {
    fn new(request: Request) -> Box<Self> {
        let form = ResponseForm::for_request(request.headers());
        Box::new(Self { request, form, client_ip: None, method: None, actor: None })
    }
}

/// One concern of the HTTP stack.
pub trait Layer: Send + Sync + 'static {
    /// Responds, directly or with the response of `next`.
    fn handle(
        &self,
        context: Box<RequestContext>,
        next: &Next<impl InnerHandler>,
    ) -> impl Future<Output = Response> + Send;
}

/// The rest of the stack below a layer.
pub trait InnerHandler: Send + Sync + 'static {
    fn run(&self, context: Box<RequestContext>) -> impl Future<Output = Response> + Send;
}

/// Handle to the layers below. A clone can outlive the request's future.
pub struct Next<I>(Arc<I>);

impl<I> Clone for Next<I> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<I: InnerHandler> Next<I> {
    /// Runs the layers below.
    pub fn run(&self, context: Box<RequestContext>) -> impl Future<Output = Response> + Send {
        self.0.run(context)
    }

    /// Like [`Next::run`], for a layer that puts the future into another one: a pointer is moved instead of the state
    /// of all layers below.
    #[must_use]
    pub fn boxed(&self, context: Box<RequestContext>) -> Pin<Box<impl Future<Output = Response> + Send>> {
        Box::pin(self.0.run(context))
    }
}

/// A layer with everything below it. The macro [`layers`](crate::layers) nests them.
pub struct Layered<L, I> {
    layer: L,
    next: Next<I>,
}

impl<L: Layer, I: InnerHandler> Layered<L, I> {
    pub fn new(layer: L, inner: I) -> Self {
        Self { layer, next: Next(Arc::new(inner)) }
    }
}

impl<L: Layer, I: InnerHandler> InnerHandler for Layered<L, I> {
    fn run(&self, context: Box<RequestContext>) -> impl Future<Output = Response> + Send {
        self.layer.handle(context, &self.next)
    }
}

/// Nests layers, outermost first, around the innermost handler: `layers![Outer, Inner => methods]`.
#[macro_export]
macro_rules! layers {
    ($last:expr => $inner:expr) => {
        $crate::http::stack::Layered::new($last, $inner)
    };
    ($outer:expr, $($rest:tt)+) => {
        $crate::http::stack::Layered::new($outer, $crate::layers!($($rest)+))
    };
}

/// The whole stack as a service for [`super::connection::serve`].
#[derive(Clone)]
pub struct HttpStack(Arc<dyn Fn(Request) -> ResponseFuture + Send + Sync>);

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl HttpStack {
    /// Wraps the outermost layer.
    pub fn new(outermost: impl InnerHandler) -> Self {
        let stack = Next(Arc::new(outermost));
        Self(Arc::new(move |request| {
            let stack = stack.clone();
            Box::pin(async move { Ok(stack.run(RequestContext::new(request)).await) })
        }))
    }
}

impl Service<Request> for HttpStack {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        (self.0)(request)
    }
}
