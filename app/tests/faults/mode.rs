//! Cluster mode. The scenario adds the URLs of its servers.

/// Settings that both nodes share.
pub(crate) fn settings() -> Vec<(String, String)> {
    [
        ("KITH_CLUSTER_NAMESPACE", "faults"),
        ("KITH_CLUSTER_EVENT_STREAM_MAX_BYTES", "64MiB"),
        ("KITH_CLUSTER_REPLAY_LOG_MAX_BYTES", "64MiB"),
        ("KITH_SECRETS_CURRENT", "5b0c7e91d4a8f2636e19b7c05d83fa2491e6c8703bd45fa2186c9e07f3d2b48a"),
        ("KITH_SECRETS_BLIND_INDEX", "c2f81e6a9b4d7035e8a1f6d3907c5b2e4d19a8f706e3bc5d82914f7a0c6be35d"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}
