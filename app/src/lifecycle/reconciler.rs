//! Republishes events that the broker has lost, for example because a server was restored from an older store. Outboxes
//! retain sent events for one day.

use std::{sync::Arc, time::Duration};

use kith_infra::bus;
use kith_kernel::{Clock, PortError, ports::EventBus as _};
use kith_storage::{Outbox, lease::LeaseGuard};
use tokio::time::{sleep, timeout};

use crate::wiring::stores::ClusterResources;

/// Age of the events that are compared: outboxes retain them for one day, and clocks differ.
const LOOKBACK: Duration = Duration::from_hours(25);
/// Interval of reconciliation without a reconnect.
const RECONCILE_INTERVAL: Duration = Duration::from_hours(1);
/// Delay after a reconnect or an error.
const SETTLE_DELAY: Duration = Duration::from_secs(1);

/// Reconciles at the start, after every reconnect to the broker, and at an interval. One node at a time, chosen by a
/// lease.
pub(super) async fn run(outboxes: Vec<Arc<dyn Outbox>>, cluster: ClusterResources, clock: Arc<dyn Clock>) {
    loop {
        let lease = cluster.reconciler.acquire().await;
        while lease.check().await.is_ok() {
            let mut reconnects = cluster.bus.connection_changes();
            match reconcile(&outboxes, &cluster.bus, &*lease, &*clock).await {
                Ok(0) => {}
                Ok(lost) => tracing::warn!(lost, "republished events lost by the broker"),
                Err(error) => {
                    tracing::warn!(%error, "failed to reconcile events, retrying");
                    sleep(SETTLE_DELAY).await;
                    continue;
                }
            }
            // The result does not matter: the next check of the lease ends the inner loop.
            let _ = timeout(RECONCILE_INTERVAL, reconnects.changed()).await;
            sleep(SETTLE_DELAY).await;
        }
    }
}

/// Republishes the retained events that the stream does not have, and returns their number. An event that is published
/// concurrently may be published twice; consumers deduplicate by id.
async fn reconcile(
    outboxes: &[Arc<dyn Outbox>],
    bus: &bus::JetStream,
    lease: &dyn LeaseGuard,
    clock: &dyn Clock,
) -> Result<usize, PortError> {
    let published = bus.stored_event_ids(clock.now().before(LOOKBACK)).await?;
    let mut lost = 0_usize;
    for outbox in outboxes {
        let mut after = None;
        loop {
            lease.check().await?;
            let page = outbox.retained(after).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for event in page.iter().filter(|event| !published.contains(event.id)) {
                bus.publish(event).await?;
                lost = lost.saturating_add(1);
            }
        }
    }
    Ok(lost)
}
