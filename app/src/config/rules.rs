//! What values must be together. A key whose value could not be read is a fault already, and judged no further.

use std::time::Duration;

use super::{Config, Embedded, Fault, LogFormat, Mode, declare::Heard};

type Rule = fn(&Config) -> Option<&'static str>;

/// What each key must be, whatever the mode: the keys that are judged, the first of them to blame.
const ALWAYS: &[(&[&str], Rule)] = &[
    (&["secrets.index", "secrets.current"], |config| {
        let same = config.secrets.index.is_some() && config.secrets.index == config.secrets.current;
        same.then_some("is the same as secrets.current; the one changes, and the other never does")
    }),
    (&["secrets.previous", "secrets.current"], |config| {
        let current = config.secrets.current.as_ref()?;
        config.secrets.previous.contains(current).then_some("holds secrets.current, which is not a previous one yet")
    }),
    (&["secrets.previous", "secrets.current"], |config| {
        let orphaned = config.secrets.current.is_none() && !config.secrets.previous.is_empty();
        orphaned.then_some("is set without secrets.current, which comes after it")
    }),
    (&["http.message_bytes", "http.body_bytes"], |config| {
        let small = config.http.message_bytes < config.http.body_bytes;
        small
            .then_some("is less than http.body_bytes; a message that is sent as it is would be let in and then refused")
    }),
    (&["http.stream_timeout", "http.call_timeout"], |config| {
        (config.http.stream_timeout < config.http.call_timeout).then_some("is less than http.call_timeout")
    }),
    (&["realtime.replay", "realtime.log_entries"], |config| {
        let all = config.realtime.replay >= config.realtime.log_entries;
        all.then_some("has to be less than realtime.log_entries, or the log could not tell that it reaches back")
    }),
    (&["realtime.ping_after"], |config| {
        let often = config.realtime.ping_after < Duration::from_secs(1);
        often.then_some("is less than a second, which would cost more than what is sent")
    }),
];

/// What each key must be in production.
const PRODUCTION: &[(&[&str], Rule)] = &[
    (&["secrets.current"], |config| {
        config.secrets.current.is_none().then_some("has to be set in production; `openssl rand -hex 32` makes one")
    }),
    (&["secrets.index"], |config| {
        config.secrets.index.is_none().then_some("has to be set in production; `openssl rand -hex 32` makes one")
    }),
    (&["embedded"], |config| {
        let implied = config.embedded == Embedded::Implied && config.urls().is_none_said();
        implied.then_some("has to be `true` in production, or the four servers said: say what you want")
    }),
    (&["public_url"], |config| {
        config.public_url.is_none().then_some("has to be set in production: what clients reach this server by")
    }),
    (&["public_url"], |config| {
        let plain = config.public_url.as_ref().is_some_and(|url| !url.is_https());
        plain.then_some("has to be https in production")
    }),
];

/// Adds what is broken to the faults.
pub(super) fn check(config: &Config, heard: &Heard, faults: &mut Vec<Fault>) {
    let production: &[_] = match config.mode {
        Mode::Development => &[],
        Mode::Production => PRODUCTION,
    };
    for (keys, rule) in ALWAYS.iter().chain(production) {
        if !keys.iter().all(|key| heard.sound(key)) {
            continue;
        }
        let (Some(key), Some(what)) = (keys.first(), rule(config)) else { continue };
        faults.push(Fault::new(*key, heard.source(key), what));
    }
}

impl Config {
    /// What a line of the log looks like.
    #[must_use]
    pub fn log_format(&self) -> LogFormat {
        self.log.format.unwrap_or(match self.mode {
            Mode::Development => LogFormat::Pretty,
            Mode::Production => LogFormat::Json,
        })
    }
}
