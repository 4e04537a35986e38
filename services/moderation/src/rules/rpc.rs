//! `ListRules`, `PutRule`, `TryRule`: convert, call, convert.

use std::{collections::HashMap, sync::Arc};

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{
    Content, PersonaId,
    ports::{Persona, Personas},
};
use kith_proto::{
    Caller, Valid, convert,
    moderation::v1::{
        ListRulesRequest, ListRulesResponse, PutRuleRequest, PutRuleResponse, Rule as WireRule, RuleAction,
        RuleDetector, RuleKind, RuleMatch, RuleTrial, TryRuleRequest, TryRuleResponse,
        moderation_service_connect::ModerationServiceBuilder,
    },
    refusal,
};
use kith_screening_engine::{Action, Detector, InvalidRules, Kind, Rule};

use super::{Error, Rulebook, Trial};

/// What the handlers ask.
pub struct Desk {
    /// What staff can do with the rules.
    pub rules: Arc<Rulebook>,
    /// How people appear.
    pub personas: Arc<dyn Personas>,
}

/// The methods of the service that are about rules.
pub fn router(desk: Desk) -> Router {
    ModerationServiceBuilder::new()
        .list_rules(list_rules)
        .put_rule(put_rule)
        .try_rule(try_rule)
        .with_state(Arc::new(desk))
        .build()
}

type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

async fn list_rules(
    State(desk): State<Arc<Desk>>,
    Caller(actor): Caller,
    Valid(request): Valid<ListRulesRequest>,
) -> Answer<ListRulesResponse> {
    let staff = actor.moderator().map_err(Error::from)?;
    let version = u32::try_from(request.version).ok().filter(|it| *it > 0);
    let page = desk.rules.list(&staff, version).await?;
    Ok(ConnectResponse::new(ListRulesResponse {
        rules: page.rules.rules.iter().map(show).collect(),
        version: number(page.rules.version),
        etag: page.etag.unwrap_or_default(),
        put_at: page.at.map(convert::timestamp),
    }))
}

async fn put_rule(
    State(desk): State<Arc<Desk>>,
    Caller(actor): Caller,
    Valid(request): Valid<PutRuleRequest>,
) -> Answer<PutRuleResponse> {
    let rule = read(request.rule)?;
    let name = rule.name.clone();
    let page = desk.rules.put(&actor, rule, &request.etag).await?;
    Ok(ConnectResponse::new(PutRuleResponse {
        rule: page.rules.rules.iter().find(|it| it.name == name).map(show),
        version: number(page.rules.version),
        etag: page.etag.unwrap_or_default(),
    }))
}

async fn try_rule(
    State(desk): State<Arc<Desk>>,
    Caller(actor): Caller,
    Valid(request): Valid<TryRuleRequest>,
) -> Answer<TryRuleResponse> {
    let staff = actor.moderator().map_err(Error::from)?;
    let newest = usize::try_from(request.newest).ok().filter(|it| *it > 0).unwrap_or(Rulebook::USUAL);
    let trials = desk.rules.try_rule(&staff, read(request.rule)?, newest).await?;
    let authors = authors(&*desk.personas, &trials.shown).await?;
    Ok(ConnectResponse::new(TryRuleResponse {
        trials: trials.shown.iter().map(|it| show_trial(it, &authors)).collect(),
        tried: number(trials.tried),
        matched: number(trials.matched),
        held: number(trials.held),
    }))
}

async fn authors(personas: &dyn Personas, trials: &[Trial]) -> Result<HashMap<PersonaId, Persona>, Error> {
    let ids: Vec<_> = trials.iter().map(|it| it.evidence.persona).collect();
    Ok(personas.shown(&ids).await?)
}

/// What is above the largest number of the wire is that.
fn number(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

/// What the checks of the proto let through and no rule can be is refused as one.
fn read(rule: Option<WireRule>) -> Result<Rule, Error> {
    let Some(rule) = rule else { return Err(Error::Rule(InvalidRules::Name)) };
    let detector = match rule.detector() {
        RuleDetector::Phone => Detector::Phone,
        RuleDetector::Email => Detector::Email,
        RuleDetector::Url => Detector::Url,
        RuleDetector::Handle => Detector::Handle,
        RuleDetector::Address => Detector::Address,
        RuleDetector::Scam => Detector::Scam,
        RuleDetector::Unspecified => return Err(Error::Rule(InvalidRules::Name)),
    };
    let action = match rule.action() {
        RuleAction::Hold => Action::Hold,
        RuleAction::Shadow => Action::Shadow,
        RuleAction::Unspecified => return Err(Error::Rule(InvalidRules::Name)),
    };
    let on = rule.kinds().filter_map(|it| match it {
        RuleKind::Post => Some(Kind::Post),
        RuleKind::Response => Some(Kind::Response),
        RuleKind::Unspecified => None,
    });
    Ok(Rule {
        on: on.collect(),
        threshold: u8::try_from(rule.threshold).unwrap_or(0),
        detector,
        action,
        name: rule.name,
        words: rule.words,
        domains: rule.domains,
        allow: rule.allow,
    })
}

fn show(rule: &Rule) -> WireRule {
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
    WireRule {
        name: rule.name.clone(),
        detector: detector.into(),
        threshold: rule.threshold.into(),
        kinds: rule.on.iter().map(kind).collect(),
        action: action.into(),
        words: rule.words.clone(),
        domains: rule.domains.clone(),
        allow: rule.allow.clone(),
    }
}

fn show_trial(trial: &Trial, authors: &HashMap<PersonaId, Persona>) -> RuleTrial {
    let evidence = &trial.evidence;
    let (kind, content_id) = match evidence.content {
        Content::Post(id) => (RuleKind::Post, id.to_string()),
        Content::Response(id) => (RuleKind::Response, id.to_string()),
    };
    let matches = trial.findings.iter().map(|it| RuleMatch {
        text: evidence.text.get(it.span.clone()).unwrap_or_default().to_owned(),
        confidence: it.confidence.into(),
    });
    RuleTrial {
        kind: kind.into(),
        content_id,
        author: authors.get(&evidence.persona).map(convert::persona),
        created_at: Some(convert::timestamp(evidence.at)),
        text: evidence.text.clone(),
        matches: matches.collect(),
        crisis: trial.crisis,
    }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        refusal(&error)
    }
}
