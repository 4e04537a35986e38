//! Pins server and client to different cores, if there are two cores and `taskset` is installed.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

/// Core of the measured server.
pub const SERVER: usize = 0;
/// Core of the load client.
pub const CLIENT: usize = 1;

/// Command that runs a program on one core.
#[must_use]
pub fn pinned_command(core: usize, program: &Path) -> Command {
    if !can_pin() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args([OsStr::new("--cpu-list"), OsStr::new(&core.to_string()), program.as_os_str()]);
    command
}

/// Returns true if server and client can have a core each.
#[must_use]
pub fn can_pin() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // A process that is pinned to the client's core sees one core.
    (cores > CLIENT || std::env::var_os(PINNED).is_some())
        && Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// Environment variable that marks the pinned process.
const PINNED: &str = "LOADTESTS_PINNED";

/// Runs this program again on the client's core and waits for it, unless this process is pinned or cannot be.
///
/// # Errors
/// If the pinned process fails.
pub fn place_client() -> Result<ClientPlacement> {
    if std::env::var_os(PINNED).is_some() || !can_pin() {
        return Ok(ClientPlacement::ThisProcess);
    }
    let mut pinned = pinned_command(CLIENT, &std::env::current_exe()?);
    if !pinned.args(std::env::args_os().skip(1)).env(PINNED, "1").status()?.success() {
        bail!("the client failed");
    }
    Ok(ClientPlacement::PinnedProcess)
}

/// Process that runs the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientPlacement {
    /// This process must run the benchmark.
    ThisProcess,
    /// The pinned process has run the benchmark.
    PinnedProcess,
}
