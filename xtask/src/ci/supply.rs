//! What others wrote. The rules are in `deny.toml`, in the form that cargo-deny reads too.

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

/// A copy of the advisory database beside the clone, for machines that cannot fetch it.
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

/// An advisory that we live with, until a day.
#[derive(Deserialize)]
struct Waiver {
    id: String,
    /// `until 2027-01-31: why`.
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

/// What cargo tells of a package.
#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// Unset for our own.
    source: Option<String>,
}

/// Compares the lock with the advisory database.
///
/// # Errors
/// A known hole, a crate that was given up or taken back, or a waiver that has ended.
pub(super) fn advisories() -> Result<()> {
    let root = root()?;
    let mut command = Command::new(tools::audit()?);
    command.args(["audit", "--deny", "warnings"]).current_dir(&root);
    let today = read(Command::new("date").args(["-u", "+%F"]))?;
    for Waiver { id, reason } in &rules()?.advisories.ignore {
        let until = reason.strip_prefix("until ").and_then(|reason| reason.split_once(':'));
        let (until, _) = until.with_context(|| format!("{id}: a reason begins with `until YYYY-MM-DD:`"))?;
        ensure!(today.trim() <= until, "{id} was waived until {until}: look again");
        command.args(["--ignore", id]);
    }
    let database = root.join(DATABASE);
    if database.is_dir() {
        command.arg("--no-fetch").arg("--db").arg(database);
    }
    run(&mut command)
}

/// Looks at the licence, the origin and the name of every dependency, on every platform.
///
/// # Errors
/// One that breaks a rule; all are told.
pub(super) fn licences() -> Result<()> {
    let rules = rules()?;
    let banned: BTreeMap<_, _> = rules.bans.deny.iter().map(|it| (it.name.as_str(), it.reason.as_str())).collect();
    let packages = packages()?;
    let mut broken = 0;
    for package in packages.iter().filter(|package| package.source.is_some()) {
        if let Err(why) = judge(package, &rules.licenses.allow, &banned) {
            eprintln!("{} {}: {why:#}", package.name, package.version);
            broken += 1;
        }
    }
    ensure!(broken == 0, "{broken} dependencies break a rule of deny.toml");
    eprintln!("{} packages looked at", packages.len());
    Ok(())
}

fn judge(package: &Package, allowed: &[String], banned: &BTreeMap<&str, &str>) -> Result<()> {
    if let Some(reason) = banned.get(package.name.as_str()) {
        bail!("is banned: {reason}");
    }
    let source = package.source.as_deref().unwrap_or_default();
    ensure!(source == "registry+https://github.com/rust-lang/crates.io-index", "comes from {source}, not crates.io");
    let licence = package.license.as_deref().context("has no licence")?;
    // Old packages write `MIT/Apache-2.0`.
    let licence = Expression::parse_mode(licence, ParseMode::LAX)?;
    let is_allowed = |item: &LicenseItem, addition: String| allowed.contains(&format!("{item}{addition}"));
    let holds = licence.evaluate(|it| {
        let addition = it.addition.as_ref().map(|addition| format!(" WITH {addition}")).unwrap_or_default();
        is_allowed(&it.license, addition)
    });
    ensure!(holds, "{licence} is not allowed");
    Ok(())
}

/// What is built somewhere, on any platform. The lock holds more: what no feature of ours asks for.
fn packages() -> Result<Vec<Package>> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--workspace", "--locked", "--target", "all", "--edges", "all", "--prefix", "none"]);
    let built = read(tree.args(["--format", "{p}"]).current_dir(root()?))?;
    let built: BTreeSet<(&str, &str)> = built.lines().filter_map(named).collect();
    let mut known = known()?;
    known.retain(|it| built.contains(&(it.name.as_str(), it.version.as_str())));
    ensure!(!known.is_empty(), "cargo tells of no package");
    Ok(known)
}

/// `name v1.0.0 (where it is)`.
fn named(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?, words.next()?.strip_prefix('v')?))
}

fn known() -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let told =
        read(Command::new("cargo").args(["metadata", "--format-version", "1", "--locked"]).current_dir(root()?))?;
    Ok(serde_json::from_str::<Metadata>(&told)?.packages)
}

fn rules() -> Result<Rules> {
    toml::from_str(&fs::read_to_string(root()?.join("deny.toml"))?).context("deny.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(licence: &str, source: &str) -> Result<()> {
        let package = Package {
            name: "it".to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(licence.to_owned()),
            source: Some(source.to_owned()),
        };
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        judge(&package, &allowed, &BTreeMap::from([("openssl", "no")]))
    }

    const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

    #[test]
    fn a_licence_is_allowed_if_a_way_through_its_expression_is() {
        for licence in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "Apache-2.0 WITH LLVM-exception AND MIT"] {
            judged(licence, CRATES).unwrap();
        }
        for licence in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "MIT WITH LLVM-exception"] {
            assert!(judged(licence, CRATES).is_err(), "{licence}");
        }
    }

    #[test]
    fn what_does_not_come_from_the_registry_is_refused() {
        assert!(judged("MIT", "git+https://example.org/it").is_err());
    }

    #[test]
    fn the_rules_of_this_repository_can_be_read() {
        rules().unwrap();
    }
}
