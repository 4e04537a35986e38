//! Four servers, a proxy in front of each, and two nodes that connect through the proxies.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kith_servers::Kind;
use kith_testkit::{FaultProxy, Target};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::server::{Installation, Server};

/// Duration of a fault.
const FAULT_DURATION: Duration = Duration::from_secs(10);

/// Fault of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL, then a restart.
    Kill,
    /// SIGSTOP, then SIGCONT.
    Pause,
    /// Every second, all connections are reset.
    ResetConnections,
    /// The proxy forwards nothing.
    Blackhole,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::Kill, Self::Pause, Self::ResetConnections, Self::Blackhole];
}

/// A server and its proxy.
struct ProxiedServer {
    kind: Kind,
    server: kith_servers::Server,
    proxy: FaultProxy,
}

/// The nodes, servers and proxies. Fields are dropped in this order, so the nodes stop first.
pub(crate) struct Scenario {
    pub(crate) nodes: Vec<Server>,
    pub(crate) installation: Installation,
    servers: Vec<ProxiedServer>,
    folder: TempDir,
}

impl Scenario {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        make_accessible(&folder);
        let (mut servers, mut urls) = (Vec::new(), Vec::new());
        for kind in Kind::ALL {
            let started = kith_servers::Server::start(kind, &program(kind), &folder.path().join(kind.to_string()));
            let server = started.unwrap_or_else(|error| panic!("{error:#}"));
            let proxy = FaultProxy::to(target(kind, &server)).await;
            let port = proxy.port();
            urls.push(match kind {
                Kind::Postgres => ("KITH_POSTGRES_URL", format!("postgres://kith@127.0.0.1:{port}/postgres")),
                Kind::Mongo => ("KITH_MONGODB_URL", format!("mongodb://127.0.0.1:{port}/kith?directConnection=true")),
                Kind::Redis => ("KITH_REDIS_URL", format!("redis://127.0.0.1:{port}")),
                Kind::Nats => ("KITH_NATS_URL", format!("nats://127.0.0.1:{port}")),
            });
            servers.push(ProxiedServer { kind, server, proxy });
        }
        let settings: Vec<_> = urls.iter().map(|(key, url)| (*key, url.as_str())).collect();
        let installation = Installation::new(&settings);
        // Sequentially, because the first node applies the migrations.
        let nodes = vec![installation.start_as("node0").await, installation.start_as("node1").await];
        Self { nodes, installation, servers, folder }
    }

    /// Injects a fault and repairs it after [`FAULT_DURATION`].
    pub(crate) async fn inject(&mut self, kind: Kind, fault: Fault) {
        let it = self.servers.iter_mut().find(|it| it.kind == kind).unwrap();
        match fault {
            Fault::Kill => {
                it.server.kill().unwrap();
                sleep(FAULT_DURATION).await;
                it.server.restart().unwrap();
                it.proxy.retarget(target(kind, &it.server));
            }
            Fault::Pause => {
                it.server.pause().unwrap();
                sleep(FAULT_DURATION).await;
                it.server.resume().unwrap();
            }
            Fault::ResetConnections => {
                for _ in 0..FAULT_DURATION.as_secs() {
                    it.proxy.reset_connections();
                    sleep(Duration::from_secs(1)).await;
                }
            }
            Fault::Blackhole => {
                it.proxy.blackhole();
                sleep(FAULT_DURATION).await;
                it.proxy.restore();
            }
        }
    }
}

impl Scenario {
    /// Kills NATS, changes the folder of its store, and restarts NATS.
    pub(crate) fn change_nats_store(&mut self, change: impl FnOnce(&Path)) {
        let store = self.folder.path().join(Kind::Nats.to_string()).join("jetstream");
        let it = self.servers.iter_mut().find(|it| it.kind == Kind::Nats).unwrap();
        it.server.kill().unwrap();
        change(&store);
        it.server.restart().unwrap();
        it.proxy.retarget(target(Kind::Nats, &it.server));
    }

    /// URL of NATS without the proxy.
    pub(crate) fn nats_url(&self) -> &str {
        self.servers.iter().find(|it| it.kind == Kind::Nats).unwrap().server.url()
    }

    /// Path in the temporary folder of the scenario.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Makes the folder accessible to all users, because Postgres runs as another one.
fn make_accessible(folder: &TempDir) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "environment variables name the server programs")]
fn program(kind: Kind) -> PathBuf {
    let program = std::env::var(kind.program_variable()).ok().filter(|program| !program.is_empty());
    program.unwrap_or_else(|| panic!("no {kind} for this test: run `cargo xtask test`")).into()
}

/// Address of a server.
fn target(kind: Kind, server: &kith_servers::Server) -> Target {
    if kind != Kind::Mongo {
        return Target::Tcp(([127, 0, 0, 1], server.port()).into());
    }
    let host = server.url().trim().strip_prefix("mongodb://").unwrap().split('/').next().unwrap();
    Target::Unix(host.replace("%2F", "/").replace("%2f", "/").into())
}
