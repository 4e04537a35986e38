//! What the process says while it runs: lines on standard error, in UTC, and where it panicked.

use std::{
    io::{self, IsTerminal as _},
    panic::{self, Location},
};

use tracing_subscriber::{fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _};

use crate::config::{Directives, LogFormat};

/// Somebody else logs already.
#[derive(Debug, thiserror::Error)]
#[error("a subscriber is installed already")]
pub struct Installed(#[source] tracing_subscriber::util::TryInitError);

/// Begins to log. Called once, before anything that has something to say.
///
/// # Errors
/// If it was called before.
pub fn init(format: LogFormat, directives: &Directives) -> Result<(), Installed> {
    let registry = registry().with(directives.filter());
    let lines = fmt::layer().with_writer(io::stderr);
    let installed = match format {
        LogFormat::Pretty => registry.with(lines.with_ansi(io::stderr().is_terminal())).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_current_span(true)).try_init(),
    };
    installed.map_err(Installed)?;
    log_panics();
    Ok(())
}

/// A panic's message may quote what a person wrote: only its place is logged.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let at = panic.location();
        tracing::error!(file = at.map(Location::file), line = at.map(Location::line), "panicked");
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
    fn a_panic_is_logged_by_its_place_and_without_a_word_of_it() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = registry().with(fmt::layer().with_ansi(false).with_writer(move || writer.clone()));
        let before = panic::take_hook();
        log_panics();
        let text = String::from("what a person wrote");
        let ended = tracing::subscriber::with_default(subscriber, || panic::catch_unwind(|| panic!("{text}")));
        panic::set_hook(before);
        assert!(ended.is_err());
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("panicked") && logged.contains("telemetry.rs"), "{logged}");
        assert!(!logged.contains("what a person wrote"));
    }
}
