//! Rejects text that must not be committed. This file contains the rejected text, so it is not checked.

use std::fs;

use anyhow::{Result, ensure};

use super::files::{self, File};

const THIS: &str = "xtask/src/ci/forbidden_text.rs";
/// Files that include generated code. Its lints change with the generator, so `expect` cannot be used there.
const INCLUDES_GENERATED: [&str; 2] = ["conformance/src/suite.rs", "proto/src/lib.rs"];

/// Files in which a pattern is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All text files.
    AllFiles,
    /// Rust code that is not generated.
    Code,
    /// As [`Self::Code`], without [`INCLUDES_GENERATED`].
    OwnCode,
    /// Lock files of npm.
    NpmLocks,
}

struct Pattern {
    text: &'static str,
    scope: Scope,
    reason: &'static str,
}

const PATTERNS: &[Pattern] = &[
    Pattern { text: "/work/", scope: Scope::AllFiles, reason: "a path of one machine" },
    Pattern { text: "/root/", scope: Scope::AllFiles, reason: "a path of one machine" },
    Pattern { text: "/Users/", scope: Scope::AllFiles, reason: "a path of one machine" },
    Pattern { text: "FIXME", scope: Scope::AllFiles, reason: "do it now, or file an issue" },
    Pattern { text: "TODO", scope: Scope::AllFiles, reason: "do it now, or file an issue" },
    Pattern { text: "\"resolved\":", scope: Scope::NpmLocks, reason: "a lock file must not name a registry host" },
    Pattern {
        text: "#[allow(",
        scope: Scope::OwnCode,
        reason: "use #[expect(.., reason = ..)], which fails when it is no longer needed",
    },
    Pattern {
        text: "#![allow(",
        scope: Scope::Code,
        reason: "use #![expect(.., reason = ..)], which fails when it is no longer needed",
    },
    Pattern { text: "todo!", scope: Scope::Code, reason: "unfinished code must not be in the API" },
    Pattern { text: "unimplemented!", scope: Scope::Code, reason: "unfinished code must not be in the API" },
    Pattern { text: "#[ignore]", scope: Scope::Code, reason: "give a reason: #[ignore = \"..\"]" },
];

impl Pattern {
    fn applies_to(&self, file: &File) -> bool {
        match self.scope {
            Scope::AllFiles => true,
            Scope::Code => file.is_code(),
            Scope::OwnCode => file.is_code() && !INCLUDES_GENERATED.contains(&file.name.as_str()),
            Scope::NpmLocks => file.name.ends_with("package-lock.json"),
        }
    }

    /// Returns true if the line contains the text as a whole word. A path must be absolute: `framework/` does not
    /// match.
    fn is_in(&self, line: &str) -> bool {
        line.match_indices(self.text).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at.saturating_add(self.text.len())..).and_then(|after| after.chars().next());
            let joins = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || "_.-}".contains(it));
            !joins(before) && (!self.text.ends_with(char::is_alphanumeric) || !joins(after.filter(|it| *it != '.')))
        })
    }
}

/// Checks all files and prints the location of each match.
///
/// # Errors
/// If a file contains a rejected pattern.
pub(super) fn check() -> Result<()> {
    let mut found = 0;
    for file in files::all()?.iter().filter(|file| file.name != THIS) {
        // Binary files are skipped.
        let Ok(text) = fs::read_to_string(&file.path) else { continue };
        for (number, line) in (1_usize..).zip(text.lines()) {
            for pattern in PATTERNS.iter().filter(|pattern| pattern.applies_to(file) && pattern.is_in(line)) {
                eprintln!("{}:{number}: {} ({})", file.name, pattern.text, pattern.reason);
                found += 1;
            }
        }
    }
    ensure!(found == 0, "{found} forbidden patterns found");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &'static str) -> Pattern {
        Pattern { text, scope: Scope::AllFiles, reason: "" }
    }

    #[test]
    fn patterns_match_whole_words_only() {
        assert!(pattern("/root/").is_in("COPY . \"/root/x\""));
        assert!(!pattern("/root/").is_in("proto/root/x"));
        assert!(pattern("TODO").is_in("// TODO: later"));
        assert!(!pattern("TODO").is_in("TODOS are_TODO"));
        assert!(pattern("todo!").is_in("    todo!()"));
    }
}
