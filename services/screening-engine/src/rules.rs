//! Rules: what is looked for, from how sure on it counts, and what follows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Detector;

/// A version of all rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Which. The first is 1.
    pub version: u32,
    /// One for each name.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is called.
    pub name: String,
    /// What looks.
    pub detector: Detector,
    /// From how sure on it acts, of 100.
    pub threshold: u8,
    /// What it looks at.
    pub on: BTreeSet<Kind>,
    /// What follows.
    pub action: Action,
    /// Words that the detector looks for.
    #[serde(default)]
    pub words: Vec<String>,
    /// Hosts and endings of hosts that the detector looks for.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Hosts and numbers that are never meant.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// What people write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A post.
    Post,
    /// An answer to one.
    Response,
}

/// What follows from a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Somebody looks before others see it.
    Hold,
    /// It is noted, and nothing happens: to see what a rule would do.
    Shadow,
}

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRules {
    /// They are not written as rules are.
    #[error("the rules cannot be read")]
    Unreadable(#[from] toml::de::Error),
    /// A rule has a name that is no name.
    #[error("the name of a rule is 1 to {max} small letters, digits, `-` and `_`, beginning with a letter", max = Rule::LONGEST_NAME)]
    Name,
    /// Two rules have one name.
    #[error("there are two rules `{0}`")]
    Twice(String),
    /// More rules than there is time for.
    #[error("there are more than {max} rules", max = Rules::MOST)]
    TooMany,
    /// A threshold that nothing or everything reaches.
    #[error("the threshold of `{0}` is not from 1 to 100")]
    Threshold(String),
    /// A rule that looks at nothing.
    #[error("`{0}` looks at no kind of content")]
    NoKinds(String),
    /// A list that the detector does not read.
    #[error("the detector of `{rule}` reads no {list}")]
    Unread {
        /// Of which rule.
        rule: String,
        /// Which list.
        list: List,
    },
    /// A list that is too long.
    #[error("{list} of `{rule}` has more than {max} entries", max = Rule::MOST_ENTRIES)]
    TooLong {
        /// Of which rule.
        rule: String,
        /// Which list.
        list: List,
    },
    /// An entry that can match nothing, or everything.
    #[error("{list}[{index}] of `{rule}` is not what that list holds")]
    Entry {
        /// Of which rule.
        rule: String,
        /// Of which list.
        list: List,
        /// Which entry, from 0.
        index: usize,
    },
    /// The version is none.
    #[error("the first version is 1")]
    Version,
    /// An expression cannot be compiled.
    #[error("an expression is too large")]
    Expression(#[from] regex::Error),
}

/// The lists of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Words.
    Words,
    /// Domains.
    Domains,
    /// What is never meant.
    Allow,
}

impl std::fmt::Display for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Words => "words",
            Self::Domains => "domains",
            Self::Allow => "allow",
        })
    }
}

impl Rules {
    /// The most rules.
    pub const MOST: usize = 64;

    /// The rules that there are before anybody sets others.
    ///
    /// # Errors
    /// None: a test reads them.
    pub fn standard() -> Result<Self, InvalidRules> {
        Self::read(include_str!("../data/rules.toml"))
    }

    /// Rules as they are written in TOML.
    ///
    /// # Errors
    /// [`InvalidRules`] says what is wrong with which.
    pub fn read(text: &str) -> Result<Self, InvalidRules> {
        let rules: Self = toml::from_str(text)?;
        rules.check()?;
        Ok(rules)
    }

    /// These rules with another one, in the place of that with its name if there is one, as the next version.
    ///
    /// # Errors
    /// [`InvalidRules`] says what is wrong with it.
    pub fn with(&self, rule: Rule) -> Result<Self, InvalidRules> {
        let mut new = Self { version: self.version.saturating_add(1), rules: self.rules.clone() };
        match new.rules.iter_mut().find(|it| it.name == rule.name) {
            Some(old) => *old = rule,
            None => new.rules.push(rule),
        }
        new.check()?;
        Ok(new)
    }

    /// Whether they can be used.
    ///
    /// # Errors
    /// [`InvalidRules`] says what is wrong with which.
    pub fn check(&self) -> Result<(), InvalidRules> {
        if self.version == 0 {
            return Err(InvalidRules::Version);
        }
        if self.rules.len() > Self::MOST {
            return Err(InvalidRules::TooMany);
        }
        let mut names = BTreeSet::new();
        for rule in &self.rules {
            rule.check()?;
            if !names.insert(&rule.name) {
                return Err(InvalidRules::Twice(rule.name.clone()));
            }
        }
        Ok(())
    }
}

impl Rule {
    /// The longest name.
    pub const LONGEST_NAME: usize = 40;
    /// The most entries of one list.
    pub const MOST_ENTRIES: usize = 500;
    /// The longest entry.
    pub const LONGEST_ENTRY: usize = 100;

    /// Whether it can be used.
    ///
    /// # Errors
    /// [`InvalidRules`] says what is wrong with it.
    pub fn check(&self) -> Result<(), InvalidRules> {
        let letters = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '-' | '_');
        let begins = self.name.starts_with(|it: char| it.is_ascii_lowercase());
        if !begins || self.name.len() > Self::LONGEST_NAME || !self.name.chars().all(letters) {
            return Err(InvalidRules::Name);
        }
        if !(1..=100).contains(&self.threshold) {
            return Err(InvalidRules::Threshold(self.name.clone()));
        }
        if self.on.is_empty() {
            return Err(InvalidRules::NoKinds(self.name.clone()));
        }
        self.check_list(List::Words, &self.words, is_phrase)?;
        self.check_list(List::Domains, &self.domains, is_domain)?;
        self.check_list(List::Allow, &self.allow, is_domain)
    }

    fn check_list(&self, list: List, entries: &[String], is_entry: fn(&str) -> bool) -> Result<(), InvalidRules> {
        let rule = || self.name.clone();
        if !entries.is_empty() && !self.detector.reads(list) {
            return Err(InvalidRules::Unread { rule: rule(), list });
        }
        if entries.len() > Self::MOST_ENTRIES {
            return Err(InvalidRules::TooLong { rule: rule(), list });
        }
        match entries.iter().position(|it| it.len() > Self::LONGEST_ENTRY || !is_entry(it)) {
            Some(index) => Err(InvalidRules::Entry { rule: rule(), list, index }),
            None => Ok(()),
        }
    }
}

impl Detector {
    /// Whether it reads this list of a rule.
    #[must_use]
    pub const fn reads(self, list: List) -> bool {
        match list {
            List::Words => matches!(self, Self::Email | Self::Handle | Self::Scam),
            List::Domains => matches!(self, Self::Url | Self::Scam),
            List::Allow => matches!(self, Self::Phone | Self::Email | Self::Url | Self::Scam),
        }
    }
}

/// Small letters, digits and spaces, with `~` before or a `*` for a word: at least two letters.
fn is_phrase(text: &str) -> bool {
    let words = text.strip_prefix('~').unwrap_or(text);
    words.chars().filter(char::is_ascii_lowercase).count() > 1
        && words.trim() == words
        && words.split(' ').all(|it| {
            it == "*" || !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        })
}

/// A host, an ending of one, or a number.
fn is_domain(text: &str) -> bool {
    let label =
        |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    text.len() > 1 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rule {
        Rules::standard().unwrap().rules.into_iter().find(|it| it.name == "scam").unwrap()
    }

    fn refusal(change: impl FnOnce(&mut Rule)) -> String {
        let mut rule = rule();
        change(&mut rule);
        rule.check().unwrap_err().to_string()
    }

    #[test]
    fn the_standard_is_version_1_and_has_a_rule_for_each_detector() {
        let rules = Rules::standard().unwrap();
        assert_eq!(rules.version, 1);
        let detectors: BTreeSet<_> = rules.rules.iter().map(|it| it.detector).collect();
        assert_eq!(detectors, BTreeSet::from(Detector::ALL));
    }

    #[test]
    fn a_rule_says_what_is_wrong_with_it() {
        assert!(refusal(|it| it.name = "A".into()).contains("name"));
        assert!(refusal(|it| it.name.clear()).contains("name"));
        assert_eq!(refusal(|it| it.threshold = 0), "the threshold of `scam` is not from 1 to 100");
        assert_eq!(refusal(|it| it.threshold = 101), "the threshold of `scam` is not from 1 to 100");
        assert_eq!(refusal(|it| it.on.clear()), "`scam` looks at no kind of content");
        assert_eq!(refusal(|it| it.detector = Detector::Phone), "the detector of `scam` reads no words");
        assert_eq!(
            refusal(|it| it.words = vec!["ok".into(), "*".into()]),
            "words[1] of `scam` is not what that list holds"
        );
        assert_eq!(refusal(|it| it.words = vec!["(a+)+".into()]), "words[0] of `scam` is not what that list holds");
        assert_eq!(refusal(|it| it.domains = vec![".*".into()]), "domains[0] of `scam` is not what that list holds");
        assert_eq!(refusal(|it| it.words = vec!["abc".into(); 501]), "words of `scam` has more than 500 entries");
    }

    #[test]
    fn rules_say_what_is_wrong_with_them() {
        let read = |text: &str| Rules::read(text).unwrap_err().to_string();
        assert_eq!(read("version = 1\nrules = []\nmore = 1"), "the rules cannot be read");
        assert_eq!(read("version = 0\nrules = []"), "the first version is 1");
        let twice = Rules { version: 1, rules: vec![rule(), rule()] };
        assert_eq!(twice.check().unwrap_err().to_string(), "there are two rules `scam`");
        let names = (0..65).map(|it| Rule { name: format!("r{it}"), ..rule() }).collect();
        assert_eq!(Rules { version: 1, rules: names }.check().unwrap_err().to_string(), "there are more than 64 rules");
    }

    #[test]
    fn another_rule_is_another_version() {
        let rules = Rules::standard().unwrap();
        let new = rules.with(Rule { threshold: 99, ..rule() }).unwrap();
        assert_eq!((new.version, new.rules.len()), (2, rules.rules.len()));
        assert!(new.rules.iter().any(|it| it.name == "scam" && it.threshold == 99));
        let more = new.with(Rule { name: "scam-2".into(), ..rule() }).unwrap();
        assert_eq!((more.version, more.rules.len()), (3, rules.rules.len() + 1));
        assert!(rules.with(Rule { threshold: 0, ..rule() }).is_err());
    }
}
