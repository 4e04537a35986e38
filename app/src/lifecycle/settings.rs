//! Translates the configuration into settings of the components.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use axum::http::HeaderValue;
use kith_infra::{keys::KeyRing, replay_log::Retention};
use kith_kernel::Entropy;
use kith_realtime::Limits;

use crate::{
    config::{Config, Mode, secrets},
    http,
    wiring::{Cluster, DemoPage, QuotaMode, Settings},
};

/// Derives the keys of the community from its secrets.
///
/// # Errors
/// If the stored secrets cannot be read or generated.
pub fn key_ring(config: &Config, entropy: Arc<dyn Entropy>) -> Result<KeyRing> {
    let secrets = match config.mode {
        Mode::Production => secrets::configured(&config.secrets).context("secrets must be set in production")?,
        Mode::Development => secrets::configured_or_stored(&config.secrets, &config.data_dir, &*entropy)?,
    };
    let previous: Vec<[u8; 32]> = secrets.previous.iter().map(|secret| *secret.expose()).collect();
    Ok(KeyRing::new(secrets.current.expose(), &previous, secrets.blind_index.expose(), entropy))
}

/// Settings of a server that clients reach at this URL.
///
/// # Errors
/// If the URL is not a valid header value.
pub fn server_settings(config: &Config, url: &str) -> Result<Settings> {
    let demo_page = match config.mode {
        Mode::Production => DemoPage::Disabled,
        Mode::Development => DemoPage::Enabled,
    };
    let http = http::HttpSettings {
        allowed_origins: allowed_origins(config, url)?,
        trusted_proxies: config.trusted_proxies.to_vec(),
        max_body_bytes: u64::try_from(config.http.max_body_bytes.bytes())?,
        max_message_bytes: config.http.max_message_bytes.bytes(),
        max_concurrent_calls: config.http.max_concurrent_calls,
        max_concurrent_streams: config.http.max_concurrent_streams,
        call_timeout: config.http.call_timeout,
        stream_timeout: config.http.stream_timeout,
    };
    let realtime = Limits {
        max_connections: config.realtime.connections_per_account,
        max_channels: config.realtime.max_channels,
        max_queue_bytes: config.realtime.max_queue_bytes.bytes(),
        max_replay_events: config.realtime.max_replay_events,
        ping_interval: config.realtime.ping_interval,
        ..Limits::default()
    };
    let replay_log = Retention {
        max_entries: config.realtime.replay_log_max_entries,
        max_bytes: config.realtime.replay_log_max_bytes.bytes(),
        max_age: config.realtime.replay_log_max_age,
    };
    Ok(Settings {
        http,
        realtime,
        replay_log,
        cluster: Cluster {
            namespace: config.cluster.namespace.as_str().to_owned(),
            replicas: config.cluster.nats_replicas,
            event_stream_max_bytes: u64::try_from(config.cluster.event_stream_max_bytes.bytes())?,
            replay_log_max_bytes: u64::try_from(config.cluster.replay_log_max_bytes.bytes())?,
        },
        issuer: issuer(config),
        audience: config.auth.audience.clone(),
        demo_page,
        quotas: QuotaMode::Enforced,
        checkpoint_file: checkpoint_file(config),
    })
}

/// Path of the checkpoint file of the audit log. In a cluster MongoDB stores the checkpoints, so the file is optional.
#[must_use]
pub fn checkpoint_file(config: &Config) -> Option<PathBuf> {
    let default = || config.server_urls().all().is_none().then(|| config.data_dir.join(CHECKPOINT_FILE));
    config.audit.checkpoint_file.clone().or_else(default)
}

/// Default file name in the data folder.
const CHECKPOINT_FILE: &str = "audit.checkpoints";

/// Issuer of access tokens. It does not depend on the listen port, which can change with each start.
fn issuer(config: &Config) -> String {
    let public_url = || config.public_url.as_ref().map(|url| url.as_str().to_owned());
    config.auth.issuer.clone().or_else(public_url).unwrap_or_else(|| "kith".to_owned())
}

/// The configured origins, and the server's own for the demo page, in development also under `localhost`.
fn allowed_origins(config: &Config, url: &str) -> Result<Vec<HeaderValue>> {
    let mut origins = config.cors.allowed_origins.as_slice().to_vec();
    origins.push(HeaderValue::from_str(url)?);
    if config.mode == Mode::Development && url.contains("://127.0.0.1") {
        origins.push(HeaderValue::from_str(&url.replacen("127.0.0.1", "localhost", 1))?);
    }
    Ok(origins)
}
