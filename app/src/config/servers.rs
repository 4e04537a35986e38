//! Server URLs. All four select cluster mode, none selects embedded mode.

use super::{enums::Embedded, error::ConfigError, keys::Config, network::ServerUrl, reader::ParsedSources};

/// The configured server URLs by key.
#[derive(Debug, Clone, Copy)]
pub struct ServerUrls<'a> {
    named: [(&'static str, Option<&'a ServerUrl>); 4],
}

/// The URLs of all four servers.
#[derive(Debug, Clone, Copy)]
pub struct ClusterUrls<'a> {
    pub postgres: &'a ServerUrl,
    pub mongodb: &'a ServerUrl,
    pub redis: &'a ServerUrl,
    pub nats: &'a ServerUrl,
}

impl<'a> ServerUrls<'a> {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.iter().all(|(_, url)| url.is_none())
    }

    /// Returns the URLs if all four are set.
    #[must_use]
    pub const fn all(&self) -> Option<ClusterUrls<'a>> {
        match self.named {
            [(_, Some(postgres)), (_, Some(mongodb)), (_, Some(redis)), (_, Some(nats))] => {
                Some(ClusterUrls { postgres, mongodb, redis, nats })
            }
            _ => None,
        }
    }
}

impl Config {
    #[must_use]
    pub const fn server_urls(&self) -> ServerUrls<'_> {
        ServerUrls {
            named: [
                ("postgres_url", self.postgres_url.as_ref()),
                ("mongodb_url", self.mongodb_url.as_ref()),
                ("redis_url", self.redis_url.as_ref()),
                ("nats_url", self.nats_url.as_ref()),
            ],
        }
    }
}

/// Validates that server URLs are set together, do not contradict embedded mode, and come with the settings that all
/// nodes need.
pub(super) fn validate(config: &Config, sources: &ParsedSources, errors: &mut Vec<ConfigError>) {
    let urls = config.server_urls();
    if urls.is_empty() {
        return;
    }
    for (key, _) in urls.named.iter().filter(|(key, url)| url.is_none() && sources.is_valid(key)) {
        let message = "must be set: Postgres, MongoDB, Redis and NATS must be configured together";
        errors.push(ConfigError::new(*key, sources.source(key), message));
    }
    if config.embedded == Embedded::Enabled {
        let message = "must not be `true` if server URLs are set";
        errors.push(ConfigError::new("embedded", sources.source("embedded"), message));
    }
    let secrets = [("secrets.current", &config.secrets.current), ("secrets.blind_index", &config.secrets.blind_index)];
    for (key, _) in secrets.iter().filter(|(key, secret)| secret.is_none() && sources.is_valid(key)) {
        if errors.iter().all(|error| error.key != *key) {
            let message =
                "must be set in cluster mode, to the same value on all nodes; generate one with `openssl rand -hex 32`";
            errors.push(ConfigError::new(*key, sources.source(key), message));
        }
    }
    for (key, count) in [
        ("cluster.postgres_connections", config.cluster.postgres_connections),
        ("cluster.mongodb_connections", config.cluster.mongodb_connections),
    ] {
        if count < 4 {
            errors.push(ConfigError::new(key, sources.source(key), "must be at least 4"));
        }
    }
    if ![1, 3, 5].contains(&config.cluster.nats_replicas) {
        let message = "must be 1, 3 or 5";
        errors.push(ConfigError::new("cluster.nats_replicas", sources.source("cluster.nats_replicas"), message));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{ConfigSource, Environment, load};

    const URLS: [(&str, &str); 4] = [
        ("KITH_POSTGRES_URL", "postgres://kith:hunter2@db/kith"),
        ("KITH_MONGODB_URL", "mongodb://kith:hunter2@db"),
        ("KITH_REDIS_URL", "redis://:hunter2@db"),
        ("KITH_NATS_URL", "nats://kith:hunter2@db"),
    ];
    const SECRETS: [(&str, &str); 2] = [
        ("KITH_SECRETS_CURRENT", "0f1e2d3c4b5a69788796a5b4c3d2e1f00123456789abcdeffedcba9876543210"),
        ("KITH_SECRETS_BLIND_INDEX", "f0e1d2c3b4a5968778695a4b3c2d1e0f0123456789abcdeffedcba9876543210"),
    ];

    fn invalid_keys(pairs: &[(&str, &str)]) -> Vec<String> {
        let environment: Environment = pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        match load(ConfigSource { file: None, folder: Path::new("/nowhere"), environment: &environment }) {
            Ok(loaded) => {
                assert!(!format!("{loaded:?}").contains("hunter2"));
                Vec::new()
            }
            Err(errors) => {
                assert!(!format!("{errors} {errors:?}").contains("hunter2"));
                errors.as_slice().iter().map(|error| error.key.clone()).collect()
            }
        }
    }

    #[test]
    fn all_server_urls_and_secrets_must_be_set_together() {
        let all: Vec<_> = URLS.into_iter().chain(SECRETS).collect();
        assert!(invalid_keys(&all).is_empty());
        for (at, key) in ["postgres_url", "mongodb_url", "redis_url", "nats_url"].iter().enumerate() {
            let (mut without, mut alone) = (all.clone(), SECRETS.to_vec());
            alone.push(without.remove(at));
            assert_eq!(invalid_keys(&without), [*key]);
            assert_eq!(invalid_keys(&alone).len(), 3, "{key}");
        }
        assert_eq!(invalid_keys(&URLS), ["secrets.blind_index", "secrets.current"]);
    }

    #[test]
    fn production_accepts_either_server_urls_or_embedded_mode() {
        let mut all: Vec<_> = URLS.into_iter().chain(SECRETS).collect();
        all.extend([("KITH_MODE", "production"), ("KITH_PUBLIC_URL", "https://kith.example.org")]);
        assert!(invalid_keys(&all).is_empty());
        all.push(("KITH_EMBEDDED", "true"));
        assert_eq!(invalid_keys(&all), ["embedded"]);
    }

    #[test]
    fn cluster_settings_are_validated() {
        for (variable, value, key) in [
            ("KITH_CLUSTER_NAMESPACE", "Two words", "cluster.namespace"),
            ("KITH_CLUSTER_NATS_REPLICAS", "2", "cluster.nats_replicas"),
            ("KITH_CLUSTER_POSTGRES_CONNECTIONS", "1", "cluster.postgres_connections"),
        ] {
            let all: Vec<_> = URLS.into_iter().chain(SECRETS).chain([(variable, value)]).collect();
            assert_eq!(invalid_keys(&all), [key]);
        }
    }
}
