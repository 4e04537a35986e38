//! Rows, and what they say.

use kith_kernel::{CircleId, EventId, InviteId, PersonaId, UserId, ports::CircleRole};
use kith_storage::{StoreError, StoreResult, sql::At};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    domain::{ACCESSES, About, Access, Blur, Cap, Circle, Digest, Invite, Name, Person, ROLES, Rules, State, Terms},
    store::{By, Entry, Seen, Standing},
};

/// A circle.
#[derive(FromRow)]
pub(super) struct CircleRow {
    id: Uuid,
    name: String,
    about: String,
    rules: String,
    category: String,
    access: String,
    cap: i64,
    members: i64,
    blur: i64,
    created_at: At,
    archived_at: Option<At>,
    closed_at: Option<At>,
    version: i64,
}

/// What selects a circle.
pub(super) const CIRCLE: &str = "circles.id, circles.name, circles.about, circles.rules, circles.category,
    circles.access, circles.cap, circles.members, circles.blur, circles.created_at, circles.archived_at,
    circles.closed_at, circles.version";

impl CircleRow {
    pub(super) fn into_circle(self) -> StoreResult<Circle> {
        let terms = Terms {
            name: Name::new(&self.name).map_err(StoreError::corrupt)?,
            about: About::new(&self.about).map_err(StoreError::corrupt)?,
            rules: Rules::new(&self.rules).map_err(StoreError::corrupt)?,
            category: self.category.parse().map_err(StoreError::corrupt)?,
            access: access(&self.access)?,
            cap: Cap::new(number(self.cap)?).map_err(StoreError::corrupt)?,
        };
        Ok(Circle {
            id: CircleId::from_uuid(self.id),
            terms,
            members: number(self.members)?,
            blur: Blur::kept(number(self.blur)?),
            created_at: self.created_at.0,
            archived_at: self.archived_at.map(|at| at.0),
            closed_at: self.closed_at.map(|at| at.0),
            version: self.version,
        })
    }
}

/// Somebody in a circle.
#[derive(FromRow)]
pub(super) struct PersonRow {
    account: Uuid,
    persona: Uuid,
    state: String,
    role: i64,
    since: At,
}

impl PersonRow {
    /// What selects one; a condition follows.
    pub(super) const SELECT: &str = "SELECT account, persona, state, role, since FROM circle_people";

    pub(super) fn into_person(self) -> StoreResult<Person> {
        Ok(Person {
            user: UserId::from_uuid(self.account),
            persona: PersonaId::from_uuid(self.persona),
            state: state(&self.state, self.role)?,
            since: self.since.0,
        })
    }
}

/// A circle beside somebody who may have come to it.
#[derive(FromRow)]
pub(super) struct SeenRow {
    #[sqlx(flatten)]
    circle: CircleRow,
    account: Option<Uuid>,
    persona: Option<Uuid>,
    state: Option<String>,
    role: Option<i64>,
    since: Option<At>,
}

impl SeenRow {
    /// What selects one, with somebody's account as `$1`; a condition follows.
    pub(super) fn select() -> String {
        format!(
            "SELECT {CIRCLE}, people.account, people.persona, people.state, people.role, people.since
             FROM circles LEFT JOIN circle_people AS people ON people.circle = circles.id AND people.account = $1"
        )
    }

    pub(super) fn into_seen(self) -> StoreResult<Seen> {
        let person = match (self.account, self.persona, self.state, self.role, self.since) {
            (Some(account), Some(persona), Some(state), Some(role), Some(since)) => {
                Some(PersonRow { account, persona, state, role, since }.into_person()?)
            }
            _ => None,
        };
        Ok(Seen { circle: self.circle.into_circle()?, person })
    }
}

/// A way in.
#[derive(FromRow)]
pub(super) struct InviteRow {
    id: Uuid,
    circle: Uuid,
    account: Uuid,
    persona: Uuid,
    code: Vec<u8>,
    uses_left: i64,
    expires_at: At,
}

impl InviteRow {
    /// What selects one; a condition follows.
    pub(super) const SELECT: &str =
        "SELECT id, circle, account, persona, code, uses_left, expires_at FROM circle_invites";

    pub(super) fn into_invite(self) -> StoreResult<Invite> {
        let code = self.code.try_into().map_err(|_| StoreError::corrupt("a digest of another length"))?;
        Ok(Invite {
            id: InviteId::from_uuid(self.id),
            circle: CircleId::from_uuid(self.circle),
            maker: UserId::from_uuid(self.account),
            persona: PersonaId::from_uuid(self.persona),
            code: Digest(code),
            uses_left: number(self.uses_left)?,
            expires_at: self.expires_at.0,
        })
    }
}

/// A line of a circle's log.
#[derive(FromRow)]
pub(super) struct EntryRow {
    id: Uuid,
    mark: Uuid,
    at: At,
    actor: Uuid,
    persona: Option<Uuid>,
    act: String,
    subject: Option<Uuid>,
    subject_persona: Option<Uuid>,
}

impl EntryRow {
    /// What selects one of the circle `$1`; more conditions follow.
    pub(super) const SELECT: &str = "SELECT log.id, log.mark, log.at, log.actor, actors.persona, log.act, log.subject,
            subjects.persona AS subject_persona
         FROM circle_log AS log
         LEFT JOIN circle_people AS actors ON actors.circle = log.circle AND actors.account = log.actor
         LEFT JOIN circle_people AS subjects ON subjects.circle = log.circle AND subjects.account = log.subject
         WHERE log.circle = $1";

    pub(super) fn into_entry(self) -> Entry {
        let by = By { actor: UserId::from_uuid(self.actor), at: self.at.0, event: EventId::from_uuid(self.id) };
        Entry {
            mark: self.mark,
            by,
            persona: self.persona.map(PersonaId::from_uuid),
            act: self.act,
            subject: self.subject.map(UserId::from_uuid),
            subject_persona: self.subject_persona.map(PersonaId::from_uuid),
        }
    }
}

/// What a role is in a column.
pub(super) fn role_number(role: Option<CircleRole>) -> i64 {
    let known = ROLES.into_iter().find(|(known, _)| Some(*known) == role);
    known.map_or(0, |(_, number)| number)
}

/// What an access is in a column.
pub(super) fn access_word(access: Access) -> &'static str {
    let known = ACCESSES.into_iter().find(|(known, _)| *known == access);
    known.map_or("private", |(_, word)| word)
}

pub(super) const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Members => "member",
        Standing::Asked => "asked",
        Standing::Banned => "banned",
    }
}

fn access(word: &str) -> StoreResult<Access> {
    let known = ACCESSES.into_iter().find(|(_, known)| *known == word);
    known.map(|(access, _)| access).ok_or_else(|| StoreError::corrupt("an access that this build does not know"))
}

fn state(word: &str, role: i64) -> StoreResult<State> {
    match word {
        "asked" => Ok(State::Asked),
        "left" => Ok(State::Left),
        "declined" => Ok(State::Declined),
        "banned" => Ok(State::Banned),
        "member" => {
            let known = ROLES.into_iter().find(|(_, known)| *known == role);
            let role = known.ok_or_else(|| StoreError::corrupt("a role that this build does not know"))?;
            Ok(State::Member(role.0))
        }
        _ => Err(StoreError::corrupt("a state that this build does not know")),
    }
}

fn number(column: i64) -> StoreResult<u32> {
    u32::try_from(column).map_err(StoreError::corrupt)
}
