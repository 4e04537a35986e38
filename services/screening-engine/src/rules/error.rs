//! Constraints of rule sets.

use super::{Rule, RuleSet};

/// A rule set breaks a constraint.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRuleSet {
    #[error("rule set is malformed")]
    Malformed(#[from] toml::de::Error),
    #[error("rule name must be 1 to {max} lower-case letters, digits, `-` and `_`, starting with a letter", max = Rule::MAX_NAME_LENGTH)]
    InvalidName,
    #[error("duplicate rule name `{0}`")]
    DuplicateName(String),
    #[error("rule set must have at most {max} rules", max = RuleSet::MAX_RULES)]
    TooManyRules,
    #[error("threshold of `{0}` must be between 1 and 100")]
    ThresholdOutOfRange(String),
    #[error("`{0}` must apply to at least one kind of content")]
    NoKinds(String),
    #[error("the detector of `{rule}` does not support {list}")]
    UnsupportedList { rule: String, list: RuleList },
    #[error("{list} of `{rule}` must have at most {max} entries", max = Rule::MAX_ENTRIES)]
    ListTooLong { rule: String, list: RuleList },
    /// The entry could match nothing or everything.
    #[error("{list}[{index}] of `{rule}` is invalid")]
    InvalidEntry {
        rule: String,
        list: RuleList,
        /// Starts at 0.
        index: usize,
    },
    #[error("version must be at least 1")]
    InvalidVersion,
    #[error("regular expression of a rule is too large")]
    ExpressionTooLarge(#[from] regex::Error),
}

/// List of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleList {
    Words,
    Domains,
    Allow,
}

impl std::fmt::Display for RuleList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Words => "words",
            Self::Domains => "domains",
            Self::Allow => "allow",
        })
    }
}
