//! Conversion of requests into domain types.

use kith_kernel::{CaseId, id::InvalidId};
use kith_proto::{
    convert,
    moderation::v1::{self as wire, DecideCaseRequest},
};
use uuid::Uuid;

use crate::{
    Error,
    domain::{Action, CaseState, Reason, Subject},
    policy::{AppealError, CaseError, ProposedDecision},
};

/// Parses the subject. A malformed id is reported as not found.
pub(super) fn subject(kind: wire::SubjectKind, id: &str) -> Result<Subject, Error> {
    let kind = match kind {
        wire::SubjectKind::Post => "post",
        wire::SubjectKind::Response => "response",
        wire::SubjectKind::Persona => "persona",
        wire::SubjectKind::Circle => "circle",
        wire::SubjectKind::Unspecified => return Err(Error::SubjectNotFound),
    };
    let id = Uuid::parse_str(id).map_err(|_| Error::SubjectNotFound)?;
    Subject::parse(kind, id).ok_or(Error::SubjectNotFound)
}

pub(super) fn case_id(text: &str) -> Result<CaseId, Error> {
    text.parse().map_err(|InvalidId| Error::CaseNotFound)
}

pub(super) fn decision_id(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| AppealError::NotYours.into())
}

pub(super) fn reason(reason: wire::Reason) -> Result<Reason, Error> {
    Ok(match reason {
        wire::Reason::Harassment => Reason::Harassment,
        wire::Reason::Threat => Reason::Threat,
        wire::Reason::Sexual => Reason::Sexual,
        wire::Reason::MinorAtRisk => Reason::MinorAtRisk,
        wire::Reason::SelfHarmEncouragement => Reason::SelfHarm,
        wire::Reason::SubstanceSourcing => Reason::Substances,
        wire::Reason::Doxxing => Reason::Doxxing,
        wire::Reason::Scam => Reason::Scam,
        wire::Reason::Spam => Reason::Spam,
        wire::Reason::Other => Reason::Other,
        // Unreachable: validation rejects an unspecified reason.
        wire::Reason::Unspecified => return Err(Error::SubjectNotFound),
    })
}

pub(super) fn state(state: wire::CaseState) -> CaseState {
    match state {
        wire::CaseState::Unspecified | wire::CaseState::Open => CaseState::Open,
        wire::CaseState::Decided => CaseState::Decided,
        wire::CaseState::Appealed => CaseState::Appealed,
        wire::CaseState::AppealDecided => CaseState::AppealDecided,
    }
}

pub(super) fn proposal(request: &DecideCaseRequest) -> Result<ProposedDecision, Error> {
    let action = match request.action() {
        wire::Action::Dismiss => Action::Dismiss,
        wire::Action::Remove => Action::Remove,
        wire::Action::Restore => Action::Restore,
        wire::Action::Warn => Action::Warn,
        wire::Action::Mute => Action::Mute,
        wire::Action::Suspend => Action::Suspend,
        wire::Action::Ban => Action::Ban,
        wire::Action::Uphold => Action::Uphold,
        wire::Action::Overturn => Action::Overturn,
        wire::Action::Hold => Action::Hold,
        wire::Action::Unspecified => return Err(CaseError::ActionNotAllowed.into()),
    };
    Ok(ProposedDecision {
        action,
        rule: request.rule.clone(),
        statement: request.statement.clone(),
        until: request.expires_at.as_ref().map(convert::timestamp_from),
    })
}
