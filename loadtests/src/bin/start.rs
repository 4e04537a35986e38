//! From the start of the process to the file that says it takes calls: `start [times]`.
//!
//! It starts the `kith` that lies beside it, each time on a data folder that is not there yet; and as often on one that
//! a made-up community fills, where every start but the first also reads what the one before it left.
#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::time::{Instant, sleep};

/// Who is there, and what they wrote.
const ACCOUNTS: &str = "1000";
const POSTS: &str = "5000";
/// A start that takes so long has failed.
const WITHIN: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let times = std::env::args().nth(1).map_or(Ok(20), |times| times.parse::<u32>())?;
    let kith = std::env::current_exe()?.with_file_name("kith");
    ensure!(kith.is_file(), "build kith first");
    let folder = std::env::temp_dir().join(format!("kith-start-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let taken = both(&kith, &folder, times).await;
    fs::remove_dir_all(&folder)?;
    let (fresh, filled) = taken?;
    println!("| data folder | starts | median | lowest to highest |\n| --- | --: | --: | --: |");
    show("fresh", fresh);
    show("filled", filled);
    Ok(())
}

type Taken = Vec<Duration>;

async fn both(kith: &Path, folder: &Path, times: u32) -> Result<(Taken, Taken)> {
    let (mut fresh, mut again) = (Taken::new(), Taken::new());
    for number in 0..times {
        fresh.push(start(kith, &folder.join(format!("fresh-{number}"))).await?);
    }
    let filled = folder.join("filled");
    let mut seed = on(kith, &filled);
    let filling = seed.args(["seed", "--accounts", ACCOUNTS, "--posts", POSTS]).status()?;
    ensure!(filling.success(), "the community cannot be made up");
    for _ in 0..times {
        again.push(start(kith, &filled).await?);
    }
    Ok((fresh, again))
}

fn on(kith: &Path, data: &Path) -> Command {
    let mut command = Command::new(kith);
    command.env("KITH_LISTEN", "127.0.0.1:0").env("KITH_DATA_DIR", data).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Until the file is there. The process is told to stop as an operator would, so that the next finds what that leaves.
async fn start(kith: &Path, data: &Path) -> Result<Duration> {
    let ready = PathBuf::from(format!("{}.ready", data.display()));
    let mut command = on(kith, data);
    command.args(["serve", "--ready-file"]).arg(&ready);
    let began = Instant::now();
    let mut server = command.spawn().context("kith cannot be run")?;
    while !ready.is_file() {
        ensure!(server.try_wait()?.is_none(), "kith ended");
        ensure!(began.elapsed() < WITHIN, "kith is not ready");
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

fn show(name: &str, mut taken: Taken) {
    taken.sort_unstable();
    let at = |index: usize| taken.get(index).copied().unwrap_or_default();
    let (lowest, middle, highest) = (at(0), at(taken.len() / 2), at(taken.len().saturating_sub(1)));
    println!("| {name} | {} | {middle:.1?} | {lowest:.1?} to {highest:.1?} |", taken.len());
}
