//! How a node comes in: with a password, and not without.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use kith_infra::{bus::Nats, nats::Connection};
use kith_kernel::{ErrorKind, SystemClock, SystemEntropy};
use kith_testkit::{DedicatedServer, block_on};
use tokio::time::sleep;

use crate::bus::settings;

/// A server that asks who comes.
struct Guarded(Child, u16);

impl Guarded {
    #[expect(clippy::disallowed_methods, reason = "which program it is, is not the code's to know")]
    fn start(folder: &str, more: &[&str]) -> Self {
        let program = std::env::var("KITH_TEST_NATS_SERVER").unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-js", "-a", "127.0.0.1", "-p", &free.to_string(), "-sd", folder]).args(more);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(), free)
    }

    async fn bus(&self, who: &str) -> Nats {
        let url = format!("nats://{who}127.0.0.1:{}", self.1);
        let connection = Connection::open(&url, "test", Arc::new(SystemEntropy)).await.unwrap();
        Nats::new(connection, &settings(), Arc::new(SystemClock))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn who_has_the_password_comes_in_and_nobody_else() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Guarded::start(folder.path().to_str().unwrap(), &["--user", "kith", "--pass", "p@ss/w%rd"]);
        let (ours, strange) = (server.bus("kith:p%40ss%2Fw%25rd@").await, server.bus("kith:wrong@").await);
        while ours.check_health().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(strange.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(server.bus("").await.check_health().await.unwrap_err().kind(), ErrorKind::Unavailable);
    });
}

#[test]
fn who_has_the_token_comes_in() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let server = Guarded::start(folder.path().to_str().unwrap(), &["--auth", "s3cret"]);
        let ours = server.bus("s3cret@").await;
        while ours.check_health().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    });
}

#[test]
fn an_address_that_is_none_is_refused_and_not_repeated() {
    block_on(async {
        for urls in ["nats://kith:p%zz@127.0.0.1", "nats://kith:secret@[", ""] {
            let Err(refusal) = Connection::open(urls, "test", Arc::new(SystemEntropy)).await else { panic!("{urls}") };
            assert_eq!(refusal.kind(), ErrorKind::InvalidArgument);
            assert!(!refusal.to_string().contains("secret") && !refusal.to_string().contains("%zz"));
        }
    });
}

#[test]
fn any_of_the_servers_will_do() {
    block_on(async {
        let server = DedicatedServer::nats();
        let urls = format!("nats://127.0.0.1:1, {}", server.url());
        let connection = Connection::open(&urls, "test", Arc::new(SystemEntropy)).await.unwrap();
        let bus = Nats::new(connection, &settings(), Arc::new(SystemClock));
        while bus.check_health().await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    });
}
