//! Handlers of all methods.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, Role};
use kith_proto::{
    Caller, ClaimedId, Valid,
    admin::v1::{
        GrantRoleRequest, GrantRoleResponse, ListAuditLogRequest, ListAuditLogResponse, ListFlagsRequest,
        ListFlagsResponse, ListMyFlagsRequest, ListMyFlagsResponse, ListStaffRequest, ListStaffResponse,
        PutFlagRequest, PutFlagResponse, RevokeRoleRequest, RevokeRoleResponse,
        admin_service_connect::AdminServiceBuilder,
    },
    to_connect_error,
};

use super::{presenter, request};
use crate::{Error, Service};

/// State of the handlers.
pub struct Handlers {
    pub service: Arc<Service>,
}

type HandlerState = State<Arc<Handlers>>;
type Response<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods.
pub fn router(handlers: Handlers) -> Router {
    AdminServiceBuilder::new()
        .grant_role(grant_role)
        .revoke_role(revoke_role)
        .list_staff(list_staff)
        .list_flags(list_flags)
        .list_my_flags(list_my_flags)
        .put_flag(put_flag)
        .list_audit_log(list_audit_log)
        .with_state(Arc::new(handlers))
        .build()
}

async fn grant_role(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<GrantRoleRequest>,
) -> Response<GrantRoleResponse> {
    let persona = request::persona_id(&request.persona_id)?;
    let role = request::role(request.role()).ok_or(Error::PersonaNotFound)?;
    let member = handlers.service.set_role(&actor, persona, role).await?;
    Ok(ConnectResponse::new(GrantRoleResponse { member: Some(presenter::staff_member(&member)) }))
}

async fn revoke_role(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<RevokeRoleRequest>,
) -> Response<RevokeRoleResponse> {
    handlers.service.set_role(&actor, request::persona_id(&request.persona_id)?, Role::Member).await?;
    Ok(ConnectResponse::new(RevokeRoleResponse {}))
}

async fn list_staff(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<ListStaffRequest>,
) -> Response<ListStaffResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let (staff, next_page_token) = handlers.service.list_staff(&actor, size, &request.page_token).await?;
    let members = staff.iter().map(presenter::staff_member).collect();
    Ok(ConnectResponse::new(ListStaffResponse { members, next_page_token }))
}

async fn list_flags(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<ListFlagsRequest>,
) -> Response<ListFlagsResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let (flags, next_page_token) = handlers.service.list_flags(&actor, size, &request.page_token).await?;
    let flags = flags.iter().map(presenter::flag).collect();
    Ok(ConnectResponse::new(ListFlagsResponse { flags, next_page_token }))
}

async fn list_my_flags(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(_): Valid<ListMyFlagsRequest>,
) -> Response<ListMyFlagsResponse> {
    let enabled = handlers.service.enabled_flags(&actor).await;
    Ok(ConnectResponse::new(ListMyFlagsResponse { enabled }))
}

async fn put_flag(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    ClaimedId(claimed_id): ClaimedId,
    Valid(request): Valid<PutFlagRequest>,
) -> Response<PutFlagResponse> {
    let update = request::flag_update(&request)?;
    let flag = handlers.service.put_flag(&actor, update, &request.etag, claimed_id).await?;
    Ok(ConnectResponse::new(PutFlagResponse { flag: Some(presenter::flag(&flag)) }))
}

async fn list_audit_log(
    State(handlers): HandlerState,
    Caller(actor): Caller,
    Valid(request): Valid<ListAuditLogRequest>,
) -> Response<ListAuditLogResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let filter = request::audit_filter(&request)?;
    let (entries, next_page_token) = handlers.service.list_audit_log(&actor, filter, size, &request.page_token).await?;
    let entries = entries.into_iter().map(presenter::audit_entry).collect();
    Ok(ConnectResponse::new(ListAuditLogResponse { entries, next_page_token }))
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}
