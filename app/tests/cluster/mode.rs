//! Cluster mode: an isolated namespace on Postgres, MongoDB, Redis and NATS.

use std::thread;

/// Secrets, which all nodes share.
const SECRETS: [(&str, &str); 2] = [
    ("KITH_SECRETS_CURRENT", "5b0c7e91d4a8f2636e19b7c05d83fa2491e6c8703bd45fa2186c9e07f3d2b48a"),
    ("KITH_SECRETS_BLIND_INDEX", "c2f81e6a9b4d7035e8a1f6d3907c5b2e4d19a8f706e3bc5d82914f7a0c6be35d"),
];

/// Settings that select cluster mode, with new databases and an unused namespace on the shared servers.
#[expect(clippy::disallowed_methods, reason = "the caller runs in an async runtime, and runtimes cannot be nested")]
pub(crate) fn settings() -> Vec<(String, String)> {
    let created = thread::spawn(|| kith_testkit::block_on(kith_testkit::TestCluster::new())).join();
    let cluster = created.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let settings = [
        ("KITH_POSTGRES_URL", cluster.postgres),
        ("KITH_MONGODB_URL", cluster.mongodb),
        ("KITH_REDIS_URL", cluster.redis),
        ("KITH_NATS_URL", cluster.nats),
        ("KITH_CLUSTER_NAMESPACE", cluster.namespace),
        // Many tests share one server, which reserves the maximum size of each stream.
        ("KITH_CLUSTER_EVENT_STREAM_MAX_BYTES", "64MiB".to_owned()),
        ("KITH_CLUSTER_REPLAY_LOG_MAX_BYTES", "64MiB".to_owned()),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value)).into_iter();
    settings.chain(SECRETS.map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
}

/// Settings that production requires in this mode. Empty, because the server URLs select cluster mode.
pub(crate) const PRODUCTION_SETTINGS: &[(&str, &str)] = &[];
