//! Looks up the RPC method of a request.
//!
//! It precedes [`super::plain_routes`], which handles requests without a method; [`super::trace`], which logs the method
//! and never the path; and [`super::grpc`], which needs to know how many messages the method has.

use std::sync::Arc;

use axum::response::Response;

use super::{
    method_registry::MethodRegistry,
    stack::{InnerHandler, Layer, Next, RequestContext},
};

/// Sets [`RequestContext::method`].
pub struct MethodLookupLayer(pub Arc<MethodRegistry>);

impl Layer for MethodLookupLayer {
    async fn handle(&self, mut context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        context.method = self.0.find(context.request.uri().path());
        next.run(context).await
    }
}
