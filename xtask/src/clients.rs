//! Installs the clients of the end-to-end tests and generates their code.
//!
//! | client | contents | requires |
//! | --- | --- | --- |
//! | [`NODE`] | an application with generated code | Node.js, npm |
//! | [`PAGE`] | a browser test of the demo page | Node.js, npm, Chromium |

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

/// Folder of the Node client.
const NODE: &str = "app/tests/clients/node";
/// Folder of the browser test.
const PAGE: &str = "app/tests/clients/page";
/// Copy of the lock file that the installed packages belong to.
const STAMP: &str = "node_modules/.installed-by";
/// Names of the Chromium executable on different systems.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Installs the locked dependencies of the clients and generates their code from `proto/`.
///
/// # Errors
/// If Node.js, npm or Chromium is missing, the registry is unavailable, or the protos do not compile.
pub(crate) fn prepare() -> Result<()> {
    let buf = buf()?;
    run(Command::new(buf).arg("generate").current_dir(root()?.join(NODE)))?;
    install(&root()?.join(PAGE))?;
    install_chromium()
}

/// Returns the path of buf. The lock file of the Node client pins its version and hash.
pub(crate) fn buf() -> Result<PathBuf> {
    let folder = root()?.join(NODE);
    install(&folder)?;
    Ok(folder.join("node_modules/.bin/buf"))
}

/// Installs the locked packages of a client unless they are installed.
fn install(folder: &Path) -> Result<()> {
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == lock) {
        return Ok(());
    }
    let (Some(_), Some(npm)) = (find("node"), find("npm")) else {
        bail!("Node.js or npm not found: install Node.js 20 or newer, which includes npm");
    };
    // No dependency needs its install script, so none is run.
    run(Command::new(npm).args(["ci", "--ignore-scripts", "--prefer-offline"]).current_dir(folder))?;
    Ok(fs::write(folder.join(STAMP), lock)?)
}

/// Finds Chromium, or installs it with the package manager of the system: no package registry provides it.
fn install_chromium() -> Result<()> {
    if std::env::var_os("CHROMIUM").is_some() || CHROMIUM.iter().any(|name| find(name).is_some()) {
        return Ok(());
    }
    install_package("chromium").context("the demo page is tested in Chromium: install it or set CHROMIUM to its path")
}
