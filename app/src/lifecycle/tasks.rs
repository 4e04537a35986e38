//! What goes on by itself. Each task has a name and a way to stop; one that ends by itself ends the process, because
//! without it the rest would only look alive.

use std::{io, sync::Arc, time::Duration};

use anyhow::{Error, anyhow};
use futures_util::future::join_all;
use kith_infra::bus;
use kith_kernel::{Clock, ports::Sweep};
use kith_storage::sql::Wake;
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::{MissedTickBehavior, interval},
};

use super::{
    reconciler,
    settling::{Events, distrust},
    signals::told,
};
use crate::wiring::{Edges, Stores};

/// How often what is old is forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// The tasks of this process.
#[derive(Default)]
pub(super) struct Tasks {
    running: JoinSet<io::Result<()>>,
    names: Vec<(Id, &'static str)>,
}

impl Tasks {
    /// Takes calls.
    pub(super) fn start_http(&mut self, http: impl Future<Output = io::Result<()>> + Send + 'static) {
        self.start("http", http);
    }

    /// Sends events on, reacts to those of others, and forgets what is old.
    pub(super) fn start_background(
        &mut self,
        edges: Edges,
        stores: &Stores,
        clock: Arc<dyn Clock>,
        stop: &watch::Receiver<bool>,
    ) {
        let Edges { relay, reactions, sweeps, gateway, sealing, .. } = edges;
        let bell = match &stores.shared {
            None => stores.bells.first().cloned().unwrap_or_default(),
            Some(shared) => {
                let bell = Wake::default();
                let (bus, letters) = (shared.bus.clone(), stores.dead_letters.clone());
                let stopped = told(stop.clone());
                self.start("reactions", async move {
                    bus.consume(reactions, letters, stopped).await;
                    Ok(())
                });
                self.until(stop, "bells", bells(stores.bells.clone(), shared.bus.clone(), bell.clone()));
                let way = Events { outboxes: stores.outboxes.clone(), bus: shared.bus.clone() };
                let look = move || gateway.recheck();
                self.until(stop, "rights", distrust(way, shared.bus.shaken(), clock.clone(), look));
                self.until(stop, "reconciler", reconciler::run(stores.outboxes.clone(), shared.clone(), clock));
                bell
            }
        };
        let (lease, alone, told_relay) = (stores.lease.clone(), stores.shared.is_none(), stop.clone());
        self.start("relay", async move {
            tokio::select! {
                never = relay.run(&*lease, bell) => match never {},
                () = told(told_relay) => {}
            }
            // What was written last is announced, too; what cannot be now is at the next start. In a cluster, whoever has
            // the lease next does it.
            if alone && let Err(error) = relay.drain().await {
                tracing::warn!(%error, "some events wait for the next start");
            }
            Ok(())
        });
        self.until(stop, "sweep", sweep(sweeps));
        let told_audit = told(stop.clone());
        self.start("audit", async move {
            tokio::select! {
                never = sealing.run() => match never {},
                () = told_audit => {}
            }
            // What was written down last is signed, too.
            sealing.finish().await;
            Ok(())
        });
    }

    /// Goes on until it is told to stop.
    fn until<T>(
        &mut self,
        stop: &watch::Receiver<bool>,
        name: &'static str,
        task: impl Future<Output = T> + Send + 'static,
    ) {
        let stop = stop.clone();
        self.start(name, async move {
            tokio::select! {
                _ = task => Err(io::Error::other("it has no end")),
                () = told(stop) => Ok(()),
            }
        });
    }

    fn start(&mut self, name: &'static str, task: impl Future<Output = io::Result<()>> + Send + 'static) {
        let handle = self.running.spawn(task);
        self.names.push((handle.id(), name));
    }

    /// Returns when a task ends that was not told to.
    pub(super) async fn fault(&mut self) -> Error {
        let (id, why) = match self.running.join_next_with_id().await {
            Some(Ok((id, Ok(())))) => (Some(id), "it ended".to_owned()),
            Some(Ok((id, Err(error)))) => (Some(id), error.to_string()),
            Some(Err(error)) => (Some(error.id()), error.to_string()),
            None => (None, "there is none".to_owned()),
        };
        let name = self.names.iter().find(|(known, _)| Some(*known) == id).map_or("a", |(_, name)| name);
        anyhow!("the {name} task is gone: {why}")
    }

    /// Waits for all of them, which were told to stop.
    pub(super) async fn finish(mut self) {
        while let Some(ended) = self.running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task did not end well");
            }
        }
    }
}

/// Whenever an event begins to wait here, tells the node that sends events on; and hears it where this is that node.
async fn bells(ours: Vec<Wake>, bus: Arc<bus::Nats>, bell: Wake) {
    let tell = join_all(ours.into_iter().map(async |our| {
        loop {
            our.rung().await;
            // At once, if it is this node; and it is no harm to ring twice.
            bell.ring();
            bus.ring().await;
        }
    }));
    let hear = async {
        let mut rings = bus.rings();
        loop {
            rings.rung().await;
            bell.ring();
        }
    };
    let (_, ()) = tokio::join!(tell, hear);
}

/// Lets each sweep do its work, now and every ten minutes.
async fn sweep(sweeps: Vec<Arc<dyn Sweep>>) {
    let mut tick = interval(SWEEP_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for sweep in &sweeps {
            match sweep.sweep().await {
                Ok(0) => {}
                Ok(forgotten) => tracing::debug!(sweep = sweep.name(), forgotten, "what was old is forgotten"),
                Err(failure) => tracing::warn!(sweep = sweep.name(), %failure, "what is old could not be forgotten"),
            }
        }
    }
}
