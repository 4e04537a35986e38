//! Conversion of requests.

use kith_proto::screening::v1::{
    ListRulesRequest, Rule as RuleMessage, RuleAction, RuleDetector, RuleKind, TryRuleRequest,
};
use kith_screening_engine::{Action, Detector, InvalidRuleSet, Kind, Rule};

use crate::{Error, RuleService};

/// Requested version, or `None` for the newest.
pub(super) fn version(request: ListRulesRequest) -> Option<u32> {
    u32::try_from(request.version).ok().filter(|version| *version > 0)
}

pub(super) fn limit(request: &TryRuleRequest) -> usize {
    usize::try_from(request.newest).ok().filter(|limit| *limit > 0).unwrap_or(RuleService::DEFAULT_TESTED)
}

/// Converts a rule. The validation of the message rejects unset enums, so the errors here are a second line of defence.
pub(super) fn rule(message: Option<RuleMessage>) -> Result<Rule, Error> {
    let Some(message) = message else { return Err(Error::Rule(InvalidRuleSet::InvalidName)) };
    let detector = match message.detector() {
        RuleDetector::Phone => Detector::Phone,
        RuleDetector::Email => Detector::Email,
        RuleDetector::Url => Detector::Url,
        RuleDetector::Handle => Detector::Handle,
        RuleDetector::Address => Detector::Address,
        RuleDetector::Scam => Detector::Scam,
        RuleDetector::Unspecified => return Err(Error::Rule(InvalidRuleSet::InvalidName)),
    };
    let action = match message.action() {
        RuleAction::Hold => Action::Hold,
        RuleAction::Shadow => Action::Shadow,
        RuleAction::Unspecified => return Err(Error::Rule(InvalidRuleSet::InvalidName)),
    };
    let kinds = message.kinds().filter_map(|kind| match kind {
        RuleKind::Post => Some(Kind::Post),
        RuleKind::Response => Some(Kind::Response),
        RuleKind::Unspecified => None,
    });
    Ok(Rule {
        kinds: kinds.collect(),
        // 0 is rejected as an invalid threshold.
        threshold: u8::try_from(message.threshold).unwrap_or(0),
        detector,
        action,
        name: message.name,
        words: message.words,
        domains: message.domains,
        allow: message.allow,
    })
}
