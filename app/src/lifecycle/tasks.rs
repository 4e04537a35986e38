//! What goes on by itself. Each task has a name and a way to stop; one that ends by itself ends the process, because
//! without it the rest would only look alive.

use std::{io, sync::Arc, time::Duration};

use anyhow::{Error, anyhow};
use kernel::ports::Sweep;
use storage::{Relay, sql::Wake};
use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::{MissedTickBehavior, interval},
};

use super::signals::told;

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

    /// Sends events on, and forgets what is old.
    pub(super) fn start_background(
        &mut self,
        relay: Relay,
        wake: Wake,
        sweeps: Vec<Arc<dyn Sweep>>,
        stop: watch::Receiver<bool>,
    ) {
        let told_relay = stop.clone();
        self.start("relay", async move {
            tokio::select! {
                never = relay.run(wake) => match never {},
                () = told(told_relay) => {}
            }
            // What was written last is announced, too; what cannot be now is at the next start.
            if let Err(error) = relay.drain().await {
                tracing::warn!(%error, "some events wait for the next start");
            }
            Ok(())
        });
        self.start("sweep", async move {
            tokio::select! {
                () = sweep(sweeps) => {}
                () = told(stop) => {}
            }
            Ok(())
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
