//! Conversion of responses.

use std::{collections::HashMap, sync::Arc};

use kith_kernel::{
    ContentId, PersonaId,
    ports::{Persona, PersonaLookup},
};
use kith_proto::{
    convert,
    screening::v1::{
        ListRulesResponse, PutRuleResponse, Rule as RuleMessage, RuleAction, RuleDetector, RuleKind,
        RuleMatch as RuleMatchMessage, TextSpan, TryRuleResponse,
    },
};
use kith_screening_engine::{Action, Detector, Kind, Rule};

use crate::{Error, RuleMatch, RuleSetView, RuleTestReport};

/// Adds personas of authors to the results of rule tests.
pub struct Presenter {
    pub personas: Arc<dyn PersonaLookup>,
}

impl Presenter {
    pub(super) async fn try_rule(&self, report: &RuleTestReport) -> Result<TryRuleResponse, Error> {
        let ids: Vec<_> = report.shown.iter().map(|it| it.evidence.persona).collect();
        let authors = self.personas.find_many(&ids).await?;
        Ok(TryRuleResponse {
            matches: report.shown.iter().map(|it| rule_match(it, &authors)).collect(),
            evaluated: saturating_i32(report.evaluated),
            matched: saturating_i32(report.matched),
            held: saturating_i32(report.held),
        })
    }
}

pub(super) fn list_rules(view: RuleSetView) -> ListRulesResponse {
    ListRulesResponse {
        rules: view.rules.rules.iter().map(rule).collect(),
        version: saturating_i32(view.rules.version),
        etag: view.etag.unwrap_or_default(),
        put_at: view.at.map(convert::timestamp),
    }
}

pub(super) fn put_rule(view: RuleSetView, name: &str) -> PutRuleResponse {
    PutRuleResponse {
        rule: view.rules.rules.iter().find(|it| it.name == name).map(rule),
        version: saturating_i32(view.rules.version),
        etag: view.etag.unwrap_or_default(),
    }
}

fn saturating_i32(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

fn rule(rule: &Rule) -> RuleMessage {
    let kind = |it: &Kind| match it {
        Kind::Post => RuleKind::Post.into(),
        Kind::Response => RuleKind::Response.into(),
    };
    let detector = match rule.detector {
        Detector::Phone => RuleDetector::Phone,
        Detector::Email => RuleDetector::Email,
        Detector::Url => RuleDetector::Url,
        Detector::Handle => RuleDetector::Handle,
        Detector::Address => RuleDetector::Address,
        Detector::Scam => RuleDetector::Scam,
    };
    let action = match rule.action {
        Action::Hold => RuleAction::Hold,
        Action::Shadow => RuleAction::Shadow,
    };
    RuleMessage {
        name: rule.name.clone(),
        detector: detector.into(),
        threshold: rule.threshold.into(),
        kinds: rule.kinds.iter().map(kind).collect(),
        action: action.into(),
        words: rule.words.clone(),
        domains: rule.domains.clone(),
        allow: rule.allow.clone(),
    }
}

fn rule_match(rule_match: &RuleMatch, authors: &HashMap<PersonaId, Persona>) -> RuleMatchMessage {
    let evidence = &rule_match.evidence;
    let (kind, content_id) = match evidence.content {
        ContentId::Post(id) => (RuleKind::Post, id.to_string()),
        ContentId::Response(id) => (RuleKind::Response, id.to_string()),
    };
    let spans = rule_match.findings.iter().map(|it| TextSpan {
        text: evidence.text.get(it.span.clone()).unwrap_or_default().to_owned(),
        confidence: it.confidence.into(),
    });
    RuleMatchMessage {
        kind: kind.into(),
        content_id,
        author: authors.get(&evidence.persona).map(convert::persona),
        created_at: Some(convert::timestamp(evidence.at)),
        text: evidence.text.clone(),
        spans: spans.collect(),
        crisis: rule_match.crisis,
    }
}
