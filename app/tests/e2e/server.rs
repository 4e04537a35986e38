//! The server binary as a child process. Its folder is removed at the end of the test.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::mode;

/// Maximum time to wait for another process.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Polls until `poll` returns a value. The interval grows to 500 ms, because polling usually spends a rate limit.
///
/// # Panics
/// If there is no value within [`TIMEOUT`].
pub(crate) async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let (end, mut pause) = (Instant::now() + TIMEOUT, Duration::from_millis(10));
    loop {
        if let Some(found) = poll().await {
            return found;
        }
        assert!(Instant::now() < end, "timed out waiting for {what}");
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// Data folder and settings of one installation. Servers can be started on it one after the other.
pub(crate) struct Installation {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl Installation {
    /// Creates an empty folder. `settings` override the defaults. The loopback address is a trusted proxy, so that a
    /// test can choose the client address of a call with `x-forwarded-for`.
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let defaults = [("KITH_LISTEN", "127.0.0.1:0"), ("KITH_TRUSTED_PROXIES", "127.0.0.1")];
        let settings = defaults.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Self { folder: TempDir::new().unwrap(), settings: mode::settings().into_iter().chain(settings).collect() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Command that runs the binary with the settings of this installation and no other environment variable.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kith"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("KITH_DATA_DIR", self.path("data")).envs(self.settings.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs the binary to its end and returns its output.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts a server and waits until it is ready.
    pub(crate) async fn start(&self) -> Server {
        self.start_as("ready").await
    }

    /// Starts one of several servers. `name` names its ready file and its log.
    pub(crate) async fn start_as(&self, name: &str) -> Server {
        let (ready, log) = (self.path(&format!("{name}.json")), self.path(&format!("{name}.log")));
        let _ = fs::remove_file(&ready);
        let out = File::create(&log).unwrap();
        let mut command = self.command(&["serve", "--ready-file", &format!("{name}.json")]);
        let child = command.stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        let mut server = Server { child, ready: Value::Null, log };
        server.ready = eventually("the server", async || {
            let status = server.child.try_wait().unwrap();
            assert!(status.is_none(), "the server exited: {status:?}\n{}", server.log());
            fs::read(&ready).ok().map(|text| serde_json::from_slice(&text).unwrap())
        })
        .await;
        server
    }
}

/// A server process. It is killed on drop if it is still running.
pub(crate) struct Server {
    child: Child,
    /// Content of the ready file.
    pub(crate) ready: Value,
    log: PathBuf,
}

impl Server {
    /// Listen address, which is independent of the public URL.
    pub(crate) fn address(&self) -> &str {
        self.ready["listen"].as_str().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Standard output and standard error until now.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends SIGTERM and does not wait.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Sends SIGKILL, which interrupts all work in progress.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Exit status, or `None` while the process runs.
    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for the process to exit.
    pub(crate) async fn wait(&mut self) -> ExitStatus {
        eventually("exit of the server", async || self.try_wait()).await
    }

    /// Sends SIGTERM and asserts that the server exits successfully.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        let status = self.wait().await;
        assert!(status.success(), "{status}\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killing fails if the process has exited, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Decodes the output of a program.
pub(crate) fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
