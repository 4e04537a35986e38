//! `kith.moderation.v1.ModerationService`: convert, call, convert. Nothing is decided here.

mod read;
mod show;

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{Actor, Moderator, PageSize, ports::Personas};
use kith_proto::{
    Caller, Claimed, Valid, convert,
    moderation::v1::{
        AppealDecisionRequest, AppealDecisionResponse, AssignCaseRequest, AssignCaseResponse, DecideCaseRequest,
        DecideCaseResponse, EscalateCaseRequest, EscalateCaseResponse, GetCaseRequest, GetCaseResponse,
        GetModerationStatsRequest, GetModerationStatsResponse, GetMyStandingRequest, GetMyStandingResponse,
        GetSubjectHistoryRequest, GetSubjectHistoryResponse, ListCasesRequest, ListCasesResponse, ListMyReportsRequest,
        ListMyReportsResponse, ReportContentRequest, ReportContentResponse,
        moderation_service_connect::ModerationServiceBuilder,
    },
    refusal,
};

use crate::{Error, Service};

/// What the handlers ask.
pub struct Desk {
    /// What people and staff can do.
    pub service: Arc<Service>,
    /// How people appear.
    pub personas: Arc<dyn Personas>,
}

type Cases = State<Arc<Desk>>;
type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods of the service.
pub fn router(desk: Arc<Desk>) -> Router {
    ModerationServiceBuilder::new()
        .report_content(report_content)
        .list_my_reports(list_my_reports)
        .get_my_standing(get_my_standing)
        .appeal_decision(appeal_decision)
        .list_cases(list_cases)
        .get_case(get_case)
        .assign_case(assign_case)
        .escalate_case(escalate_case)
        .decide_case(decide_case)
        .get_subject_history(get_subject_history)
        .get_moderation_stats(get_moderation_stats)
        .with_state(desk)
        .build()
}

async fn report_content(
    State(desk): Cases,
    Caller(actor): Caller,
    Claimed(claimed): Claimed,
    Valid(request): Valid<ReportContentRequest>,
) -> Answer<ReportContentResponse> {
    let subject = read::subject(request.kind(), &request.subject_id)?;
    let reason = read::reason(request.reason())?;
    let report = desk.service.report(&actor, subject, reason, &request.words, claimed).await?;
    Ok(ConnectResponse::new(ReportContentResponse { report: Some(show::report(&report)) }))
}

async fn list_my_reports(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<ListMyReportsRequest>,
) -> Answer<ListMyReportsResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let (reports, next_page_token) = desk.service.my_reports(&actor, size, &request.page_token).await?;
    let reports = reports.iter().map(show::report).collect();
    Ok(ConnectResponse::new(ListMyReportsResponse { reports, next_page_token }))
}

async fn get_my_standing(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<GetMyStandingRequest>,
) -> Answer<GetMyStandingResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let standing = desk.service.standing(&actor, size, &request.page_token).await?;
    Ok(ConnectResponse::new(GetMyStandingResponse {
        strikes: standing.strikes,
        muted_until: standing.muted_until.map(convert::timestamp),
        suspended_until: standing.suspended_until.map(convert::timestamp),
        statements: standing.statements.iter().map(show::statement).collect(),
        next_page_token: standing.next,
    }))
}

async fn appeal_decision(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<AppealDecisionRequest>,
) -> Answer<AppealDecisionResponse> {
    let decision = read::decision_id(&request.decision_id)?;
    let told = desk.service.appeal(&actor, decision, &request.words).await?;
    Ok(ConnectResponse::new(AppealDecisionResponse { statement: Some(show::statement(&told)) }))
}

async fn list_cases(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<ListCasesRequest>,
) -> Answer<ListCasesResponse> {
    let staff = staff(&actor)?;
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let state = read::state(request.state());
    let (cases, next_page_token) = desk.service.queue(&staff, state, size, &request.page_token).await?;
    let cases = desk.cases(&staff, &cases).await?;
    Ok(ConnectResponse::new(ListCasesResponse { cases, next_page_token }))
}

async fn get_case(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<GetCaseRequest>,
) -> Answer<GetCaseResponse> {
    let staff = staff(&actor)?;
    let dossier = desk.service.dossier(&staff, read::case_id(&request.case_id)?).await?;
    Ok(ConnectResponse::new(desk.dossier(&staff, &dossier).await?))
}

async fn assign_case(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<AssignCaseRequest>,
) -> Answer<AssignCaseResponse> {
    let staff = staff(&actor)?;
    let case = desk.service.assign(&staff, read::case_id(&request.case_id)?).await?;
    Ok(ConnectResponse::new(AssignCaseResponse { case: Some(desk.case(&staff, &case).await?) }))
}

async fn escalate_case(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<EscalateCaseRequest>,
) -> Answer<EscalateCaseResponse> {
    let staff = staff(&actor)?;
    let case = desk.service.escalate(&staff, read::case_id(&request.case_id)?, &request.etag).await?;
    Ok(ConnectResponse::new(EscalateCaseResponse { case: Some(desk.case(&staff, &case).await?) }))
}

async fn decide_case(
    State(desk): Cases,
    Caller(actor): Caller,
    Claimed(claimed): Claimed,
    Valid(request): Valid<DecideCaseRequest>,
) -> Answer<DecideCaseResponse> {
    let staff = staff(&actor)?;
    let (case, proposal) = (read::case_id(&request.case_id)?, read::proposal(&request)?);
    let (case, decision) = desk.service.decide(&staff, case, &request.etag, &proposal, claimed).await?;
    Ok(ConnectResponse::new(DecideCaseResponse {
        case: Some(desk.case(&staff, &case).await?),
        decision: Some(show::decision(&decision, &proposal.statement)),
    }))
}

async fn get_subject_history(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(request): Valid<GetSubjectHistoryRequest>,
) -> Answer<GetSubjectHistoryResponse> {
    let history = desk.service.history(&staff(&actor)?, read::case_id(&request.case_id)?).await?;
    Ok(ConnectResponse::new(GetSubjectHistoryResponse {
        strikes: history.strikes,
        decisions: history.decisions.iter().map(|(decision, why)| show::decision(decision, why)).collect(),
        cases: history.cases,
    }))
}

async fn get_moderation_stats(
    State(desk): Cases,
    Caller(actor): Caller,
    Valid(GetModerationStatsRequest {}): Valid<GetModerationStatsRequest>,
) -> Answer<GetModerationStatsResponse> {
    let stats = desk.service.stats(&staff(&actor)?).await?;
    Ok(ConnectResponse::new(show::stats(&stats)))
}

/// The table lets nobody else come so far; this is what the service takes.
fn staff(actor: &Actor) -> Result<Moderator, Error> {
    actor.moderator().map_err(Error::from)
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        refusal(&error)
    }
}
