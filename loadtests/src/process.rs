//! A server that is measured, as a process.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Instant, sleep};

/// A server. It is killed when this is dropped.
pub struct Server {
    child: Child,
    /// Where it listens, on the loopback.
    pub port: u16,
}

impl Server {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// If it cannot be run, or does not listen within ten seconds.
    pub async fn start(mut command: Command, port: u16) -> Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server = Self { child: child.with_context(|| format!("{command:?} cannot be run"))?, port };
        let asked = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            ensure!(server.child.try_wait()?.is_none(), "{command:?} ended");
            ensure!(asked.elapsed() < Duration::from_secs(10), "{command:?} does not listen");
            sleep(Duration::from_millis(10)).await;
        }
        Ok(server)
    }

    /// For how long it had a core so far.
    ///
    /// # Errors
    /// If it is gone.
    pub fn worked(&self) -> Result<Duration> {
        worked(&self.child.id().to_string())
    }

    /// How much memory it has, in bytes.
    ///
    /// # Errors
    /// If it is gone.
    pub fn resident(&self) -> Result<u32> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the kernel tells")?;
        let kilobytes: u32 = line.trim().trim_end_matches("kB").trim_end().parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// For how long this process had a core so far.
///
/// # Errors
/// If the kernel does not tell.
pub fn own_work() -> Result<Duration> {
    worked("self")
}

/// All threads of it, in steps of a hundredth of a second.
fn worked(process: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name stands in brackets and may have spaces; of what follows it, the 12th and the 13th are user and system.
    let (_, told) = stat.rsplit_once(')').context("the kernel tells")?;
    let spent = told.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let ticks: u32 = spent.sum::<Result<u32, _>>()?;
    let second = u32::try_from(rustix::param::clock_ticks_per_second())?;
    Ok(Duration::from_secs(1) * ticks / second)
}

/// A port that was free a moment ago.
///
/// # Errors
/// If there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Lets this process, and those it starts, have so many files open.
///
/// # Errors
/// If that is more than the system allows.
pub fn allow_files(many: u64) -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    ensure!(maximum.is_none_or(|most| most >= many), "raise the hard limit of open files to {many}: ulimit -Hn");
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(many), maximum })?)
}
