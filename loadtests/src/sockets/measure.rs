//! Measurements of one server: memory, throughput and latency.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Duration, Instant, sleep};

use super::{
    poll_delay::{self, PollDelay},
    publisher::Publishers,
    subscribers::Subscribers,
};
use crate::{
    peer::Peer,
    process::{Server, own_cpu_time},
};

/// Number of idle connections.
const IDLE: u32 = 10_000;
/// Number of connections that receive all messages.
const BUSY: u32 = 1_000;
/// Delay before a measurement, in which new connections settle and caches fill.
const WARM_UP: Duration = Duration::from_secs(1);
const THROUGHPUT_DURATION: Duration = Duration::from_secs(4);
const LATENCY_DURATION: Duration = Duration::from_secs(6);
/// Interval of 50 messages per second.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(20);
/// Maximum share of its core that the client can use. A saturated client would measure itself.
const MAX_CLIENT_LOAD: f64 = 0.9;

/// Result of one round.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Memory of an idle connection, in kB (1000 bytes).
    pub memory: f64,
    /// Deliveries per second of CPU time of the server.
    pub deliveries: f64,
    /// Share of its core that the client used in the throughput measurement.
    pub client: f64,
    /// Share of its core that the server uses at 50 messages per second.
    pub server_load: f64,
    /// Delay from the due time of a message to its receipt, in milliseconds: p50, p99 and p99.9.
    pub delays: [f64; 3],
}

/// Runs all measurements once, on newly started servers.
///
/// # Errors
/// If the server closes a connection, or the client is saturated.
pub async fn round(peer: &Peer, folder: &Path) -> Result<Round> {
    let memory = idle(&peer.start(folder).await?, peer).await?;
    let server = peer.start(folder).await?;
    let subscribers = Subscribers::connect(peer.protocol, server.port, BUSY).await?;
    poll_delay::set(PollDelay::Enabled);
    let throughput = throughput(&server, &subscribers).await;
    poll_delay::set(PollDelay::Disabled);
    let (deliveries, client) = throughput?;
    let (server_load, delays) = latency(&server, &subscribers).await?;
    Ok(Round { memory, deliveries, client, server_load, delays })
}

async fn idle(server: &Server, peer: &Peer) -> Result<f64> {
    let before = server.resident()?;
    let subscribers = Subscribers::connect(peer.protocol, server.port, IDLE).await?;
    sleep(2 * WARM_UP).await;
    subscribers.state.check_connected()?;
    let grown = server.resident()?.saturating_sub(before);
    Ok(f64::from(grown) / f64::from(IDLE) / 1000.0)
}

/// Measures deliveries per CPU second in a closed loop, and the load of the client.
async fn throughput(server: &Server, subscribers: &Subscribers) -> Result<(f64, f64)> {
    let mut publishers = Publishers::closed_loop(subscribers, server.port).await?;
    sleep(WARM_UP).await;
    let (began, delivered) = (Instant::now(), subscribers.state.delivered());
    let (cpu_before, own_before) = (server.cpu_time()?, own_cpu_time()?);
    sleep(THROUGHPUT_DURATION).await;
    let (delivered, elapsed) = (subscribers.state.delivered() - delivered, began.elapsed());
    let (cpu, own) = (server.cpu_time()?.saturating_sub(cpu_before), own_cpu_time()?.saturating_sub(own_before));
    publishers.check_connected()?;
    subscribers.state.check_connected()?;
    let client = own.div_duration_f64(elapsed);
    ensure!(client <= MAX_CLIENT_LOAD, "the client used {:.0} % of its core: the result is invalid", client * 100.0);
    Ok((f64::from(u32::try_from(delivered)?) / cpu.as_secs_f64(), client))
}

/// Measures latency and server load at a fixed rate.
async fn latency(server: &Server, subscribers: &Subscribers) -> Result<(f64, [f64; 3])> {
    // Messages of the throughput measurement must not be counted.
    sleep(WARM_UP).await;
    let mut publishers = Publishers::open_loop(subscribers, server.port, PUBLISH_INTERVAL).await?;
    sleep(WARM_UP).await;
    subscribers.state.delays.replace(Some(Vec::new()));
    let (began, cpu_before) = (Instant::now(), server.cpu_time()?);
    sleep(LATENCY_DURATION).await;
    let server_load = server.cpu_time()?.saturating_sub(cpu_before).div_duration_f64(began.elapsed());
    let mut delays = subscribers.state.delays.take().context("delays were not recorded")?;
    publishers.check_connected()?;
    subscribers.state.check_connected()?;
    delays.sort_unstable();
    let at = |thousandths: usize| delays.get(delays.len() * thousandths / 1000).copied();
    let [p50, p99, p999] = [500, 990, 999].map(|it| at(it).map(|micros| f64::from(micros) / 1000.0));
    let none = "no message was delivered";
    Ok((server_load, [p50.context(none)?, p99.context(none)?, p999.context(none)?]))
}
