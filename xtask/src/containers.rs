//! The servers that tests share, in containers, where an engine answers.
//!
//! Each runs under a `docker run` of our own that is not detached: when this process ends, however it does, the container
//! is stopped and removed. The images are those of `docker-compose.yml`.

use std::{
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use kith_servers::Kind;

use crate::process::{find, read, run};

/// A container of ours. It is removed when this is dropped.
pub(crate) struct Container {
    /// Where the server in it is.
    pub(crate) url: String,
    name: String,
    process: Child,
}

/// What is run, and how one sees that it is ready.
struct Recipe {
    image: &'static str,
    port: u16,
    options: &'static [&'static str],
    arguments: &'static [&'static str],
    /// Run in the container; it succeeds when the server is ready.
    probe: &'static [&'static str],
}

/// Makes it a replica set of one, as in production, and succeeds when it takes writes.
const MEMBER: &str = "try { rs.status() } catch (error) { rs.initiate() } if (!db.hello().isWritablePrimary) quit(1)";

impl Recipe {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Postgres => Self {
                image: "postgres:17.6",
                port: 5432,
                options: &["--env", "POSTGRES_USER=kith", "--env", "POSTGRES_HOST_AUTH_METHOD=trust"],
                arguments: &["postgres", "-c", "max_connections=300"],
                // By TCP: while it is made, it is there on its socket alone.
                probe: &["pg_isready", "--quiet", "--host", "127.0.0.1", "--username", "kith"],
            },
            Kind::Mongo => Self {
                image: "mongo:8.0",
                port: 27017,
                options: &[],
                arguments: &["mongod", "--replSet", "kith", "--bind_ip_all"],
                probe: &["mongosh", "--quiet", "--eval", MEMBER],
            },
            Kind::Redis => Self {
                image: "redis:8.2",
                port: 6379,
                options: &[],
                arguments: &["redis-server", "--save", "", "--appendonly", "no"],
                probe: &["redis-cli", "ping"],
            },
            Kind::Nats => Self {
                image: "nats:2.12-alpine",
                port: 4222,
                options: &[],
                arguments: &["-js", "-m", "8222"],
                probe: &["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8222/healthz"],
            },
        }
    }
}

/// Whether an engine answers.
pub(crate) fn engine() -> bool {
    let asked = Command::new("docker").args(["info", "--format", "{{.ServerVersion}}"]).output();
    // Without an engine, some clients fail and others say nothing.
    asked.is_ok_and(|answer| answer.status.success() && !answer.stdout.trim_ascii().is_empty())
}

impl Container {
    /// Starts one on a free port, and waits until it is ready.
    ///
    /// # Errors
    /// The image cannot be had, or the server is not ready in time.
    pub(crate) fn start(kind: Kind) -> Result<Self> {
        let recipe = Recipe::of(kind);
        run(Command::new("docker").args(["pull", "--quiet", recipe.image]).stdout(Stdio::null()))?;
        let name = format!("kith-test-{}-{}", kind.to_string().to_lowercase(), std::process::id());
        let mut command = ending_with_us();
        command.args(["run", "--rm", "--name", &name, "--publish", &format!("127.0.0.1::{}", recipe.port)]);
        command.args(recipe.options).arg(recipe.image).args(recipe.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().context("docker cannot be run")?;
        let mut container = Self { url: String::new(), name, process };
        container.ready(&recipe).with_context(|| format!("{} is not ready", recipe.image))?;
        let address = container.address(&recipe)?;
        TcpStream::connect(address).with_context(|| format!("{} cannot be reached at {address}", recipe.image))?;
        container.url = url(kind, address);
        Ok(container)
    }

    /// Which image it is from.
    pub(crate) const fn image(kind: Kind) -> &'static str {
        Recipe::of(kind).image
    }

    #[expect(clippy::disallowed_methods, reason = "a process of its own cannot be waited for in another way")]
    fn ready(&mut self, recipe: &Recipe) -> Result<()> {
        for _ in 0..300 {
            if let Some(ended) = self.process.try_wait()? {
                bail!("it ended: {ended}");
            }
            let mut probe = Command::new("docker");
            probe.args(["exec", &self.name]).args(recipe.probe).stdout(Stdio::null()).stderr(Stdio::null());
            if probe.status()?.success() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(200));
        }
        bail!("it did not answer in time")
    }

    fn address(&self, recipe: &Recipe) -> Result<SocketAddr> {
        let said = read(Command::new("docker").args(["port", &self.name, &format!("{}/tcp", recipe.port)]))?;
        said.lines().find_map(|line| line.trim().parse().ok()).context("docker says no port")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut remove = Command::new("docker");
        remove.args(["rm", "--force", "--volumes", &self.name]).stdout(Stdio::null()).stderr(Stdio::null());
        // It may have ended by itself; there is nobody left to tell.
        let _ = remove.status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Docker's client, which is told to end when this process is gone, and passes that on to the container.
fn ending_with_us() -> Command {
    let Some(setpriv) = find("setpriv") else { return Command::new("docker") };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "TERM", "docker"]);
    command
}

fn url(kind: Kind, address: SocketAddr) -> String {
    match kind {
        Kind::Postgres => format!("postgres://kith@{address}/postgres"),
        Kind::Mongo => format!("mongodb://{address}/?directConnection=true"),
        Kind::Redis => format!("redis://{address}"),
        Kind::Nats => format!("nats://{address}"),
    }
}
