//! Handlers of members, join requests and invites.

use axum::extract::State;
use connectrpc_axum::prelude::ConnectResponse;
use kith_proto::{
    Caller, ClaimedId, Valid,
    circles::v1::{
        AcceptInviteRequest, AcceptInviteResponse, BanMemberRequest, BanMemberResponse, CreateInviteRequest,
        CreateInviteResponse, DecideJoinRequestRequest, DecideJoinRequestResponse, JoinDecision,
        ListCircleMembersRequest, ListCircleMembersResponse, ListInvitesRequest, ListInvitesResponse,
        ListJoinRequestsRequest, ListJoinRequestsResponse, RemoveMemberRequest, RemoveMemberResponse,
        RevokeInviteRequest, RevokeInviteResponse, UnbanMemberRequest, UnbanMemberResponse, UpdateMemberRoleRequest,
        UpdateMemberRoleResponse,
    },
};

use super::{
    handlers::{HandlerResult, Handlers},
    request::{self, page_size},
};
use crate::{
    Error,
    domain::{InviteCode, InviteLimits},
    policy::CircleError,
    store::MemberFilter,
};

pub(super) async fn list_circle_members(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ListCircleMembersRequest>,
) -> HandlerResult<ListCircleMembersResponse> {
    let (circle, size) = (request::circle_id(&message.circle_id)?, page_size(message.page_size)?);
    let filter = request::member_filter(message.scope());
    let (view, members, next_page_token) =
        handlers.service.list_members(&actor, circle, filter, size, &message.page_token).await?;
    let members = handlers.presenter.members(&view, &members).await?;
    Ok(ConnectResponse::new(ListCircleMembersResponse { members, next_page_token }))
}

pub(super) async fn update_member_role(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpdateMemberRoleRequest>,
) -> HandlerResult<UpdateMemberRoleResponse> {
    let (circle, persona) = (request::circle_id(&message.circle_id)?, request::persona_id(&message.persona_id)?);
    let (view, member) = handlers.service.change_role(&actor, circle, persona, request::role(message.role())?).await?;
    let member = handlers.presenter.members(&view, &[member]).await?.pop();
    Ok(ConnectResponse::new(UpdateMemberRoleResponse { member }))
}

pub(super) async fn remove_member(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<RemoveMemberRequest>,
) -> HandlerResult<RemoveMemberResponse> {
    let (circle, persona) = (request::circle_id(&message.circle_id)?, request::persona_id(&message.persona_id)?);
    handlers.service.remove(&actor, circle, persona).await?;
    Ok(ConnectResponse::new(RemoveMemberResponse {}))
}

pub(super) async fn ban_member(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<BanMemberRequest>,
) -> HandlerResult<BanMemberResponse> {
    let (circle, persona) = (request::circle_id(&message.circle_id)?, request::persona_id(&message.persona_id)?);
    handlers.service.ban(&actor, circle, persona).await?;
    Ok(ConnectResponse::new(BanMemberResponse {}))
}

pub(super) async fn unban_member(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UnbanMemberRequest>,
) -> HandlerResult<UnbanMemberResponse> {
    let (circle, persona) = (request::circle_id(&message.circle_id)?, request::persona_id(&message.persona_id)?);
    handlers.service.unban(&actor, circle, persona).await?;
    Ok(ConnectResponse::new(UnbanMemberResponse {}))
}

pub(super) async fn list_join_requests(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ListJoinRequestsRequest>,
) -> HandlerResult<ListJoinRequestsResponse> {
    let (circle, size) = (request::circle_id(&message.circle_id)?, page_size(message.page_size)?);
    let (_, members, next_page_token) =
        handlers.service.list_members(&actor, circle, MemberFilter::Requested, size, &message.page_token).await?;
    let requests = handlers.presenter.join_requests(&members).await?;
    Ok(ConnectResponse::new(ListJoinRequestsResponse { requests, next_page_token }))
}

pub(super) async fn decide_join_request(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<DecideJoinRequestRequest>,
) -> HandlerResult<DecideJoinRequestResponse> {
    let (circle, persona) = (request::circle_id(&message.circle_id)?, request::persona_id(&message.persona_id)?);
    let member = match message.decision() {
        JoinDecision::Admit => {
            let (view, member) = handlers.service.approve(&actor, circle, persona).await?;
            handlers.presenter.members(&view, &[member]).await?.pop()
        }
        JoinDecision::Decline => {
            handlers.service.decline(&actor, circle, persona).await?;
            None
        }
        JoinDecision::Unspecified => return Err(Error::UnknownEnumValue("decision").into()),
    };
    Ok(ConnectResponse::new(DecideJoinRequestResponse { member }))
}

pub(super) async fn create_invite(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(claimed): ClaimedId,
    Valid(message): Valid<CreateInviteRequest>,
) -> HandlerResult<CreateInviteResponse> {
    let limits = InviteLimits::new(message.uses, message.hours).map_err(Error::from)?;
    let created =
        handlers.service.create_invite(&actor, request::circle_id(&message.circle_id)?, limits, claimed).await?;
    let invite = handlers.presenter.invites(&[created.invite]).await?.pop();
    Ok(ConnectResponse::new(CreateInviteResponse { invite, code: created.code.expose() }))
}

pub(super) async fn list_invites(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ListInvitesRequest>,
) -> HandlerResult<ListInvitesResponse> {
    let (circle, size) = (request::circle_id(&message.circle_id)?, page_size(message.page_size)?);
    let (invites, next_page_token) = handlers.service.list_invites(&actor, circle, size, &message.page_token).await?;
    let invites = handlers.presenter.invites(&invites).await?;
    Ok(ConnectResponse::new(ListInvitesResponse { invites, next_page_token }))
}

pub(super) async fn revoke_invite(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<RevokeInviteRequest>,
) -> HandlerResult<RevokeInviteResponse> {
    let (circle, invite) = (request::circle_id(&message.circle_id)?, request::invite_id(&message.invite_id)?);
    handlers.service.revoke_invite(&actor, circle, invite).await?;
    Ok(ConnectResponse::new(RevokeInviteResponse {}))
}

pub(super) async fn accept_invite(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<AcceptInviteRequest>,
) -> HandlerResult<AcceptInviteResponse> {
    let code = InviteCode::parse(&message.code).ok_or(CircleError::InviteNotFound).map_err(Error::from)?;
    let view = handlers.service.accept_invite(&actor, &code).await?;
    Ok(ConnectResponse::new(AcceptInviteResponse { circle: Some(handlers.presenter.circle(&view).await?) }))
}
