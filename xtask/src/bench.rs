//! What things cost, measured on this machine. `docs/performance.md` has the figures, and says how they are to be read.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::{process::run as run_command, root, servers, tools};

/// Runs a client of those that were built, with these arguments.
type Client = fn(&Path, &[&str]) -> Result<()>;

/// Builds the program and its load clients and runs the named one with the arguments after its name, or all of them.
pub(crate) fn run(asked: &[&str]) -> Result<()> {
    let clients: &[Client] = match asked.first().copied() {
        None => &[unary, sockets, start, stores, work],
        Some("unary") => &[unary],
        Some("sockets") => &[sockets],
        Some("start") => &[start],
        Some("stores") => &[stores],
        Some("work") => &[work],
        Some(other) => bail!("there is no {other}: unary, sockets, start, stores, work"),
    };
    let root = root()?;
    let build = ["build", "--release", "--locked", "--package", "app", "--package", "loadtests"];
    run_command(Command::new("cargo").args(build).current_dir(&root))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    clients.iter().try_for_each(|client| client(&target.join("release"), asked.get(1..).unwrap_or_default()))
}

fn unary(built: &Path, arguments: &[&str]) -> Result<()> {
    run_command(Command::new(built.join("unary")).args(arguments))
}

/// Beside others of their kind, and gateways of other builds that the arguments name.
fn sockets(built: &Path, arguments: &[&str]) -> Result<()> {
    let (bun, nats) = (tools::bun()?, tools::nats()?);
    let others = [format!("bun={}", bun.display()), format!("nats={}", nats.display())];
    run_command(Command::new(built.join("sockets")).args(arguments).args(others))
}

fn start(built: &Path, arguments: &[&str]) -> Result<()> {
    run_command(Command::new(built.join("start")).args(arguments))
}

fn work(built: &Path, arguments: &[&str]) -> Result<()> {
    run_command(Command::new(built.join("work")).args(arguments))
}

/// On one file, and on the servers that the environment names or this machine runs.
fn stores(built: &Path, arguments: &[&str]) -> Result<()> {
    let servers = servers::start()?;
    run_command(Command::new(built.join("stores")).args(arguments).envs(servers.variables.iter().cloned()))
}
