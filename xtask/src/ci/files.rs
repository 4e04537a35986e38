//! The files of the repository.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{process::read, root};

/// One file, by its path from the root.
pub(super) struct File {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl File {
    fn has_ending(&self, ending: &str) -> bool {
        Path::new(&self.name).extension().is_some_and(|it| it == ending)
    }

    /// Rust that people write.
    pub(super) fn is_code(&self) -> bool {
        self.has_ending("rs") && !self.name.contains("/generated/")
    }

    /// Code that is not only there to test other code.
    pub(super) fn is_production(&self) -> bool {
        self.is_code() && !self.name.contains("/tests/") && !self.name.ends_with("/tests.rs")
    }
}

/// All that git knows, or would know if it were added now.
pub(super) fn all() -> Result<Vec<File>> {
    let root = root()?;
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    let listed = read(Command::new("git").args(arguments).current_dir(&root))?;
    let files = listed.split('\0').filter(|name| !name.is_empty());
    let files = files.map(|name| File { name: name.to_owned(), path: root.join(name) });
    // One that was removed and not committed yet is still listed.
    Ok(files.filter(|file| file.path.is_file()).collect())
}
