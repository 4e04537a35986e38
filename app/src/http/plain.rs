//! Plain HTTP beside the methods: what an orchestrator, a verifier of tokens and a browser's address bar ask for.
//! Inside of what every answer must have; outside of all that is about methods, which have callers, quotas and a form
//! of refusal of their own.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::join_all;
use kith_kernel::Failure;
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tower::ServiceExt as _;

use super::{
    chain::{Call, Inside, Layer, Next},
    health::Ready,
    panic,
};

/// The longest that something we need may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer holds: whoever asks all the time is no load.
const HOLDS: Duration = Duration::from_secs(1);

/// Something that this process needs to answer calls.
#[async_trait]
pub trait Dependency: Send + Sync {
    /// What an operator calls it.
    fn name(&self) -> &'static str;

    /// Whether it answers.
    async fn check(&self) -> Result<(), Failure>;
}

/// What a process asks before it says that it is ready.
#[derive(Clone, Default)]
pub struct Needs {
    /// Without these it is not.
    pub needs: Vec<Arc<dyn Dependency>>,
    /// Without these it is, and says so: a process that is taken out of service for them would help nobody.
    pub wants: Vec<Arc<dyn Dependency>>,
}

/// `/healthz`: the process lives. `/readyz`: it takes calls, and what it needs answers. `/.well-known/jwks.json`: the
/// keys by which others can tell our tokens (RFC 7517).
pub fn router(ready: Ready, needs: Needs, keys: &Value) -> Router {
    let keys = Bytes::from(keys.to_string());
    let told = Arc::new(Told { ready, needs, last: Mutex::default() });
    Router::new()
        .route("/healthz", get(async || Json(json!({ "alive": true }))))
        .route("/readyz", get(async |State(told): State<Arc<Told>>| told.answer().await))
        .with_state(told)
        .route("/.well-known/jwks.json", get(async move || jwks(keys)))
}

fn jwks(keys: Bytes) -> Response {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    // A key is announced for longer than this before it signs.
    let kept = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    ([kind, kept], keys).into_response()
}

struct Told {
    ready: Ready,
    needs: Needs,
    /// When it was last found out, and what is away.
    last: Mutex<Option<(Instant, Away)>>,
}

/// What does not answer.
#[derive(Clone)]
struct Away {
    needed: Vec<&'static str>,
    wanted: Vec<&'static str>,
}

impl Told {
    async fn answer(&self) -> Response {
        let takes_calls = *self.ready.borrow();
        let Away { needed, wanted } = self.away().await;
        let status = if takes_calls && needed.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let ready = status == StatusCode::OK;
        let told = json!({ "ready": ready, "takesCalls": takes_calls, "away": needed, "doneWithout": wanted });
        (status, Json(told)).into_response()
    }

    /// What does not answer. Of all who ask at once, one finds out.
    async fn away(&self) -> Away {
        let mut last = self.last.lock().await;
        if let Some((at, away)) = &*last
            && at.elapsed() < HOLDS
        {
            return away.clone();
        }
        let (needed, wanted) = tokio::join!(silent(&self.needs.needs), silent(&self.needs.wants));
        let away = Away { needed, wanted };
        *last = Some((Instant::now(), away.clone()));
        away
    }
}

/// Those of these that do not answer.
async fn silent(asked: &[Arc<dyn Dependency>]) -> Vec<&'static str> {
    let answers = join_all(asked.iter().map(async |need| {
        match timeout(PATIENCE, need.check()).await {
            Ok(Ok(())) => return None,
            Ok(Err(failure)) => tracing::warn!(need = need.name(), %failure, "something that is needed is away"),
            Err(_) => tracing::warn!(need = need.name(), "something that is needed does not answer"),
        }
        Some(need.name())
    }));
    answers.await.into_iter().flatten().collect()
}

/// See the module. What is no path of these is left to the layers further in.
pub struct Beside(Router);

impl Beside {
    /// These paths.
    #[must_use]
    pub fn new(paths: Router) -> Self {
        Self(paths.fallback(async || NotHere))
    }
}

/// Marks the answer of a router that has no such path.
#[derive(Clone)]
struct NotHere;

impl IntoResponse for NotHere {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

impl Layer for Beside {
    async fn handle(&self, mut call: Box<Call>, next: &Next<impl Inside>) -> Response {
        if call.called.is_none()
            && let Some(answer) = Box::pin(self.answer(&mut call)).await
        {
            return answer;
        }
        next.run(call).await
    }
}

impl Beside {
    /// The answer of a path of these. Where there is none, all that is left to say is no, and that takes no body.
    async fn answer(&self, call: &mut Call) -> Option<Response> {
        let (parts, body) = std::mem::take(&mut call.request).into_parts();
        *call.request.method_mut() = parts.method.clone();
        *call.request.uri_mut() = parts.uri.clone();
        *call.request.version_mut() = parts.version;
        call.request.headers_mut().clone_from(&parts.headers);
        let asked = self.0.clone().oneshot(Request::from_parts(parts, body));
        let answer = panic::guard(async {
            let Ok(answer) = asked.await;
            answer
        });
        let Some(answer) = answer.await else { return Some(panic::refusal(call.wire)) };
        answer.extensions().get::<NotHere>().is_none().then_some(answer)
    }
}
