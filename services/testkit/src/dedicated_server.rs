//! Server owned by one test.

use std::path::{Path, PathBuf};

use kith_servers::{Kind, Server};
use tempfile::TempDir;

/// A server on a free port with its own folder. It is stopped on drop.
#[derive(Debug)]
pub struct DedicatedServer {
    server: Server,
    folder: TempDir,
}

impl DedicatedServer {
    /// Starts NATS with `JetStream`.
    ///
    /// # Panics
    /// If the program is not configured or does not start.
    #[must_use]
    pub fn nats() -> Self {
        Self::start(Kind::Nats)
    }

    /// Starts Redis without persistence.
    ///
    /// # Panics
    /// If the program is not configured or does not start.
    #[must_use]
    pub fn redis() -> Self {
        Self::start(Kind::Redis)
    }

    #[expect(clippy::disallowed_methods, reason = "the program is configured by an environment variable")]
    fn start(kind: Kind) -> Self {
        let program = std::env::var(kind.program_variable()).unwrap_or_default();
        let hint = "no server program: run `cargo xtask test` or set the variable to its path";
        assert!(!program.is_empty(), "{hint}: {}", kind.program_variable());
        let folder = tempfile::tempdir().expect("failed to create a temporary folder");
        let server = Server::start(kind, Path::new(&program), folder.path()).expect("failed to start the server");
        Self { server, folder }
    }

    #[must_use]
    pub fn url(&self) -> String {
        self.server.url().to_owned()
    }

    /// Storage folder of `JetStream`. Change it only while the server is stopped.
    #[must_use]
    pub fn jetstream_dir(&self) -> PathBuf {
        self.folder.path().join("jetstream")
    }

    /// Kills the server without a shutdown, as a crash would.
    ///
    /// # Panics
    /// If the process cannot be killed.
    pub fn kill(&mut self) {
        self.server.kill().expect("failed to kill the server");
    }

    /// Suspends the process. Its connections stay open, without any response.
    ///
    /// # Panics
    /// If the process has ended.
    pub fn pause(&self) {
        self.server.pause().expect("failed to suspend the server");
    }

    /// Resumes a suspended process.
    ///
    /// # Panics
    /// If the process has ended.
    pub fn resume(&self) {
        self.server.resume().expect("failed to resume the server");
    }

    /// Restarts a killed server on the same port with the same storage.
    ///
    /// # Panics
    /// If the server does not start.
    pub fn restart(&mut self) {
        self.server.restart().expect("failed to restart the server");
    }
}
