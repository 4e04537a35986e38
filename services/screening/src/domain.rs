//! Versions of the rule set as staff see them, and results of rule tests.

use kith_kernel::{ContentId, Timestamp, ports::Evidence};
use kith_screening_engine::{Finding, Kind, RuleSet};

/// One version of the rule set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetView {
    pub rules: RuleSet,
    /// Etag for a change. `None` if a newer version exists.
    pub etag: Option<String>,
    /// Time of the change. `None` for version 1, which is part of the build.
    pub at: Option<Timestamp>,
}

/// Result of a rule test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTestReport {
    /// Matching content, newest first, at most [`RuleService::MAX_SHOWN`](crate::RuleService::MAX_SHOWN).
    pub shown: Vec<RuleMatch>,
    /// Number of items that the rule was evaluated on.
    pub evaluated: usize,
    /// Number of items that match.
    pub matched: usize,
    /// Number of matching items that would be held.
    pub held: usize,
}

/// Content that a rule under test matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMatch {
    pub evidence: Evidence,
    pub findings: Vec<Finding>,
    /// True if the text contains crisis language. It would not be held.
    pub crisis: bool,
}

/// Kind of content, as rules name it.
pub(crate) const fn kind_of(content: ContentId) -> Kind {
    match content {
        ContentId::Post(_) => Kind::Post,
        ContentId::Response(_) => Kind::Response,
    }
}
