//! What answers say.

use std::collections::HashMap;

use kith_kernel::{Moderator, PersonaId, UserId, ports::Persona};
use kith_proto::{
    convert,
    moderation::v1::{self as wire, GetCaseResponse, GetModerationStatsResponse},
};

use super::Desk;
use crate::{
    Error,
    domain::{Accuracy, Action, AppealState, Case, Decision, Origin, Outcome, Reason, Report, State, Subject},
    service::{Dossier, Heard, Told},
    store::Stats,
};

type Shown = HashMap<PersonaId, Persona>;

impl Desk {
    pub(super) async fn case(&self, staff: &Moderator, case: &Case) -> Result<wire::Case, Error> {
        let shown = self.shown(case.persona).await?;
        Ok(self.case_message(staff, case, &shown))
    }

    pub(super) async fn cases(&self, staff: &Moderator, cases: &[Case]) -> Result<Vec<wire::Case>, Error> {
        let shown = self.shown(cases.iter().filter_map(|case| case.persona)).await?;
        Ok(cases.iter().map(|case| self.case_message(staff, case, &shown)).collect())
    }

    pub(super) async fn dossier(&self, staff: &Moderator, dossier: &Dossier) -> Result<GetCaseResponse, Error> {
        let around = dossier.evidence.iter().flat_map(|(_, said)| &said.context).map(|it| it.persona);
        let shown = self.shown(around.chain(dossier.case.persona)).await?;
        let evidence = dossier.evidence.iter().map(|(taken, said)| wire::Evidence {
            taken_at: Some(convert::timestamp(*taken)),
            written_at: Some(convert::timestamp(said.at)),
            text: said.text.clone(),
            edits: said.edits.iter().map(|(at, text)| edit(*at, text)).collect(),
            context: said.context.iter().map(|it| excerpt(it, &shown)).collect(),
        });
        Ok(GetCaseResponse {
            case: Some(self.case_message(staff, &dossier.case, &shown)),
            evidence: evidence.collect(),
            reports: dossier.reports.iter().map(heard).collect(),
            decisions: dossier.decisions.iter().map(|(made, why)| decision(made, why)).collect(),
            appeal: dossier.appeal.clone(),
        })
    }

    async fn shown(&self, personas: impl IntoIterator<Item = PersonaId>) -> Result<Shown, Error> {
        let personas: Vec<PersonaId> = personas.into_iter().collect();
        Ok(self.personas.shown(&personas).await?)
    }

    fn case_message(&self, staff: &Moderator, case: &Case, shown: &Shown) -> wire::Case {
        let lease = case.holder(self.service.clock.now());
        wire::Case {
            id: case.id.to_string(),
            kind: kind(case.subject).into(),
            subject_id: case.subject.uuid().to_string(),
            persona: case.persona.and_then(|persona| shown.get(&persona)).map(convert::persona),
            origin: origin(case.origin).into(),
            reasons: case.reasons.iter().map(|it| reason(*it).into()).collect(),
            reports: case.reports,
            risk: case.risk,
            state: state(case.state).into(),
            escalated: case.escalated_at.is_some(),
            hidden: case.hidden_at.is_some(),
            holder: holder(lease.map(|lease| lease.holder), staff).into(),
            held_until: lease.map(|lease| convert::timestamp(lease.until)),
            opened_at: Some(convert::timestamp(case.opened_at)),
            due_at: Some(convert::timestamp(case.due_at)),
            etag: case.etag(),
        }
    }
}

fn edit(at: kith_kernel::Timestamp, text: &str) -> wire::EvidenceEdit {
    wire::EvidenceEdit { at: Some(convert::timestamp(at)), text: text.to_owned() }
}

fn excerpt(it: &crate::domain::Surrounding, shown: &Shown) -> wire::EvidenceExcerpt {
    wire::EvidenceExcerpt {
        persona: shown.get(&it.persona).map(convert::persona),
        text: it.text.clone(),
        at: Some(convert::timestamp(it.at)),
    }
}

fn holder(holder: Option<UserId>, staff: &Moderator) -> wire::Holder {
    match holder {
        None => wire::Holder::Nobody,
        Some(user) if user == staff.actor().user => wire::Holder::Caller,
        Some(_) => wire::Holder::Other,
    }
}

fn heard(report: &Heard) -> wire::CaseReport {
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
        words: report.words.clone(),
        created_at: Some(convert::timestamp(report.at)),
    }
}

pub(super) fn report(report: &Report) -> wire::Report {
    let state = match report.outcome {
        None => wire::ReportState::Open,
        Some(Outcome::Acted) => wire::ReportState::Acted,
        Some(Outcome::Dismissed) => wire::ReportState::Dismissed,
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
        until: decision.until.map(convert::timestamp),
        appeal: appeal(decision.appeal.state).into(),
    }
}

pub(super) fn statement(told: &Told) -> wire::Statement {
    let decision = &told.decision;
    wire::Statement {
        decision_id: decision.id.to_string(),
        action: action(decision.action).into(),
        kind: kind(decision.subject).into(),
        subject_id: decision.subject.uuid().to_string(),
        rule: decision.rule.clone(),
        statement: told.statement.clone(),
        created_at: Some(convert::timestamp(decision.at)),
        until: decision.until.map(convert::timestamp),
        appeal: appeal(decision.appeal.state).into(),
        appeal_until: told.appeal_until.map(convert::timestamp),
        strike_until: told.strike_until.map(convert::timestamp),
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
        Origin::Watch => wire::CaseOrigin::Watch,
        Origin::Screen => wire::CaseOrigin::Screen,
    }
}

const fn state(state: State) -> wire::CaseState {
    match state {
        State::Open => wire::CaseState::Open,
        State::Decided => wire::CaseState::Decided,
        State::Appealed => wire::CaseState::Appealed,
        State::Settled => wire::CaseState::Settled,
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
