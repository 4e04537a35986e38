//! Serves routes that are not RPC methods: health checks, public keys, WebSockets and the demo page.
//!
//! It is below the layers that apply to every response, and above those that apply to RPC methods, which have callers,
//! quotas and an error format of their own.

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use tower::ServiceExt as _;

use super::{
    catch_panic,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Handles requests whose path is one of the routes, and passes all others to the layers below.
pub struct PlainRoutesLayer(Router);

impl PlainRoutesLayer {
    #[must_use]
    pub fn new(routes: Router) -> Self {
        Self(routes.fallback(async || RouteNotFound))
    }
}

/// Response extension of the fallback: no route has the path.
#[derive(Clone)]
struct RouteNotFound;

impl IntoResponse for RouteNotFound {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

impl Layer for PlainRoutesLayer {
    async fn handle(&self, mut context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        if context.method.is_none()
            && let Some(response) = Box::pin(self.respond(&mut context)).await
        {
            return response;
        }
        next.run(context).await
    }
}

impl PlainRoutesLayer {
    /// Returns `None` if no route has the path. The request is then left without its body: only an error response
    /// follows, which does not need it.
    async fn respond(&self, context: &mut RequestContext) -> Option<Response> {
        let (parts, body) = std::mem::take(&mut context.request).into_parts();
        *context.request.method_mut() = parts.method.clone();
        *context.request.uri_mut() = parts.uri.clone();
        *context.request.version_mut() = parts.version;
        context.request.headers_mut().clone_from(&parts.headers);
        let response = self.0.clone().oneshot(Request::from_parts(parts, body));
        let response = catch_panic::catch(async {
            let Ok(response) = response.await;
            response
        });
        let Some(response) = response.await else { return Some(catch_panic::internal_error(context.form)) };
        response.extensions().get::<RouteNotFound>().is_none().then_some(response)
    }
}
