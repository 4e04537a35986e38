//! Conversion of domain types into responses.

use std::{collections::HashMap, sync::Arc};

use kith_kernel::{
    Clock, Moderator, PersonaId, Timestamp, UserId,
    ports::{Persona, PersonaLookup},
};
use kith_proto::{
    convert,
    moderation::v1::{self as wire, GetCaseResponse, GetModerationStatsResponse},
};

use crate::{
    Error,
    domain::{
        Accuracy, Action, AppealState, Case, CaseState, ContextItem, Decision, Origin, Reason, Report, ReportOutcome,
        Subject,
    },
    service::{CaseDetails, CaseReport, Statement},
    store::Stats,
};

type PersonaMap = HashMap<PersonaId, Persona>;

/// Builds messages that contain personas.
pub struct Presenter {
    pub personas: Arc<dyn PersonaLookup>,
    pub clock: Arc<dyn Clock>,
}

impl Presenter {
    pub(super) async fn case(&self, staff: &Moderator, case: &Case) -> Result<wire::Case, Error> {
        let personas = self.load_personas(case.persona).await?;
        Ok(self.case_message(staff, case, &personas))
    }

    pub(super) async fn cases(&self, staff: &Moderator, cases: &[Case]) -> Result<Vec<wire::Case>, Error> {
        let personas = self.load_personas(cases.iter().filter_map(|case| case.persona)).await?;
        Ok(cases.iter().map(|case| self.case_message(staff, case, &personas)).collect())
    }

    pub(super) async fn case_details(
        &self,
        staff: &Moderator,
        details: &CaseDetails,
    ) -> Result<GetCaseResponse, Error> {
        let context = details.evidence.iter().flat_map(|(_, snapshot)| &snapshot.context).map(|item| item.persona);
        let personas = self.load_personas(context.chain(details.case.persona)).await?;
        let evidence = details.evidence.iter().map(|(captured_at, snapshot)| wire::Evidence {
            taken_at: Some(convert::timestamp(*captured_at)),
            written_at: Some(convert::timestamp(snapshot.at)),
            text: snapshot.text.clone(),
            edits: snapshot.revisions.iter().map(|(at, text)| revision(*at, text)).collect(),
            context: snapshot.context.iter().map(|item| context_item(item, &personas)).collect(),
        });
        Ok(GetCaseResponse {
            case: Some(self.case_message(staff, &details.case, &personas)),
            evidence: evidence.collect(),
            reports: details.reports.iter().map(case_report).collect(),
            decisions: details.decisions.iter().map(|(made, statement)| decision(made, statement)).collect(),
            appeal: details.appeal.clone(),
        })
    }

    async fn load_personas(&self, personas: impl IntoIterator<Item = PersonaId>) -> Result<PersonaMap, Error> {
        let personas: Vec<PersonaId> = personas.into_iter().collect();
        Ok(self.personas.find_many(&personas).await?)
    }

    fn case_message(&self, staff: &Moderator, case: &Case, personas: &PersonaMap) -> wire::Case {
        let assignment = case.active_assignment(self.clock.now());
        wire::Case {
            id: case.id.to_string(),
            kind: kind(case.subject).into(),
            subject_id: case.subject.uuid().to_string(),
            persona: case.persona.and_then(|persona| personas.get(&persona)).map(convert::persona),
            origin: origin(case.origin).into(),
            reasons: case.reasons.iter().map(|it| reason(*it).into()).collect(),
            reports: case.report_count,
            risk: case.risk,
            state: state(case.state).into(),
            escalated: case.escalated_at.is_some(),
            hidden: case.hidden_at.is_some(),
            assignment: assignment_status(assignment.map(|assignment| assignment.assignee), staff).into(),
            assigned_until: assignment.map(|assignment| convert::timestamp(assignment.until)),
            opened_at: Some(convert::timestamp(case.opened_at)),
            due_at: Some(convert::timestamp(case.due_at)),
            etag: case.etag(),
        }
    }
}

fn revision(at: Timestamp, text: &str) -> wire::EvidenceEdit {
    wire::EvidenceEdit { at: Some(convert::timestamp(at)), text: text.to_owned() }
}

fn context_item(item: &ContextItem, personas: &PersonaMap) -> wire::EvidenceExcerpt {
    wire::EvidenceExcerpt {
        persona: personas.get(&item.persona).map(convert::persona),
        text: item.text.clone(),
        at: Some(convert::timestamp(item.at)),
    }
}

fn assignment_status(assignee: Option<UserId>, staff: &Moderator) -> wire::Assignment {
    match assignee {
        None => wire::Assignment::Unassigned,
        Some(user) if user == staff.actor().user => wire::Assignment::Caller,
        Some(_) => wire::Assignment::Other,
    }
}

fn case_report(report: &CaseReport) -> wire::CaseReport {
    let accuracy = match report.accuracy {
        Accuracy::New => wire::Accuracy::New,
        Accuracy::Low => wire::Accuracy::Low,
        Accuracy::Medium => wire::Accuracy::Medium,
        Accuracy::High => wire::Accuracy::High,
    };
    wire::CaseReport {
        alias: report.alias.clone(),
        accuracy: accuracy.into(),
        reason: reason(report.reason).into(),
        comment: report.comment.clone(),
        created_at: Some(convert::timestamp(report.at)),
    }
}

pub(super) fn report(report: &Report) -> wire::Report {
    let state = match report.outcome {
        None => wire::ReportState::Open,
        Some(ReportOutcome::ActionTaken) => wire::ReportState::ActionTaken,
        Some(ReportOutcome::Dismissed) => wire::ReportState::Dismissed,
    };
    wire::Report {
        id: report.id.to_string(),
        kind: kind(report.subject).into(),
        subject_id: report.subject.uuid().to_string(),
        reason: reason(report.reason).into(),
        created_at: Some(convert::timestamp(report.at)),
        state: state.into(),
    }
}

pub(super) fn decision(decision: &Decision, statement: &str) -> wire::Decision {
    wire::Decision {
        id: decision.id.to_string(),
        case_id: decision.case.to_string(),
        action: action(decision.action).into(),
        rule: decision.rule.clone(),
        statement: statement.to_owned(),
        created_at: Some(convert::timestamp(decision.at)),
        expires_at: decision.until.map(convert::timestamp),
        appeal: appeal(decision.appeal.state).into(),
    }
}

pub(super) fn statement(statement: &Statement) -> wire::Statement {
    let decision = &statement.decision;
    wire::Statement {
        decision_id: decision.id.to_string(),
        action: action(decision.action).into(),
        kind: kind(decision.subject).into(),
        subject_id: decision.subject.uuid().to_string(),
        rule: decision.rule.clone(),
        statement: statement.statement.clone(),
        created_at: Some(convert::timestamp(decision.at)),
        expires_at: decision.until.map(convert::timestamp),
        appeal: appeal(decision.appeal.state).into(),
        appeal_deadline: statement.appeal_deadline.map(convert::timestamp),
        strike_expires_at: statement.strike_expires_at.map(convert::timestamp),
    }
}

pub(super) fn stats(stats: &Stats) -> GetModerationStatsResponse {
    GetModerationStatsResponse {
        open: stats.open,
        escalated: stats.escalated,
        hidden: stats.hidden,
        overdue: stats.overdue,
        appealed: stats.appealed,
        decided_today: stats.decided_today,
        overturned: stats.overturned,
        oldest: stats.oldest.map(convert::timestamp),
    }
}

const fn kind(subject: Subject) -> wire::SubjectKind {
    match subject {
        Subject::Post(_) => wire::SubjectKind::Post,
        Subject::Response(_) => wire::SubjectKind::Response,
        Subject::Persona(_) => wire::SubjectKind::Persona,
        Subject::Circle(_) => wire::SubjectKind::Circle,
    }
}

const fn reason(reason: Reason) -> wire::Reason {
    match reason {
        Reason::Harassment => wire::Reason::Harassment,
        Reason::Threat => wire::Reason::Threat,
        Reason::Sexual => wire::Reason::Sexual,
        Reason::MinorAtRisk => wire::Reason::MinorAtRisk,
        Reason::SelfHarm => wire::Reason::SelfHarmEncouragement,
        Reason::Substances => wire::Reason::SubstanceSourcing,
        Reason::Doxxing => wire::Reason::Doxxing,
        Reason::Scam => wire::Reason::Scam,
        Reason::Spam => wire::Reason::Spam,
        Reason::Other => wire::Reason::Other,
    }
}

const fn origin(origin: Origin) -> wire::CaseOrigin {
    match origin {
        Origin::Report => wire::CaseOrigin::Report,
        Origin::Crisis => wire::CaseOrigin::Crisis,
        Origin::Screen => wire::CaseOrigin::Screen,
    }
}

const fn state(state: CaseState) -> wire::CaseState {
    match state {
        CaseState::Open => wire::CaseState::Open,
        CaseState::Decided => wire::CaseState::Decided,
        CaseState::Appealed => wire::CaseState::Appealed,
        CaseState::AppealDecided => wire::CaseState::AppealDecided,
    }
}

const fn action(action: Action) -> wire::Action {
    match action {
        Action::Dismiss => wire::Action::Dismiss,
        Action::Remove => wire::Action::Remove,
        Action::Restore => wire::Action::Restore,
        Action::Warn => wire::Action::Warn,
        Action::Mute => wire::Action::Mute,
        Action::Suspend => wire::Action::Suspend,
        Action::Ban => wire::Action::Ban,
        Action::Hold => wire::Action::Hold,
        Action::Uphold => wire::Action::Uphold,
        Action::Overturn => wire::Action::Overturn,
    }
}

const fn appeal(state: AppealState) -> wire::AppealState {
    match state {
        AppealState::None => wire::AppealState::None,
        AppealState::Open => wire::AppealState::Open,
        AppealState::Upheld => wire::AppealState::Upheld,
        AppealState::Overturned => wire::AppealState::Overturned,
    }
}
