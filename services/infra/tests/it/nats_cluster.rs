//! Three servers that keep three copies: any one of them may die.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use kith_infra::{bus, live, nats::Connection};
use kith_kernel::{
    SystemClock, SystemEntropy,
    replay_log::LogItem,
    ports::{EventHandler, ReplayLog as _},
};
use kith_testkit::block_on;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    bus::{Graveyard, Listener, parcel, send, soon},
    live::channel,
};

struct Cluster {
    folder: TempDir,
    /// For clients, and for each other.
    ports: Vec<(u16, u16)>,
    servers: Vec<Child>,
}

impl Cluster {
    fn start() -> Self {
        // Held together, so that they are six.
        let held: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<_> = held.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(held);
        let ports = ports.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let mut cluster = Self { folder: tempfile::tempdir().unwrap(), ports, servers: Vec::new() };
        cluster.servers = (0..3).map(|index| cluster.spawn(index)).collect();
        cluster
    }

    #[expect(clippy::disallowed_methods, reason = "which program it is, is not the code's to know")]
    fn spawn(&self, index: usize) -> Child {
        let program =
            std::env::var("KITH_TEST_NATS_SERVER").expect("run cargo xtask test, or set KITH_TEST_NATS_SERVER");
        let (port, route) = self.ports[index];
        let routes: Vec<_> = self.ports.iter().map(|(_, route)| format!("nats://127.0.0.1:{route}")).collect();
        let (name, store) = (format!("n{index}"), self.folder.path().join(index.to_string()));
        let mut command = Command::new(program);
        command.args([
            "-js",
            "-a",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "--server_name",
            &name,
            "--cluster_name",
            "c",
        ]);
        command
            .args(["--cluster", &format!("nats://127.0.0.1:{route}"), "--routes", &routes.join(","), "-sd"])
            .arg(store);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn kill(&mut self, index: usize) {
        self.servers[index].kill().unwrap();
        self.servers[index].wait().unwrap();
    }

    async fn connection(&self) -> Connection {
        let urls: Vec<_> = self.ports.iter().map(|(port, _)| format!("nats://127.0.0.1:{port}")).collect();
        Connection::open(&urls.join(","), "test", Arc::new(SystemEntropy)).await.unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

#[test]
fn any_server_of_a_cluster_may_die_and_nothing_is_lost() {
    block_on(async {
        let mut cluster = Cluster::start();
        let settings = bus::Settings { replicas: 3, ..crate::bus::settings() };
        let bus = Arc::new(bus::Nats::new(cluster.connection().await, &settings, Arc::new(SystemClock)));
        let settings = live::Settings { replicas: 3, ..crate::live::settings(Duration::from_mins(10)) };
        let log = live::Nats::new(cluster.connection().await, &settings);
        while bus.check_health().await.is_err() || log.check_health().await.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
        let (reaction, consuming) = (Listener::new("one"), bus.clone());
        let reactions: Vec<Arc<dyn EventHandler>> = vec![reaction.clone()];
        tokio::spawn(async move {
            consuming.consume(reactions, Arc::new(Graveyard::default()), std::future::pending()).await;
        });
        let feed = channel("feed");
        let mut listener = log.subscribe(&feed).await.unwrap();
        let hearing = tokio::spawn(async move {
            let mut heard = Vec::new();
            while heard.len() < 60 {
                let LogItem::Entry(entry) = listener.next().await else { panic!("nothing is lost") };
                heard.push(entry.event.id);
            }
            heard
        });
        let mut sent = Vec::new();
        for round in 0..4 {
            for _ in 0..15 {
                let parcel = parcel();
                send(&*bus, &parcel).await;
                while log.append(&feed, &parcel).await.is_err() {
                    sleep(Duration::from_millis(50)).await;
                }
                sent.push(parcel.id);
            }
            if round > 0 {
                cluster.servers[round - 1] = cluster.spawn(round - 1);
                // Two of three must have caught up before another dies.
                sleep(Duration::from_secs(3)).await;
            }
            if round < 3 {
                cluster.kill(round);
            }
        }
        let heard = timeout(Duration::from_mins(1), hearing).await.expect("all is heard in time").unwrap();
        assert_eq!(heard, sent);
        soon("all is done", || sent.iter().all(|id| reaction.digested().contains(id))).await;
        let mut digested = reaction.digested();
        // What a dying server had not acknowledged may come twice in a row; an inbox knows it.
        digested.dedup();
        assert_eq!(digested, sent);
    });
}
