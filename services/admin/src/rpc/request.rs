//! Conversion of requests.

use kith_kernel::{PersonaId, Role, id::InvalidId};
use kith_proto::admin::v1::{ListAuditLogRequest, PutFlagRequest, StaffRole};

use crate::{Error, FlagName, FlagUpdate, Percent, service::AuditFilter};

/// Parses an id. A malformed id is reported as not found.
pub(super) fn persona_id(text: &str) -> Result<PersonaId, Error> {
    text.parse().map_err(|InvalidId| Error::PersonaNotFound)
}

pub(super) const fn role(role: StaffRole) -> Option<Role> {
    match role {
        StaffRole::Unspecified => None,
        StaffRole::Member => Some(Role::Member),
        StaffRole::Moderator => Some(Role::Moderator),
        StaffRole::Admin => Some(Role::Admin),
    }
}

pub(super) fn flag_update(request: &PutFlagRequest) -> Result<FlagUpdate, Error> {
    Ok(FlagUpdate {
        name: FlagName::parse(&request.name)?,
        percent: Percent::new(request.percent)?,
        roles: request.roles().filter_map(role).collect(),
    })
}

pub(super) fn audit_filter(request: &ListAuditLogRequest) -> Result<AuditFilter, Error> {
    let actor = request.actor_persona_id.as_deref().map(persona_id).transpose()?;
    Ok(AuditFilter { actor, subject: request.subject.clone() })
}
