//! What the operator chose, in the words of the parts.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use axum::http::HeaderValue;
use kith_infra::{keys::Ring, live::Bounds};
use kith_kernel::Entropy;
use kith_realtime::Limits;

use crate::{
    config::{Config, Mode, secrets},
    http,
    wiring::{Cluster, Page, Quotas, Settings},
};

/// The keys of this community.
///
/// # Errors
/// If the secrets of the data folder cannot be read or made.
pub fn ring(config: &Config, entropy: Arc<dyn Entropy>) -> Result<Ring> {
    let secrets = match config.mode {
        Mode::Production => secrets::complete(&config.secrets).context("in production, secrets are said")?,
        Mode::Development => secrets::complete_in(&config.secrets, &config.data_dir, &*entropy)?,
    };
    let previous: Vec<[u8; 32]> = secrets.previous.iter().map(|secret| *secret.reveal()).collect();
    Ok(Ring::new(secrets.current.reveal(), &previous, secrets.index.reveal(), entropy))
}

/// The settings of a server that clients reach by this URL.
///
/// # Errors
/// If the URL is no origin.
pub fn of(config: &Config, url: &str) -> Result<Settings> {
    let page = match config.mode {
        Mode::Production => Page::Absent,
        Mode::Development => Page::Served,
    };
    let http = http::Settings {
        origins: origins(config, url)?,
        proxies: config.trusted_proxies.to_vec(),
        body: u64::try_from(config.http.body_bytes.bytes())?,
        message: config.http.message_bytes.bytes(),
        calls: config.http.calls,
        streams: config.http.streams,
        call: config.http.call_timeout,
        stream: config.http.stream_timeout,
    };
    let realtime = Limits {
        connections: config.realtime.connections_per_account,
        channels: config.realtime.channels,
        queue_bytes: config.realtime.queue_bytes.bytes(),
        replay: config.realtime.replay,
        ping_after: config.realtime.ping_after,
        ..Limits::default()
    };
    let log = Bounds {
        entries: config.realtime.log_entries,
        bytes: config.realtime.log_bytes.bytes(),
        age: config.realtime.log_age,
    };
    Ok(Settings {
        http,
        realtime,
        log,
        cluster: Cluster {
            namespace: config.cluster.namespace.text().to_owned(),
            replicas: config.cluster.nats_replicas,
            events_bytes: u64::try_from(config.cluster.events_bytes.bytes())?,
            log_bytes: u64::try_from(config.cluster.log_bytes.bytes())?,
        },
        issuer: issuer(config),
        audience: config.auth.audience.clone(),
        page,
        quotas: Quotas::Held,
        checkpoints: checkpoints(config),
    })
}

/// Where the file of the audit trail's checkpoints is. In a cluster they have a second place anyway.
#[must_use]
pub fn checkpoints(config: &Config) -> Option<PathBuf> {
    let usual = || config.urls().all().is_none().then(|| config.data_dir.join(CHECKPOINTS));
    config.audit.checkpoints.clone().or_else(usual)
}

/// In the data folder.
const CHECKPOINTS: &str = "audit.checkpoints";

/// The same at each start, also where the port is not.
fn issuer(config: &Config) -> String {
    let public = || config.public_url.as_ref().map(|url| url.text().to_owned());
    config.auth.issuer.clone().or_else(public).unwrap_or_else(|| "kith".to_owned())
}

/// Those that were listed, and ourselves: the page, and whoever types `localhost` for it.
fn origins(config: &Config, url: &str) -> Result<Vec<HeaderValue>> {
    let mut origins = config.cors.origins.listed().to_vec();
    origins.push(HeaderValue::from_str(url)?);
    if config.mode == Mode::Development && url.contains("://127.0.0.1") {
        origins.push(HeaderValue::from_str(&url.replacen("127.0.0.1", "localhost", 1))?);
    }
    Ok(origins)
}
