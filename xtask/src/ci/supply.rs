//! Checks dependencies. The rules are in `deny.toml`, in the format of cargo-deny.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use spdx::{Expression, LicenseItem, ParseMode};

use crate::{
    process::{read, run},
    root, tools,
};

/// Local copy of the advisory database next to the clone, for machines that cannot fetch it.
const DATABASE: &str = "../shared/advisory-db";

#[derive(Deserialize)]
struct Rules {
    advisories: Advisories,
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Advisories {
    ignore: Vec<Waiver>,
}

/// An advisory that is accepted until a date.
#[derive(Deserialize)]
struct Waiver {
    id: String,
    /// Format: `until 2027-01-31: <reason>`.
    reason: String,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Package metadata of cargo.
#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// Unset for workspace members.
    source: Option<String>,
}

/// Compares `Cargo.lock` with the advisory database.
///
/// # Errors
/// If a crate has a known vulnerability, is unmaintained or yanked, or a waiver has expired.
pub(super) fn advisories() -> Result<()> {
    let root = root()?;
    let mut command = Command::new(tools::audit()?);
    command.args(["audit", "--deny", "warnings"]).current_dir(&root);
    let today = read(Command::new("date").args(["-u", "+%F"]))?;
    for Waiver { id, reason } in &rules()?.advisories.ignore {
        let until = reason.strip_prefix("until ").and_then(|reason| reason.split_once(':'));
        let (until, _) = until.with_context(|| format!("{id}: the reason must begin with `until YYYY-MM-DD:`"))?;
        ensure!(today.trim() <= until, "{id}: the waiver expired on {until}, review it");
        command.args(["--ignore", id]);
    }
    let database = root.join(DATABASE);
    if database.is_dir() {
        command.arg("--no-fetch").arg("--db").arg(database);
    }
    run(&mut command)
}

/// Checks licence, source and name of all dependencies on all platforms, and prints each violation.
///
/// # Errors
/// If a dependency violates a rule.
pub(super) fn licences() -> Result<()> {
    let rules = rules()?;
    let banned: BTreeMap<_, _> = rules.bans.deny.iter().map(|it| (it.name.as_str(), it.reason.as_str())).collect();
    let packages = packages()?;
    let mut violations = 0;
    for package in packages.iter().filter(|package| package.source.is_some()) {
        if let Err(error) = check_package(package, &rules.licenses.allow, &banned) {
            eprintln!("{} {}: {error:#}", package.name, package.version);
            violations += 1;
        }
    }
    ensure!(violations == 0, "{violations} dependencies violate deny.toml");
    eprintln!("{} packages checked", packages.len());
    Ok(())
}

fn check_package(package: &Package, allowed: &[String], banned: &BTreeMap<&str, &str>) -> Result<()> {
    if let Some(reason) = banned.get(package.name.as_str()) {
        bail!("banned: {reason}");
    }
    let source = package.source.as_deref().unwrap_or_default();
    ensure!(source == "registry+https://github.com/rust-lang/crates.io-index", "source is {source}, not crates.io");
    let licence = package.license.as_deref().context("no licence")?;
    // Old packages use the form `MIT/Apache-2.0`.
    let licence = Expression::parse_mode(licence, ParseMode::LAX)?;
    let is_allowed = |item: &LicenseItem, addition: String| allowed.contains(&format!("{item}{addition}"));
    let allowed = licence.evaluate(|it| {
        let addition = it.addition.as_ref().map(|addition| format!(" WITH {addition}")).unwrap_or_default();
        is_allowed(&it.license, addition)
    });
    ensure!(allowed, "licence {licence} is not allowed");
    Ok(())
}

/// Returns the packages that are built on any platform. The lock file also lists packages of unused features.
fn packages() -> Result<Vec<Package>> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--workspace", "--locked", "--target", "all", "--edges", "all", "--prefix", "none"]);
    let built = read(tree.args(["--format", "{p}"]).current_dir(root()?))?;
    let built: BTreeSet<(&str, &str)> = built.lines().filter_map(parse_package).collect();
    let mut packages = all_packages()?;
    packages.retain(|it| built.contains(&(it.name.as_str(), it.version.as_str())));
    ensure!(!packages.is_empty(), "cargo listed no package");
    Ok(packages)
}

/// Parses `name v1.0.0 (source)`.
fn parse_package(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?, words.next()?.strip_prefix('v')?))
}

fn all_packages() -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let metadata =
        read(Command::new("cargo").args(["metadata", "--format-version", "1", "--locked"]).current_dir(root()?))?;
    Ok(serde_json::from_str::<Metadata>(&metadata)?.packages)
}

fn rules() -> Result<Rules> {
    toml::from_str(&fs::read_to_string(root()?.join("deny.toml"))?).context("deny.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_licence(licence: &str, source: &str) -> Result<()> {
        let package = Package {
            name: "it".to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(licence.to_owned()),
            source: Some(source.to_owned()),
        };
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        check_package(&package, &allowed, &BTreeMap::from([("openssl", "no")]))
    }

    const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

    #[test]
    fn licence_expressions_are_evaluated() {
        for licence in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "Apache-2.0 WITH LLVM-exception AND MIT"] {
            check_licence(licence, CRATES).unwrap();
        }
        for licence in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT WITH LLVM-exception"] {
            assert!(check_licence(licence, CRATES).is_err(), "{licence}");
        }
    }

    #[test]
    fn sources_other_than_crates_io_are_rejected() {
        assert!(check_licence("MIT", "git+https://example.org/it").is_err());
    }

    #[test]
    fn the_rules_of_this_repository_are_valid() {
        rules().unwrap();
    }
}
