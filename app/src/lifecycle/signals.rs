//! When to stop.

use anyhow::Result;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Returns when the process is told to stop: SIGTERM by whoever runs it, SIGINT by whoever watches.
pub(super) async fn first() -> Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Returns when the rest of the process is told to stop.
pub(super) async fn told(mut stop: watch::Receiver<bool>) {
    // Whoever could tell is gone: that is a way to tell.
    let _ = stop.wait_for(|stop| *stop).await;
}
