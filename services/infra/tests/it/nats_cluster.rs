//! A cluster of three servers with three replicas tolerates the loss of any one.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use kith_infra::{bus, nats::Connection, replay_log};
use kith_kernel::{
    SystemClock, SystemEntropy,
    ports::{EventHandler, ReplayLog as _},
    replay_log::LogItem,
};
use kith_testkit::block_on;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{
    bus::{RecordingDeadLetters, RecordingHandler, encoded_event, eventually, send},
    replay_log::channel,
};

struct Cluster {
    folder: TempDir,
    /// Client port and route port.
    ports: Vec<(u16, u16)>,
    servers: Vec<Child>,
}

impl Cluster {
    fn start() -> Self {
        // Bound at the same time, so that the six ports differ.
        let reserved: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<_> = reserved.iter().map(|subscriber| subscriber.local_addr().unwrap().port()).collect();
        drop(reserved);
        let ports = ports.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let mut cluster = Self { folder: tempfile::tempdir().unwrap(), ports, servers: Vec::new() };
        cluster.servers = (0..3).map(|index| cluster.spawn(index)).collect();
        cluster
    }

    #[expect(clippy::disallowed_methods, reason = "the path of the server program comes from the environment")]
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
fn a_cluster_loses_nothing_when_any_one_server_dies() {
    block_on(async {
        let mut cluster = Cluster::start();
        let settings = bus::Settings { replicas: 3, ..crate::bus::settings() };
        let bus = Arc::new(bus::JetStream::new(cluster.connection().await, &settings, Arc::new(SystemClock)));
        let settings = replay_log::Settings { replicas: 3, ..crate::replay_log::settings(Duration::from_mins(10)) };
        let log = replay_log::JetStream::new(cluster.connection().await, &settings);
        while bus.check_health().await.is_err() || log.check_health().await.is_err() {
            sleep(Duration::from_millis(100)).await;
        }
        let (handler, consumer_bus) = (RecordingHandler::new("one"), bus.clone());
        let handlers: Vec<Arc<dyn EventHandler>> = vec![handler.clone()];
        tokio::spawn(async move {
            consumer_bus.consume(handlers, Arc::new(RecordingDeadLetters::default()), std::future::pending()).await;
        });
        let feed = channel("feed");
        let mut subscriber = log.subscribe(&feed).await.unwrap();
        let receiving = tokio::spawn(async move {
            let mut received = Vec::new();
            while received.len() < 60 {
                let LogItem::Entry(entry) = subscriber.next().await else { panic!("entries were lost") };
                received.push(entry.event.id);
            }
            received
        });
        let mut sent = Vec::new();
        for round in 0..4 {
            for _ in 0..15 {
                let event = encoded_event();
                send(&*bus, &event).await;
                while log.append(&feed, &event).await.is_err() {
                    sleep(Duration::from_millis(50)).await;
                }
                sent.push(event.id);
            }
            if round > 0 {
                cluster.servers[round - 1] = cluster.spawn(round - 1);
                // Two of three servers must have caught up before another is killed.
                sleep(Duration::from_secs(3)).await;
            }
            if round < 3 {
                cluster.kill(round);
            }
        }
        let received =
            timeout(Duration::from_mins(1), receiving).await.expect("not all entries arrived in time").unwrap();
        assert_eq!(received, sent);
        eventually("all events are handled", || sent.iter().all(|id| handler.handled().contains(id))).await;
        let mut order = handler.handled();
        // An unacknowledged event of a dying server can be redelivered; an inbox would deduplicate it.
        order.dedup();
        assert_eq!(order, sent);
    });
}
