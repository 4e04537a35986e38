//! What requests say, in the words of the domain.

use kith_kernel::{CaseId, id::InvalidId};
use kith_proto::{
    convert,
    moderation::v1::{self as wire, DecideCaseRequest},
};
use uuid::Uuid;

use crate::{
    Error,
    domain::{Action, Reason, State, Subject},
    policy::{NoAppeal, Proposal, Refusal},
};

/// What is no id is the id of nothing.
pub(super) fn subject(kind: wire::SubjectKind, id: &str) -> Result<Subject, Error> {
    let word = match kind {
        wire::SubjectKind::Post => "post",
        wire::SubjectKind::Response => "response",
        wire::SubjectKind::Persona => "persona",
        wire::SubjectKind::Circle => "circle",
        wire::SubjectKind::Unspecified => return Err(Error::NoSuchSubject),
    };
    let id = Uuid::parse_str(id).map_err(|_| Error::NoSuchSubject)?;
    Subject::of(word, id).ok_or(Error::NoSuchSubject)
}

pub(super) fn case_id(text: &str) -> Result<CaseId, Error> {
    text.parse().map_err(|InvalidId| Error::NoSuchCase)
}

pub(super) fn decision_id(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| NoAppeal::NotTheirs.into())
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
        // The rules of the proto let none through.
        wire::Reason::Unspecified => return Err(Error::NoSuchSubject),
    })
}

pub(super) fn state(state: wire::CaseState) -> State {
    match state {
        wire::CaseState::Unspecified | wire::CaseState::Open => State::Open,
        wire::CaseState::Decided => State::Decided,
        wire::CaseState::Appealed => State::Appealed,
        wire::CaseState::Settled => State::Settled,
    }
}

pub(super) fn proposal(request: &DecideCaseRequest) -> Result<Proposal, Error> {
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
        wire::Action::Unspecified => return Err(Refusal::WrongAction.into()),
    };
    Ok(Proposal {
        action,
        rule: request.rule.clone(),
        statement: request.statement.clone(),
        until: request.until.as_ref().map(convert::moment),
    })
}
