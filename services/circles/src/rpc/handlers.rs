//! Handlers of circles, their log and their feed.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_proto::{
    Caller, ClaimedId, Valid,
    circles::v1::{
        ArchiveCircleRequest, ArchiveCircleResponse, CreateCircleRequest, CreateCircleResponse, GetCircleFeedRequest,
        GetCircleFeedResponse, GetCircleRequest, GetCircleResponse, JoinCircleRequest, JoinCircleResponse,
        LeaveCircleRequest, LeaveCircleResponse, ListCircleLogRequest, ListCircleLogResponse, ListCirclesRequest,
        ListCirclesResponse, UpdateCircleRequest, UpdateCircleResponse, circle_service_connect::CircleServiceBuilder,
    },
    presenters::CircleFeed,
};

use super::{
    Presenter, member_handlers,
    request::{self, page_size},
};
use crate::{Service, domain::InviteCode};

/// State of the handlers.
#[derive(Clone)]
pub struct Handlers {
    pub service: Arc<Service>,
    pub presenter: Presenter,
    pub feed: Arc<dyn CircleFeed>,
}

pub(super) type HandlerResult<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods of the service.
pub fn router(handlers: Handlers) -> Router {
    CircleServiceBuilder::new()
        .create_circle(create_circle)
        .get_circle(get_circle)
        .update_circle(update_circle)
        .archive_circle(archive_circle)
        .list_circles(list_circles)
        .join_circle(join_circle)
        .leave_circle(leave_circle)
        .list_circle_members(member_handlers::list_circle_members)
        .update_member_role(member_handlers::update_member_role)
        .remove_member(member_handlers::remove_member)
        .ban_member(member_handlers::ban_member)
        .unban_member(member_handlers::unban_member)
        .list_join_requests(member_handlers::list_join_requests)
        .decide_join_request(member_handlers::decide_join_request)
        .create_invite(member_handlers::create_invite)
        .list_invites(member_handlers::list_invites)
        .revoke_invite(member_handlers::revoke_invite)
        .accept_invite(member_handlers::accept_invite)
        .list_circle_log(list_circle_log)
        .get_circle_feed(get_circle_feed)
        .with_state(handlers)
        .build()
}

async fn create_circle(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(claimed): ClaimedId,
    Valid(message): Valid<CreateCircleRequest>,
) -> HandlerResult<CreateCircleResponse> {
    let view = handlers.service.create(&actor, request::settings(&message)?, claimed).await?;
    Ok(ConnectResponse::new(CreateCircleResponse { circle: Some(handlers.presenter.circle(&view).await?) }))
}

async fn get_circle(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<GetCircleRequest>,
) -> HandlerResult<GetCircleResponse> {
    let code = InviteCode::parse(&message.invite_code);
    let view = handlers.service.get(&actor, request::circle_id(&message.circle_id)?, code.as_ref()).await?;
    Ok(ConnectResponse::new(GetCircleResponse { circle: Some(handlers.presenter.circle(&view).await?) }))
}

async fn update_circle(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpdateCircleRequest>,
) -> HandlerResult<UpdateCircleResponse> {
    let (circle, update) = (request::circle_id(&message.circle_id)?, request::update(&message)?);
    let view = handlers.service.update(&actor, circle, &message.etag, update).await?;
    Ok(ConnectResponse::new(UpdateCircleResponse { circle: Some(handlers.presenter.circle(&view).await?) }))
}

async fn archive_circle(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ArchiveCircleRequest>,
) -> HandlerResult<ArchiveCircleResponse> {
    let view = handlers.service.archive(&actor, request::circle_id(&message.circle_id)?).await?;
    Ok(ConnectResponse::new(ArchiveCircleResponse { circle: Some(handlers.presenter.circle(&view).await?) }))
}

async fn list_circles(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ListCirclesRequest>,
) -> HandlerResult<ListCirclesResponse> {
    let (scope, size) = (request::scope(&message)?, page_size(message.page_size)?);
    let (views, next_page_token) = handlers.service.list(&actor, scope, size, &message.page_token).await?;
    let circles = handlers.presenter.circles(&views).await?;
    Ok(ConnectResponse::new(ListCirclesResponse { circles, next_page_token }))
}

async fn join_circle(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<JoinCircleRequest>,
) -> HandlerResult<JoinCircleResponse> {
    let view = handlers.service.join(&actor, request::circle_id(&message.circle_id)?).await?;
    Ok(ConnectResponse::new(JoinCircleResponse { circle: Some(handlers.presenter.circle(&view).await?) }))
}

async fn leave_circle(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<LeaveCircleRequest>,
) -> HandlerResult<LeaveCircleResponse> {
    handlers.service.leave(&actor, request::circle_id(&message.circle_id)?).await?;
    Ok(ConnectResponse::new(LeaveCircleResponse {}))
}

async fn list_circle_log(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ListCircleLogRequest>,
) -> HandlerResult<ListCircleLogResponse> {
    let (circle, size) = (request::circle_id(&message.circle_id)?, page_size(message.page_size)?);
    let (entries, next_page_token) = handlers.service.list_log(&actor, circle, size, &message.page_token).await?;
    let entries = handlers.presenter.log(&entries).await?;
    Ok(ConnectResponse::new(ListCircleLogResponse { entries, next_page_token }))
}

async fn get_circle_feed(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<GetCircleFeedRequest>,
) -> HandlerResult<GetCircleFeedResponse> {
    let (circle, size) = (request::circle_id(&message.circle_id)?, page_size(message.page_size)?);
    handlers.service.ensure_member(&actor, circle).await?;
    let (posts, next_page_token) = handlers.feed.list_posts(&actor, circle, size, &message.page_token).await?;
    Ok(ConnectResponse::new(GetCircleFeedResponse { posts, next_page_token }))
}
