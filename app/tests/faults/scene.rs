//! Four servers, a proxy before each, and two nodes that know the proxies only.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kith_servers::Kind;
use kith_testkit::{FaultProxy, Target};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::server::{Home, Server};

/// How long a fault lasts.
const LASTS: Duration = Duration::from_secs(10);

/// What happens to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// kill -9, and started again after it.
    Kill,
    /// It stands still.
    Stop,
    /// Every second, each connection is reset.
    Cut,
    /// Nothing passes.
    Blackhole,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::Kill, Self::Stop, Self::Cut, Self::Blackhole];
}

/// One server and the way to it.
struct Behind {
    kind: Kind,
    server: kith_servers::Server,
    proxy: FaultProxy,
}

/// All of it. The nodes go first.
pub(crate) struct Scene {
    pub(crate) nodes: Vec<Server>,
    pub(crate) home: Home,
    behind: Vec<Behind>,
    folder: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        open(&folder);
        let (mut behind, mut urls) = (Vec::new(), Vec::new());
        for kind in Kind::ALL {
            let started = kith_servers::Server::start(kind, &program(kind), &folder.path().join(kind.to_string()));
            let server = started.unwrap_or_else(|why| panic!("{why:#}"));
            let proxy = FaultProxy::to(target(kind, &server)).await;
            let port = proxy.port();
            urls.push(match kind {
                Kind::Postgres => ("KITH_POSTGRES_URL", format!("postgres://kith@127.0.0.1:{port}/postgres")),
                Kind::Mongo => ("KITH_MONGODB_URL", format!("mongodb://127.0.0.1:{port}/kith?directConnection=true")),
                Kind::Redis => ("KITH_REDIS_URL", format!("redis://127.0.0.1:{port}")),
                Kind::Nats => ("KITH_NATS_URL", format!("nats://127.0.0.1:{port}")),
            });
            behind.push(Behind { kind, server, proxy });
        }
        let chosen: Vec<_> = urls.iter().map(|(key, url)| (*key, url.as_str())).collect();
        let home = Home::new(&chosen);
        // One after the other: the first migrates.
        let nodes = vec![home.serve_as("node0").await, home.serve_as("node1").await];
        Self { nodes, home, behind, folder }
    }

    /// Lets this happen, and makes it good.
    pub(crate) async fn suffer(&mut self, kind: Kind, fault: Fault) {
        let it = self.behind.iter_mut().find(|it| it.kind == kind).unwrap();
        match fault {
            Fault::Kill => {
                it.server.kill().unwrap();
                sleep(LASTS).await;
                it.server.restart().unwrap();
                it.proxy.retarget(target(kind, &it.server));
            }
            Fault::Stop => {
                it.server.pause().unwrap();
                sleep(LASTS).await;
                it.server.resume().unwrap();
            }
            Fault::Cut => {
                for _ in 0..LASTS.as_secs() {
                    it.proxy.reset_connections();
                    sleep(Duration::from_secs(1)).await;
                }
            }
            Fault::Blackhole => {
                it.proxy.blackhole();
                sleep(LASTS).await;
                it.proxy.restore();
            }
        }
    }
}

/// NATS, whose store may be kept and put back while it is dead.
impl Scene {
    /// Kills it, does this to the folder of its store, and starts it again.
    pub(crate) fn while_nats_is_dead(&mut self, change: impl FnOnce(&Path)) {
        let store = self.folder.path().join(Kind::Nats.to_string()).join("jetstream");
        let it = self.behind.iter_mut().find(|it| it.kind == Kind::Nats).unwrap();
        it.server.kill().unwrap();
        change(&store);
        it.server.restart().unwrap();
        it.proxy.retarget(target(Kind::Nats, &it.server));
    }

    /// Where it is, and nothing in between.
    pub(crate) fn nats(&self) -> &str {
        self.behind.iter().find(|it| it.kind == Kind::Nats).unwrap().server.url()
    }

    /// A place that ends with the scene.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Postgres runs as somebody else, who has to get into the folder.
fn open(folder: &TempDir) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the servers for tests are told in the environment")]
fn program(kind: Kind) -> PathBuf {
    let said = std::env::var(kind.program_variable()).ok().filter(|said| !said.is_empty());
    said.unwrap_or_else(|| panic!("no {kind} for this test: run `cargo xtask test`")).into()
}

/// Where a server listens.
fn target(kind: Kind, server: &kith_servers::Server) -> Target {
    if kind != Kind::Mongo {
        return Target::Tcp(([127, 0, 0, 1], server.port()).into());
    }
    let host = server.url().trim().strip_prefix("mongodb://").unwrap().split('/').next().unwrap();
    Target::Unix(host.replace("%2F", "/").replace("%2f", "/").into())
}
