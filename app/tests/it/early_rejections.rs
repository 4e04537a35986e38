//! Errors that are sent before the request body is read leave an HTTP/1.1 connection with chunked requests usable.

use kith_app::http::ConnectionLimits;
use kith_testkit::block_on;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
};

use crate::harness::{CREATE, FEED, Harness};

/// Number of calls for each kind of early error.
const ROUNDS: usize = 750;

struct Client(BufStream<TcpStream>);

impl Client {
    async fn connect(address: &str) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self(BufStream::new(socket))
    }

    /// Sends the head, then the body in chunks, like a client that does not know the length.
    async fn call(&mut self, path: &str, token: &str, pieces: usize) -> std::io::Result<u16> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n\
             transfer-encoding: chunked\r\n\r\n"
        );
        self.0.write_all(head.as_bytes()).await?;
        self.0.flush().await?;
        for _ in 0..pieces {
            self.0.write_all(format!("{:x}\r\n{}\r\n", 8_192, " ".repeat(8_192)).as_bytes()).await?;
            self.0.flush().await?;
        }
        self.0.write_all(b"2\r\n{}\r\n0\r\n\r\n").await?;
        self.0.flush().await?;
        self.read_status().await
    }

    async fn read_status(&mut self) -> std::io::Result<u16> {
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let lower = line.trim().to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = lower.strip_prefix("content-length: ") {
                length = rest.parse().unwrap();
            } else if lower.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(status)
    }
}

#[test]
fn calls_after_an_early_error_are_not_lost() {
    block_on(async {
        let harness = Harness::echo_without_quota().await;
        let token = harness.token.clone();
        let address = harness.serve(ConnectionLimits::default()).await;
        let errors = [
            (401, FEED, "forged", 4),
            (404, "/kith.posts.v1.PostService/Nothing", token.as_str(), 4),
            (429, CREATE, token.as_str(), 4),
            (413, FEED, token.as_str(), 40),
        ];
        let (mut rejected, mut lost) = (0, 0);
        for (expected, path, token_of, pieces) in errors {
            let mut client = Client::connect(&address).await;
            for _ in 0..ROUNDS {
                let status = client.call(path, token_of, pieces).await;
                rejected += usize::from(status.is_ok_and(|status| status == expected));
                let next = client.call(FEED, &token, 0).await;
                if !next.is_ok_and(|status| status == 200) {
                    lost += 1;
                    client = Client::connect(&address).await;
                }
            }
        }
        assert_eq!(lost, 0, "calls lost after {rejected} early errors");
        // The first calls within the quota succeed, and single ones later as the quota refills.
        assert!(rejected >= 4 * ROUNDS - 30, "{rejected}");
    });
}
