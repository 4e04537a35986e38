//! Rule sets: versioned, validated data.
//!
//! | file | contents |
//! | --- | --- |
//! | [`error`] | [`InvalidRuleSet`] |

pub mod error;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::error::{InvalidRuleSet, RuleList};
use crate::Detector;

/// A version of all rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Starts at 1.
    pub version: u32,
    /// Names are unique.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub detector: Detector,
    /// Minimum confidence of a finding, from 1 to 100.
    pub threshold: u8,
    /// Kinds of content to which the rule applies.
    pub kinds: BTreeSet<Kind>,
    /// Effect of a match.
    pub action: Action,
    /// Words and phrases for the detector.
    #[serde(default)]
    pub words: Vec<String>,
    /// Domains and top-level domains for the detector.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Domains and phone numbers that are never reported.
    #[serde(default)]
    pub allow: Vec<String>,
}

/// Kind of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Post,
    /// A response to a post.
    Response,
}

/// Effect of a rule that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The content is published only after a review.
    Hold,
    /// The match is logged without an effect, to evaluate a rule.
    Shadow,
}

impl RuleSet {
    /// Maximum number of rules.
    pub const MAX_RULES: usize = 64;

    /// The default rules: version 1.
    ///
    /// # Errors
    /// None in practice: a test parses the default rules.
    pub fn default_rules() -> Result<Self, InvalidRuleSet> {
        Self::parse(include_str!("../../data/rules.toml"))
    }

    /// Parses and validates TOML.
    ///
    /// # Errors
    /// [`InvalidRuleSet`].
    pub fn parse(text: &str) -> Result<Self, InvalidRuleSet> {
        let rules: Self = toml::from_str(text)?;
        rules.validate()?;
        Ok(rules)
    }

    /// Returns the next version, with the rule added or in place of the rule of the same name.
    ///
    /// # Errors
    /// [`InvalidRuleSet`].
    pub fn with_rule(&self, rule: Rule) -> Result<Self, InvalidRuleSet> {
        let mut new = Self { version: self.version.saturating_add(1), rules: self.rules.clone() };
        match new.rules.iter_mut().find(|it| it.name == rule.name) {
            Some(existing) => *existing = rule,
            None => new.rules.push(rule),
        }
        new.validate()?;
        Ok(new)
    }

    /// # Errors
    /// The first constraint that the rule set breaks.
    pub fn validate(&self) -> Result<(), InvalidRuleSet> {
        if self.version == 0 {
            return Err(InvalidRuleSet::InvalidVersion);
        }
        if self.rules.len() > Self::MAX_RULES {
            return Err(InvalidRuleSet::TooManyRules);
        }
        let mut names = BTreeSet::new();
        for rule in &self.rules {
            rule.validate()?;
            if !names.insert(&rule.name) {
                return Err(InvalidRuleSet::DuplicateName(rule.name.clone()));
            }
        }
        Ok(())
    }
}

impl Rule {
    /// Maximum length of a name in bytes.
    pub const MAX_NAME_LENGTH: usize = 40;
    /// Maximum number of entries of a list.
    pub const MAX_ENTRIES: usize = 500;
    /// Maximum length of an entry in bytes.
    pub const MAX_ENTRY_LENGTH: usize = 100;

    /// # Errors
    /// The first constraint that the rule breaks.
    pub fn validate(&self) -> Result<(), InvalidRuleSet> {
        let is_name_character = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '-' | '_');
        let starts_with_letter = self.name.starts_with(|it: char| it.is_ascii_lowercase());
        if !starts_with_letter || self.name.len() > Self::MAX_NAME_LENGTH || !self.name.chars().all(is_name_character) {
            return Err(InvalidRuleSet::InvalidName);
        }
        if !(1..=100).contains(&self.threshold) {
            return Err(InvalidRuleSet::ThresholdOutOfRange(self.name.clone()));
        }
        if self.kinds.is_empty() {
            return Err(InvalidRuleSet::NoKinds(self.name.clone()));
        }
        self.validate_list(RuleList::Words, &self.words, is_phrase)?;
        self.validate_list(RuleList::Domains, &self.domains, is_domain)?;
        self.validate_list(RuleList::Allow, &self.allow, is_domain)
    }

    fn validate_list(
        &self,
        list: RuleList,
        entries: &[String],
        is_entry: fn(&str) -> bool,
    ) -> Result<(), InvalidRuleSet> {
        let rule = || self.name.clone();
        if !entries.is_empty() && !self.detector.supports(list) {
            return Err(InvalidRuleSet::UnsupportedList { rule: rule(), list });
        }
        if entries.len() > Self::MAX_ENTRIES {
            return Err(InvalidRuleSet::ListTooLong { rule: rule(), list });
        }
        match entries.iter().position(|it| it.len() > Self::MAX_ENTRY_LENGTH || !is_entry(it)) {
            Some(index) => Err(InvalidRuleSet::InvalidEntry { rule: rule(), list, index }),
            None => Ok(()),
        }
    }
}

impl Detector {
    /// Returns true if the detector uses this list of a rule.
    #[must_use]
    pub const fn supports(self, list: RuleList) -> bool {
        match list {
            RuleList::Words => matches!(self, Self::Email | Self::Handle | Self::Scam),
            RuleList::Domains => matches!(self, Self::Url | Self::Scam),
            RuleList::Allow => matches!(self, Self::Phone | Self::Email | Self::Url | Self::Scam),
        }
    }
}

/// Returns true for lower-case words of letters and digits with at least two letters. A `~` can precede them, and `*` can
/// replace a word.
fn is_phrase(text: &str) -> bool {
    let words = text.strip_prefix('~').unwrap_or(text);
    words.chars().filter(char::is_ascii_lowercase).count() > 1
        && words.trim() == words
        && words.split(' ').all(|it| {
            it == "*" || !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit())
        })
}

/// Returns true for a domain, a top-level domain or a phone number.
fn is_domain(text: &str) -> bool {
    let label =
        |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    text.len() > 1 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rule {
        RuleSet::default_rules().unwrap().rules.into_iter().find(|it| it.name == "scam").unwrap()
    }

    fn validation_error(change: impl FnOnce(&mut Rule)) -> String {
        let mut rule = rule();
        change(&mut rule);
        rule.validate().unwrap_err().to_string()
    }

    #[test]
    fn the_default_rules_are_version_1_and_use_every_detector() {
        let rules = RuleSet::default_rules().unwrap();
        assert_eq!(rules.version, 1);
        let detectors: BTreeSet<_> = rules.rules.iter().map(|it| it.detector).collect();
        assert_eq!(detectors, BTreeSet::from(Detector::ALL));
    }

    #[test]
    fn invalid_rules_are_rejected() {
        assert!(validation_error(|it| it.name = "A".into()).contains("name"));
        assert!(validation_error(|it| it.name.clear()).contains("name"));
        assert_eq!(validation_error(|it| it.threshold = 0), "threshold of `scam` must be between 1 and 100");
        assert_eq!(validation_error(|it| it.threshold = 101), "threshold of `scam` must be between 1 and 100");
        assert_eq!(validation_error(|it| it.kinds.clear()), "`scam` must apply to at least one kind of content");
        assert_eq!(
            validation_error(|it| it.detector = Detector::Phone),
            "the detector of `scam` does not support words"
        );
        assert_eq!(validation_error(|it| it.words = vec!["ok".into(), "*".into()]), "words[1] of `scam` is invalid");
        assert_eq!(validation_error(|it| it.words = vec!["(a+)+".into()]), "words[0] of `scam` is invalid");
        assert_eq!(validation_error(|it| it.domains = vec![".*".into()]), "domains[0] of `scam` is invalid");
        assert_eq!(
            validation_error(|it| it.words = vec!["abc".into(); 501]),
            "words of `scam` must have at most 500 entries"
        );
    }

    #[test]
    fn invalid_rule_sets_are_rejected() {
        let parse_error = |text: &str| RuleSet::parse(text).unwrap_err().to_string();
        assert_eq!(parse_error("version = 1\nrules = []\nmore = 1"), "rule set is malformed");
        assert_eq!(parse_error("version = 0\nrules = []"), "version must be at least 1");
        let duplicate = RuleSet { version: 1, rules: vec![rule(), rule()] };
        assert_eq!(duplicate.validate().unwrap_err().to_string(), "duplicate rule name `scam`");
        let rules = (0..65).map(|it| Rule { name: format!("r{it}"), ..rule() }).collect();
        let too_many = RuleSet { version: 1, rules };
        assert_eq!(too_many.validate().unwrap_err().to_string(), "rule set must have at most 64 rules");
    }

    #[test]
    fn a_changed_rule_creates_the_next_version() {
        let rules = RuleSet::default_rules().unwrap();
        let new = rules.with_rule(Rule { threshold: 99, ..rule() }).unwrap();
        assert_eq!((new.version, new.rules.len()), (2, rules.rules.len()));
        assert!(new.rules.iter().any(|it| it.name == "scam" && it.threshold == 99));
        let more = new.with_rule(Rule { name: "scam-2".into(), ..rule() }).unwrap();
        assert_eq!((more.version, more.rules.len()), (3, rules.rules.len() + 1));
        assert!(rules.with_rule(Rule { threshold: 0, ..rule() }).is_err());
    }
}
