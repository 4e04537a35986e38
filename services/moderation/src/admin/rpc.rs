//! `kith.moderation.v1.AdminService`, and the one method of admins that stands beside the cases: convert, call, convert.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PersonaId, Role, Timestamp, id::InvalidId, ports::StaffMember};
use kith_proto::{
    Caller, Claimed, Valid, convert,
    moderation::v1::{
        AuditEntry, Flag as WireFlag, GrantRoleRequest, GrantRoleResponse, ListAuditLogRequest, ListAuditLogResponse,
        ListFlagsRequest, ListFlagsResponse, ListStaffRequest, ListStaffResponse, PutFlagRequest, PutFlagResponse,
        RevokeRoleRequest, RevokeRoleResponse, StaffMember as WireMember, StaffRole as WireRole,
        admin_service_connect::AdminServiceBuilder, moderation_service_connect::ModerationServiceBuilder,
    },
    refusal,
};

use super::{
    Error, Flag, Name, Percent, Service,
    service::{Setting, Shown, Wanted},
};

type Admins = State<Arc<Service>>;
type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods.
pub fn router(service: Arc<Service>) -> Router {
    let admin = AdminServiceBuilder::new()
        .grant_role(grant_role)
        .revoke_role(revoke_role)
        .list_staff(list_staff)
        .list_flags(list_flags)
        .put_flag(put_flag)
        .with_state(service.clone())
        .build();
    let log = ModerationServiceBuilder::new().list_audit_log(list_audit_log).with_state(service).build();
    admin.merge(log)
}

async fn grant_role(
    State(admins): Admins,
    Caller(actor): Caller,
    Valid(request): Valid<GrantRoleRequest>,
) -> Answer<GrantRoleResponse> {
    let persona = persona_id(&request.persona_id)?;
    let role = role(request.role()).ok_or(Error::NoSuchPersona)?;
    let member = admins.set_role(&actor, persona, role).await?;
    Ok(ConnectResponse::new(GrantRoleResponse { member: Some(member_message(&member)) }))
}

async fn revoke_role(
    State(admins): Admins,
    Caller(actor): Caller,
    Valid(request): Valid<RevokeRoleRequest>,
) -> Answer<RevokeRoleResponse> {
    admins.set_role(&actor, persona_id(&request.persona_id)?, Role::Member).await?;
    Ok(ConnectResponse::new(RevokeRoleResponse {}))
}

async fn list_staff(
    State(admins): Admins,
    Caller(actor): Caller,
    Valid(request): Valid<ListStaffRequest>,
) -> Answer<ListStaffResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let (staff, next_page_token) = admins.staff(&actor, size, &request.page_token).await?;
    let members = staff.iter().map(member_message).collect();
    Ok(ConnectResponse::new(ListStaffResponse { members, next_page_token }))
}

async fn list_flags(
    State(admins): Admins,
    Caller(actor): Caller,
    Valid(request): Valid<ListFlagsRequest>,
) -> Answer<ListFlagsResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let (flags, next_page_token) = admins.flags(&actor, size, &request.page_token).await?;
    let flags = flags.iter().map(flag_message).collect();
    Ok(ConnectResponse::new(ListFlagsResponse { flags, next_page_token }))
}

async fn put_flag(
    State(admins): Admins,
    Caller(actor): Caller,
    Claimed(claimed): Claimed,
    Valid(request): Valid<PutFlagRequest>,
) -> Answer<PutFlagResponse> {
    let roles: BTreeSet<Role> = request.roles().filter_map(role).collect();
    let setting = Setting {
        name: Name::new(&request.name).map_err(Error::from)?,
        percent: Percent::new(request.percent).map_err(Error::from)?,
        roles,
    };
    let flag = admins.put_flag(&actor, setting, &request.etag, claimed).await?;
    Ok(ConnectResponse::new(PutFlagResponse { flag: Some(flag_message(&flag)) }))
}

async fn list_audit_log(
    State(admins): Admins,
    Caller(actor): Caller,
    Valid(request): Valid<ListAuditLogRequest>,
) -> Answer<ListAuditLogResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let by = request.actor_persona_id.as_deref().map(persona_id).transpose()?;
    let wanted = Wanted { actor: by, subject: request.subject.clone() };
    let (lines, next_page_token) = admins.audit_log(&actor, wanted, size, &request.page_token).await?;
    let entries = lines.into_iter().map(entry_message).collect();
    Ok(ConnectResponse::new(ListAuditLogResponse { entries, next_page_token }))
}

/// What is no id is the id of nobody.
fn persona_id(text: &str) -> Result<PersonaId, Error> {
    text.parse().map_err(|InvalidId| Error::NoSuchPersona)
}

const fn role(role: WireRole) -> Option<Role> {
    match role {
        WireRole::Unspecified => None,
        WireRole::Member => Some(Role::Member),
        WireRole::Moderator => Some(Role::Moderator),
        WireRole::Admin => Some(Role::Admin),
    }
}

fn role_number(role: Role) -> i32 {
    match role {
        Role::Member => WireRole::Member,
        Role::Moderator => WireRole::Moderator,
        Role::Admin => WireRole::Admin,
    }
    .into()
}

fn member_message(member: &StaffMember) -> WireMember {
    WireMember { persona: Some(convert::persona(&member.persona)), role: role_number(member.role) }
}

fn flag_message(flag: &Flag) -> WireFlag {
    WireFlag {
        name: flag.name.as_str().to_owned(),
        percent: flag.percent.number().into(),
        roles: flag.roles.iter().map(|role| role_number(*role)).collect(),
        etag: flag.version.to_string(),
        changed_at: Some(convert::timestamp(flag.changed_at)),
    }
}

fn entry_message(shown: Shown) -> AuditEntry {
    let Shown { line, actor, subject, detail } = shown;
    AuditEntry {
        id: line.id.to_string(),
        position: line.position,
        at: Some(convert::timestamp(Timestamp::from_millis(line.at))),
        actor: actor.as_ref().map(convert::persona),
        act: line.act,
        subject,
        detail,
        hash: line.hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
    }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        refusal(&error)
    }
}
