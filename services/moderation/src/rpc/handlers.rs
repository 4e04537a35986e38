//! Handlers of `kith.moderation.v1.ModerationService`. They convert the request, call the service and convert the
//! result.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{Actor, Moderator, PageSize};
use kith_proto::{
    Caller, ClaimedId, Valid, convert,
    moderation::v1::{
        AppealDecisionRequest, AppealDecisionResponse, AssignCaseRequest, AssignCaseResponse, DecideCaseRequest,
        DecideCaseResponse, EscalateCaseRequest, EscalateCaseResponse, GetCaseRequest, GetCaseResponse,
        GetModerationStatsRequest, GetModerationStatsResponse, GetMyStandingRequest, GetMyStandingResponse,
        GetSubjectHistoryRequest, GetSubjectHistoryResponse, ListCasesRequest, ListCasesResponse, ListMyReportsRequest,
        ListMyReportsResponse, ReportContentRequest, ReportContentResponse,
        moderation_service_connect::ModerationServiceBuilder,
    },
    to_connect_error,
};

use super::{Presenter, presenter, request};
use crate::{Error, Service};

/// State of the handlers.
pub struct Handlers {
    pub service: Arc<Service>,
    pub presenter: Presenter,
}

type Shared = State<Arc<Handlers>>;
type Reply<T> = Result<ConnectResponse<T>, ConnectError>;

/// Returns the routes of all methods.
pub fn router(handlers: Arc<Handlers>) -> Router {
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
        .with_state(handlers)
        .build()
}

async fn report_content(
    State(handlers): Shared,
    Caller(actor): Caller,
    ClaimedId(claimed): ClaimedId,
    Valid(request): Valid<ReportContentRequest>,
) -> Reply<ReportContentResponse> {
    let subject = request::subject(request.kind(), &request.subject_id)?;
    let reason = request::reason(request.reason())?;
    let report = handlers.service.report(&actor, subject, reason, &request.comment, claimed).await?;
    Ok(ConnectResponse::new(ReportContentResponse { report: Some(presenter::report(&report)) }))
}

async fn list_my_reports(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<ListMyReportsRequest>,
) -> Reply<ListMyReportsResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let (reports, next_page_token) = handlers.service.my_reports(&actor, size, &request.page_token).await?;
    let reports = reports.iter().map(presenter::report).collect();
    Ok(ConnectResponse::new(ListMyReportsResponse { reports, next_page_token }))
}

async fn get_my_standing(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<GetMyStandingRequest>,
) -> Reply<GetMyStandingResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let standing = handlers.service.account_standing(&actor, size, &request.page_token).await?;
    Ok(ConnectResponse::new(GetMyStandingResponse {
        strikes: standing.strikes,
        muted_until: standing.muted_until.map(convert::timestamp),
        suspended_until: standing.suspended_until.map(convert::timestamp),
        statements: standing.statements.iter().map(presenter::statement).collect(),
        next_page_token: standing.next_page_token,
    }))
}

async fn appeal_decision(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<AppealDecisionRequest>,
) -> Reply<AppealDecisionResponse> {
    let decision = request::decision_id(&request.decision_id)?;
    let statement = handlers.service.appeal(&actor, decision, &request.reason).await?;
    Ok(ConnectResponse::new(AppealDecisionResponse { statement: Some(presenter::statement(&statement)) }))
}

async fn list_cases(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<ListCasesRequest>,
) -> Reply<ListCasesResponse> {
    let staff = staff(&actor)?;
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let state = request::state(request.state());
    let (cases, next_page_token) = handlers.service.queue(&staff, state, size, &request.page_token).await?;
    let cases = handlers.presenter.cases(&staff, &cases).await?;
    Ok(ConnectResponse::new(ListCasesResponse { cases, next_page_token }))
}

async fn get_case(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<GetCaseRequest>,
) -> Reply<GetCaseResponse> {
    let staff = staff(&actor)?;
    let case_details = handlers.service.case_details(&staff, request::case_id(&request.case_id)?).await?;
    Ok(ConnectResponse::new(handlers.presenter.case_details(&staff, &case_details).await?))
}

async fn assign_case(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<AssignCaseRequest>,
) -> Reply<AssignCaseResponse> {
    let staff = staff(&actor)?;
    let case = handlers.service.assign(&staff, request::case_id(&request.case_id)?).await?;
    Ok(ConnectResponse::new(AssignCaseResponse { case: Some(handlers.presenter.case(&staff, &case).await?) }))
}

async fn escalate_case(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<EscalateCaseRequest>,
) -> Reply<EscalateCaseResponse> {
    let staff = staff(&actor)?;
    let case = handlers.service.escalate(&staff, request::case_id(&request.case_id)?, &request.etag).await?;
    Ok(ConnectResponse::new(EscalateCaseResponse { case: Some(handlers.presenter.case(&staff, &case).await?) }))
}

async fn decide_case(
    State(handlers): Shared,
    Caller(actor): Caller,
    ClaimedId(claimed): ClaimedId,
    Valid(request): Valid<DecideCaseRequest>,
) -> Reply<DecideCaseResponse> {
    let staff = staff(&actor)?;
    let (case, proposal) = (request::case_id(&request.case_id)?, request::proposal(&request)?);
    let (case, decision) = handlers.service.decide(&staff, case, &request.etag, &proposal, claimed).await?;
    Ok(ConnectResponse::new(DecideCaseResponse {
        case: Some(handlers.presenter.case(&staff, &case).await?),
        decision: Some(presenter::decision(&decision, &proposal.statement)),
    }))
}

async fn get_subject_history(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(request): Valid<GetSubjectHistoryRequest>,
) -> Reply<GetSubjectHistoryResponse> {
    let history = handlers.service.subject_history(&staff(&actor)?, request::case_id(&request.case_id)?).await?;
    Ok(ConnectResponse::new(GetSubjectHistoryResponse {
        strikes: history.strikes,
        decisions: history
            .decisions
            .iter()
            .map(|(decision, statement)| presenter::decision(decision, statement))
            .collect(),
        cases: history.cases,
    }))
}

async fn get_moderation_stats(
    State(handlers): Shared,
    Caller(actor): Caller,
    Valid(GetModerationStatsRequest {}): Valid<GetModerationStatsRequest>,
) -> Reply<GetModerationStatsResponse> {
    let stats = handlers.service.stats(&staff(&actor)?).await?;
    Ok(ConnectResponse::new(presenter::stats(&stats)))
}

/// Returns the caller as staff. [`METHOD_POLICIES`](crate::access::METHOD_POLICIES) has already rejected other callers.
fn staff(actor: &Actor) -> Result<Moderator, Error> {
    actor.moderator().map_err(Error::from)
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}
