//! Logging: lines on standard error, in UTC, and the location of panics.

use std::{
    io::{self, IsTerminal as _},
    panic::{self, Location},
};

use tracing_subscriber::{fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _};

use crate::config::{LogFilter, LogFormat};

/// A tracing subscriber is already set.
#[derive(Debug, thiserror::Error)]
#[error("tracing subscriber is already set")]
pub struct SubscriberAlreadySet(#[source] tracing_subscriber::util::TryInitError);

/// Starts logging. Call it once, before anything that logs.
///
/// # Errors
/// If a subscriber is already set.
pub fn init(format: LogFormat, filter: &LogFilter) -> Result<(), SubscriberAlreadySet> {
    let registry = registry().with(filter.to_env_filter());
    let lines = fmt::layer().with_writer(io::stderr);
    let installed = match format {
        LogFormat::Pretty => registry.with(lines.with_ansi(io::stderr().is_terminal())).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_current_span(true)).try_init(),
    };
    installed.map_err(SubscriberAlreadySet)?;
    log_panics();
    Ok(())
}

/// Logs only the location of a panic, because its message may contain user text.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let location = panic.location();
        tracing::error!(file = location.map(Location::file), line = location.map(Location::line), "panic");
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn panics_are_logged_with_their_location_and_without_their_message() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = registry().with(fmt::layer().with_ansi(false).with_writer(move || writer.clone()));
        let before = panic::take_hook();
        log_panics();
        let text = String::from("user text");
        let ended = tracing::subscriber::with_default(subscriber, || panic::catch_unwind(|| panic!("{text}")));
        panic::set_hook(before);
        assert!(ended.is_err());
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("panic") && logged.contains("telemetry.rs"), "{logged}");
        assert!(!logged.contains("user text"));
    }
}
