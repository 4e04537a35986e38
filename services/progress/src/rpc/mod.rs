//! `kith.users.v1.ProgressService`: convert, call, convert. Nothing is decided here.

mod views;

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PageTokenCodec, RelapseId, id::InvalidId};
use kith_proto::{
    Caller, ClaimedId, Valid, convert, to_connect_error,
    users::v1::{
        GetProgressRequest, GetProgressResponse, GetStreakRequest, GetStreakResponse, GoalKind, RecordCheckInRequest,
        RecordCheckInResponse, RecordRelapseRequest, RecordRelapseResponse, UpdateStreakRequest, UpdateStreakResponse,
        WithdrawRelapseRequest, WithdrawRelapseResponse, progress_service_connect::ProgressServiceBuilder,
    },
};

use crate::{
    Cravings, Error, Goal, Mood, Note, Service, Zone,
    service::{Change, Said},
};

/// What the handlers stand on.
#[derive(Clone)]
struct Progress {
    service: Arc<Service>,
    pager: Arc<PageTokenCodec>,
}

type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods of the service.
pub fn router(service: Arc<Service>, pager: Arc<PageTokenCodec>) -> Router {
    ProgressServiceBuilder::new()
        .get_streak(get_streak)
        .update_streak(update_streak)
        .record_check_in(record_check_in)
        .record_relapse(record_relapse)
        .withdraw_relapse(withdraw_relapse)
        .get_progress(get_progress)
        .with_state(Progress { service, pager })
        .build()
}

async fn get_streak(
    State(progress): State<Progress>,
    Caller(actor): Caller,
    Valid(GetStreakRequest {}): Valid<GetStreakRequest>,
) -> Answer<GetStreakResponse> {
    let state = progress.service.streak(&actor).await?;
    Ok(ConnectResponse::new(GetStreakResponse { streak: Some(views::state(&state)) }))
}

async fn update_streak(
    State(progress): State<Progress>,
    Caller(actor): Caller,
    Valid(request): Valid<UpdateStreakRequest>,
) -> Answer<UpdateStreakResponse> {
    let zone = request.time_zone.as_deref().map(Zone::new).transpose().map_err(Error::from)?;
    let goal = request.goal_kind.map(goal).transpose()?;
    let change = Change { start: request.start_date, zone, goal };
    let state = progress.service.update(&actor, &request.etag, &change).await?;
    Ok(ConnectResponse::new(UpdateStreakResponse { streak: Some(views::state(&state)) }))
}

async fn record_check_in(
    State(progress): State<Progress>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(request): Valid<RecordCheckInRequest>,
) -> Answer<RecordCheckInResponse> {
    let said = Said {
        at: request.occurred_at.as_ref().map(convert::timestamp_from),
        mood: Mood::new(request.mood).map_err(Error::from)?,
        cravings: Cravings::new(request.cravings_met, request.cravings_resisted).map_err(Error::from)?,
        triggers: views::triggers(&request.triggers)?,
        note: Note::new(&request.note).map_err(Error::from)?,
    };
    let check_in = progress.service.check_in(&actor, said, id).await?;
    let opened = progress.service.open(&actor, vec![check_in]).await?;
    Ok(ConnectResponse::new(RecordCheckInResponse { check_in: opened.iter().map(views::check_in).next() }))
}

async fn record_relapse(
    State(progress): State<Progress>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(request): Valid<RecordRelapseRequest>,
) -> Answer<RecordRelapseResponse> {
    let at = request.occurred_at.as_ref().map(convert::timestamp_from);
    let triggers = views::triggers(&request.triggers)?;
    let (relapse, state) = progress.service.relapse(&actor, at, &triggers, id).await?;
    Ok(ConnectResponse::new(RecordRelapseResponse {
        relapse: Some(views::relapse(&relapse)),
        streak: Some(views::state(&state)),
    }))
}

async fn withdraw_relapse(
    State(progress): State<Progress>,
    Caller(actor): Caller,
    Valid(request): Valid<WithdrawRelapseRequest>,
) -> Answer<WithdrawRelapseResponse> {
    let id: RelapseId = request.relapse_id.parse().map_err(|InvalidId| Error::NoSuchRelapse)?;
    let state = progress.service.withdraw(&actor, id).await?;
    Ok(ConnectResponse::new(WithdrawRelapseResponse { streak: Some(views::state(&state)) }))
}

async fn get_progress(
    State(progress): State<Progress>,
    Caller(actor): Caller,
    Valid(request): Valid<GetProgressRequest>,
) -> Answer<GetProgressResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let period = progress.service.period(&actor, &request.from_date, &request.to_date).await?;
    // The token belongs to its owner, too: with another's, nothing could be found, and it is refused all the same.
    let list = format!("check-ins:{}:{}:{}", actor.user, period.first, period.last);
    let before = progress.pager.cursor(&list, &request.page_token).map_err(Error::from)?;
    let went = progress.service.progress(&actor, period, size, before).await?;
    let token = progress.pager.token(&list, went.check_ins.next);
    let check_ins = progress.service.open(&actor, went.check_ins.items.clone()).await?;
    Ok(ConnectResponse::new(views::progress(&went, &check_ins, token)))
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}

fn goal(number: i32) -> Result<Goal, Error> {
    match GoalKind::try_from(number) {
        Ok(GoalKind::Abstain) => Ok(Goal::Abstain),
        Ok(GoalKind::Reduce) => Ok(Goal::Reduce),
        Ok(GoalKind::Unspecified) | Err(_) => Err(Error::UnknownGoal),
    }
}
