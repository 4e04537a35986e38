//! What is asked of a server.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Duration, Instant, sleep};

use super::{
    crowd::Crowd,
    nap::{Nap, may},
    publisher::Publishers,
};
use crate::{
    peer::Peer,
    process::{Server, own_work},
};

/// Sessions that are open and hear nothing.
const IDLE: u32 = 10_000;
/// Sessions that hear everything.
const BUSY: u32 = 1_000;
/// Before anything is counted: what is opened comes to rest, what is fast gets warm.
const WARM: Duration = Duration::from_secs(1);
const FULL: Duration = Duration::from_secs(4);
const TRICKLE: Duration = Duration::from_secs(6);
/// 50 messages a second.
const EVERY: Duration = Duration::from_millis(20);
/// Of its core: a client that has no more to give measures itself.
const CLIENT_AT_MOST: f64 = 0.9;

/// What one round came to.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Memory of an idle session, in kilobytes of 1000 bytes.
    pub memory: f64,
    /// Messages to one listener, for each second that the server had a core.
    pub deliveries: f64,
    /// How much of its core the client needed for it.
    pub client: f64,
    /// How much of its core the server needs at 50 messages a second.
    pub trickle: f64,
    /// Milliseconds from when a message was due to when a listener had it: half, 99 of 100, 999 of 1000.
    pub delays: [f64; 3],
}

/// Asks everything once, of servers that are fresh.
///
/// # Errors
/// If the server cuts somebody, or the client has no time left.
pub async fn round(peer: &Peer, folder: &Path) -> Result<Round> {
    let memory = idle(&peer.start(folder).await?, peer).await?;
    let server = peer.start(folder).await?;
    let crowd = Crowd::gather(peer.dialect, server.port, BUSY).await?;
    may(Nap::Now);
    let full = full(&server, &crowd).await;
    may(Nap::Never);
    let (deliveries, client) = full?;
    let (trickle, delays) = trickle(&server, &crowd).await?;
    Ok(Round { memory, deliveries, client, trickle, delays })
}

async fn idle(server: &Server, peer: &Peer) -> Result<f64> {
    let before = server.resident()?;
    let crowd = Crowd::gather(peer.dialect, server.port, IDLE).await?;
    sleep(2 * WARM).await;
    crowd.ears.all_there()?;
    let grown = server.resident()?.saturating_sub(before);
    Ok(f64::from(grown) / f64::from(IDLE) / 1000.0)
}

/// A closed loop: how much the server does with the time that it takes.
async fn full(server: &Server, crowd: &Crowd) -> Result<(f64, f64)> {
    let mut publishers = Publishers::closed(crowd, server.port).await?;
    sleep(WARM).await;
    let (began, heard) = (Instant::now(), crowd.ears.delivered());
    let (worked, own) = (server.worked()?, own_work()?);
    sleep(FULL).await;
    let (heard, took) = (crowd.ears.delivered() - heard, began.elapsed());
    let (worked, own) = (server.worked()?.saturating_sub(worked), own_work()?.saturating_sub(own));
    publishers.all_there()?;
    crowd.ears.all_there()?;
    let client = own.div_duration_f64(took);
    ensure!(client <= CLIENT_AT_MOST, "the client needed {:.0} % of its core: nothing is known", client * 100.0);
    Ok((f64::from(u32::try_from(heard)?) / worked.as_secs_f64(), client))
}

/// An open loop: how long it takes when there is time.
async fn trickle(server: &Server, crowd: &Crowd) -> Result<(f64, [f64; 3])> {
    // What is under way from before is not of this.
    sleep(WARM).await;
    let mut publishers = Publishers::open(crowd, server.port, EVERY).await?;
    sleep(WARM).await;
    crowd.ears.delays.replace(Some(Vec::new()));
    let (began, worked) = (Instant::now(), server.worked()?);
    sleep(TRICKLE).await;
    let busy = server.worked()?.saturating_sub(worked).div_duration_f64(began.elapsed());
    let mut delays = crowd.ears.delays.take().context("they were wanted")?;
    publishers.all_there()?;
    crowd.ears.all_there()?;
    delays.sort_unstable();
    let at = |thousandths: usize| delays.get(delays.len() * thousandths / 1000).copied();
    let [half, most, nearly_all] = [500, 990, 999].map(|it| at(it).map(|micros| f64::from(micros) / 1000.0));
    let none = "nothing was heard";
    Ok((busy, [half.context(none)?, most.context(none)?, nearly_all.context(none)?]))
}
