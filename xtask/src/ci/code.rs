//! What the Rust tools say of the workspace.

use std::process::Command;

use anyhow::Result;

use crate::{process::run, root};

pub(super) fn format() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])
}

pub(super) fn clippy() -> Result<()> {
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

pub(super) fn doc() -> Result<()> {
    let arguments = ["doc", "--workspace", "--no-deps", "--locked"];
    run(Command::new("cargo").args(arguments).env("RUSTDOCFLAGS", "-D warnings").current_dir(root()?))
}

fn cargo(arguments: &[&str]) -> Result<()> {
    run(Command::new("cargo").args(arguments).current_dir(root()?))
}
