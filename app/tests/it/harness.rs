//! The HTTP stack with methods that a test supplies.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, Request, StatusCode},
    response::Response,
    routing::post,
};
use kith_app::http::{self, HttpDeps, HttpSettings, HttpStack, MethodRegistry, method_registry};
use kith_infra::rate_limit;
use kith_kernel::{AccountStatus, Actor, MethodPolicy, Quota, RequiredAccess, SystemClock, SystemEntropy};
use kith_storage::sql::SqlIdempotencyStore;
use kith_testkit::{SqliteDatabase, StubTokens, member};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

pub(crate) const CREATE: &str = "/kith.posts.v1.PostService/CreatePost";
pub(crate) const DELETE: &str = "/kith.posts.v1.PostService/DeletePost";
pub(crate) const FEED: &str = "/kith.posts.v1.PostService/GetFeed";
pub(crate) const POST: &str = "/kith.posts.v1.PostService/GetPost";
/// Method for any account, including a suspended one.
pub(crate) const ME: &str = "/kith.users.v1.UserService/GetMe";
/// Method for anonymous callers.
pub(crate) const REGISTER: &str = "/kith.auth.v1.AuthService/RegisterAnonymous";
pub(crate) const ORIGIN: &str = "https://app.kith.example";

/// HTTP stack and access tokens of an active, a suspended and a muted account.
pub(crate) struct Harness {
    pub(crate) stack: HttpStack,
    pub(crate) token: String,
    pub(crate) suspended: String,
    pub(crate) muted: String,
    database: SqliteDatabase,
}

pub(crate) fn settings() -> HttpSettings {
    let allowed_origins = vec![HeaderValue::from_static(ORIGIN)];
    HttpSettings { allowed_origins, call_timeout: Duration::from_millis(500), ..HttpSettings::default() }
}

impl Harness {
    /// Harness with these methods.
    pub(crate) async fn new(methods: Router, settings: &HttpSettings) -> Self {
        Self::with(methods, Router::new(), settings, method_policies().collect()).await
    }

    /// Harness with these methods and these plain HTTP routes.
    pub(crate) async fn with_plain_routes(methods: Router, plain: Router) -> Self {
        Self::with(methods, plain, &settings(), method_policies().collect()).await
    }

    /// Harness whose `FEED` method returns the size of the request body.
    pub(crate) async fn echo() -> Self {
        Self::new(Router::new().route(FEED, post(echo)), &settings()).await
    }

    /// Like [`Harness::echo`], without a quota.
    pub(crate) async fn echo_without_quota() -> Self {
        let unlimited = |policy: MethodPolicy| match policy.path {
            FEED => MethodPolicy { quota: Quota::per_minute(1_000_000), ..policy },
            _ => policy,
        };
        let methods = Router::new().route(FEED, post(echo));
        Self::with(methods, Router::new(), &settings(), method_policies().map(unlimited).collect()).await
    }

    /// Harness whose `FEED`, `CREATE` and `REGISTER` methods return the size of the body, with changed dependencies.
    pub(crate) async fn with_deps(change: impl FnOnce(&mut HttpDeps)) -> Self {
        Self::with_policies_and_deps(method_policies().collect(), change).await
    }

    /// Like [`Harness::with_deps`], with these method policies.
    pub(crate) async fn with_policies_and_deps(
        policies: Vec<MethodPolicy>,
        change: impl FnOnce(&mut HttpDeps),
    ) -> Self {
        let methods = Router::new().route(FEED, post(echo)).route(CREATE, post(echo)).route(REGISTER, post(echo));
        Self::build(methods, Router::new(), &settings(), policies, change).await
    }

    async fn with(methods: Router, plain: Router, settings: &HttpSettings, policies: Vec<MethodPolicy>) -> Self {
        Self::build(methods, plain, settings, policies, |_| {}).await
    }

    async fn build(
        methods: Router,
        plain: Router,
        settings: &HttpSettings,
        policies: Vec<MethodPolicy>,
        change: impl FnOnce(&mut HttpDeps),
    ) -> Self {
        let tokens = StubTokens::default();
        let token = tokens.issue(&member());
        let suspended = tokens.issue(&Actor { status: AccountStatus::Suspended, ..member() });
        let muted = tokens.issue(&Actor { status: AccountStatus::Muted, ..member() });
        let registry = Arc::new(MethodRegistry::new(kith_proto::METHODS, policies).unwrap());
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let database = kith_testkit::sqlite_database().await;
        let idempotency =
            SqlIdempotencyStore::new(database.clone(), kith_testkit::test_encryption(), clock.clone(), entropy.clone());
        let mut deps = HttpDeps {
            tokens: Arc::new(tokens),
            rate_limiter: Arc::new(rate_limit::InMemory::new(registry.policies(), clock.clone())),
            idempotency: Arc::new(idempotency),
            clock,
            entropy,
        };
        change(&mut deps);
        let stack = http::build_stack(methods, plain, registry, settings, &deps);
        Self { stack, token, suspended, muted, database }
    }

    pub(crate) fn call(&self, path: &str) -> axum::http::request::Builder {
        let call = Request::post(path).header("content-type", "application/json");
        call.header("authorization", format!("Bearer {}", self.token))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.stack.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn json(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let (parts, body) = self.send(request).await.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Serves the stack on a TCP port. Returns the address.
    pub(crate) async fn serve(self, limits: http::ConnectionLimits) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let result = http::connection::serve(listener, self.stack, limits, std::future::pending()).await;
            drop(self.database);
            result
        });
        address
    }
}

async fn echo(body: Bytes) -> Json<Value> {
    Json(json!({ "bytes": body.len() }))
}

/// Policies of a few methods, with quotas that a test can exhaust.
pub(crate) fn method_policies() -> impl Iterator<Item = MethodPolicy> {
    let policy = |path, access, calls| MethodPolicy::new(path, access, Quota::per_minute(calls));
    let policies = [
        policy(CREATE, RequiredAccess::Member, 10),
        policy(DELETE, RequiredAccess::ActiveMember, 30),
        policy(FEED, RequiredAccess::Member, 120),
        policy(POST, RequiredAccess::Member, 300),
        policy(ME, RequiredAccess::Account, 60),
        policy(REGISTER, RequiredAccess::Public, 5),
    ];
    method_registry::METHOD_POLICIES.iter().copied().chain(policies)
}
