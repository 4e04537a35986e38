//! Servers of the unary benchmark: the full HTTP stack with one post in memory, the RPC crate alone with the same post,
//! and an axum echo.

use std::{future::pending, net::Ipv4Addr, sync::Arc};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, routing::post, serve::ListenerExt as _};
use connectrpc_axum::prelude::{ConnectError, ConnectLayer, ConnectResponse};
use kith_app::http::{self, ConnectionLimits, HttpDeps, HttpSettings, MethodRegistry};
use kith_infra::rate_limit;
use kith_kernel::{ErrorKind, MethodPolicy, Quota, RequiredAccess, SystemClock, SystemEntropy};
use kith_proto::{
    Caller, ErrorResponse, Valid,
    posts::v1::{GetPostRequest, GetPostResponse, Post, post_service_connect::PostServiceBuilder},
};
use kith_storage::sql::SqlIdempotencyStore;
use kith_testkit::StubTokens;
use tokio::net::TcpListener;

const METHOD: &str = "/kith.posts.v1.PostService/GetPost";
const ID: &str = "0197a3c0-5b1e-7cc3-9d2f-6a8e4b1c0d2e";

/// Serves until the process is killed. Prints one line for each target, then an empty line.
///
/// # Errors
/// If no port is free, or the database cannot be created.
pub fn serve() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(listen())
}

#[expect(clippy::print_stdout, reason = "prints the targets")]
async fn listen() -> Result<()> {
    let (tokens, clock, entropy) = (StubTokens::default(), Arc::new(SystemClock), Arc::new(SystemEntropy));
    let token = tokens.issue(&kith_testkit::member());
    let policy = MethodPolicy::new(METHOD, RequiredAccess::Member, Quota::per_minute(u32::MAX));
    let registry = Arc::new(MethodRegistry::new(kith_proto::METHODS, [policy])?);
    let database = kith_testkit::sqlite_database().await;
    let ports = HttpDeps {
        tokens: Arc::new(tokens),
        rate_limiter: Arc::new(rate_limit::InMemory::new(registry.policies(), clock.clone())),
        idempotency: Arc::new(SqlIdempotencyStore::new(
            database.clone(),
            kith_testkit::test_encryption(),
            clock.clone(),
            entropy.clone(),
        )),
        clock,
        entropy,
    };
    let settings =
        HttpSettings { allowed_origins: vec!["https://app.kith.example".parse()?], ..HttpSettings::default() };
    let stack = http::build_stack(methods(), Router::new(), registry, &settings, &ports);
    let rpc_only = rpc_only().layer(ConnectLayer::new());
    let echo = Router::new().route("/echo", post(async |body: Bytes| body));

    let body = format!(r#"{{"postId":"{ID}"}}"#);
    let echo_body = format!(r#"{{"message":"{}"}}"#, "a".repeat(50));
    let (stack_listener, rpcs, echoes) = (bind().await?, bind().await?, bind().await?);
    let at = |listener: &TcpListener| listener.local_addr();
    let bearer = format!("authorization: Bearer {token}");
    println!("edge|{}|{METHOD}|{body}|{bearer}", at(&stack_listener)?);
    println!(
        "browser|{}|{METHOD}|{body}|{bearer}|origin: https://app.kith.example|accept-encoding: gzip, br, zstd|\
         connect-protocol-version: 1|connect-timeout-ms: 5000",
        at(&stack_listener)?
    );
    println!("rpc|{}|{METHOD}|{body}", at(&rpcs)?);
    println!("echo|{}|/echo|{echo_body}\n", at(&echoes)?);
    let nodelay = |listener: TcpListener| listener.tap_io(|io| drop(io.set_nodelay(true)));
    tokio::spawn(async move { axum::serve(nodelay(rpcs), rpc_only).await });
    tokio::spawn(async move { axum::serve(nodelay(echoes), echo).await });
    Ok(http::connection::serve(stack_listener, stack, ConnectionLimits::default(), pending()).await?)
}

async fn bind() -> Result<TcpListener> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
}

type RpcResult = Result<ConnectResponse<GetPostResponse>, ConnectError>;

fn methods() -> Router {
    PostServiceBuilder::new().get_post(get_post).with_state(Arc::new(stored_post())).build()
}

async fn get_post(
    State(post): State<Arc<Post>>,
    Caller(_): Caller,
    Valid(request): Valid<GetPostRequest>,
) -> RpcResult {
    find(&post, &request)
}

fn rpc_only() -> Router {
    async fn get_post(State(post): State<Arc<Post>>, Valid(request): Valid<GetPostRequest>) -> RpcResult {
        find(&post, &request)
    }
    PostServiceBuilder::new().get_post(get_post).with_state(Arc::new(stored_post())).build()
}

fn find(post: &Post, request: &GetPostRequest) -> RpcResult {
    if request.post_id != post.id {
        return Err(ErrorResponse::new(ErrorKind::NotFound, "POST_NOT_FOUND", "post not found").into());
    }
    Ok(ConnectResponse::new(GetPostResponse { post: Some(post.clone()) }))
}

/// Post with 64 bytes of text.
fn stored_post() -> Post {
    Post { id: ID.to_owned(), body: "a".repeat(64), ..Post::default() }
}
