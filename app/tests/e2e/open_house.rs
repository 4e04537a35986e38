//! The same wiring in this process, over real HTTP, without quotas: for what is sent more often than anybody may.

use std::sync::Arc;

use kith_app::{
    http::{self, Care, Network},
    wiring::{App, Quotas, Settings, Stores, World},
};
use kith_infra::keys::Ring;
use kith_kernel::{SystemClock, SystemEntropy};
use kith_storage::lease::Alone;
use kith_testkit::Sqlite;
use tokio::{net::TcpListener, sync::watch};

use crate::client::Client;

/// Open until it is dropped.
pub(crate) struct OpenHouse {
    pub(crate) client: Client,
    _stop: watch::Sender<()>,
    _database: Sqlite,
}

impl OpenHouse {
    pub(crate) async fn open() -> Self {
        let (database, entropy) = (kith_testkit::sqlite().await, Arc::new(SystemEntropy));
        let ring = Arc::new(Ring::new(&[7; 32], &[], &[8; 32], entropy.clone()));
        let world = World { clock: Arc::new(SystemClock), entropy, ring };
        let here = Network::of([127, 0, 0, 1].into());
        let edge = http::Settings { proxies: vec![here], ..http::Settings::default() };
        let settings = Settings { http: edge, quotas: Quotas::Endless, ..Settings::default() };
        let stores = Stores::embedded(&database, &world, &settings).unwrap();
        let app = App::wire(&stores, &world, &settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::to(format!("http://{}", listener.local_addr().unwrap()));
        let (stop, mut stopped) = watch::channel(());
        let end = async move {
            // The sender says nothing; that it is gone is what is waited for.
            while stopped.changed().await.is_ok() {}
        };
        tokio::spawn(http::connection::serve(listener, app.edges.http, Care::default(), end));
        let (relay, bell) = (app.edges.relay, stores.bells[0].clone());
        tokio::spawn(async move { match relay.run(&Alone, bell).await {} });
        Self { client, _stop: stop, _database: database }
    }
}
