//! Conversion of requests to domain types.

use kith_kernel::{CircleId, InviteId, PageSize, PersonaId, id::InvalidId, ports::CircleRole};
use kith_proto::circles::v1::{
    CircleAccess, CircleRole as WireRole, CircleScope, CreateCircleRequest, ListCirclesRequest, MemberScope,
    UpdateCircleRequest,
};

use crate::{
    Error,
    domain::{Access, CircleSettings, CircleUpdate, MaxMembers, Text},
    policy::CircleError,
    service::Scope,
    store::MemberFilter,
};

/// Parses an id. Malformed ids are reported as not found.
pub(super) fn circle_id(text: &str) -> Result<CircleId, Error> {
    text.parse().map_err(|InvalidId| CircleError::CircleNotFound.into())
}

/// Parses an id. Malformed ids are reported as not found.
pub(super) fn persona_id(text: &str) -> Result<PersonaId, Error> {
    text.parse().map_err(|InvalidId| CircleError::MemberNotFound.into())
}

/// Parses an id. Malformed ids are reported as not found.
pub(super) fn invite_id(text: &str) -> Result<InviteId, Error> {
    text.parse().map_err(|InvalidId| CircleError::InviteNotFound.into())
}

pub(super) fn page_size(size: i32) -> Result<PageSize, Error> {
    Ok(PageSize::new(size)?)
}

pub(super) fn settings(request: &CreateCircleRequest) -> Result<CircleSettings, Error> {
    Ok(CircleSettings {
        name: text("name", &request.name)?,
        about: text("about", &request.about)?,
        rules: text("rules", &request.rules)?,
        category: request.category.parse()?,
        access: access(request.access())?,
        max_members: MaxMembers::new(request.max_members)?,
    })
}

pub(super) fn update(request: &UpdateCircleRequest) -> Result<CircleUpdate, Error> {
    Ok(CircleUpdate {
        name: request.name.as_deref().map(|name| text("name", name)).transpose()?,
        about: request.about.as_deref().map(|about| text("about", about)).transpose()?,
        rules: request.rules.as_deref().map(|rules| text("rules", rules)).transpose()?,
        category: request.category.as_deref().map(str::parse).transpose()?,
        access: request.access.map(|_| access(request.access())).transpose()?,
        max_members: request.max_members.map(MaxMembers::new).transpose()?,
    })
}

pub(super) fn scope(request: &ListCirclesRequest) -> Result<Scope, Error> {
    let category = match request.category.as_str() {
        "" => None,
        slug => Some(slug.parse()?),
    };
    match request.scope() {
        CircleScope::Public => Ok(Scope::Public(category)),
        CircleScope::Own => Ok(Scope::Own),
        CircleScope::Unspecified => Err(Error::UnknownEnumValue("scope")),
    }
}

pub(super) const fn member_filter(scope: MemberScope) -> MemberFilter {
    match scope {
        MemberScope::Unspecified | MemberScope::Members => MemberFilter::Members,
        MemberScope::Banned => MemberFilter::Banned,
    }
}

pub(super) const fn role(role: WireRole) -> Result<CircleRole, Error> {
    match role {
        WireRole::Member => Ok(CircleRole::Member),
        WireRole::Keeper => Ok(CircleRole::Keeper),
        WireRole::Owner => Ok(CircleRole::Owner),
        WireRole::Unspecified => Err(Error::UnknownEnumValue("role")),
    }
}

const fn access(access: CircleAccess) -> Result<Access, Error> {
    match access {
        CircleAccess::Open => Ok(Access::Open),
        CircleAccess::ByRequest => Ok(Access::ByRequest),
        CircleAccess::Private => Ok(Access::Private),
        CircleAccess::Unspecified => Err(Error::UnknownEnumValue("access")),
    }
}

fn text<const MIN: usize, const MAX: usize>(field: &'static str, text: &str) -> Result<Text<MIN, MAX>, Error> {
    Text::new(text).map_err(|violation| Error::Text { field, violation })
}
