//! The API as clients know it. The rules are in `proto/buf.yaml`.

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

/// Compares with the last release before this commit. What was never released is promised to nobody.
pub(super) fn breaking() -> Result<()> {
    let tags = read(
        Command::new("git")
            .args(["tag", "--list", "v*", "--merged", "HEAD", "--sort", "-v:refname"])
            .current_dir(root()?),
    )?;
    let Some(release) = tags.lines().next() else {
        eprintln!("there is no release (a tag v*) before this commit: nothing to compare with");
        return Ok(());
    };
    let against = format!(".git#tag={release},subdir=proto");
    run(Command::new(buf()?).args(["breaking", "proto", "--against", &against]).current_dir(root()?))
}
