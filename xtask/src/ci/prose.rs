//! Measures how close the prose of the repository is to standard technical English.
//!
//! | figure | unit |
//! | --- | --- |
//! | openings | percent of doc comments that open with a question word |
//! | pronouns | indefinite pronouns in 1,000 words of comments and documents |
//! | tests | percent of test names that open with a question word or such a pronoun |
//! | phrases | number of retired phrases in error texts, log lines, proto comments and documents |
//!
//! Generated code is excluded. For comparison: well-known Rust projects have 0.8 to 5.5 % openings and 0.00 to 0.08
//! pronouns.

use std::{collections::BTreeMap, fs};

use anyhow::{Result, ensure};
use regex::Regex;

use super::files::{self, File};

/// Number of locations that are printed for each figure above its limit.
const MAX_LOCATIONS: usize = 20;

/// A measured property of the prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Figure {
    Openings,
    Pronouns,
    Tests,
    Phrases,
}

impl Figure {
    const ALL: [Self; 4] = [Self::Openings, Self::Pronouns, Self::Tests, Self::Phrases];

    const fn name(self) -> &'static str {
        match self {
            Self::Openings => "openings",
            Self::Pronouns => "pronouns",
            Self::Tests => "tests",
            Self::Phrases => "phrases",
        }
    }

    /// Largest accepted value.
    const fn limit(self) -> f64 {
        match self {
            Self::Openings => 5.0,
            Self::Pronouns => 0.2,
            Self::Tests => 3.0,
            Self::Phrases => 0.0,
        }
    }
}

/// Compiled patterns.
struct Patterns {
    opening: Regex,
    pronoun: Regex,
    test: Regex,
    test_opening: Regex,
    /// First string literal of an error attribute or a log macro.
    message: Regex,
    phrase: Regex,
}

impl Patterns {
    fn new() -> Result<Self> {
        let opening = "What|Who|Whom|Where|When|Which|Whose|How|Why|Whether|Whoever|As whom|To whom|By what|Since when|\
                       Until when|From where|In what|In which|On what|With what|Again";
        let test_opening = "what|who|whose|whoever|where|when|which|how|somebody|someone|nobody|anybody";
        let phrases = [
            r"\b(?:somebody|nobody|whoever)\b",
            r"\bwhat (?:came|comes|becomes) of\b",
            r"\bagain is no error\b",
            r"\bis away\b",
            r"\bgiven up\b",
            r"\bin whose name\b",
            r"\bthat (?:is|was) (?:told|heard|kept|meant)\b",
            r"\bwho is (?:hidden|in which)\b",
            r"\bis nobody's\b",
        ];
        Ok(Self {
            opening: Regex::new(&format!(r"^(?:{opening})\b"))?,
            pronoun: Regex::new(r"(?i)\b(?:somebody|someone|nobody|whoever|whomever)\b")?,
            test: Regex::new(r"#\[(?:tokio::)?test[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:async )?fn (\w+)")?,
            test_opening: Regex::new(&format!("^(?:{test_opening})_"))?,
            message: Regex::new(
                r#"(?:#\[error\(|tracing::\w+!\(|(?:trace|debug|info|warn|error)!\().*?"((?:[^"\\]|\\.)*)""#,
            )?,
            phrase: Regex::new(&format!("(?i){}", phrases.join("|")))?,
        })
    }
}

/// Counts over all files, with the location of each finding.
#[derive(Debug, Default)]
struct Measurement {
    docs: usize,
    words: usize,
    tests: usize,
    findings: BTreeMap<Figure, Vec<String>>,
}

impl Measurement {
    fn add_file(&mut self, patterns: &Patterns, name: &str, text: &str) {
        if has_extension(name, "rs") {
            self.add_rust(patterns, name, text);
        } else if has_extension(name, "proto") || has_extension(name, "md") || name.starts_with("app/src/cli") {
            self.add_document(patterns, name, text);
        }
    }

    fn add_rust(&mut self, patterns: &Patterns, name: &str, text: &str) {
        let mut follows_doc = false;
        for (number, line) in (1_usize..).zip(text.lines()) {
            let line = line.trim();
            let location = || format!("{name}:{number}: {line}");
            if let Some(comment) = line.strip_prefix("//") {
                let comment = comment.strip_prefix(['/', '!']).unwrap_or(comment);
                self.add_words(patterns, comment, location);
            }
            let doc = line.strip_prefix("///").map(str::trim);
            if let Some(doc) = doc.filter(|doc| !follows_doc && !doc.is_empty()) {
                self.docs += 1;
                if patterns.opening.is_match(doc) {
                    self.add(Figure::Openings, location());
                }
            }
            follows_doc = doc.is_some();
            let messages = patterns.message.captures_iter(line).filter_map(|found| found.get(1));
            for _ in messages.filter(|message| patterns.phrase.is_match(message.as_str())) {
                self.add(Figure::Phrases, location());
            }
        }
        for test in patterns.test.captures_iter(text).filter_map(|found| found.get(1)) {
            self.tests += 1;
            if patterns.test_opening.is_match(test.as_str()) {
                let number = text.get(..test.start()).unwrap_or_default().matches('\n').count() + 1;
                self.add(Figure::Tests, format!("{name}:{number}: {}", test.as_str()));
            }
        }
    }

    fn add_document(&mut self, patterns: &Patterns, name: &str, text: &str) {
        let is_proto = has_extension(name, "proto");
        for (number, line) in (1_usize..).zip(text.lines()) {
            let trimmed = line.trim();
            if is_proto && !trimmed.starts_with("//") {
                continue;
            }
            let location = || format!("{name}:{number}: {trimmed}");
            self.add_words(patterns, line, location);
            if patterns.phrase.is_match(line) {
                self.add(Figure::Phrases, location());
            }
        }
    }

    fn add_words(&mut self, patterns: &Patterns, text: &str, location: impl Fn() -> String) {
        self.words += text.split_whitespace().count();
        for _ in patterns.pronoun.find_iter(text) {
            self.add(Figure::Pronouns, location());
        }
    }

    fn add(&mut self, figure: Figure, location: String) {
        self.findings.entry(figure).or_default().push(location);
    }

    fn findings(&self, figure: Figure) -> &[String] {
        self.findings.get(&figure).map_or(&[], Vec::as_slice)
    }

    fn value(&self, figure: Figure) -> f64 {
        let found = float(self.findings(figure).len());
        match figure {
            Figure::Openings => 100.0 * found / float(self.docs.max(1)),
            Figure::Pronouns => 1000.0 * found / float(self.words.max(1)),
            Figure::Tests => 100.0 * found / float(self.tests.max(1)),
            Figure::Phrases => found,
        }
    }

    fn explain(&self, figure: Figure) -> String {
        let found = self.findings(figure).len();
        match figure {
            Figure::Openings => format!("{found} of {} doc comments open with a question word", self.docs),
            Figure::Pronouns => format!("{found} indefinite pronouns in {} words", self.words),
            Figure::Tests => format!("{found} of {} test names open with a question word or pronoun", self.tests),
            Figure::Phrases => "error texts, log lines, proto comments and documents with a retired phrase".to_owned(),
        }
    }
}

/// Measures all files, prints the figures, and prints locations for each figure above its limit.
///
/// # Errors
/// If a figure is above its limit.
pub(super) fn check() -> Result<()> {
    let patterns = Patterns::new()?;
    let mut measurement = Measurement::default();
    for File { name, path } in files::all()? {
        if name.contains("generated") || has_extension(&name, "lock") {
            continue;
        }
        // Binary files are skipped.
        let Ok(text) = fs::read_to_string(path) else { continue };
        measurement.add_file(&patterns, &name, &text);
    }
    let mut exceeded = Vec::new();
    for figure in Figure::ALL {
        let (name, value, limit) = (figure.name(), measurement.value(figure), figure.limit());
        eprintln!("{name:9} {value:8.2}  limit {limit:<4} {}", measurement.explain(figure));
        if value > limit {
            exceeded.push(name);
            for location in measurement.findings(figure).iter().take(MAX_LOCATIONS) {
                eprintln!("  {}", location.chars().take(160).collect::<String>());
            }
        }
    }
    ensure!(exceeded.is_empty(), "prose is above the limit: {}", exceeded.join(", "));
    Ok(())
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.strip_suffix(extension).is_some_and(|stem| stem.ends_with('.'))
}

/// Counts are far below 2^32.
fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the values are exact")]
mod tests {
    use super::*;

    fn measure(name: &str, lines: &[&str]) -> Measurement {
        let mut measurement = Measurement::default();
        measurement.add_file(&Patterns::new().unwrap(), name, &lines.join("\n"));
        measurement
    }

    #[test]
    fn openings_count_the_first_line_of_each_doc_comment() {
        let lines = [
            "/// What it does.",
            "/// When it runs.",
            "struct A;",
            "    /// A clock.",
            "fn b() {}",
            "///",
            "fn c() {}",
        ];
        let measurement = measure("a.rs", &lines);
        assert_eq!((measurement.docs, measurement.findings(Figure::Openings).len()), (2, 1));
        assert_eq!(measurement.value(Figure::Openings), 50.0);
        assert_eq!(measurement.findings(Figure::Openings), ["a.rs:1: /// What it does."]);
        assert_eq!(measure("a.rs", &["/// Whatever remains.", "/// A", "//! What"]).value(Figure::Openings), 0.0);
    }

    #[test]
    fn pronouns_count_in_comments_and_documents() {
        let code =
            measure("a.rs", &["//! One two Nobody.", "let somebody = 1; // ignored: not at the start of the line"]);
        assert_eq!((code.words, code.findings(Figure::Pronouns).len()), (3, 1));
        let document = measure("a.md", &["Somebody or someone reads", "this"]);
        assert_eq!(document.value(Figure::Pronouns), 400.0);
        let proto = measure("a.proto", &["// Whoever calls.", "string nobody = 1;"]);
        assert_eq!((proto.words, proto.findings(Figure::Pronouns).len()), (3, 1)); // "//" counts as a word
    }

    #[test]
    fn tests_count_names_that_open_with_a_question_word_or_pronoun() {
        let attribute = "#[test]";
        let lines = [
            attribute,
            "fn who_calls_is_known() {}",
            attribute,
            "#[ignore = \"slow\"]",
            "fn whole_numbers_are_parsed() {}",
            "fn what_is_no_test() {}",
        ];
        let measurement = measure("a.rs", &lines);
        assert_eq!((measurement.tests, measurement.value(Figure::Tests)), (2, 50.0));
        assert_eq!(measurement.findings(Figure::Tests), ["a.rs:2: who_calls_is_known"]);
    }

    #[test]
    fn phrases_count_in_messages_protos_and_documents() {
        let (log, error) = ("tracing::warn!", "#[error");
        let lines = [
            format!("{log}(%error, \"the limiter Is Away\");"),
            format!("{error}(\"the limiter is unavailable\")]"),
            "let text = \"the limiter is away\";".to_owned(),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(measure("a.rs", &lines).value(Figure::Phrases), 1.0);
        assert_eq!(measure("a.md", &["Again is no error.", "Idempotent."]).value(Figure::Phrases), 1.0);
        assert_eq!(measure("a.proto", &["// Given up.", "string x = 1; // given up"]).value(Figure::Phrases), 1.0);
        assert_eq!(measure("app/src/cli/help.txt", &["events given up"]).value(Figure::Phrases), 1.0);
    }
}
