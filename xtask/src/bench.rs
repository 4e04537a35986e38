//! Builds and runs the benchmarks. `docs/performance.md` has the results and their interpretation.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{process::run as run_command, root, servers, target, tools};

/// Cargo profile of shipped binaries. Benchmarks measure what is shipped.
const PROFILE: &str = "dist";

/// Runs a benchmark from the folder of built binaries, with command-line arguments.
type Benchmark = fn(&Path, &[&str]) -> Result<()>;

/// Builds the server and the load clients, and runs the named benchmark with the remaining arguments, or all of them.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let benchmarks: &[Benchmark] = match arguments.first().copied() {
        None => &[unary, sockets, start, stores, work],
        Some("unary") => &[unary],
        Some("sockets") => &[sockets],
        Some("start") => &[start],
        Some("stores") => &[stores],
        Some("work") => &[work],
        Some(other) => bail!("unknown benchmark {other}: use unary, sockets, start, stores or work"),
    };
    let build = ["build", "--profile", PROFILE, "--locked", "--package", "kith-app", "--package", "kith-loadtests"];
    run_command(Command::new("cargo").args(build).current_dir(root()?))?;
    let binaries = target()?.join(PROFILE);
    benchmarks.iter().try_for_each(|benchmark| benchmark(&binaries, arguments.get(1..).unwrap_or_default()))
}

fn unary(binaries: &Path, arguments: &[&str]) -> Result<()> {
    run_command(Command::new(binaries.join("unary")).args(arguments))
}

/// Compares the gateway with Bun, nats-server and gateways of other builds that the arguments name.
fn sockets(binaries: &Path, arguments: &[&str]) -> Result<()> {
    let (bun, nats) = (tools::bun()?, tools::nats()?);
    let others = [format!("bun={}", bun.display()), format!("nats={}", nats.display())];
    run_command(Command::new(binaries.join("sockets")).args(arguments).args(others))
}

fn start(binaries: &Path, arguments: &[&str]) -> Result<()> {
    run_command(Command::new(binaries.join("start")).args(arguments))
}

fn work(binaries: &Path, arguments: &[&str]) -> Result<()> {
    run_command(Command::new(binaries.join("work")).args(arguments))
}

/// Measures embedded mode, and cluster mode on the servers that the environment names or this task starts.
fn stores(binaries: &Path, arguments: &[&str]) -> Result<()> {
    let servers = servers::start()?;
    run_command(Command::new(binaries.join("stores")).args(arguments).envs(servers.variables.iter().cloned()))
}
