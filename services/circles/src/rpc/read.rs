//! Requests, in the words of the domain.

use kith_kernel::{CircleId, InviteId, PersonaId, id::InvalidId, ports::CircleRole};
use kith_proto::circles::v1::{
    CircleAccess, CircleRole as WireRole, CircleScope, CreateCircleRequest, ListCirclesRequest, MemberScope,
    UpdateCircleRequest,
};

use crate::{
    Error,
    domain::{Access, Cap, Change, InvalidText, Terms, Text},
    policy::Refused,
    service::Scope,
    store::Standing,
};

/// What is no id is the id of no circle.
pub(super) fn circle_id(text: &str) -> Result<CircleId, Error> {
    text.parse().map_err(|InvalidId| Refused::NoCircle.into())
}

/// What is no id is the id of nobody.
pub(super) fn persona_id(text: &str) -> Result<PersonaId, Error> {
    text.parse().map_err(|InvalidId| Refused::NoPerson.into())
}

/// What is no id is the id of no invite.
pub(super) fn invite_id(text: &str) -> Result<InviteId, Error> {
    text.parse().map_err(|InvalidId| Refused::NoInvite.into())
}

pub(super) fn terms(request: &CreateCircleRequest) -> Result<Terms, Error> {
    Ok(Terms {
        name: text("name", &request.name)?,
        about: text("about", &request.about)?,
        rules: text("rules", &request.rules)?,
        category: request.category.parse()?,
        access: access(request.access())?,
        cap: Cap::new(request.max_members)?,
    })
}

pub(super) fn change(request: &UpdateCircleRequest) -> Result<Change, Error> {
    Ok(Change {
        name: request.name.as_deref().map(|name| text("name", name)).transpose()?,
        about: request.about.as_deref().map(|about| text("about", about)).transpose()?,
        rules: request.rules.as_deref().map(|rules| text("rules", rules)).transpose()?,
        category: request.category.as_deref().map(str::parse).transpose()?,
        access: request.access.map(|_| access(request.access())).transpose()?,
        cap: request.max_members.map(Cap::new).transpose()?,
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
        CircleScope::Unspecified => Err(Error::Choice("scope")),
    }
}

pub(super) const fn standing(scope: MemberScope) -> Standing {
    match scope {
        MemberScope::Unspecified | MemberScope::Members => Standing::Members,
        MemberScope::Banned => Standing::Banned,
    }
}

pub(super) const fn role(role: WireRole) -> Result<CircleRole, Error> {
    match role {
        WireRole::Member => Ok(CircleRole::Member),
        WireRole::Keeper => Ok(CircleRole::Keeper),
        WireRole::Owner => Ok(CircleRole::Owner),
        WireRole::Unspecified => Err(Error::Choice("role")),
    }
}

const fn access(access: CircleAccess) -> Result<Access, Error> {
    match access {
        CircleAccess::Open => Ok(Access::Open),
        CircleAccess::ByRequest => Ok(Access::ByRequest),
        CircleAccess::Private => Ok(Access::Private),
        CircleAccess::Unspecified => Err(Error::Choice("access")),
    }
}

fn text<const LEAST: usize, const MOST: usize>(field: &'static str, text: &str) -> Result<Text<LEAST, MOST>, Error> {
    Text::new(text).map_err(|broken: InvalidText| Error::Text { field, broken })
}
