//! The first SIGTERM drains the server. The second one ends it at once.

use std::time::Duration;

use kith_testkit::block_on;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use crate::{
    client::{Client, path},
    server::{Installation, eventually},
    user::{TestUser, sos},
    websocket::{Socket, dial},
};

/// Starts a call and sends no body. The server has already asked for the body, so its handler is waiting for it.
async fn start_call(user: &TestUser, length: usize) -> TcpStream {
    let mut socket = dial(&user.client.url).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\n\
         expect: 100-continue\r\ncontent-length: {length}\r\n\r\n",
        path("CreatePost"),
        user.access_token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    socket.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket
}

#[test]
fn sigterm_completes_calls_in_progress_closes_sockets_and_exits_successfully() {
    block_on(async {
        let installation = Installation::new(&[("KITH_HTTP_DRAIN_TIMEOUT", "4s")]);
        let mut server = installation.start().await;
        let user = TestUser::register(&Client::new(server.url())).await;
        let mut socket = Socket::connect(&user).await;
        socket.subscribe("feed").await;
        let body = sos("posted during shutdown").to_string();
        let mut call = start_call(&user, body.len()).await;

        server.terminate();
        assert_eq!(socket.close_code().await, Some(4000));
        call.write_all(body.as_bytes()).await.unwrap();
        let mut response = String::new();
        call.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
        let status = server.wait().await;
        assert_eq!(status.code(), Some(0), "{}", server.log());

        let server = installation.start().await;
        let user = user.with_url(&server.url());
        let credentials = user.refresh_session(&user.refresh_token).await.unwrap();
        let feed = crate::recount::feed(&user.with_credentials(&credentials)).await;
        assert_eq!(feed[0]["body"], "posted during shutdown");
        server.stop().await;
    });
}

#[test]
fn a_second_sigterm_exits_at_once() {
    block_on(async {
        let installation = Installation::new(&[("KITH_HTTP_DRAIN_TIMEOUT", "60s"), ("KITH_HTTP_CALL_TIMEOUT", "50s")]);
        let mut server = installation.start().await;
        let user = TestUser::register(&Client::new(server.url())).await;
        let _call = start_call(&user, 100).await;
        server.terminate();
        eventually("the first signal", async || {
            server.log().contains("shutdown signal received, draining").then_some(())
        })
        .await;
        assert!(server.try_wait().is_none(), "a call is in progress");
        let begin = Instant::now();
        server.terminate();
        server.wait().await;
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        assert!(server.log().contains("second shutdown signal received"), "{}", server.log());
        // Earlier writes exist and the data folder is not locked.
        let server = installation.start().await;
        user.with_url(&server.url()).me().await;
        server.stop().await;
    });
}
