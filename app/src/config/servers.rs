//! The servers of a cluster: all four of them make the process a node, none of them keeps everything in one file.

use super::{Config, Embedded, Fault, ServerUrl, declare::Heard};

/// Where the servers of a cluster are.
#[derive(Debug, Clone, Copy)]
pub struct Urls<'a> {
    named: [(&'static str, Option<&'a ServerUrl>); 4],
}

/// All four of them.
#[derive(Debug, Clone, Copy)]
pub struct Four<'a> {
    /// Accounts, sessions, outcomes of calls.
    pub postgres: &'a ServerUrl,
    /// Posts and responses.
    pub mongodb: &'a ServerUrl,
    /// What is kept for seconds, and quotas.
    pub redis: &'a ServerUrl,
    /// Events.
    pub nats: &'a ServerUrl,
}

impl<'a> Urls<'a> {
    /// Whether nobody said any.
    #[must_use]
    pub fn is_none_said(&self) -> bool {
        self.named.iter().all(|(_, url)| url.is_none())
    }

    /// All of them, if none is missing.
    #[must_use]
    pub const fn all(&self) -> Option<Four<'a>> {
        match self.named {
            [(_, Some(postgres)), (_, Some(mongodb)), (_, Some(redis)), (_, Some(nats))] => {
                Some(Four { postgres, mongodb, redis, nats })
            }
            _ => None,
        }
    }
}

impl Config {
    /// The servers that were said.
    #[must_use]
    pub const fn urls(&self) -> Urls<'_> {
        Urls {
            named: [
                ("postgres_url", self.postgres_url.as_ref()),
                ("mongodb_url", self.mongodb_url.as_ref()),
                ("redis_url", self.redis_url.as_ref()),
                ("nats_url", self.nats_url.as_ref()),
            ],
        }
    }
}

/// Adds what is broken to the faults: each server that is missing beside others, what contradicts them, and what nodes
/// must have in common.
pub(super) fn check(config: &Config, heard: &Heard, faults: &mut Vec<Fault>) {
    let urls = config.urls();
    if urls.is_none_said() {
        return;
    }
    for (key, _) in urls.named.iter().filter(|(key, url)| url.is_none() && heard.sound(key)) {
        let what = "has to be set too: Postgres, MongoDB, Redis and NATS come together";
        faults.push(Fault::new(*key, heard.source(key), what));
    }
    if config.embedded == Embedded::Asked {
        let what = "is `true`, and servers are said; one of them has to go";
        faults.push(Fault::new("embedded", heard.source("embedded"), what));
    }
    let secrets = [("secrets.current", &config.secrets.current), ("secrets.index", &config.secrets.index)];
    for (key, _) in secrets.iter().filter(|(key, secret)| secret.is_none() && heard.sound(key)) {
        if faults.iter().all(|fault| fault.key != *key) {
            let what = "has to be set where nodes share servers, the same for all; `openssl rand -hex 32` makes one";
            faults.push(Fault::new(*key, heard.source(key), what));
        }
    }
    for (key, count) in [
        ("cluster.postgres_connections", config.cluster.postgres_connections),
        ("cluster.mongodb_connections", config.cluster.mongodb_connections),
    ] {
        if count < 4 {
            faults.push(Fault::new(key, heard.source(key), "is less than 4, and calls would wait for each other"));
        }
    }
    if ![1, 3, 5].contains(&config.cluster.nats_replicas) {
        let what = "has to be 1, 3 or 5";
        faults.push(Fault::new("cluster.nats_replicas", heard.source("cluster.nats_replicas"), what));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{Environment, Request, load};

    const URLS: [(&str, &str); 4] = [
        ("KITH_POSTGRES_URL", "postgres://kith:hunter2@db/kith"),
        ("KITH_MONGODB_URL", "mongodb://kith:hunter2@db"),
        ("KITH_REDIS_URL", "redis://:hunter2@db"),
        ("KITH_NATS_URL", "nats://kith:hunter2@db"),
    ];
    const SECRETS: [(&str, &str); 2] = [
        ("KITH_SECRETS_CURRENT", "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdeffedcba9876543210"),
        ("KITH_SECRETS_INDEX", "f0e1d2c3b4a5968778695a4b3c2d1e0f0123456789abcdeffedcba9876543210"),
    ];

    fn faults(pairs: &[(&str, &str)]) -> Vec<String> {
        let environment: Environment = pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        match load(Request { file: None, folder: Path::new("/nowhere"), environment: &environment }) {
            Ok(loaded) => {
                assert!(!format!("{loaded:?}").contains("hunter2"));
                Vec::new()
            }
            Err(faults) => {
                assert!(!format!("{faults} {faults:?}").contains("hunter2"));
                faults.all().iter().map(|fault| fault.key.clone()).collect()
            }
        }
    }

    #[test]
    fn the_four_servers_come_together_and_with_secrets() {
        let all: Vec<_> = URLS.into_iter().chain(SECRETS).collect();
        assert!(faults(&all).is_empty());
        for (at, key) in ["postgres_url", "mongodb_url", "redis_url", "nats_url"].iter().enumerate() {
            let (mut without, mut alone) = (all.clone(), SECRETS.to_vec());
            alone.push(without.remove(at));
            assert_eq!(faults(&without), [*key]);
            assert_eq!(faults(&alone).len(), 3, "{key}");
        }
        assert_eq!(faults(&URLS), ["secrets.current", "secrets.index"]);
    }

    #[test]
    fn production_takes_the_four_servers_in_place_of_one_file_and_not_both() {
        let mut all: Vec<_> = URLS.into_iter().chain(SECRETS).collect();
        all.extend([("KITH_MODE", "production"), ("KITH_PUBLIC_URL", "https://kith.example.org")]);
        assert!(faults(&all).is_empty());
        all.push(("KITH_EMBEDDED", "true"));
        assert_eq!(faults(&all), ["embedded"]);
    }

    #[test]
    fn how_a_node_uses_its_servers_is_within_bounds() {
        for (variable, value, key) in [
            ("KITH_CLUSTER_NAMESPACE", "Two words", "cluster.namespace"),
            ("KITH_CLUSTER_NATS_REPLICAS", "2", "cluster.nats_replicas"),
            ("KITH_CLUSTER_POSTGRES_CONNECTIONS", "1", "cluster.postgres_connections"),
        ] {
            let all: Vec<_> = URLS.into_iter().chain(SECRETS).chain([(variable, value)]).collect();
            assert_eq!(faults(&all), [key]);
        }
    }
}
