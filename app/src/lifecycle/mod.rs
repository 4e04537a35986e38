//! From a configuration to a server that takes calls, and back to nothing.
//!
//! | file | holds |
//! | --- | --- |
//! | here | serving: the order in which things begin and end |
//! | [`beside`] | what a command needs that works beside a server |
//! | [`kept`] | where everything is kept: a folder, or the servers of a cluster |
//! | [`data`] | the folder: who may use it |
//! | [`settings`] | what the operator chose, in the words of the parts |
//! | `reconciler` | publishes again what the bus of a cluster has lost |
//! | `settling` | until when connections do not rely on what they knew |
//! | `tasks` | what goes on by itself: each with a name, and a way to stop |
//! | `signals` | when to stop, and when to stop at once |

pub mod beside;
pub mod data;
pub mod kept;
mod reconciler;
pub mod settings;
mod settling;
mod signals;
mod tasks;

use std::{io, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use kith_kernel::{SystemClock, SystemEntropy};
use tokio::{net::TcpListener, sync::watch};

use self::{kept::Kept, tasks::Tasks};
use crate::{
    cli::{
        banner,
        ready::{Ready, local_url},
    },
    config::Loaded,
    http::{self, Care},
    wiring::{App, World},
};

/// The world as it is: the machine's clock and entropy, and the secrets of this data folder.
///
/// # Errors
/// If the secrets cannot be read or made.
pub fn world(loaded: &Loaded) -> Result<World> {
    let entropy = Arc::new(SystemEntropy);
    let ring = settings::ring(&loaded.config, entropy.clone())?;
    Ok(World { clock: Arc::new(SystemClock), entropy, ring: Arc::new(ring) })
}

/// Serves until the process is told to stop; then lets everybody finish.
///
/// # Errors
/// Whatever keeps it from beginning, and a task that ends by itself.
pub async fn serve(loaded: &Loaded, ready_file: Option<PathBuf>) -> Result<()> {
    let config = &loaded.config;
    let world = world(loaded)?;
    let kept = Kept::open(config, &world).await?;
    kept.migrate().await?;
    let listener = TcpListener::bind(config.listen);
    let listener = listener.await.with_context(|| format!("{} cannot be listened to", config.listen))?;
    let here = listener.local_addr()?;
    let url = config.public_url.as_ref().map_or_else(|| local_url(here), |url| url.text().to_owned());
    let settings = settings::of(config, &url)?;
    tell_of_dead_letters(&kept, &world).await?;
    let stores = kept.stores(&world, &settings)?;
    let app = App::wire(&stores, &world, &settings).await?;

    let (stop, stopped) = watch::channel(false);
    let gateway = app.edges.gateway.clone();
    let is_ready = app.edges.ready.clone();
    let care = Care { head: config.http.head_timeout, farewell: config.http.drain_window, ..Care::default() };
    let mut tasks = Tasks::default();
    tasks.start_http(http::connection::serve(listener, app.edges.http.clone(), care, signals::told(stopped.clone())));
    tasks.start_background(app.edges, &stores, world.clock.clone(), &stopped);

    is_ready.send_replace(true);
    tell_where(&Ready::at(&url, here, config.data_dir.clone()), loaded, ready_file)?;

    let ended = tokio::select! {
        signal = signals::first() => signal.map(|()| tracing::info!("told to stop: calls in progress are finished")),
        fault = tasks.fault() => Err(fault),
    };
    is_ready.send_replace(false);
    let goodbye = async {
        stop.send_replace(true);
        gateway.drain(config.http.drain_window).await;
        tasks.finish().await;
        kept.close().await;
    };
    tokio::select! {
        () = goodbye => tracing::info!("everybody is gone, everything is written"),
        again = signals::first() => {
            again?;
            tracing::warn!("told again to stop: calls in progress are cut off");
        }
    }
    ended
}

/// Says where everything is: to the log, to programs, and to people.
fn tell_where(ready: &Ready, loaded: &Loaded, ready_file: Option<PathBuf>) -> Result<()> {
    tracing::info!(listen = %ready.listen, url = ready.url, "calls are taken");
    if let Some(file) = ready_file {
        ready.write(&file).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    if banner::wanted(&loaded.config) {
        banner::print(ready, loaded.file.as_deref(), &mut io::stdout())?;
    }
    Ok(())
}

/// Says how many events wait for somebody to look at them: the line of each may have left the log.
async fn tell_of_dead_letters(kept: &Kept, world: &World) -> Result<()> {
    let given_up = kept.letters(world.clock.clone()).count().await?;
    if given_up > 0 {
        tracing::warn!(given_up, "events were given up; see `kith events list`");
    }
    Ok(())
}
