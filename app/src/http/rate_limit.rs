//! Enforces the quota of each method and caller. It is below authorization, because a quota is for callers with access,
//! and above idempotency, because a repeated call counts.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use kith_kernel::{
    ErrorKind, OnLimiterFailure, Quota,
    ports::{RateLimitDecision, RateLimiter},
};
use kith_proto::ErrorResponse;

use super::stack::{InnerHandler, Layer, Next, RequestContext};

const LIMIT_HEADER: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING_HEADER: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET_HEADER: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Refuses calls that exceed the quota, and sets the `ratelimit-*` headers.
pub struct RateLimitLayer(pub Arc<dyn RateLimiter>);

impl Layer for RateLimitLayer {
    async fn handle(&self, context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        let form = context.form;
        let Some(method) = context.method else { return next.run(context).await };
        let quota = method.policy.quota;
        let decision = match self.0.check(&caller_key(&context), &method.policy).await {
            Ok(decision) => decision,
            Err(error) => {
                tracing::error!(%error, "rate limiter unavailable");
                match quota.on_limiter_failure {
                    OnLimiterFailure::Allow => return next.run(context).await,
                    OnLimiterFailure::Deny => {
                        return form.error_response(ErrorResponse::new(
                            ErrorKind::Unavailable,
                            "RATE_LIMITER_UNAVAILABLE",
                            "temporarily unavailable, retry",
                        ));
                    }
                }
            }
        };
        let mut response = match decision.retry_after {
            None => next.run(context).await,
            Some(retry_after) => form.error_response(
                ErrorResponse::new(ErrorKind::ResourceExhausted, "RATE_LIMITED", "rate limit exceeded")
                    .retry_after(retry_after),
            ),
        };
        set_headers(response.headers_mut(), quota, decision);
        response
    }
}

/// Key of the caller's quota: the account, or the address. Of an IPv6 address the first 64 bits count, the part that a
/// household keeps (RFC 6177).
pub(super) fn caller_key(context: &RequestContext) -> String {
    if let Some(actor) = &context.actor {
        return actor.user.to_string();
    }
    match context.client_ip {
        Some(IpAddr::V6(address)) => format!("{:x}::/64", address.to_bits() >> 64),
        Some(address @ IpAddr::V4(_)) => address.to_string(),
        None => "unknown".to_owned(),
    }
}

/// Sets the fields of draft-ietf-httpapi-ratelimit-headers-07, which clients and proxies support.
fn set_headers(headers: &mut HeaderMap, quota: Quota, decision: RateLimitDecision) {
    let until_full = quota.every.saturating_mul(quota.burst.get().saturating_sub(decision.remaining));
    headers.insert(LIMIT_HEADER, HeaderValue::from(quota.burst.get()));
    headers.insert(REMAINING_HEADER, HeaderValue::from(decision.remaining));
    headers.insert(RESET_HEADER, HeaderValue::from(whole_seconds(until_full)));
    if let Some(retry_after) = decision.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(retry_after)));
    }
}

/// Rounds up: a client that returns a moment too early would be refused again.
fn whole_seconds(span: Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0))
}
