//! Shutdown signals.

use anyhow::Result;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Waits for SIGTERM or SIGINT and returns its name.
pub(super) async fn first_signal() -> Result<&'static str> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// Waits until the shutdown of the process begins.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    // A dropped sender also means shutdown.
    let _ = stop.wait_for(|stop| *stop).await;
}
