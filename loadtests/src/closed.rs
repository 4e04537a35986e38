//! A closed loop over HTTP/1.1: each connection sends the next call when it has the last answer.

use std::{fs, str::FromStr, time::Duration};

use anyhow::{Context as _, Error, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

/// How many call at once.
const CONNECTIONS: usize = 64;

/// What is called.
#[derive(Debug, Clone)]
pub struct Target {
    /// What the table calls it.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// All bytes of a request.
    pub request: Vec<u8>,
}

/// `name|address|path|body|header|header..`, as the server tells it.
impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('|');
        let mut part = || parts.next().map(str::to_owned).context("name|address|path|body|headers");
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

/// What one round came to.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Calls a second.
    pub rate: f64,
    /// Microseconds of a core a call, in the serving process.
    pub cost: f64,
}

/// Calls this target that long.
///
/// # Errors
/// If an answer is no 200, or a connection breaks.
pub async fn run(target: &Target, server: u32, lasts: Duration) -> Result<Taken> {
    let (started, worked) = (Instant::now(), work(server)?);
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(connection(target.clone(), started + lasts));
    }
    // The caller never sleeps. To wake it would be the server's work, and the slower the server the oftener.
    let awake = tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut calls: u32 = 0;
    while let Some(made) = connections.join_next().await {
        calls = calls.saturating_add(made??);
    }
    awake.abort();
    let (took, worked) = (started.elapsed(), work(server)?.saturating_sub(worked));
    ensure!(calls > 0, "no call was answered");
    let calls = f64::from(calls);
    Ok(Taken { rate: calls / took.as_secs_f64(), cost: worked.as_secs_f64() * 1e6 / calls })
}

async fn connection(target: Target, until: Instant) -> Result<u32> {
    let mut socket = TcpStream::connect(&target.address).await?;
    socket.set_nodelay(true)?;
    let (mut calls, mut answer) = (0, vec![0; 64 * 1_024]);
    while Instant::now() < until {
        call(&mut socket, &target.request, &mut answer).await.with_context(|| target.name.clone())?;
        calls += 1;
    }
    Ok(calls)
}

/// Sends these bytes, and waits for all of the answer to them; its body.
///
/// # Errors
/// If the answer is no 200 or larger than its place, or the connection breaks.
pub async fn call<'a>(socket: &mut TcpStream, request: &[u8], answer: &'a mut [u8]) -> Result<&'a [u8]> {
    socket.write_all(request).await?;
    let mut read = 0;
    loop {
        let more = socket.read(answer.get_mut(read..).context("an answer this large")?).await?;
        ensure!(more > 0, "the server hung up");
        read += more;
        if let Some(body) = whole(answer.get(..read).unwrap_or_default())? {
            return Ok(answer.get(body..read).unwrap_or_default());
        }
    }
}

/// Where the body begins, if this is all of a good answer.
fn whole(got: &[u8]) -> Result<Option<usize>> {
    let Some(head) = got.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(got.get(..head).unwrap_or_default())?;
    ensure!(text.starts_with("HTTP/1.1 200"), "{text}\n{}", String::from_utf8_lossy(got));
    let length = text.split("content-length: ").nth(1).context("a length")?;
    let length: usize = length.split('\r').next().unwrap_or_default().parse()?;
    Ok((got.len() >= head + 4 + length).then_some(head + 4))
}

/// How long a process had a core so far, all threads of it.
fn work(process: u32) -> Result<Duration> {
    let mut nanos: u64 = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let told = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += told.split(' ').next().context("the kernel tells")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// The median.
#[must_use]
pub fn middle(taken: &[Taken], of: impl Fn(&Taken) -> f64) -> f64 {
    let mut all: Vec<f64> = taken.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The lowest and the highest.
#[must_use]
pub fn ends(taken: &[Taken], of: impl Fn(&Taken) -> f64) -> (f64, f64) {
    let both = |(low, high): (f64, f64), each: f64| (low.min(each), high.max(each));
    taken.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), both)
}
