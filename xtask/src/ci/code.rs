//! Steps that run the Rust tools on the workspace.

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
    // `--examples` enables development dependencies. Features of shared dependencies are then resolved as for clippy,
    // whose artifacts are used. There are no examples.
    let arguments = ["doc", "--workspace", "--no-deps", "--locked", "--lib", "--bins", "--examples"];
    run(Command::new("cargo").args(arguments).env("RUSTDOCFLAGS", "-D warnings").current_dir(root()?))
}

fn cargo(arguments: &[&str]) -> Result<()> {
    run(Command::new("cargo").args(arguments).current_dir(root()?))
}
