//! The clients that tests call the server with, made ready: what they depend on, and what is generated for them.
//!
//! | client | is | needs |
//! | --- | --- | --- |
//! | [`NODE`] | an app with generated code | Node.js, npm |
//! | [`PAGE`] | two people before the page | Node.js, npm, Chromium |

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    process::{find, install_package, run},
    root,
};

/// Where the Node client is.
const NODE: &str = "app/tests/clients/node";
/// Where what drives the page is.
const PAGE: &str = "app/tests/clients/page";
/// Which lock it was installed by.
const STAMP: &str = "node_modules/.installed-by";
/// What a Chromium is called, where there is one.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Installs what the clients depend on, by their locks, and generates their code from `proto/`.
///
/// # Errors
/// There is no Node.js, no npm or no Chromium, the registry does not answer, or the protos do not compile.
pub(crate) fn prepare() -> Result<()> {
    let buf = buf()?;
    run(Command::new(buf).arg("generate").current_dir(root()?.join(NODE)))?;
    install(&root()?.join(PAGE))?;
    chromium()
}

/// The one buf of this repository: the Node client's lock says which, by hash.
pub(crate) fn buf() -> Result<PathBuf> {
    let folder = root()?.join(NODE);
    install(&folder)?;
    Ok(folder.join("node_modules/.bin/buf"))
}

/// What the lock of this client says, unless that is there.
fn install(folder: &Path) -> Result<()> {
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == lock) {
        return Ok(());
    }
    let (Some(_), Some(npm)) = (find("node"), find("npm")) else {
        bail!("the clients need Node.js 20 or newer, and npm, which comes with it: install them");
    };
    // No package of ours has to run anything when it is installed.
    run(Command::new(npm).args(["ci", "--ignore-scripts", "--prefer-offline"]).current_dir(folder))?;
    Ok(fs::write(folder.join(STAMP), lock)?)
}

/// The one browser, which no registry of packages that we use has: the machine's own, or from its package manager.
fn chromium() -> Result<()> {
    if std::env::var_os("CHROMIUM").is_some() || CHROMIUM.iter().any(|name| find(name).is_some()) {
        return Ok(());
    }
    install_package("chromium").context("the page is tested in Chromium, or in one that CHROMIUM names")
}
