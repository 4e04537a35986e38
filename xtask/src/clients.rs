//! The clients that tests call the server with, made ready: what they depend on, and what is generated for them.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::{
    process::{find, run},
    root,
};

/// Where the Node client is.
const NODE: &str = "app/tests/clients/node";
/// Which lock it was installed by.
const STAMP: &str = "node_modules/.installed-by";

/// Installs what the clients depend on, by their locks, and generates their code from `proto/`.
///
/// # Errors
/// There is no Node.js or no npm, the registry does not answer, or the protos do not compile.
pub(crate) fn prepare() -> Result<()> {
    let buf = buf()?;
    run(Command::new(buf).arg("generate").current_dir(root()?.join(NODE)))
}

/// The one buf of this repository: the Node client's lock says which, by hash.
pub(crate) fn buf() -> Result<PathBuf> {
    let folder = root()?.join(NODE);
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == lock) {
        return Ok(folder.join("node_modules/.bin/buf"));
    }
    let (Some(_), Some(npm)) = (find("node"), find("npm")) else {
        bail!("the Node client needs Node.js 20 or newer, and npm, which comes with it: install them");
    };
    // No package of ours has to run anything when it is installed.
    run(Command::new(npm).args(["ci", "--ignore-scripts", "--prefer-offline"]).current_dir(&folder))?;
    fs::write(folder.join(STAMP), lock)?;
    Ok(folder.join("node_modules/.bin/buf"))
}
