//! Settings of the application, and the clock, randomness and keys that it uses.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::http::HeaderValue;
use kith_infra::{keys::KeyRing, replay_log::Retention};
use kith_kernel::{Clock, Entropy};

use crate::http;

/// Clock, randomness and keys. Tests supply their own.
#[derive(Clone)]
pub struct RuntimeContext {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Derives all encryption and signing keys.
    pub ring: Arc<KeyRing>,
}

/// Settings of the application, independent of the configuration format.
#[derive(Debug, Clone)]
pub struct Settings {
    pub http: http::HttpSettings,
    pub realtime: kith_realtime::Limits,
    /// Retention of each channel's replay log.
    pub replay_log: Retention,
    pub cluster: Cluster,
    /// Issuer of access tokens (`iss`).
    pub issuer: String,
    /// Audience of access tokens (`aud`).
    pub audience: String,
    pub demo_page: DemoPage,
    pub quotas: QuotaMode,
    /// File for checkpoints of the audit log, if any.
    pub checkpoint_file: Option<PathBuf>,
}

/// Use of the cluster's servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Prefix of streams, subjects and keys.
    pub namespace: String,
    /// Number of NATS servers that store each event.
    pub replicas: usize,
    /// Maximum size of the stream of events that are not yet processed.
    pub event_stream_max_bytes: u64,
    /// Maximum size of the replay logs of all channels.
    pub replay_log_max_bytes: u64,
}

/// Availability of the demo page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoPage {
    /// Served at `/`.
    Enabled,
    /// As in production.
    Disabled,
}

/// Enforcement of quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaMode {
    /// Quotas of the method policies apply.
    Enforced,
    /// No quotas, for tests and load generators, in which one caller stands for many.
    Unlimited,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http: http::HttpSettings::default(),
            realtime: kith_realtime::Limits::default(),
            replay_log: Retention { max_entries: 1_000, max_bytes: 1 << 20, max_age: Duration::from_hours(1) },
            cluster: Cluster {
                namespace: "kith".to_owned(),
                replicas: 1,
                event_stream_max_bytes: 1 << 30,
                replay_log_max_bytes: 1 << 30,
            },
            issuer: "kith".to_owned(),
            audience: "kith".to_owned(),
            demo_page: DemoPage::Enabled,
            quotas: QuotaMode::Enforced,
            checkpoint_file: None,
        }
    }
}

impl Settings {
    /// Allowed origins of browsers in the form that the gateway compares.
    pub(super) fn allowed_origins(&self) -> Vec<String> {
        let text = |origin: &HeaderValue| origin.to_str().ok().map(str::to_owned);
        self.http.allowed_origins.iter().filter_map(text).collect()
    }
}
