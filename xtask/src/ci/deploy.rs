//! The files that no compiler reads: how Kith is put into containers, what CI does, and what developers type.

use std::process::Command;

use anyhow::Result;

use crate::{
    process::{read, run},
    root, tools,
};

/// # Errors
/// One of them has a fault, or what reads it cannot be had.
pub(super) fn check() -> Result<()> {
    let root = root()?;
    run(Command::new(tools::hadolint()?).arg("deploy/docker/Dockerfile").current_dir(&root))?;
    run(Command::new(tools::actionlint()?).current_dir(&root))?;
    // It reads the whole file to know what to list.
    read(Command::new(tools::task()?).args(["--list-all", "--silent"]).current_dir(&root))?;
    // What Compose itself reads its files by. It needs no engine.
    read(
        Command::new(tools::compose()?).arg("docker-compose.yml").env("COMPOSE_PROFILES", "nodes").current_dir(&root),
    )?;
    Ok(())
}
