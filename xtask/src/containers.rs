//! Runs the servers that tests share in containers, if a container engine is available.
//!
//! Each container runs under an attached `docker run --rm`. It is stopped and removed when this process ends, even if
//! this process is killed. The images are those of `docker-compose.yml`.

use std::{
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use kith_servers::Kind;

use crate::process::{find, read, run};

/// A running container. It is removed when this value is dropped.
pub(crate) struct Container {
    pub(crate) url: String,
    name: String,
    process: Child,
}

/// Image and settings of one kind of server.
struct ContainerSpec {
    image: &'static str,
    port: u16,
    options: &'static [&'static str],
    arguments: &'static [&'static str],
    /// Command that is run in the container. It succeeds if the server is ready.
    probe: &'static [&'static str],
}

/// Creates a replica set with one member, as in production, and succeeds once it accepts writes.
const MONGO_PROBE: &str =
    "try { rs.status() } catch (error) { rs.initiate() } if (!db.hello().isWritablePrimary) quit(1)";

impl ContainerSpec {
    const fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Postgres => Self {
                image: "postgres:17.6",
                port: 5432,
                options: &["--env", "POSTGRES_USER=kith", "--env", "POSTGRES_HOST_AUTH_METHOD=trust"],
                arguments: &["postgres", "-c", "max_connections=300"],
                // Over TCP: during initialization the server listens on its Unix socket only.
                probe: &["pg_isready", "--quiet", "--host", "127.0.0.1", "--username", "kith"],
            },
            Kind::Mongo => Self {
                image: "mongo:8.0",
                port: 27017,
                options: &[],
                arguments: &["mongod", "--replSet", "kith", "--bind_ip_all"],
                probe: &["mongosh", "--quiet", "--eval", MONGO_PROBE],
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

/// Returns true if a container engine is available.
pub(crate) fn is_engine_available() -> bool {
    let output = Command::new("docker").args(["info", "--format", "{{.ServerVersion}}"]).output();
    // Without an engine, some clients fail and others print nothing.
    output.is_ok_and(|output| output.status.success() && !output.stdout.trim_ascii().is_empty())
}

impl Container {
    /// Starts a server on a free port and waits until it is ready.
    ///
    /// # Errors
    /// If the image cannot be pulled or the server is not ready within one minute.
    pub(crate) fn start(kind: Kind) -> Result<Self> {
        let spec = ContainerSpec::for_kind(kind);
        run(Command::new("docker").args(["pull", "--quiet", spec.image]).stdout(Stdio::null()))?;
        let name = format!("kith-test-{}-{}", kind.to_string().to_lowercase(), std::process::id());
        let mut command = killed_with_parent();
        command.args(["run", "--rm", "--name", &name, "--publish", &format!("127.0.0.1::{}", spec.port)]);
        command.args(spec.options).arg(spec.image).args(spec.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().context("failed to run docker")?;
        let mut container = Self { url: String::new(), name, process };
        container.wait_until_ready(&spec).with_context(|| format!("{} did not become ready", spec.image))?;
        let address = container.address(&spec)?;
        TcpStream::connect(address).with_context(|| format!("failed to connect to {} at {address}", spec.image))?;
        container.url = url(kind, address);
        Ok(container)
    }

    pub(crate) const fn image(kind: Kind) -> &'static str {
        ContainerSpec::for_kind(kind).image
    }

    #[expect(clippy::disallowed_methods, reason = "the readiness of another process can only be polled")]
    fn wait_until_ready(&mut self, spec: &ContainerSpec) -> Result<()> {
        for _ in 0..300 {
            if let Some(status) = self.process.try_wait()? {
                bail!("the container ended: {status}");
            }
            let mut probe = Command::new("docker");
            probe.args(["exec", &self.name]).args(spec.probe).stdout(Stdio::null()).stderr(Stdio::null());
            if probe.status()?.success() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(200));
        }
        bail!("not ready before the timeout")
    }

    fn address(&self, spec: &ContainerSpec) -> Result<SocketAddr> {
        let output = read(Command::new("docker").args(["port", &self.name, &format!("{}/tcp", spec.port)]))?;
        output.lines().find_map(|line| line.trim().parse().ok()).context("docker printed no port")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut remove = Command::new("docker");
        remove.args(["rm", "--force", "--volumes", &self.name]).stdout(Stdio::null()).stderr(Stdio::null());
        // Fails only if the container has already ended.
        let _ = remove.status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns a docker command that the kernel terminates with this process. The client forwards the signal to its
/// container.
fn killed_with_parent() -> Command {
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
