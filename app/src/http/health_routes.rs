//! Routes `/healthz`, `/readyz` and `/.well-known/jwks.json`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::join_all;
use kith_kernel::PortError;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::grpc_health::ReadySignal;

/// Maximum duration of one health check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for which results are reused, so that frequent probes cause no load.
const CACHE_TTL: Duration = Duration::from_secs(1);

/// Check of a dependency of this process.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    /// Name of the dependency for operators.
    fn name(&self) -> &'static str;

    /// Succeeds if the dependency responds.
    async fn check(&self) -> Result<(), PortError>;
}

/// Dependencies checked by `/readyz`.
#[derive(Clone, Default)]
pub struct HealthChecks {
    /// The process is not ready while one of them is unavailable.
    pub required: Vec<Arc<dyn HealthCheck>>,
    /// The process stays ready without them and reports them as degraded: taking it out of service would not help
    /// anyone.
    pub optional: Vec<Arc<dyn HealthCheck>>,
}

/// `/healthz`: the process is running. `/readyz`: it accepts calls and all required dependencies respond.
/// `/.well-known/jwks.json`: the public keys of access tokens (RFC 7517).
pub fn router(ready: ReadySignal, checks: HealthChecks, keys: &Value) -> Router {
    let keys = Bytes::from(keys.to_string());
    let readiness = Arc::new(Readiness { ready, checks, last: Mutex::default() });
    Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
        .route("/readyz", get(async |State(readiness): State<Arc<Readiness>>| readiness.respond().await))
        .with_state(readiness)
        .route("/.well-known/jwks.json", get(async move || jwks(keys)))
}

fn jwks(keys: Bytes) -> Response {
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    // A new key is published for longer than this before it signs.
    let cache_control = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    ([content_type, cache_control], keys).into_response()
}

struct Readiness {
    ready: ReadySignal,
    checks: HealthChecks,
    /// Time and result of the last check.
    last: Mutex<Option<(Instant, Failing)>>,
}

/// Names of the dependencies that do not respond.
#[derive(Clone)]
struct Failing {
    required: Vec<&'static str>,
    optional: Vec<&'static str>,
}

impl Readiness {
    async fn respond(&self) -> Response {
        let accepting = *self.ready.borrow();
        let Failing { required, optional } = self.failing().await;
        let status = if accepting && required.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let ready = status == StatusCode::OK;
        let report = json!({ "ready": ready, "accepting": accepting, "unavailable": required, "degraded": optional });
        (status, Json(report)).into_response()
    }

    /// Returns the failing dependencies. Concurrent callers share one check.
    async fn failing(&self) -> Failing {
        let mut last = self.last.lock().await;
        if let Some((at, failing)) = &*last
            && at.elapsed() < CACHE_TTL
        {
            return failing.clone();
        }
        let (required, optional) = tokio::join!(run_checks(&self.checks.required), run_checks(&self.checks.optional));
        let failing = Failing { required, optional };
        *last = Some((Instant::now(), failing.clone()));
        failing
    }
}

/// Runs the checks concurrently and returns the names of those that fail.
async fn run_checks(checks: &[Arc<dyn HealthCheck>]) -> Vec<&'static str> {
    let results = join_all(checks.iter().map(async |check| {
        match timeout(CHECK_TIMEOUT, check.check()).await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => tracing::warn!(dependency = check.name(), %error, "dependency check failed"),
            Err(_) => tracing::warn!(dependency = check.name(), "dependency check timed out"),
        }
        Some(check.name())
    }));
    results.await.into_iter().flatten().collect()
}
