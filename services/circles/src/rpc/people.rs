//! Who is in circles, and how they get in.

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

use super::{Answer, Circles, read, size};
use crate::{
    Error,
    domain::{Code, Term},
    policy::Refused,
    store::Standing,
};

pub(super) async fn list_circle_members(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<ListCircleMembersRequest>,
) -> Answer<ListCircleMembersResponse> {
    let (circle, size) = (read::circle_id(&request.circle_id)?, size(request.page_size)?);
    let standing = read::standing(request.scope());
    let (seen, people, next_page_token) =
        circles.service.people(&actor, circle, standing, size, &request.page_token).await?;
    let members = circles.views.members(&seen, &people).await?;
    Ok(ConnectResponse::new(ListCircleMembersResponse { members, next_page_token }))
}

pub(super) async fn update_member_role(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<UpdateMemberRoleRequest>,
) -> Answer<UpdateMemberRoleResponse> {
    let (circle, persona) = (read::circle_id(&request.circle_id)?, read::persona_id(&request.persona_id)?);
    let (seen, person) = circles.service.give(&actor, circle, persona, read::role(request.role())?).await?;
    let member = circles.views.members(&seen, &[person]).await?.pop();
    Ok(ConnectResponse::new(UpdateMemberRoleResponse { member }))
}

pub(super) async fn remove_member(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<RemoveMemberRequest>,
) -> Answer<RemoveMemberResponse> {
    let (circle, persona) = (read::circle_id(&request.circle_id)?, read::persona_id(&request.persona_id)?);
    circles.service.remove(&actor, circle, persona).await?;
    Ok(ConnectResponse::new(RemoveMemberResponse {}))
}

pub(super) async fn ban_member(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<BanMemberRequest>,
) -> Answer<BanMemberResponse> {
    let (circle, persona) = (read::circle_id(&request.circle_id)?, read::persona_id(&request.persona_id)?);
    circles.service.ban(&actor, circle, persona).await?;
    Ok(ConnectResponse::new(BanMemberResponse {}))
}

pub(super) async fn unban_member(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<UnbanMemberRequest>,
) -> Answer<UnbanMemberResponse> {
    let (circle, persona) = (read::circle_id(&request.circle_id)?, read::persona_id(&request.persona_id)?);
    circles.service.unban(&actor, circle, persona).await?;
    Ok(ConnectResponse::new(UnbanMemberResponse {}))
}

pub(super) async fn list_join_requests(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<ListJoinRequestsRequest>,
) -> Answer<ListJoinRequestsResponse> {
    let (circle, size) = (read::circle_id(&request.circle_id)?, size(request.page_size)?);
    let (_, people, next_page_token) =
        circles.service.people(&actor, circle, Standing::Asked, size, &request.page_token).await?;
    let requests = circles.views.requests(&people).await?;
    Ok(ConnectResponse::new(ListJoinRequestsResponse { requests, next_page_token }))
}

pub(super) async fn decide_join_request(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<DecideJoinRequestRequest>,
) -> Answer<DecideJoinRequestResponse> {
    let (circle, persona) = (read::circle_id(&request.circle_id)?, read::persona_id(&request.persona_id)?);
    let member = match request.decision() {
        JoinDecision::Admit => {
            let (seen, person) = circles.service.admit(&actor, circle, persona).await?;
            circles.views.members(&seen, &[person]).await?.pop()
        }
        JoinDecision::Decline => {
            circles.service.decline(&actor, circle, persona).await?;
            None
        }
        JoinDecision::Unspecified => return Err(Error::Choice("decision").into()),
    };
    Ok(ConnectResponse::new(DecideJoinRequestResponse { member }))
}

pub(super) async fn create_invite(
    State(circles): Circles,
    Caller(actor): Caller,
    ClaimedId(claimed): ClaimedId,
    Valid(request): Valid<CreateInviteRequest>,
) -> Answer<CreateInviteResponse> {
    let term = Term::new(request.uses, request.hours).map_err(Error::from)?;
    let made = circles.service.invite(&actor, read::circle_id(&request.circle_id)?, term, claimed).await?;
    let invite = circles.views.invites(&[made.invite]).await?.pop();
    Ok(ConnectResponse::new(CreateInviteResponse { invite, code: made.code.text() }))
}

pub(super) async fn list_invites(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<ListInvitesRequest>,
) -> Answer<ListInvitesResponse> {
    let (circle, size) = (read::circle_id(&request.circle_id)?, size(request.page_size)?);
    let (invites, next_page_token) = circles.service.invites(&actor, circle, size, &request.page_token).await?;
    let invites = circles.views.invites(&invites).await?;
    Ok(ConnectResponse::new(ListInvitesResponse { invites, next_page_token }))
}

pub(super) async fn revoke_invite(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<RevokeInviteRequest>,
) -> Answer<RevokeInviteResponse> {
    let (circle, invite) = (read::circle_id(&request.circle_id)?, read::invite_id(&request.invite_id)?);
    circles.service.revoke(&actor, circle, invite).await?;
    Ok(ConnectResponse::new(RevokeInviteResponse {}))
}

pub(super) async fn accept_invite(
    State(circles): Circles,
    Caller(actor): Caller,
    Valid(request): Valid<AcceptInviteRequest>,
) -> Answer<AcceptInviteResponse> {
    let code = Code::read(&request.code).ok_or(Refused::NoInvite).map_err(Error::from)?;
    let seen = circles.service.accept(&actor, &code).await?;
    Ok(ConnectResponse::new(AcceptInviteResponse { circle: Some(circles.views.circle(&seen).await?) }))
}
