//! The process of a measured server.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Instant, sleep};

/// A server process. It is killed on drop.
pub struct Server {
    child: Child,
    /// Port on the loopback interface.
    pub port: u16,
}

impl Server {
    /// Starts the server and waits until it accepts connections.
    ///
    /// # Errors
    /// If the program cannot be run, or does not accept connections within ten seconds.
    pub async fn start(mut command: Command, port: u16) -> Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server = Self { child: child.with_context(|| format!("failed to run {command:?}"))?, port };
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            ensure!(server.child.try_wait()?.is_none(), "{command:?} exited");
            ensure!(started.elapsed() < Duration::from_secs(10), "{command:?} does not listen");
            sleep(Duration::from_millis(10)).await;
        }
        Ok(server)
    }

    /// CPU time used until now.
    ///
    /// # Errors
    /// If the process has exited.
    pub fn cpu_time(&self) -> Result<Duration> {
        cpu_time(&self.child.id().to_string())
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// If the process has exited.
    pub fn resident(&self) -> Result<u32> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("unexpected format of /proc/<pid>/stat")?;
        let kilobytes: u32 = line.trim().trim_end_matches("kB").trim_end().parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killing fails if the process has exited, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time that this process has used until now.
///
/// # Errors
/// If `/proc` cannot be read.
pub fn own_cpu_time() -> Result<Duration> {
    cpu_time("self")
}

/// CPU time of all threads of a process, with a resolution of 10 ms.
fn cpu_time(process: &str) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The program name is in parentheses and can contain spaces. Fields 12 and 13 after it are user and system time.
    let (_, fields) = stat.rsplit_once(')').context("unexpected format of /proc/<pid>/stat")?;
    let spent = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    let ticks: u32 = spent.sum::<Result<u32, _>>()?;
    let second = u32::try_from(rustix::param::clock_ticks_per_second())?;
    Ok(Duration::from_secs(1) * ticks / second)
}

/// Returns a port that is currently free.
///
/// # Errors
/// If no port is free.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Raises the limit of open files for this process and its children.
///
/// # Errors
/// If the hard limit is lower.
pub fn raise_file_limit(count: u64) -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    ensure!(maximum.is_none_or(|limit| limit >= count), "raise the hard limit of open files to {count}: ulimit -Hn");
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum })?)
}
