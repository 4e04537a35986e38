//! Closed-loop load over HTTP/1.1: each connection sends the next call when it has the response to the last one.

use std::{fs, str::FromStr, time::Duration};

use anyhow::{Context as _, Error, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

/// Number of concurrent connections.
const CONNECTIONS: usize = 64;

/// Server and request to measure.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: String,
    pub address: String,
    /// HTTP request in its wire format.
    pub request: Vec<u8>,
}

/// Parses `name|address|path|body|header|header..`, the format that the server prints.
impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('|');
        let mut part = || parts.next().map(str::to_owned).context("expected name|address|path|body|headers");
        let (name, address, path, body) = (part()?, part()?, part()?, part()?);
        let headers = parts.fold(String::new(), |text, header| text + header + "\r\n");
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             {headers}\r\n{body}"
        );
        Ok(Self { name, address, request: request.into_bytes() })
    }
}

/// Result of one round.
#[derive(Debug, Clone, Copy)]
pub struct Measurement {
    /// Calls per second.
    pub rate: f64,
    /// CPU time per call in the server process, in microseconds.
    pub cost: f64,
}

/// Calls the target for a duration.
///
/// # Errors
/// If a response is not 200, or a connection breaks.
pub async fn run(target: &Target, server: u32, duration: Duration) -> Result<Measurement> {
    let (started, cpu_before) = (Instant::now(), cpu_time(server)?);
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(connection(target.clone(), started + duration));
    }
    // The caller never sleeps. Waking it would cost the server time, and more often the slower the server is.
    let busy_loop = tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut calls: u32 = 0;
    while let Some(completed) = connections.join_next().await {
        calls = calls.saturating_add(completed??);
    }
    busy_loop.abort();
    let (elapsed, cpu) = (started.elapsed(), cpu_time(server)?.saturating_sub(cpu_before));
    ensure!(calls > 0, "no call was completed");
    let calls = f64::from(calls);
    Ok(Measurement { rate: calls / elapsed.as_secs_f64(), cost: cpu.as_secs_f64() * 1e6 / calls })
}

async fn connection(target: Target, until: Instant) -> Result<u32> {
    let mut socket = TcpStream::connect(&target.address).await?;
    socket.set_nodelay(true)?;
    let (mut calls, mut response) = (0, vec![0; 64 * 1_024]);
    while Instant::now() < until {
        call(&mut socket, &target.request, &mut response).await.with_context(|| target.name.clone())?;
        calls += 1;
    }
    Ok(calls)
}

/// Sends a request, reads the whole response into `response` and returns its body.
///
/// # Errors
/// If the response is not 200 or larger than the buffer, or the connection breaks.
pub async fn call<'a>(socket: &mut TcpStream, request: &[u8], response: &'a mut [u8]) -> Result<&'a [u8]> {
    socket.write_all(request).await?;
    let mut read = 0;
    loop {
        let more = socket.read(response.get_mut(read..).context("response is larger than the buffer")?).await?;
        ensure!(more > 0, "the server closed the connection");
        read += more;
        if let Some(body) = body_offset(response.get(..read).unwrap_or_default())? {
            return Ok(response.get(body..read).unwrap_or_default());
        }
    }
}

/// Returns the offset of the body, or `None` if the response is incomplete.
fn body_offset(received: &[u8]) -> Result<Option<usize>> {
    let Some(head) = received.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(received.get(..head).unwrap_or_default())?;
    ensure!(text.starts_with("HTTP/1.1 200"), "{text}\n{}", String::from_utf8_lossy(received));
    let length = text.split("content-length: ").nth(1).context("no content-length")?;
    let length: usize = length.split('\r').next().unwrap_or_default().parse()?;
    Ok((received.len() >= head + 4 + length).then_some(head + 4))
}

/// CPU time of all threads of a process, in nanoseconds.
fn cpu_time(process: u32) -> Result<Duration> {
    let mut nanos: u64 = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += stat.split(' ').next().context("empty schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// Median of a value over all rounds.
#[must_use]
pub fn median(rounds: &[Measurement], value: impl Fn(&Measurement) -> f64) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(value).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Minimum and maximum of a value over all rounds.
#[must_use]
pub fn min_max(rounds: &[Measurement], value: impl Fn(&Measurement) -> f64) -> (f64, f64) {
    let both = |(low, high): (f64, f64), each: f64| (low.min(each), high.max(each));
    rounds.iter().map(value).fold((f64::INFINITY, f64::NEG_INFINITY), both)
}
