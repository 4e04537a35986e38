//! Measures the time from the start of the process to its ready file: `start [times]`.
//!
//! It starts the `kith` in its own folder, each time with a new data folder, and as often with one that contains sample
//! data. There, every start but the first also recovers the state that the previous run left.
#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Instant, sleep};

/// Size of the sample data.
const ACCOUNTS: &str = "1000";
const POSTS: &str = "5000";
/// Maximum duration of a start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let times = std::env::args().nth(1).map_or(Ok(20), |times| times.parse::<u32>())?;
    let kith = std::env::current_exe()?.with_file_name("kith");
    ensure!(kith.is_file(), "build kith first");
    let folder = std::env::temp_dir().join(format!("kith-start-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let durations = measure(&kith, &folder, times).await;
    fs::remove_dir_all(&folder)?;
    let (fresh, filled) = durations?;
    println!("| data folder | starts | median | range |\n| --- | --: | --: | --: |");
    print_row("new", fresh);
    print_row("filled", filled);
    Ok(())
}

type Durations = Vec<Duration>;

async fn measure(kith: &Path, folder: &Path, times: u32) -> Result<(Durations, Durations)> {
    let (mut fresh, mut with_data) = (Durations::new(), Durations::new());
    for number in 0..times {
        fresh.push(start(kith, &folder.join(format!("fresh-{number}"))).await?);
    }
    let filled = folder.join("filled");
    let mut seed = command(kith, &filled);
    let status = seed.args(["seed", "--accounts", ACCOUNTS, "--posts", POSTS]).status()?;
    ensure!(status.success(), "failed to generate the sample data");
    for _ in 0..times {
        with_data.push(start(kith, &filled).await?);
    }
    Ok((fresh, with_data))
}

fn command(kith: &Path, data: &Path) -> Command {
    let mut command = Command::new(kith);
    command.env("KITH_LISTEN", "127.0.0.1:0").env("KITH_DATA_DIR", data).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts the server, waits for its ready file and returns the duration. The process is then stopped with SIGTERM, so
/// that the next start finds the state of a clean shutdown.
async fn start(kith: &Path, data: &Path) -> Result<Duration> {
    let ready = PathBuf::from(format!("{}.ready", data.display()));
    let mut command = command(kith, data);
    command.args(["serve", "--ready-file"]).arg(&ready);
    let began = Instant::now();
    let mut server = command.spawn().context("failed to run kith")?;
    while !ready.is_file() {
        ensure!(server.try_wait()?.is_none(), "kith exited");
        ensure!(began.elapsed() < START_TIMEOUT, "kith is not ready");
        sleep(Duration::from_millis(1)).await;
    }
    let took = began.elapsed();
    stop(&mut server)?;
    fs::remove_file(&ready)?;
    Ok(took)
}

fn stop(server: &mut Child) -> Result<()> {
    let process = rustix::process::Pid::from_child(server);
    rustix::process::kill_process(process, rustix::process::Signal::TERM)?;
    server.wait()?;
    Ok(())
}

fn print_row(name: &str, mut durations: Durations) {
    durations.sort_unstable();
    let at = |index: usize| durations.get(index).copied().unwrap_or_default();
    let (lowest, median, highest) = (at(0), at(durations.len() / 2), at(durations.len().saturating_sub(1)));
    println!("| {name} | {} | {median:.1?} | {lowest:.1?} to {highest:.1?} |", durations.len());
}
