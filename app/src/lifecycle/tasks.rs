//! Background tasks. Each has a name and a way to stop. A task that ends unexpectedly ends the process, because the
//! remaining tasks would only appear to work.

use std::{io, sync::Arc, time::Duration};

use anyhow::{Error, anyhow};
use futures_util::future::join_all;
use kith_infra::bus;
use kith_kernel::{Clock, ports::PeriodicJob};
use kith_storage::OutboxNotifier;
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::{MissedTickBehavior, interval},
};

use super::{
    reconciler,
    revalidation::{ClusterPipeline, revalidate_after_reconnect},
    signals::stopped,
};
use crate::wiring::{Entrypoints, Stores};

const PERIODIC_JOB_INTERVAL: Duration = Duration::from_mins(10);

#[derive(Default)]
pub(super) struct Tasks {
    running: JoinSet<io::Result<()>>,
    names: Vec<(Id, &'static str)>,
}

impl Tasks {
    pub(super) fn start_http(&mut self, http: impl Future<Output = io::Result<()>> + Send + 'static) {
        self.start("http", http);
    }

    /// Starts the event relay, the event handlers, the periodic jobs, the timers and the audit signer.
    pub(super) fn start_background(
        &mut self,
        entrypoints: Entrypoints,
        stores: &Stores,
        clock: Arc<dyn Clock>,
        stop: &watch::Receiver<bool>,
    ) {
        let Entrypoints { relay, event_handlers, periodic_jobs, timer_worker, gateway, audit_signer, .. } = entrypoints;
        let notifier = match &stores.cluster {
            None => stores.outbox_notifiers.first().cloned().unwrap_or_default(),
            Some(cluster) => {
                let notifier = OutboxNotifier::default();
                let (bus, dead_letters) = (cluster.bus.clone(), stores.dead_letters.clone());
                let stopped = stopped(stop.clone());
                self.start("event-handlers", async move {
                    bus.consume(event_handlers, dead_letters, stopped).await;
                    Ok(())
                });
                let forwarding =
                    forward_notifications(stores.outbox_notifiers.clone(), cluster.bus.clone(), notifier.clone());
                self.start_until(stop, "outbox-notifier", forwarding);
                let pipeline = ClusterPipeline { outboxes: stores.outboxes.clone(), bus: cluster.bus.clone() };
                let revalidate = move || gateway.revalidate();
                let revalidation =
                    revalidate_after_reconnect(pipeline, cluster.bus.connection_changes(), clock.clone(), revalidate);
                self.start_until(stop, "revalidation", revalidation);
                self.start_until(stop, "reconciler", reconciler::run(stores.outboxes.clone(), cluster.clone(), clock));
                notifier
            }
        };
        let (lease, is_embedded, relay_stopped) =
            (stores.lease.clone(), stores.cluster.is_none(), stopped(stop.clone()));
        self.start("relay", async move {
            tokio::select! {
                never = relay.run(&*lease, notifier) => match never {},
                () = relay_stopped => {}
            }
            // In embedded mode the last events are published before the process ends; the next start publishes what
            // fails now. In a cluster the next holder of the lease publishes them.
            if is_embedded && let Err(error) = relay.drain().await {
                tracing::warn!(%error, "outbox not fully drained at shutdown");
            }
            Ok(())
        });
        self.start_until(stop, "periodic-jobs", run_periodic_jobs(periodic_jobs));
        self.start_until(stop, "timers", async move { timer_worker.run().await });
        let signer_stopped = stopped(stop.clone());
        self.start("audit", async move {
            tokio::select! {
                never = audit_signer.run() => match never {},
                () = signer_stopped => {}
            }
            // The last records are signed too.
            audit_signer.sign_head().await;
            Ok(())
        });
    }

    /// Starts a task that never ends by itself and is cancelled at shutdown.
    fn start_until<T>(
        &mut self,
        stop: &watch::Receiver<bool>,
        name: &'static str,
        task: impl Future<Output = T> + Send + 'static,
    ) {
        let stop = stop.clone();
        self.start(name, async move {
            tokio::select! {
                _ = task => Err(io::Error::other("task ended unexpectedly")),
                () = stopped(stop) => Ok(()),
            }
        });
    }

    fn start(&mut self, name: &'static str, task: impl Future<Output = io::Result<()>> + Send + 'static) {
        let handle = self.running.spawn(task);
        self.names.push((handle.id(), name));
    }

    /// Waits for a task to end before shutdown, and returns the error.
    pub(super) async fn first_failure(&mut self) -> Error {
        let (id, reason) = match self.running.join_next_with_id().await {
            Some(Ok((id, Ok(())))) => (Some(id), "ended".to_owned()),
            Some(Ok((id, Err(error)))) => (Some(id), error.to_string()),
            Some(Err(error)) => (Some(error.id()), error.to_string()),
            None => (None, "no task is running".to_owned()),
        };
        let name = self.names.iter().find(|(known, _)| Some(*known) == id).map_or("unknown", |(_, name)| name);
        anyhow!("task {name} failed: {reason}")
    }

    /// Waits for all tasks to end after the stop signal.
    pub(super) async fn join(mut self) {
        while let Some(ended) = self.running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "task failed during shutdown");
            }
        }
    }
}

/// Forwards local outbox notifications to the node that holds the relay lease, and remote ones to the local relay.
async fn forward_notifications(local: Vec<OutboxNotifier>, bus: Arc<bus::JetStream>, relay: OutboxNotifier) {
    let send = join_all(local.into_iter().map(async |notifier| {
        loop {
            notifier.notified().await;
            // The local relay may hold the lease; a second notification is harmless.
            relay.notify();
            bus.notify_peers().await;
        }
    }));
    let receive = async {
        let mut wakeups = bus.wakeups();
        loop {
            wakeups.wait().await;
            relay.notify();
        }
    };
    let (_, ()) = tokio::join!(send, receive);
}

/// Runs all periodic jobs now and at every interval.
async fn run_periodic_jobs(jobs: Vec<Arc<dyn PeriodicJob>>) {
    let mut tick = interval(PERIODIC_JOB_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for job in &jobs {
            match job.run().await {
                Ok(0) => {}
                Ok(affected_rows) => tracing::debug!(job = job.name(), affected_rows, "periodic job completed"),
                Err(error) => tracing::warn!(job = job.name(), %error, "periodic job failed"),
            }
        }
    }
}
