//! Start and shutdown of the server.
//!
//! | file | content |
//! | --- | --- |
//! | here | the server: order of start and shutdown |
//! | [`backend`] | opened storage: a data folder, or the servers of a cluster |
//! | [`data_dir`] | the data folder and its lock |
//! | [`offline`] | databases for commands that can run next to a server |
//! | [`settings`] | translation of the configuration into settings of the components |
//! | [`ready_file`], `banner` | addresses of the running server, for programs and for people |
//! | `reconciler` | republishes events that the broker of a cluster has lost |
//! | `revalidation` | revalidates permissions after a broker reconnect |
//! | `tasks` | background tasks with names and stops |
//! | `signals` | shutdown signals |

pub mod backend;
mod banner;
pub mod data_dir;
pub mod offline;
pub mod ready_file;
mod reconciler;
mod revalidation;
pub mod settings;
mod signals;
mod tasks;

use std::{io, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use kith_kernel::{SystemClock, SystemEntropy};
use tokio::{net::TcpListener, sync::watch};

use self::{
    backend::Backend,
    ready_file::{ServerInfo, local_url},
    tasks::Tasks,
};
use crate::{
    config::LoadedConfig,
    http::{self, ConnectionLimits},
    wiring::{App, RuntimeContext},
};

/// Clock and randomness of the operating system, and the keys derived from the configured or stored secrets.
///
/// # Errors
/// If the secrets cannot be read or generated.
pub fn runtime_context(loaded: &LoadedConfig) -> Result<RuntimeContext> {
    let entropy = Arc::new(SystemEntropy);
    let ring = settings::key_ring(&loaded.config, entropy.clone())?;
    Ok(RuntimeContext { clock: Arc::new(SystemClock), entropy, ring: Arc::new(ring) })
}

/// Runs the server until a shutdown signal, then drains it.
///
/// # Errors
/// Errors of the start, and a task that ends unexpectedly.
pub async fn serve(loaded: &LoadedConfig, ready_file: Option<PathBuf>) -> Result<()> {
    let config = &loaded.config;
    let runtime = runtime_context(loaded)?;
    let backend = Backend::open(config, &runtime).await?;
    backend.migrate().await?;
    let listener = TcpListener::bind(config.listen);
    let listener = listener.await.with_context(|| format!("failed to listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let url = config.public_url.as_ref().map_or_else(|| local_url(address), |url| url.as_str().to_owned());
    let settings = settings::server_settings(config, &url)?;
    warn_about_dead_letters(&backend, &runtime).await?;
    let stores = backend.stores(&runtime, &settings)?;
    let app = App::wire(&stores, &runtime, &settings).await?;

    let (stop, stopped) = watch::channel(false);
    let gateway = app.entrypoints.gateway.clone();
    let is_ready = app.entrypoints.ready.clone();
    let limits = ConnectionLimits {
        header_timeout: config.http.header_timeout,
        drain_timeout: config.http.drain_timeout,
        ..ConnectionLimits::default()
    };
    let mut tasks = Tasks::default();
    tasks.start_http(http::connection::serve(
        listener,
        app.entrypoints.http.clone(),
        limits,
        signals::stopped(stopped.clone()),
    ));
    tasks.start_background(app.entrypoints, &stores, runtime.clock.clone(), &stopped);

    is_ready.send_replace(true);
    announce_ready(&ServerInfo::new(&url, address, config.data_dir.clone()), loaded, ready_file)?;

    let result = tokio::select! {
        signal = signals::first_signal() => {
            signal.map(|signal| tracing::info!(signal, "shutdown signal received, draining"))
        }
        failure = tasks.first_failure() => Err(failure),
    };
    is_ready.send_replace(false);
    let shutdown = async {
        stop.send_replace(true);
        gateway.drain(config.http.drain_timeout).await;
        tasks.join().await;
        backend.close().await;
    };
    tokio::select! {
        () = shutdown => tracing::info!("shutdown complete"),
        signal = signals::first_signal() => {
            tracing::warn!(signal = signal?, "second shutdown signal received, exiting now");
        }
    }
    result
}

/// Announces the addresses in the log, in the ready file and on standard output.
fn announce_ready(server: &ServerInfo, loaded: &LoadedConfig, ready_file: Option<PathBuf>) -> Result<()> {
    tracing::info!(listen = %server.listen, url = server.url, "server ready");
    if let Some(file) = ready_file {
        server.write(&file).with_context(|| format!("failed to write {}", file.display()))?;
    }
    if banner::is_enabled(&loaded.config) {
        banner::print(server, loaded.file.as_deref(), &mut io::stdout())?;
    }
    Ok(())
}

/// Logs the number of dead letters, because the log lines of the individual events may have been rotated away.
async fn warn_about_dead_letters(backend: &Backend, runtime: &RuntimeContext) -> Result<()> {
    let dead_letters = backend.dead_letters(runtime.clock.clone()).count().await?;
    if dead_letters > 0 {
        tracing::warn!(dead_letters, "dead letters present; see `kith events list`");
    }
    Ok(())
}
