//! Lists the files of the repository.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{process::read, root};

pub(super) struct File {
    /// Path relative to the root, with `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl File {
    fn has_ending(&self, ending: &str) -> bool {
        Path::new(&self.name).extension().is_some_and(|it| it == ending)
    }

    /// Returns true for Rust code that is not generated.
    pub(super) fn is_code(&self) -> bool {
        self.has_ending("rs") && !self.name.contains("/generated/")
    }

    /// Returns true for Rust code outside of tests.
    pub(super) fn is_production(&self) -> bool {
        self.is_code() && !self.name.contains("/tests/") && !self.name.ends_with("/tests.rs")
    }
}

/// Returns all files that are tracked by git, or untracked and not ignored.
pub(super) fn all() -> Result<Vec<File>> {
    let root = root()?;
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    let listed = read(Command::new("git").args(arguments).current_dir(&root))?;
    let files = listed.split('\0').filter(|name| !name.is_empty());
    let files = files.map(|name| File { name: name.to_owned(), path: root.join(name) });
    // git still lists a deleted file until the deletion is committed.
    Ok(files.filter(|file| file.path.is_file()).collect())
}
