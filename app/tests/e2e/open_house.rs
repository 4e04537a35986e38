//! The same wiring in this process, over real HTTP, without quotas: for what is sent more often than anybody may.

use std::sync::Arc;

use kith_app::{
    http::{self, ConnectionLimits, IpNetwork},
    wiring::{App, QuotaMode, Settings, Stores, RuntimeContext},
};
use kith_infra::keys::Ring;
use kith_kernel::{SystemClock, SystemEntropy};
use kith_storage::lease::NoopLease;
use kith_testkit::SqliteDatabase;
use tokio::{net::TcpListener, sync::watch};

use crate::client::Client;

/// Open until it is dropped.
pub(crate) struct OpenHouse {
    pub(crate) client: Client,
    _stop: watch::Sender<()>,
    _database: SqliteDatabase,
}

impl OpenHouse {
    pub(crate) async fn open() -> Self {
        let (database, entropy) = (kith_testkit::sqlite_database().await, Arc::new(SystemEntropy));
        let ring = Arc::new(Ring::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let runtime = RuntimeContext { clock: Arc::new(SystemClock), entropy, ring };
        let here = IpNetwork::from_address([127, 0, 0, 1].into());
        let edge = http::HttpSettings { trusted_proxies: vec![here], ..http::HttpSettings::default() };
        let settings = Settings { http: edge, quotas: QuotaMode::Unlimited, ..Settings::default() };
        let stores = Stores::embedded(&database, &runtime, &settings).unwrap();
        let app = App::wire(&stores, &runtime, &settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::to(format!("http://{}", listener.local_addr().unwrap()));
        let (stop, mut stopped) = watch::channel(());
        let end = async move {
            // The sender says nothing; that it is gone is what is waited for.
            while stopped.changed().await.is_ok() {}
        };
        tokio::spawn(http::connection::serve(listener, app.entrypoints.http, ConnectionLimits::default(), end));
        let (relay, bell) = (app.entrypoints.relay, stores.outbox_notifiers[0].clone());
        tokio::spawn(async move { match relay.run(&NoopLease, bell).await {} });
        Self { client, _stop: stop, _database: database }
    }
}
