//! Server in the test process, over HTTP and without rate limits, for tests that send more calls than the limits allow.

use std::sync::Arc;

use kith_app::{
    http::{self, ConnectionLimits, IpNetwork},
    wiring::{App, QuotaMode, RuntimeContext, Settings, Stores},
};
use kith_infra::keys::KeyRing;
use kith_kernel::{SystemClock, SystemEntropy};
use kith_storage::lease::NoopLease;
use kith_testkit::SqliteDatabase;
use tokio::{net::TcpListener, sync::watch};

use crate::client::Client;

/// The server. It stops on drop.
pub(crate) struct InProcessServer {
    pub(crate) client: Client,
    _stop: watch::Sender<()>,
    _database: SqliteDatabase,
}

impl InProcessServer {
    pub(crate) async fn start() -> Self {
        let (database, entropy) = (kith_testkit::sqlite_database().await, Arc::new(SystemEntropy));
        let ring = Arc::new(KeyRing::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let runtime = RuntimeContext { clock: Arc::new(SystemClock), entropy, ring };
        let loopback = IpNetwork::from_address([127, 0, 0, 1].into());
        let http = http::HttpSettings { trusted_proxies: vec![loopback], ..http::HttpSettings::default() };
        let settings = Settings { http, quotas: QuotaMode::Unlimited, ..Settings::default() };
        let stores = Stores::embedded(&database, &runtime, &settings).unwrap();
        let app = App::wire(&stores, &runtime, &settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(format!("http://{}", listener.local_addr().unwrap()));
        let (stop, mut stopped) = watch::channel(());
        let end = async move {
            // The sender sends no value. Dropping it ends the loop.
            while stopped.changed().await.is_ok() {}
        };
        tokio::spawn(http::connection::serve(listener, app.entrypoints.http, ConnectionLimits::default(), end));
        let (relay, notifier) = (app.entrypoints.relay, stores.outbox_notifiers[0].clone());
        tokio::spawn(async move { match relay.run(&NoopLease, notifier).await {} });
        Self { client, _stop: stop, _database: database }
    }
}
