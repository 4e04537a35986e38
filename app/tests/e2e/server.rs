//! A server: the binary as a child, in a folder that ends with the test.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::size;

/// How long another process may take for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks until it is there, less and less often: to look is a call, too. What does not come in time does not come.
pub(crate) async fn soon<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let (end, mut pause) = (Instant::now() + PATIENCE, Duration::from_millis(10));
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not come in time");
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// A folder with a community in it, and what the operator chose.
pub(crate) struct Home {
    folder: TempDir,
    chosen: Vec<(String, String)>,
}

impl Home {
    /// With this chosen beside the defaults. Whoever calls from this machine is believed to be a proxy, so that a test
    /// can say where its calls come from.
    pub(crate) fn new(chosen: &[(&str, &str)]) -> Self {
        let defaults = [("KITH_LISTEN", "127.0.0.1:0"), ("KITH_TRUSTED_PROXIES", "127.0.0.1")];
        let said = defaults.iter().chain(chosen).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        // What a test chooses has the last word.
        Self { folder: TempDir::new().unwrap(), chosen: size::servers().into_iter().chain(said).collect() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary with these arguments, with what was chosen here and nothing else.
    pub(crate) fn kith(&self, arguments: &[&str]) -> Command {
        let mut kith = Command::new(env!("CARGO_BIN_EXE_kith"));
        kith.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        kith.env("KITH_DATA_DIR", self.path("data")).envs(self.chosen.iter().map(|(key, value)| (key, value)));
        kith
    }

    /// What the binary says with these arguments, when it ends.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        self.kith(arguments).output().unwrap()
    }

    /// Starts a server here, and waits until it takes calls.
    pub(crate) async fn serve(&self) -> Server {
        self.serve_as("ready").await
    }

    /// The same, for one of several.
    pub(crate) async fn serve_as(&self, name: &str) -> Server {
        let (ready, log) = (self.path(&format!("{name}.json")), self.path(&format!("{name}.log")));
        let _ = fs::remove_file(&ready);
        let out = File::create(&log).unwrap();
        let mut kith = self.kith(&["serve", "--ready-file", &format!("{name}.json")]);
        let child = kith.stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        let mut server = Server { child, ready: Value::Null, log };
        server.ready = soon("the server", async || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}\n{}", server.log());
            fs::read(&ready).ok().map(|text| serde_json::from_slice(&text).unwrap())
        })
        .await;
        server
    }
}

/// One life of a server. It is killed where nobody ended it.
pub(crate) struct Server {
    child: Child,
    /// What the ready file said.
    pub(crate) ready: Value,
    log: PathBuf,
}

impl Server {
    /// Where it really listens, whatever its public URL is.
    pub(crate) fn address(&self) -> &str {
        self.ready["listen"].as_str().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// All that it has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Tells it to stop, and does not wait.
    pub(crate) fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// kill -9: whatever it was doing is not finished.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// How it ended, or `None` while it goes on.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        soon("the end of the server", async || self.ended()).await
    }

    /// Tells it to stop and sees that it does so well.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        let status = self.end().await;
        assert!(status.success(), "{status}\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program said, as text.
pub(crate) fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
