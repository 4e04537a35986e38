//! The edge with everything on, over a post in memory; the RPC crate alone over the same; and a bare echo.

use std::{future::pending, net::Ipv4Addr, sync::Arc};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, routing::post, serve::ListenerExt as _};
use connectrpc_axum::prelude::{ConnectError, ConnectLayer, ConnectResponse};
use kith_app::http::{self, ConnectionLimits, HttpDeps, HttpSettings, MethodRegistry};
use kith_infra::limit;
use kith_kernel::{RequiredAccess, ErrorKind, MethodPolicy, Quota, SystemClock, SystemEntropy};
use kith_proto::{
    Caller, ErrorResponse, Valid,
    posts::v1::{GetPostRequest, GetPostResponse, Post, post_service_connect::PostServiceBuilder},
};
use kith_storage::sql::SqlIdempotencyStore;
use kith_testkit::StubTokens;
use tokio::net::TcpListener;

const METHOD: &str = "/kith.posts.v1.PostService/GetPost";
const ID: &str = "0197a3c0-5b1e-7cc3-9d2f-6a8e4b1c0d2e";

/// Serves until it is killed. It tells what may be called, a line each, then an empty line.
///
/// # Errors
/// If there is no port, or no database.
pub fn serve() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(listen())
}

#[expect(clippy::print_stdout, reason = "it tells where it is")]
async fn listen() -> Result<()> {
    let (badges, clock, entropy) = (StubTokens::default(), Arc::new(SystemClock), Arc::new(SystemEntropy));
    let token = badges.issue(&kith_testkit::member());
    let endless = MethodPolicy::new(METHOD, RequiredAccess::Member, Quota::per_minute(u32::MAX));
    let registry = Arc::new(MethodRegistry::new(kith_proto::METHODS, [endless])?);
    let database = kith_testkit::sqlite_database().await;
    let ports = HttpDeps {
        tokens: Arc::new(badges),
        rate_limiter: Arc::new(limit::Local::new(registry.policies(), clock.clone())),
        idempotency: Arc::new(SqlIdempotencyStore::new(database.clone(), kith_testkit::test_encryption(), clock.clone(), entropy.clone())),
        clock,
        entropy,
    };
    let settings = HttpSettings { allowed_origins: vec!["https://app.kith.example".parse()?], ..HttpSettings::default() };
    let edge = http::build_stack(methods(), Router::new(), registry, &settings, &ports);
    let alone = alone().layer(ConnectLayer::new());
    let echo = Router::new().route("/echo", post(async |body: Bytes| body));

    let body = format!(r#"{{"postId":"{ID}"}}"#);
    let of_64 = format!(r#"{{"message":"{}"}}"#, "a".repeat(50));
    let (edges, rpcs, echoes) = (bind().await?, bind().await?, bind().await?);
    let at = |listener: &TcpListener| listener.local_addr();
    let bearer = format!("authorization: Bearer {token}");
    println!("edge|{}|{METHOD}|{body}|{bearer}", at(&edges)?);
    println!(
        "browser|{}|{METHOD}|{body}|{bearer}|origin: https://app.kith.example|accept-encoding: gzip, br, zstd|\
         connect-protocol-version: 1|connect-timeout-ms: 5000",
        at(&edges)?
    );
    println!("rpc|{}|{METHOD}|{body}", at(&rpcs)?);
    println!("echo|{}|/echo|{of_64}\n", at(&echoes)?);
    let tapped = |listener: TcpListener| listener.tap_io(|io| drop(io.set_nodelay(true)));
    tokio::spawn(async move { axum::serve(tapped(rpcs), alone).await });
    tokio::spawn(async move { axum::serve(tapped(echoes), echo).await });
    Ok(http::connection::serve(edges, edge, ConnectionLimits::default(), pending()).await?)
}

async fn bind() -> Result<TcpListener> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
}

type Answer = Result<ConnectResponse<GetPostResponse>, ConnectError>;

fn methods() -> Router {
    PostServiceBuilder::new().get_post(get_post).with_state(Arc::new(kept())).build()
}

async fn get_post(State(kept): State<Arc<Post>>, Caller(_): Caller, Valid(asked): Valid<GetPostRequest>) -> Answer {
    find(&kept, &asked)
}

fn alone() -> Router {
    async fn get_post(State(kept): State<Arc<Post>>, Valid(asked): Valid<GetPostRequest>) -> Answer {
        find(&kept, &asked)
    }
    PostServiceBuilder::new().get_post(get_post).with_state(Arc::new(kept())).build()
}

fn find(kept: &Post, asked: &GetPostRequest) -> Answer {
    if asked.post_id != kept.id {
        return Err(ErrorResponse::new(ErrorKind::NotFound, "POST_NOT_FOUND", "there is no such post").into());
    }
    Ok(ConnectResponse::new(GetPostResponse { post: Some(kept.clone()) }))
}

/// 64 bytes of text, and little else.
fn kept() -> Post {
    Post { id: ID.to_owned(), body: "a".repeat(64), ..Post::default() }
}
