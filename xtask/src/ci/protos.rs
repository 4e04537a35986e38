//! Checks the protos with buf. The rules are in `proto/buf.yaml`.

use std::process::Command;

use anyhow::Result;

use crate::{
    clients::buf,
    process::{read, run},
    root,
};

pub(super) fn lint() -> Result<()> {
    run(Command::new(buf()?).args(["lint", "proto"]).current_dir(root()?))
}

/// Compares the API with the last release before this commit. Without a release, there is nothing to compare with.
pub(super) fn breaking() -> Result<()> {
    let tags = read(
        Command::new("git")
            .args(["tag", "--list", "v*", "--merged", "HEAD", "--sort", "-v:refname"])
            .current_dir(root()?),
    )?;
    let Some(release) = tags.lines().next() else {
        eprintln!("skipped: no release (tag v*) before this commit");
        return Ok(());
    };
    let against = format!(".git#tag={release},subdir=proto");
    run(Command::new(buf()?).args(["breaking", "proto", "--against", &against]).current_dir(root()?))
}
