//! Rejects names that the project has replaced with standard terms, so that they do not return.
//!
//! `retired_words.tsv` lists them: the retired word, its replacement, and its scope: one of [`Scope`], or `path` for
//! names of files and folders. Words are matched as whole identifiers and case-sensitively. Generated code is excluded,
//! because it follows from the protos.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use regex::Regex;

use super::files;

const LIST: &str = include_str!("retired_words.tsv");
const LIST_FILE: &str = "xtask/src/ci/retired_words.tsv";
/// Files that contain retired words as patterns and examples.
const EXCLUDED: [&str; 3] = [LIST_FILE, "xtask/src/ci/retired_words.rs", "xtask/src/ci/prose.rs"];

/// Files in which a word is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Rust, proto, SQL, scripts and documents, including comments.
    All,
    /// Rust without comments, because the word is also an ordinary English word.
    Rust,
    /// As [`Self::Rust`], without tests, which use the word in another meaning.
    Production,
    /// SQL without comments.
    Sql,
}

#[derive(Debug)]
struct RetiredWord {
    replacement: &'static str,
    scope: Scope,
}

/// Finds retired words in a file.
struct Finder {
    token: Regex,
    words: BTreeMap<&'static str, RetiredWord>,
    /// Names of files and folders, without extension, and their replacements.
    paths: BTreeMap<&'static str, &'static str>,
}

impl Finder {
    fn parse(list: &'static str) -> Result<Self> {
        let mut finder = Self { token: Regex::new(r"\w+")?, words: BTreeMap::new(), paths: BTreeMap::new() };
        for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let mut fields = line.split('\t');
            let (Some(word), Some(replacement), Some(scope), None) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                bail!("three fields separated by tabs are required: {line}");
            };
            let scope = match scope {
                "all" => Scope::All,
                "rust" => Scope::Rust,
                "production" => Scope::Production,
                "sql" => Scope::Sql,
                "path" => {
                    finder.paths.insert(word, replacement);
                    continue;
                }
                other => bail!("unknown scope {other} of {word}"),
            };
            let previous = finder.words.insert(word, RetiredWord { replacement, scope });
            ensure!(previous.is_none(), "{word} is listed twice");
        }
        Ok(finder)
    }

    /// Returns a message for each retired word in the path and the text of a file.
    fn find(&self, name: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let parts = Path::new(name).iter().filter_map(|part| Path::new(part).file_stem()?.to_str());
        for part in parts {
            if let Some(replacement) = self.paths.get(part) {
                found.push(format!("{name}: {part} is retired, use {replacement}"));
            }
        }
        let comment_start = if Path::new(name).extension().is_some_and(|it| it == "sql") { "--" } else { "//" };
        for (number, line) in (1_usize..).zip(text.lines()) {
            let code_end = line.find(comment_start).unwrap_or(line.len());
            for token in self.token.find_iter(line) {
                let (token, is_comment) = (token.as_str(), token.start() > code_end);
                let word = self.words.get(token).filter(|word| word.scope.includes(name, is_comment));
                if let Some(RetiredWord { replacement, .. }) = word {
                    found.push(format!("{name}:{number}: {token} is retired, use {replacement}"));
                }
            }
        }
        found
    }
}

impl Scope {
    fn includes(self, name: &str, is_comment: bool) -> bool {
        let extension = Path::new(name).extension().and_then(|it| it.to_str()).unwrap_or_default();
        let is_test = name.contains("/tests/") || name.starts_with("services/testkit/");
        match self {
            Self::All => ["rs", "proto", "sql", "mjs", "js", "md", "toml", "yml"].contains(&extension),
            Self::Rust => extension == "rs" && !is_comment,
            Self::Production => extension == "rs" && !is_comment && !is_test,
            Self::Sql => extension == "sql" && !is_comment,
        }
    }
}

/// Checks all files and prints the location of each retired word.
///
/// # Errors
/// If a retired word is found.
pub(super) fn check() -> Result<()> {
    let finder = Finder::parse(LIST).context(LIST_FILE)?;
    let mut count = 0;
    for file in files::all()? {
        if EXCLUDED.contains(&file.name.as_str()) || file.name.contains("/generated/") {
            continue;
        }
        // Binary files are skipped.
        let Ok(text) = fs::read_to_string(&file.path) else { continue };
        for message in finder.find(&file.name, &text) {
            eprintln!("{message}");
            count += 1;
        }
    }
    ensure!(count == 0, "{count} retired words found");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "# comment\nParcel\tEncodedEvent\tall\nHouse\tTestServer\tproduction\noutcomes\tidempotency_keys\tsql\nbed\tharness\tpath\n";

    #[test]
    fn words_match_whole_identifiers_in_their_scope() {
        let finder = Finder::parse(WORDS).unwrap();
        assert_eq!(finder.find("a.rs", "\nlet x: Parcel;"), ["a.rs:2: Parcel is retired, use EncodedEvent"]);
        assert!(finder.find("a.rs", "let x: Parcels = my_Parcel; outcomes").is_empty());
        assert_eq!(finder.find("a.md", "A `Parcel`").len(), 1);
        assert_eq!(finder.find("a.sql", "INSERT INTO outcomes(id)").len(), 1);
        assert!(finder.find("a.sql", "-- outcomes").is_empty());
        assert_eq!(finder.find("app/src/a.rs", "House, // a House").len(), 1);
        assert!(finder.find("app/tests/a.rs", "House").is_empty());
    }

    #[test]
    fn words_match_names_of_files_and_folders() {
        let finder = Finder::parse(WORDS).unwrap();
        assert_eq!(finder.find("tests/it/bed.rs", "").len(), 1);
        assert_eq!(finder.find("tests/bed/mod.rs", "").len(), 1);
        assert!(finder.find("tests/it/embed.rs", "bed").is_empty());
    }

    #[test]
    fn the_list_is_valid() {
        Finder::parse(LIST).unwrap();
    }
}
