//! Conversion of domain types to messages.

use std::{collections::HashMap, sync::Arc};

use kith_kernel::{
    PersonaId,
    ports::{CircleRole, Persona, PersonaLookup},
};
use kith_proto::{
    circles::v1::{
        self as wire, Circle as WireCircle, CircleAccess, CircleLogAction, CircleMember, CircleMembershipStatus,
        CircleRole as WireRole, JoinRequest,
    },
    convert,
    users::v1::Persona as WirePersona,
};

use crate::{
    Error,
    domain::{Access, Invite, LogAction, MembershipRecord, MembershipStatus, truncate_to_hour},
    store::{CircleLogEntry, CircleView},
};

type PersonaMap = HashMap<PersonaId, Persona>;

/// Builds messages with the personas that they show.
#[derive(Clone)]
pub struct Presenter {
    pub personas: Arc<dyn PersonaLookup>,
}

impl Presenter {
    pub(super) async fn circle(&self, view: &CircleView) -> Result<WireCircle, Error> {
        let circles = self.circles(std::slice::from_ref(view)).await?;
        Ok(circles.into_iter().next().unwrap_or_default())
    }

    pub(super) async fn circles(&self, views: &[CircleView]) -> Result<Vec<WireCircle>, Error> {
        let personas = views.iter().filter_map(visible_membership).map(|membership| membership.persona);
        let personas = self.load_personas(personas).await?;
        Ok(views.iter().map(|view| circle(view, &personas)).collect())
    }

    pub(super) async fn members(
        &self,
        viewer: &CircleView,
        members: &[MembershipRecord],
    ) -> Result<Vec<CircleMember>, Error> {
        let personas = self.load_personas(members.iter().map(|member| member.persona)).await?;
        Ok(members.iter().map(|it| member(viewer, it, &personas)).collect())
    }

    pub(super) async fn join_requests(&self, members: &[MembershipRecord]) -> Result<Vec<JoinRequest>, Error> {
        let personas = self.load_personas(members.iter().map(|member| member.persona)).await?;
        let to_message = |member: &MembershipRecord| JoinRequest {
            persona: persona(member.persona, &personas),
            requested_on: Some(convert::timestamp(member.since_day())),
        };
        Ok(members.iter().map(to_message).collect())
    }

    pub(super) async fn invites(&self, invites: &[Invite]) -> Result<Vec<wire::Invite>, Error> {
        let personas = self.load_personas(invites.iter().map(|invite| invite.persona)).await?;
        let to_message = |invite: &Invite| wire::Invite {
            id: invite.id.to_string(),
            created_by: persona(invite.persona, &personas),
            uses_left: invite.uses_left,
            expires_at: Some(convert::timestamp(invite.expires_at)),
        };
        Ok(invites.iter().map(to_message).collect())
    }

    pub(super) async fn log(&self, entries: &[CircleLogEntry]) -> Result<Vec<wire::CircleLogEntry>, Error> {
        let personas: Vec<_> =
            entries.iter().flat_map(|entry| [entry.persona, entry.target_persona]).flatten().collect();
        let personas = self.load_personas(personas.into_iter()).await?;
        let to_message = |entry: &CircleLogEntry| {
            let target = entry.target_persona.filter(|target| Some(*target) != entry.persona);
            wire::CircleLogEntry {
                action: log_action(entry.action).into(),
                actor: entry.persona.and_then(|actor| persona(actor, &personas)),
                target: target.and_then(|target| persona(target, &personas)),
                at: Some(convert::timestamp(truncate_to_hour(entry.stamp.at))),
            }
        };
        Ok(entries.iter().map(to_message).collect())
    }

    async fn load_personas(&self, personas: impl Iterator<Item = PersonaId>) -> Result<PersonaMap, Error> {
        let personas: Vec<PersonaId> = personas.collect();
        Ok(self.personas.find_many(&personas).await?)
    }
}

/// Returns the membership that the viewer is shown. A past membership and a ban are not disclosed.
fn visible_membership(view: &CircleView) -> Option<MembershipRecord> {
    view.membership.filter(|membership| match membership.status {
        MembershipStatus::Requested | MembershipStatus::Member(_) => true,
        MembershipStatus::Left | MembershipStatus::Declined | MembershipStatus::Banned => false,
    })
}

fn circle(view: &CircleView, personas: &PersonaMap) -> WireCircle {
    let (circle, settings, viewer) = (&view.circle, &view.circle.settings, visible_membership(view));
    let status = match viewer.map(|viewer| viewer.status) {
        Some(MembershipStatus::Member(_)) => CircleMembershipStatus::Member,
        Some(MembershipStatus::Requested) => CircleMembershipStatus::Requested,
        Some(MembershipStatus::Left | MembershipStatus::Declined | MembershipStatus::Banned) | None => {
            CircleMembershipStatus::Outside
        }
    };
    let access = match settings.access {
        Access::Open => CircleAccess::Open,
        Access::ByRequest => CircleAccess::ByRequest,
        Access::Private => CircleAccess::Private,
    };
    // The texts of a closed circle may be the reason for its closure.
    let text = |text: &str| if circle.closed_at.is_none() { text.to_owned() } else { String::new() };
    WireCircle {
        id: circle.id.to_string(),
        name: text(settings.name.as_str()),
        about: text(settings.about.as_str()),
        rules: text(settings.rules.as_str()),
        category: settings.category.slug().to_owned(),
        access: access.into(),
        approximate_member_count: circle.approximate_members(),
        max_members: is_keeper(view.role()).then(|| settings.max_members.get()),
        archived_at: circle.archived_at.map(convert::timestamp),
        closed_at: circle.closed_at.map(|at| convert::timestamp(truncate_to_hour(at))),
        membership_status: status.into(),
        persona: viewer.and_then(|viewer| persona(viewer.persona, personas)),
        role: view.role().map_or(WireRole::Unspecified, role).into(),
        etag: view.role().map_or_else(String::new, |_| circle.etag()),
    }
}

fn member(viewer: &CircleView, member: &MembershipRecord, personas: &PersonaMap) -> CircleMember {
    let shows_day = is_keeper(viewer.role()) && member.status.role().is_some();
    CircleMember {
        persona: persona(member.persona, personas),
        role: member.status.role().map_or(WireRole::Unspecified, role).into(),
        joined_on: shows_day.then(|| convert::timestamp(member.since_day())),
    }
}

fn persona(id: PersonaId, personas: &PersonaMap) -> Option<WirePersona> {
    personas.get(&id).map(convert::persona)
}

const fn log_action(action: Option<LogAction>) -> CircleLogAction {
    match action {
        Some(LogAction::Created) => CircleLogAction::Created,
        Some(LogAction::Updated) => CircleLogAction::Updated,
        Some(LogAction::Archived) => CircleLogAction::Archived,
        Some(LogAction::Closed) => CircleLogAction::Closed,
        Some(LogAction::Reopened) => CircleLogAction::Reopened,
        Some(LogAction::Joined) => CircleLogAction::Joined,
        Some(LogAction::InviteAccepted) => CircleLogAction::InviteAccepted,
        Some(LogAction::JoinRequested) => CircleLogAction::JoinRequested,
        Some(LogAction::Left) => CircleLogAction::Left,
        Some(LogAction::RequestApproved) => CircleLogAction::Admitted,
        Some(LogAction::RequestDeclined) => CircleLogAction::Declined,
        Some(LogAction::RoleChanged) => CircleLogAction::RoleChanged,
        Some(LogAction::MemberRemoved) => CircleLogAction::Removed,
        Some(LogAction::MemberBanned) => CircleLogAction::Banned,
        Some(LogAction::MemberUnbanned) => CircleLogAction::Unbanned,
        Some(LogAction::InviteCreated) => CircleLogAction::InviteCreated,
        Some(LogAction::InviteRevoked) => CircleLogAction::InviteRevoked,
        // An action of a newer build.
        None => CircleLogAction::Unspecified,
    }
}

fn is_keeper(role: Option<CircleRole>) -> bool {
    role.is_some_and(|role| role >= CircleRole::Keeper)
}

const fn role(role: CircleRole) -> WireRole {
    match role {
        CircleRole::Member => WireRole::Member,
        CircleRole::Keeper => WireRole::Keeper,
        CircleRole::Owner => WireRole::Owner,
    }
}
