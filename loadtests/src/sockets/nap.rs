//! A client that looks at its sockets as soon as there is a byte pays for each byte: it is out of breath before a server
//! that writes often. When only the server's work counts, it may look less often.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

/// Between two looks. What waits meanwhile fits into the sockets.
const NAP: Duration = Duration::from_micros(500);

static MAY: AtomicBool = AtomicBool::new(false);

/// Whether the client may nap from now on.
pub fn may(nap: Nap) {
    MAY.store(nap == Nap::Now, Ordering::Relaxed);
}

/// Whether the client naps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nap {
    /// When nothing is to be done.
    Now,
    /// Never: what counts is when something arrives.
    Never,
}

/// One thread, which naps when it [`may`].
///
/// # Errors
/// Those of the system.
pub fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().on_thread_park(nap).build()
}

#[expect(clippy::disallowed_methods, reason = "the thread has nothing else to do, and must not look at its sockets")]
fn nap() {
    if MAY.load(Ordering::Relaxed) {
        std::thread::sleep(NAP);
    }
}
