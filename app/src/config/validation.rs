//! Rules that involve several keys or the mode. A rule is skipped if the value of one of its keys is invalid.

use std::time::Duration;

use super::{
    enums::{Embedded, LogFormat, Mode},
    error::ConfigError,
    keys::Config,
    reader::ParsedSources,
};

type Rule = fn(&Config) -> Option<&'static str>;

/// Rules of every mode, with the keys that they involve. The error names the first key.
const RULES: &[(&[&str], Rule)] = &[
    (&["secrets.blind_index", "secrets.current"], |config| {
        let same = config.secrets.blind_index.is_some() && config.secrets.blind_index == config.secrets.current;
        same.then_some("must differ from secrets.current, which is rotated while the blind index key never changes")
    }),
    (&["secrets.previous", "secrets.current"], |config| {
        let current = config.secrets.current.as_ref()?;
        config.secrets.previous.contains(current).then_some("must not contain secrets.current")
    }),
    (&["secrets.previous", "secrets.current"], |config| {
        let orphaned = config.secrets.current.is_none() && !config.secrets.previous.is_empty();
        orphaned.then_some("requires secrets.current")
    }),
    (&["http.max_message_bytes", "http.max_body_bytes"], |config| {
        let small = config.http.max_message_bytes < config.http.max_body_bytes;
        small.then_some("must be at least http.max_body_bytes, which also limits uncompressed messages")
    }),
    (&["http.stream_timeout", "http.call_timeout"], |config| {
        (config.http.stream_timeout < config.http.call_timeout).then_some("must be at least http.call_timeout")
    }),
    (&["http.call_timeout"], |config| {
        // A claim of an idempotency key expires after one minute.
        let too_long = config.http.call_timeout > Duration::from_secs(50);
        too_long.then_some("must be at most 50s; a longer call could lose the claim of its idempotency key")
    }),
    (&["realtime.max_replay_events", "realtime.replay_log_max_entries"], |config| {
        let all = config.realtime.max_replay_events >= config.realtime.replay_log_max_entries;
        all.then_some("must be less than realtime.replay_log_max_entries; otherwise gaps could not be detected")
    }),
    (&["realtime.ping_interval"], |config| {
        let too_short = config.realtime.ping_interval < Duration::from_secs(1);
        too_short.then_some("must be at least 1s")
    }),
];

/// Rules of production.
const PRODUCTION_RULES: &[(&[&str], Rule)] = &[
    (&["secrets.current"], |config| {
        config
            .secrets
            .current
            .is_none()
            .then_some("must be set in production; generate one with `openssl rand -hex 32`")
    }),
    (&["secrets.blind_index"], |config| {
        config
            .secrets
            .blind_index
            .is_none()
            .then_some("must be set in production; generate one with `openssl rand -hex 32`")
    }),
    (&["embedded"], |config| {
        let is_unset = config.embedded == Embedded::Auto && config.server_urls().is_empty();
        is_unset.then_some("in production set `embedded = true` or all four server URLs")
    }),
    (&["public_url"], |config| config.public_url.is_none().then_some("must be set in production")),
    (&["public_url"], |config| {
        let plain = config.public_url.as_ref().is_some_and(|url| !url.is_https());
        plain.then_some("must be https in production")
    }),
];

/// Adds an error for each broken rule.
pub(super) fn validate(config: &Config, sources: &ParsedSources, errors: &mut Vec<ConfigError>) {
    let production: &[_] = match config.mode {
        Mode::Development => &[],
        Mode::Production => PRODUCTION_RULES,
    };
    for (keys, rule) in RULES.iter().chain(production) {
        if !keys.iter().all(|key| sources.is_valid(key)) {
            continue;
        }
        let (Some(key), Some(message)) = (keys.first(), rule(config)) else { continue };
        errors.push(ConfigError::new(*key, sources.source(key), message));
    }
}

impl Config {
    /// The configured format, or the default of the mode.
    #[must_use]
    pub fn log_format(&self) -> LogFormat {
        self.log.format.unwrap_or(match self.mode {
            Mode::Development => LogFormat::Pretty,
            Mode::Production => LogFormat::Json,
        })
    }
}
