//! One core for who serves and one for who calls, where there are two and `taskset` is there.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

/// Where servers run.
pub const SERVER: usize = 0;
/// Where clients run.
pub const CLIENT: usize = 1;

/// This program, to be run on this core alone.
#[must_use]
pub fn on(core: usize, program: &Path) -> Command {
    if !two() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args([OsStr::new("--cpu-list"), OsStr::new(&core.to_string()), program.as_os_str()]);
    command
}

/// Whether server and client have a core each.
#[must_use]
pub fn two() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // Who runs on the client's core sees one.
    (cores > CLIENT || std::env::var_os(MOVED).is_some())
        && Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// Says to the same program that it is on its core already.
const MOVED: &str = "LOADTESTS_MOVED";

/// Starts this program again on the client's core and waits for it, unless that is done or there is none.
///
/// # Errors
/// If it fails there.
pub fn move_client() -> Result<Moved> {
    if std::env::var_os(MOVED).is_some() || !two() {
        return Ok(Moved::Here);
    }
    let mut again = on(CLIENT, &std::env::current_exe()?);
    if !again.args(std::env::args_os().skip(1)).env(MOVED, "1").status()?.success() {
        bail!("the client failed");
    }
    Ok(Moved::Done)
}

/// Where the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Here, from now on.
    Here,
    /// It was, by the other.
    Done,
}
