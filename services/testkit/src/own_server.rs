//! A server of a test's own, to be killed, halted and started again.

use std::path::{Path, PathBuf};

use kith_servers::{Kind, Server};
use tempfile::TempDir;

/// A server on a free port, with a folder of its own. It ends with the test, however that ends.
#[derive(Debug)]
pub struct OwnServer {
    server: Server,
    folder: TempDir,
}

impl OwnServer {
    /// NATS with `JetStream`.
    ///
    /// # Panics
    /// If there is no program to start, or it does not answer.
    #[must_use]
    pub fn nats() -> Self {
        Self::start(Kind::Nats)
    }

    /// Redis, which keeps nothing when it ends.
    ///
    /// # Panics
    /// If there is no program to start, or it does not answer.
    #[must_use]
    pub fn redis() -> Self {
        Self::start(Kind::Redis)
    }

    #[expect(clippy::disallowed_methods, reason = "which program it is, is not the code's to know")]
    fn start(kind: Kind) -> Self {
        let program = std::env::var(kind.program_variable()).unwrap_or_default();
        let none = "there is no such server: run cargo xtask test, or set the variable to its program";
        assert!(!program.is_empty(), "{none}: {}", kind.program_variable());
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let server = Server::start(kind, Path::new(&program), folder.path()).expect("the server starts");
        Self { server, folder }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url().to_owned()
    }

    /// Where NATS stores. To be touched while it is dead.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("jetstream")
    }

    /// Kills it as a crash would.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn kill(&mut self) {
        self.server.kill().expect("the server can be killed");
    }

    /// Lets it stand still: its connections stay, and nobody answers on them.
    ///
    /// # Panics
    /// If it is gone.
    pub fn pause(&self) {
        self.server.pause().expect("the server can be halted");
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// If it is gone.
    pub fn resume(&self) {
        self.server.resume().expect("the server can go on");
    }

    /// Starts it again after it was killed, where it was and with what it had stored.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn restart(&mut self) {
        self.server.restart().expect("the server starts again");
    }
}
