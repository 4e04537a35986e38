//! Runs other programs. Their output goes to the terminal, and errors contain the failed command.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

/// Runs the command and waits for its end.
///
/// # Errors
/// If the program cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("failed to run {}", display(command)))?;
    ensure!(status.success(), "{} failed ({status})", display(command));
    Ok(())
}

/// Runs the command and returns its standard output. Its standard error goes to the terminal.
///
/// # Errors
/// If the program cannot be started, fails, or prints text that is not UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("failed to run {}", display(command)))?;
    ensure!(output.status.success(), "{} failed ({})", display(command), output.status);
    String::from_utf8(output.stdout).with_context(|| format!("the output of {} is not UTF-8", display(command)))
}

/// Installs a Debian package.
///
/// # Errors
/// If the system has no apt, this user cannot become root, or the package is unavailable.
pub(crate) fn install_package(package: &str) -> Result<()> {
    let Some(apt) = find("apt-get").filter(|_| is_root() || can_become_root()) else {
        bail!("{package} not found: install it (apt-get install {package})");
    };
    let apt = |arguments: &[&str]| {
        let as_root = if is_root() { "env" } else { "sudo" };
        run(Command::new(as_root).arg("DEBIAN_FRONTEND=noninteractive").arg(&apt).args(arguments))
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--quiet", "--yes", "--no-install-recommends", package])
}

/// Returns true if sudo needs no password. There may be no terminal to enter one.
fn can_become_root() -> bool {
    let status = Command::new("sudo").args(["--non-interactive", "true"]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Returns the path of a program in `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Formats the command as a shell line, without quoting.
fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
