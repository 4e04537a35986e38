//! Other programs: what they say goes to the terminal, and a failure says which of them it was.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

/// Runs it to its end.
///
/// # Errors
/// It is not there, or it says that it failed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} cannot be run", shown(command)))?;
    ensure!(status.success(), "{} failed ({status})", shown(command));
    Ok(())
}

/// Runs it to its end, and gives what it wrote. Its complaints go to the terminal.
///
/// # Errors
/// It is not there, it says that it failed, or what it wrote is no text.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("{} cannot be run", shown(command)))?;
    ensure!(output.status.success(), "{} failed ({})", shown(command), output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no text", shown(command)))
}

/// Installs a package of the machine's own kind.
///
/// # Errors
/// It is not a Debian, nobody may install on it, or it cannot be had.
pub(crate) fn install_package(package: &str) -> Result<()> {
    let Some(apt) = find("apt-get").filter(|_| is_root() || may_become_root()) else {
        bail!("install {package} (apt-get install {package})");
    };
    let apt = |arguments: &[&str]| {
        let as_root = if is_root() { "env" } else { "sudo" };
        run(Command::new(as_root).arg("DEBIAN_FRONTEND=noninteractive").arg(&apt).args(arguments))
    };
    apt(&["update", "--quiet"])?;
    apt(&["install", "--quiet", "--yes", "--no-install-recommends", package])
}

/// Whether sudo asks for no password: nobody may be there to type one.
fn may_become_root() -> bool {
    let asked = Command::new("sudo").args(["--non-interactive", "true"]).stderr(Stdio::null()).status();
    asked.is_ok_and(|answer| answer.success())
}

/// Whether this process may install programs for the whole machine.
fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    asked.is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// Where a program is, if it is anywhere on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The program and what it was told, as somebody would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
