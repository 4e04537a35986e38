//! Checks commit messages: subjects of at most 72 characters without a full stop, and no unfinished commits.

use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::{process::read, root};

const MAX_SUBJECT: usize = 72;
/// Number of commits that are checked if no base is given.
const DEFAULT_COUNT: usize = 50;
/// Date of this check. Older commits are not checked by default.
const INTRODUCED: &str = "2026-11-29T00:00:00Z";
/// First words of commits that are meant to be squashed.
const UNFINISHED: [&str; 4] = ["wip", "fixup!", "squash!", "amend!"];
/// Subjects that do not describe a change.
const MEANINGLESS: [&str; 3] = ["format", "fix review", "fix ci"];

/// Checks the commits after `base`, or the newest commits since the check was introduced. Merge commits are excluded.
///
/// # Errors
/// If a subject violates a rule. Each violation is printed.
pub(super) fn check(base: Option<&str>) -> Result<()> {
    let mut log = Command::new("git");
    log.args(["log", "--no-merges", "--format=%h %s"]).current_dir(root()?);
    match base {
        Some(base) => log.arg(format!("{base}..HEAD")),
        None => log.args([&format!("--max-count={DEFAULT_COUNT}"), &format!("--since={INTRODUCED}")]),
    };
    let commits = read(&mut log)?;
    let mut violations = 0;
    for (hash, subject) in commits.lines().filter_map(|line| line.split_once(' ')) {
        if let Err(error) = check_subject(subject) {
            eprintln!("{hash} {subject}: {error}");
            violations += 1;
        }
    }
    ensure!(violations == 0, "{violations} commit subjects violate the style");
    eprintln!("{} commits checked", commits.lines().count());
    Ok(())
}

fn check_subject(subject: &str) -> Result<()> {
    let length = subject.chars().count();
    ensure!(length <= MAX_SUBJECT, "{length} characters, the limit is {MAX_SUBJECT}");
    ensure!(!subject.ends_with('.'), "a subject has no full stop");
    let lower = subject.to_lowercase();
    let first = lower.split([' ', ':']).next().unwrap_or_default();
    if UNFINISHED.contains(&first) {
        bail!("unfinished commit");
    }
    let is_one_word = !subject.trim().contains(' ');
    ensure!(!is_one_word && !MEANINGLESS.contains(&lower.as_str()), "the subject does not describe the change");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_short_complete_and_without_a_full_stop() {
        let longest = format!("Add {}", "x".repeat(MAX_SUBJECT - 4));
        for subject in ["Revalidate permissions after a broker reconnect", "Wipe expired tickets", &longest] {
            check_subject(subject).unwrap();
        }
        let too_long = format!("{longest}y");
        let rejected = [
            &too_long,
            "Add a check.",
            "wip",
            "WIP: checks",
            "fixup! Add a check",
            "squash! Add",
            "format",
            "x",
            "fix review",
        ];
        for subject in rejected {
            assert!(check_subject(subject).is_err(), "{subject}");
        }
    }
}
