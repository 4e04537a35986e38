//! `kith.circles.v1.CircleService`: convert, call, convert. Nothing is decided here.
//!
//! | file | holds |
//! | --- | --- |
//! | here | circles, and what was posted in them |
//! | `people` | who is in them, and how they get in |
//! | `read` | requests, in the words of the domain |
//! | `show` | circles and people as messages |

mod people;
mod read;
mod show;

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::PageSize;
use kith_proto::{
    Caller, ClaimedId, Valid,
    circles::v1::{
        ArchiveCircleRequest, ArchiveCircleResponse, CreateCircleRequest, CreateCircleResponse, GetCircleFeedRequest,
        GetCircleFeedResponse, GetCircleRequest, GetCircleResponse, JoinCircleRequest, JoinCircleResponse,
        LeaveCircleRequest, LeaveCircleResponse, ListCircleLogRequest, ListCircleLogResponse, ListCirclesRequest,
        ListCirclesResponse, UpdateCircleRequest, UpdateCircleResponse, circle_service_connect::CircleServiceBuilder,
    },
    to_connect_error,
    presenters::CircleFeed,
};

pub use self::show::Views;
use crate::{Error, Service, domain::Code};

/// What the methods stand on.
#[derive(Clone)]
pub struct Methods {
    /// The use cases.
    pub service: Arc<Service>,
    /// How circles are shown.
    pub views: Views,
    /// What was posted in them.
    pub feeds: Arc<dyn CircleFeed>,
}

type Circles = State<Methods>;
type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods of the service.
pub fn router(methods: Methods) -> Router {
    CircleServiceBuilder::new()
        .create_circle(create_circle)
        .get_circle(get_circle)
        .update_circle(update_circle)
        .archive_circle(archive_circle)
        .list_circles(list_circles)
        .join_circle(join_circle)
        .leave_circle(leave_circle)
        .list_circle_members(people::list_circle_members)
        .update_member_role(people::update_member_role)
        .remove_member(people::remove_member)
        .ban_member(people::ban_member)
        .unban_member(people::unban_member)
        .list_join_requests(people::list_join_requests)
        .decide_join_request(people::decide_join_request)
        .create_invite(people::create_invite)
        .list_invites(people::list_invites)
        .revoke_invite(people::revoke_invite)
        .accept_invite(people::accept_invite)
        .list_circle_log(list_circle_log)
        .get_circle_feed(get_circle_feed)
        .with_state(methods)
        .build()
}

async fn create_circle(
    State(circles): Circles,
    Caller(actor): Caller,
    ClaimedId(claimed): ClaimedId,
    Valid(request): Valid<CreateCircleRequest>,
) -> Answer<CreateCircleResponse> {
    let seen = circles.service.create(&actor, read::terms(&request)?, claimed).await?;
    Ok(ConnectResponse::new(CreateCircleResponse { circle: Some(circles.views.circle(&seen).await?) }))
}

async fn get_circle(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<GetCircleRequest>,
) -> Answer<GetCircleResponse> {
    let code = Code::read(&request.invite_code);
    let seen = circles.service.get(&actor, read::circle_id(&request.circle_id)?, code.as_ref()).await?;
    Ok(ConnectResponse::new(GetCircleResponse { circle: Some(circles.views.circle(&seen).await?) }))
}

async fn update_circle(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<UpdateCircleRequest>,
) -> Answer<UpdateCircleResponse> {
    let (circle, change) = (read::circle_id(&request.circle_id)?, read::change(&request)?);
    let seen = circles.service.update(&actor, circle, &request.etag, change).await?;
    Ok(ConnectResponse::new(UpdateCircleResponse { circle: Some(circles.views.circle(&seen).await?) }))
}

async fn archive_circle(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<ArchiveCircleRequest>,
) -> Answer<ArchiveCircleResponse> {
    let seen = circles.service.archive(&actor, read::circle_id(&request.circle_id)?).await?;
    Ok(ConnectResponse::new(ArchiveCircleResponse { circle: Some(circles.views.circle(&seen).await?) }))
}

async fn list_circles(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<ListCirclesRequest>,
) -> Answer<ListCirclesResponse> {
    let (scope, size) = (read::scope(&request)?, size(request.page_size)?);
    let (seen, next_page_token) = circles.service.list(&actor, scope, size, &request.page_token).await?;
    let circles = circles.views.circles(&seen).await?;
    Ok(ConnectResponse::new(ListCirclesResponse { circles, next_page_token }))
}

async fn join_circle(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<JoinCircleRequest>,
) -> Answer<JoinCircleResponse> {
    let seen = circles.service.join(&actor, read::circle_id(&request.circle_id)?).await?;
    Ok(ConnectResponse::new(JoinCircleResponse { circle: Some(circles.views.circle(&seen).await?) }))
}

async fn leave_circle(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<LeaveCircleRequest>,
) -> Answer<LeaveCircleResponse> {
    circles.service.leave(&actor, read::circle_id(&request.circle_id)?).await?;
    Ok(ConnectResponse::new(LeaveCircleResponse {}))
}

async fn list_circle_log(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<ListCircleLogRequest>,
) -> Answer<ListCircleLogResponse> {
    let (circle, size) = (read::circle_id(&request.circle_id)?, size(request.page_size)?);
    let (entries, next_page_token) = circles.service.log(&actor, circle, size, &request.page_token).await?;
    let entries = circles.views.log(&entries).await?;
    Ok(ConnectResponse::new(ListCircleLogResponse { entries, next_page_token }))
}

async fn get_circle_feed(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<GetCircleFeedRequest>,
) -> Answer<GetCircleFeedResponse> {
    let (circle, size) = (read::circle_id(&request.circle_id)?, size(request.page_size)?);
    circles.service.must_be_member(&actor, circle).await?;
    let (posts, next_page_token) = circles.feeds.list_posts(&actor, circle, size, &request.page_token).await?;
    Ok(ConnectResponse::new(GetCircleFeedResponse { posts, next_page_token }))
}

fn size(asked: i32) -> Result<PageSize, Error> {
    Ok(PageSize::new(asked)?)
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}
