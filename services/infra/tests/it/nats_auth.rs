//! Authentication with NATS.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use kith_infra::{bus::JetStream, nats::Connection};
use kith_kernel::{ErrorKind, SystemClock, SystemEntropy};
use kith_testkit::{DedicatedServer, block_on};
use tokio::time::sleep;

use crate::bus::settings;

/// A server that requires credentials.
struct AuthenticatedServer(Child, u16);

impl AuthenticatedServer {
    #[expect(clippy::disallowed_methods, reason = "the path of the server program comes from the environment")]
    fn start(folder: &str, auth: &[&str]) -> Self {
        let program = std::env::var("KITH_TEST_NATS_SERVER").unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-js", "-a", "127.0.0.1", "-p", &free.to_string(), "-sd", folder]).args(auth);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(), free)
    }

    async fn bus(&self, credentials: &str) -> JetStream {
        let url = format!("nats://{credentials}127.0.0.1:{}", self.1);
        let connection = Connection::open(&url, "test", Arc::new(SystemEntropy)).await.unwrap();
        JetStream::new(connection, &settings(), Arc::new(SystemClock))
    }
}

impl Drop for AuthenticatedServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn only_the_right_password_connects() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let server =
            AuthenticatedServer::start(folder.path().to_str().unwrap(), &["--user", "kith", "--pass", "p@ss/w%rd"]);
        let (authorized, unauthorized) = (server.bus("kith:p%40ss%2Fw%25rd@").await, server.bus("kith:wrong@").await);
        while authorized.check_health().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(unauthorized.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(server.bus("").await.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
    });
}

#[test]
fn the_right_token_connects() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let server = AuthenticatedServer::start(folder.path().to_str().unwrap(), &["--auth", "s3cret"]);
        let authorized = server.bus("s3cret@").await;
        while authorized.check_health().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn an_invalid_url_is_rejected_and_not_repeated() {
    block_on(async {
        for urls in ["nats://kith:p%zz@127.0.0.1", "nats://kith:secret@[", ""] {
            let Err(error) = Connection::open(urls, "test", Arc::new(SystemEntropy)).await else { panic!("{urls}") };
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(!error.to_string().contains("secret") && !error.to_string().contains("%zz"));
        }
    });
}

#[test]
fn one_reachable_server_is_enough() {
    block_on(async {
        let server = DedicatedServer::nats();
        let urls = format!("nats://127.0.0.1:1, {}", server.url());
        let connection = Connection::open(&urls, "test", Arc::new(SystemEntropy)).await.unwrap();
        let bus = JetStream::new(connection, &settings(), Arc::new(SystemClock));
        while bus.check_health().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    });
}
