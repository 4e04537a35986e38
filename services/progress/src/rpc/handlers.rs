//! Methods of `kith.users.v1.ProgressService`.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PageTokenCodec};
use kith_proto::{
    Caller, ClaimedId, Valid, convert,
    users::v1::{
        GetProgressRequest, GetProgressResponse, GetStreakRequest, GetStreakResponse, RecordCheckInRequest,
        RecordCheckInResponse, RecordRelapseRequest, RecordRelapseResponse, UpdateStreakRequest, UpdateStreakResponse,
        WithdrawRelapseRequest, WithdrawRelapseResponse, progress_service_connect::ProgressServiceBuilder,
    },
};

use super::{presenter, request};
use crate::{Error, Service};

/// State of the handlers.
#[derive(Clone)]
pub struct Handlers {
    pub service: Arc<Service>,
    pub page_tokens: Arc<PageTokenCodec>,
}

type HandlerResult<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods of the service.
pub fn router(handlers: Handlers) -> Router {
    ProgressServiceBuilder::new()
        .get_streak(get_streak)
        .update_streak(update_streak)
        .record_check_in(record_check_in)
        .record_relapse(record_relapse)
        .withdraw_relapse(withdraw_relapse)
        .get_progress(get_progress)
        .with_state(handlers)
        .build()
}

async fn get_streak(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(GetStreakRequest {}): Valid<GetStreakRequest>,
) -> HandlerResult<GetStreakResponse> {
    let summary = handlers.service.streak_summary(&actor).await?;
    Ok(ConnectResponse::new(GetStreakResponse { streak: Some(presenter::streak_state(&summary)) }))
}

async fn update_streak(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpdateStreakRequest>,
) -> HandlerResult<UpdateStreakResponse> {
    let update = request::streak_update(&message)?;
    let summary = handlers.service.update_streak(&actor, &message.etag, &update).await?;
    Ok(ConnectResponse::new(UpdateStreakResponse { streak: Some(presenter::streak_state(&summary)) }))
}

async fn record_check_in(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(message): Valid<RecordCheckInRequest>,
) -> HandlerResult<RecordCheckInResponse> {
    let input = request::check_in_input(&message)?;
    let check_in = handlers.service.record_check_in(&actor, input, id).await?;
    let decrypted = handlers.service.decrypt(&actor, vec![check_in]).await?;
    Ok(ConnectResponse::new(RecordCheckInResponse { check_in: decrypted.iter().map(presenter::check_in).next() }))
}

async fn record_relapse(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(message): Valid<RecordRelapseRequest>,
) -> HandlerResult<RecordRelapseResponse> {
    let occurred_at = message.occurred_at.as_ref().map(convert::timestamp_from);
    let triggers = request::triggers(&message.triggers)?;
    let (relapse, summary) = handlers.service.record_relapse(&actor, occurred_at, &triggers, id).await?;
    Ok(ConnectResponse::new(RecordRelapseResponse {
        relapse: Some(presenter::relapse(&relapse)),
        streak: Some(presenter::streak_state(&summary)),
    }))
}

async fn withdraw_relapse(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<WithdrawRelapseRequest>,
) -> HandlerResult<WithdrawRelapseResponse> {
    let summary = handlers.service.withdraw_relapse(&actor, request::relapse_id(&message.relapse_id)?).await?;
    Ok(ConnectResponse::new(WithdrawRelapseResponse { streak: Some(presenter::streak_state(&summary)) }))
}

async fn get_progress(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<GetProgressRequest>,
) -> HandlerResult<GetProgressResponse> {
    let size = PageSize::new(message.page_size).map_err(Error::from)?;
    let period = handlers.service.parse_period(&actor, &message.from_date, &message.to_date).await?;
    // The token is bound to its owner as well: a token of another account would find nothing, and is rejected instead.
    let list = format!("check-ins:{}:{}:{}", actor.user, period.first, period.last);
    let cursor = handlers.page_tokens.cursor(&list, &message.page_token).map_err(Error::from)?;
    let report = handlers.service.report(&actor, period, size, cursor).await?;
    let next_page_token = handlers.page_tokens.token(&list, report.check_ins.next);
    let check_ins = handlers.service.decrypt(&actor, report.check_ins.items.clone()).await?;
    Ok(ConnectResponse::new(presenter::progress(&report, &check_ins, next_page_token)))
}
