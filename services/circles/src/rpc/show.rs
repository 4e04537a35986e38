//! Circles and who is in them, as messages.

use std::{collections::HashMap, sync::Arc};

use kith_kernel::{
    PersonaId,
    ports::{CircleRole, Persona, PersonaLookup},
};
use kith_proto::{
    circles::v1::{
        Circle as WireCircle, CircleAccess, CircleLogAction as LogAction, CircleLogEntry, CircleMember,
        CircleRole as WireRole, CircleMembershipStatus, Invite as WireInvite, JoinRequest,
    },
    convert,
    users::v1::Persona as WirePersona,
};

use crate::{
    Error,
    domain::{Access, Invite, Person, State, hour},
    store::{Entry, Seen},
};

/// Shows circles as somebody may see them.
#[derive(Clone)]
pub struct Views {
    /// How people appear.
    pub personas: Arc<dyn PersonaLookup>,
}

impl Views {
    pub(super) async fn circle(&self, seen: &Seen) -> Result<WireCircle, Error> {
        let circles = self.circles(std::slice::from_ref(seen)).await?;
        Ok(circles.into_iter().next().unwrap_or_default())
    }

    pub(super) async fn circles(&self, seen: &[Seen]) -> Result<Vec<WireCircle>, Error> {
        let appearing = seen.iter().filter_map(appearing).map(|person| person.persona);
        let shown = self.shown(appearing).await?;
        Ok(seen.iter().map(|seen| circle(seen, &shown)).collect())
    }

    pub(super) async fn members(&self, viewer: &Seen, people: &[Person]) -> Result<Vec<CircleMember>, Error> {
        let shown = self.shown(people.iter().map(|person| person.persona)).await?;
        Ok(people.iter().map(|person| member(viewer, person, &shown)).collect())
    }

    pub(super) async fn requests(&self, people: &[Person]) -> Result<Vec<JoinRequest>, Error> {
        let shown = self.shown(people.iter().map(|person| person.persona)).await?;
        let request = |person: &Person| JoinRequest {
            persona: persona(person.persona, &shown),
            requested_on: Some(convert::timestamp(person.since_day())),
        };
        Ok(people.iter().map(request).collect())
    }

    pub(super) async fn invites(&self, invites: &[Invite]) -> Result<Vec<WireInvite>, Error> {
        let shown = self.shown(invites.iter().map(|invite| invite.persona)).await?;
        let message = |invite: &Invite| WireInvite {
            id: invite.id.to_string(),
            created_by: persona(invite.persona, &shown),
            uses_left: invite.uses_left,
            expires_at: Some(convert::timestamp(invite.expires_at)),
        };
        Ok(invites.iter().map(message).collect())
    }

    pub(super) async fn log(&self, entries: &[Entry]) -> Result<Vec<CircleLogEntry>, Error> {
        let appearing: Vec<_> =
            entries.iter().flat_map(|entry| [entry.persona, entry.subject_persona]).flatten().collect();
        let shown = self.shown(appearing.into_iter()).await?;
        let message = |entry: &Entry| CircleLogEntry {
            action: log_act(&entry.act).into(),
            actor: entry.persona.and_then(|by| persona(by, &shown)),
            target: entry.subject_persona.filter(|to| Some(*to) != entry.persona).and_then(|to| persona(to, &shown)),
            at: Some(convert::timestamp(hour(entry.by.at))),
        };
        Ok(entries.iter().map(message).collect())
    }

    async fn shown(&self, personas: impl Iterator<Item = PersonaId>) -> Result<HashMap<PersonaId, Persona>, Error> {
        Ok(self.personas.find_many(&personas.collect::<Vec<_>>()).await?)
    }
}

/// The viewer, if they appear in the circle: nobody else is told that they left, or are kept out.
fn appearing(seen: &Seen) -> Option<Person> {
    seen.person.filter(|person| match person.state {
        State::Asked | State::Member(_) => true,
        State::Left | State::Declined | State::Banned => false,
    })
}

fn circle(seen: &Seen, shown: &HashMap<PersonaId, Persona>) -> WireCircle {
    let (circle, viewer) = (&seen.circle, appearing(seen));
    let own = viewer.and_then(|viewer| viewer.state.role());
    let standing = match viewer.map(|viewer| viewer.state) {
        Some(State::Member(_)) => CircleMembershipStatus::Member,
        Some(State::Asked) => CircleMembershipStatus::Requested,
        Some(State::Left | State::Declined | State::Banned) | None => CircleMembershipStatus::Outside,
    };
    let access = match circle.terms.access {
        Access::Open => CircleAccess::Open,
        Access::ByRequest => CircleAccess::ByRequest,
        Access::Private => CircleAccess::Private,
    };
    // What its keepers wrote may be what it was closed for.
    let written = |text: &str| if circle.closed_at.is_none() { text.to_owned() } else { String::new() };
    WireCircle {
        id: circle.id.to_string(),
        name: written(circle.terms.name.as_str()),
        about: written(circle.terms.about.as_str()),
        rules: written(circle.terms.rules.as_str()),
        category: circle.terms.category.slug().to_owned(),
        access: access.into(),
        approximate_member_count: circle.about_members(),
        max_members: keeps(own).then(|| circle.terms.cap.number()),
        archived_at: circle.archived_at.map(convert::timestamp),
        closed_at: circle.closed_at.map(|at| convert::timestamp(hour(at))),
        membership_status: standing.into(),
        persona: viewer.and_then(|viewer| persona(viewer.persona, shown)),
        role: own.map_or(WireRole::Unspecified, role).into(),
        etag: own.map_or_else(String::new, |_| circle.etag()),
    }
}

fn member(viewer: &Seen, person: &Person, shown: &HashMap<PersonaId, Persona>) -> CircleMember {
    let own = viewer.person.and_then(|viewer| viewer.state.role());
    let joined_on = keeps(own) && person.state.role().is_some();
    CircleMember {
        persona: persona(person.persona, shown),
        role: person.state.role().map_or(WireRole::Unspecified, role).into(),
        joined_on: joined_on.then(|| convert::timestamp(person.since_day())),
    }
}

fn persona(id: PersonaId, shown: &HashMap<PersonaId, Persona>) -> Option<WirePersona> {
    shown.get(&id).map(convert::persona)
}

/// What a word of the log stands for.
fn log_act(word: &str) -> LogAction {
    match word {
        "create" => LogAction::Created,
        "update" => LogAction::Updated,
        "archive" => LogAction::Archived,
        "close" => LogAction::Closed,
        "open" => LogAction::Reopened,
        "join" => LogAction::Joined,
        "accept_invite" => LogAction::InviteAccepted,
        "ask" => LogAction::JoinRequested,
        "leave" => LogAction::Left,
        "admit" => LogAction::Admitted,
        "decline" => LogAction::Declined,
        "give_role" => LogAction::RoleChanged,
        "remove" => LogAction::Removed,
        "ban" => LogAction::Banned,
        "unban" => LogAction::Unbanned,
        "invite" => LogAction::InviteCreated,
        "revoke_invite" => LogAction::InviteRevoked,
        // Of a newer build: it is there, and this one cannot say what it was.
        _ => LogAction::Unspecified,
    }
}

fn keeps(role: Option<CircleRole>) -> bool {
    role.is_some_and(|role| role >= CircleRole::Keeper)
}

const fn role(role: CircleRole) -> WireRole {
    match role {
        CircleRole::Member => WireRole::Member,
        CircleRole::Keeper => WireRole::Keeper,
        CircleRole::Owner => WireRole::Owner,
    }
}
