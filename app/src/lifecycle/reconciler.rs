//! Servers that come back with an older store have lost events that they had acknowledged. What was sent is kept for a
//! day where it was written, so it is published again.

use std::{sync::Arc, time::Duration};

use kith_infra::bus;
use kith_kernel::{Clock, Failure, ports::Bus as _};
use kith_storage::{Outbox, lease::Held};
use tokio::time::{sleep, timeout};

use crate::wiring::stores::Shared;

/// Since when the stream is asked: what was sent is kept for a day, and clocks differ.
const SINCE: Duration = Duration::from_hours(25);
/// How often it is looked through when nothing has happened.
const EVERY: Duration = Duration::from_hours(1);
/// How long a connection that was lost and is back has to come to rest.
const SETTLES: Duration = Duration::from_secs(1);

/// Looks for what is lost, now, whenever the connection to the bus was lost, and from time to time; one node of all does.
pub(super) async fn run(outboxes: Vec<Arc<dyn Outbox>>, shared: Shared, clock: Arc<dyn Clock>) {
    loop {
        let held = shared.reconciler.acquire().await;
        while held.check().await.is_ok() {
            let mut shaken = shared.bus.shaken();
            match look(&outboxes, &shared.bus, &*held, &*clock).await {
                Ok(0) => {}
                Ok(lost) => tracing::warn!(lost, "the bus had lost events; they are published again"),
                Err(failure) => {
                    tracing::warn!(%failure, "whether the bus has lost events is not known yet");
                    sleep(SETTLES).await;
                    continue;
                }
            }
            // The lease is what ends this; how it is asked for again is up to the loop outside.
            let _ = timeout(EVERY, shaken.changed()).await;
            sleep(SETTLES).await;
        }
    }
}

/// Publishes again what the stream does not have of the last day, and says how much that was. What was published while
/// it was looked for is published once more at worst, and known by its id.
async fn look(
    outboxes: &[Arc<dyn Outbox>],
    bus: &bus::Nats,
    lease: &dyn Held,
    clock: &dyn Clock,
) -> Result<usize, Failure> {
    let had = bus.held(clock.now().before(SINCE)).await?;
    let mut lost = 0_usize;
    for outbox in outboxes {
        let mut after = None;
        loop {
            lease.check().await?;
            let page = outbox.kept(after).await?;
            let Some(end) = page.last() else { break };
            after = Some(end.id);
            for parcel in page.iter().filter(|parcel| !had.has(parcel.id)) {
                bus.publish(parcel).await?;
                lost = lost.saturating_add(1);
            }
        }
    }
    Ok(lost)
}
