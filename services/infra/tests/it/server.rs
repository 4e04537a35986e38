//! Redis for tests: the shared one, with a namespace for each test, and one that a test may kill.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use infra::{keys::Ring, redis::Redis};
use kernel::{Entropy as _, SystemClock, SystemEntropy, ports::Vault};

/// The shared server's address.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the servers are")]
pub(crate) fn url() -> String {
    std::env::var("KITH_TEST_REDIS_URL").expect("run cargo xtask test, or set KITH_TEST_REDIS_URL")
}

/// A namespace of the test's own.
pub(crate) fn namespace() -> String {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    format!("test-{:016x}", u64::from_be_bytes(bytes))
}

/// What all nodes hash the names of callers with.
pub(crate) fn vault() -> Arc<dyn Vault> {
    Arc::new(Ring::new(&[1; 32], &[], &[2; 32], Arc::new(SystemEntropy)))
}

/// One node's own way to a Redis.
pub(crate) fn node(url: &str, namespace: &str) -> Redis {
    Redis::open(url, namespace, Arc::new(SystemClock), Arc::new(SystemEntropy)).unwrap()
}

/// Asks the shared server directly.
pub(crate) async fn ask<T: redis::FromRedisValue>(command: &mut redis::Cmd) -> T {
    let client = redis::Client::open(url()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    command.query_async(&mut link).await.unwrap()
}

/// Lets time pass on the shared server, by its own clock.
pub(crate) async fn pass(span: Duration) {
    let client = redis::Client::open(url()).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let mut begun = None;
    loop {
        let (seconds, micros): (u64, u32) = redis::cmd("TIME").query_async(&mut link).await.unwrap();
        let now = Duration::new(seconds, micros * 1_000);
        if now.saturating_sub(*begun.get_or_insert(now)) > span {
            return;
        }
    }
}

/// A server of the test's own, on a port of its own.
pub(crate) struct Own {
    port: u16,
    process: Option<Child>,
}

impl Own {
    pub(crate) async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut own = Self { port, process: None };
        own.run().await;
        own
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it again where it was.
    pub(crate) async fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let started = command.current_dir(std::env::temp_dir()).stdout(Stdio::null()).spawn();
        self.process = Some(started.expect("run cargo xtask test, or install redis-server"));
        let client = redis::Client::open(self.url()).unwrap();
        while client.get_multiplexed_async_connection().await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// `STOP`: it keeps its sockets and answers nothing. `CONT`: it goes on.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([format!("-{name}"), id]).status().unwrap().success());
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}
