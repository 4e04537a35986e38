//! Checks files that no compiler reads: Dockerfile, GitHub workflow, Taskfile and Compose file.

use std::process::Command;

use anyhow::Result;

use crate::{
    process::{read, run},
    root, tools,
};

/// # Errors
/// If a file is invalid or a linter cannot be installed.
pub(super) fn check() -> Result<()> {
    let root = root()?;
    run(Command::new(tools::hadolint()?).arg("deploy/docker/Dockerfile").current_dir(&root))?;
    run(Command::new(tools::actionlint()?).current_dir(&root))?;
    // Listing parses the whole file.
    read(Command::new(tools::task()?).args(["--list-all", "--silent"]).current_dir(&root))?;
    // The parser of Compose itself. It needs no container engine.
    read(
        Command::new(tools::compose()?).arg("docker-compose.yml").env("COMPOSE_PROFILES", "nodes").current_dir(&root),
    )?;
    Ok(())
}
