//! The second size: a community of its own on four servers.

use std::thread;

/// The same for all nodes.
const SECRETS: [(&str, &str); 2] = [
    ("KITH_SECRETS_CURRENT", "5b0c7e91d4a8f2636e19b7c05d83fa2491e6c8703bd45fa2186c9e07f3d2b48a"),
    ("KITH_SECRETS_BLIND_INDEX", "c2f81e6a9b4d7035e8a1f6d3907c5b2e4d19a8f706e3bc5d82914f7a0c6be35d"),
];

/// Databases, and names on the servers that are shared, that nobody else has.
#[expect(clippy::disallowed_methods, reason = "who asks is within a runtime, which cannot have another within it")]
pub(crate) fn servers() -> Vec<(String, String)> {
    let made = thread::spawn(|| kith_testkit::block_on(kith_testkit::TestCluster::new())).join();
    let community = made.unwrap_or_else(|why| std::panic::resume_unwind(why));
    let said = [
        ("KITH_POSTGRES_URL", community.postgres),
        ("KITH_MONGODB_URL", community.mongodb),
        ("KITH_REDIS_URL", community.redis),
        ("KITH_NATS_URL", community.nats),
        ("KITH_CLUSTER_NAMESPACE", community.namespace),
        // Many communities share one server here, which sets aside what each may take.
        ("KITH_CLUSTER_EVENT_STREAM_MAX_BYTES", "64MiB".to_owned()),
        ("KITH_CLUSTER_REPLAY_LOG_MAX_BYTES", "64MiB".to_owned()),
    ];
    let said = said.map(|(key, value)| (key.to_owned(), value)).into_iter();
    said.chain(SECRETS.map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
}

/// What has to be said in production besides: nothing, the servers say it.
pub(crate) const PRODUCTION: &[(&str, &str)] = &[];
