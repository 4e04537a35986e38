//! Optional delay between reads of the load client. A client that reads as soon as a byte arrives reaches its CPU limit
//! before a server that writes often. If only the server's CPU time is measured, the client can read less often.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

/// Delay between two reads. The data that arrives in this time fits into the socket buffers.
const DELAY: Duration = Duration::from_micros(500);

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Enables or disables the delay.
pub fn set(delay: PollDelay) {
    ENABLED.store(delay == PollDelay::Enabled, Ordering::Relaxed);
}

/// Mode of the delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollDelay {
    /// For measurements of throughput.
    Enabled,
    /// For measurements of latency.
    Disabled,
}

/// Creates a single-threaded runtime that applies the delay.
///
/// # Errors
/// If the runtime cannot be created.
pub fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().on_thread_park(delay).build()
}

#[expect(clippy::disallowed_methods, reason = "blocking the only thread is the purpose: it must not read its sockets")]
fn delay() {
    if ENABLED.load(Ordering::Relaxed) {
        std::thread::sleep(DELAY);
    }
}
