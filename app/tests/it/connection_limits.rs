//! Limits of a connection before it has sent a complete request head.

use std::time::Duration;

use kith_app::http::ConnectionLimits;
use kith_testkit::block_on;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::Harness;

async fn response(limits: ConnectionLimits, sent: &[u8]) -> String {
    let address = Harness::echo().await.serve(limits).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(sent).await.unwrap();
    let mut response = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(3), socket.read_to_end(&mut response)).await;
    assert!(read.is_ok(), "the connection stays open");
    String::from_utf8_lossy(&response).into_owned()
}

fn short_timeout() -> ConnectionLimits {
    ConnectionLimits { header_timeout: Duration::from_millis(200), ..ConnectionLimits::default() }
}

#[test]
fn a_connection_without_a_complete_head_is_closed_after_the_header_timeout() {
    block_on(async {
        for sent in ["", "P", "PRI * HT", "POST / HTTP/1.1\r\nhost: kith\r\nx-slow: "] {
            let response = response(short_timeout(), sent.as_bytes()).await;
            assert!(!response.contains("200"), "{sent}: {response}");
        }
    });
}

#[test]
fn a_head_that_is_too_large_or_has_too_many_headers_is_rejected() {
    block_on(async {
        let large = format!("GET / HTTP/1.1\r\nhost: kith\r\nx: {}\r\n\r\n", "a".repeat(32 * 1_024));
        assert!(response(short_timeout(), large.as_bytes()).await.starts_with("HTTP/1.1 431"));
        let lines = format!("GET / HTTP/1.1\r\nhost: kith\r\n{}\r\n", "x: a\r\n".repeat(100));
        assert!(response(short_timeout(), lines.as_bytes()).await.starts_with("HTTP/1.1 431"));
    });
}
