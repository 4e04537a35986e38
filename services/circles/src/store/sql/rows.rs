//! Rows, and what they say.

use kith_kernel::{CircleId, EventId, InviteId, PersonaId, UserId, ports::CircleRole};
use kith_storage::{StoreError, StoreResult, sql::SqlTimestamp};
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
    max_members: i64,
    member_count: i64,
    count_offset: i64,
    created_at: SqlTimestamp,
    archived_at: Option<SqlTimestamp>,
    closed_at: Option<SqlTimestamp>,
    version: i64,
}

/// What selects a circle.
pub(super) const CIRCLE: &str = "circles.id, circles.name, circles.about, circles.rules, circles.category,
    circles.access, circles.max_members, circles.member_count, circles.count_offset, circles.created_at,
    circles.archived_at, circles.closed_at, circles.version";

impl CircleRow {
    pub(super) fn into_circle(self) -> StoreResult<Circle> {
        let terms = Terms {
            name: Name::new(&self.name).map_err(StoreError::corrupt)?,
            about: About::new(&self.about).map_err(StoreError::corrupt)?,
            rules: Rules::new(&self.rules).map_err(StoreError::corrupt)?,
            category: self.category.parse().map_err(StoreError::corrupt)?,
            access: access(&self.access)?,
            cap: Cap::new(number(self.max_members)?).map_err(StoreError::corrupt)?,
        };
        Ok(Circle {
            id: CircleId::from_uuid(self.id),
            terms,
            members: number(self.member_count)?,
            blur: Blur::kept(number(self.count_offset)?),
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
    status: String,
    role: i64,
    since: SqlTimestamp,
}

impl PersonRow {
    /// What selects one; a condition follows.
    pub(super) const SELECT: &str = "SELECT account, persona, status, role, since FROM circle_members";

    pub(super) fn into_person(self) -> StoreResult<Person> {
        Ok(Person {
            user: UserId::from_uuid(self.account),
            persona: PersonaId::from_uuid(self.persona),
            state: state(&self.status, self.role)?,
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
    status: Option<String>,
    role: Option<i64>,
    since: Option<SqlTimestamp>,
}

impl SeenRow {
    /// What selects one, with somebody's account as `$1`; a condition follows.
    pub(super) fn select() -> String {
        format!(
            "SELECT {CIRCLE}, members.account, members.persona, members.status, members.role, members.since
             FROM circles LEFT JOIN circle_members AS members ON members.circle = circles.id AND members.account = $1"
        )
    }

    pub(super) fn into_seen(self) -> StoreResult<Seen> {
        let person = match (self.account, self.persona, self.status, self.role, self.since) {
            (Some(account), Some(persona), Some(status), Some(role), Some(since)) => {
                Some(PersonRow { account, persona, status, role, since }.into_person()?)
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
    creator: Uuid,
    persona: Uuid,
    code_digest: Vec<u8>,
    uses_left: i64,
    expires_at: SqlTimestamp,
}

impl InviteRow {
    /// What selects one; a condition follows.
    pub(super) const SELECT: &str =
        "SELECT id, circle, creator, persona, code_digest, uses_left, expires_at FROM circle_invites";

    pub(super) fn into_invite(self) -> StoreResult<Invite> {
        let code = self.code_digest.try_into().map_err(|_| StoreError::corrupt("a digest of another length"))?;
        Ok(Invite {
            id: InviteId::from_uuid(self.id),
            circle: CircleId::from_uuid(self.circle),
            maker: UserId::from_uuid(self.creator),
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
    token: Uuid,
    created_at: SqlTimestamp,
    actor: Uuid,
    persona: Option<Uuid>,
    action: String,
    target: Option<Uuid>,
    target_persona: Option<Uuid>,
}

impl EntryRow {
    /// What selects one of the circle `$1`; more conditions follow.
    pub(super) const SELECT: &str = "SELECT log.id, log.token, log.created_at, log.actor, actors.persona, log.action,
            log.target, targets.persona AS target_persona
         FROM circle_log AS log
         LEFT JOIN circle_members AS actors ON actors.circle = log.circle AND actors.account = log.actor
         LEFT JOIN circle_members AS targets ON targets.circle = log.circle AND targets.account = log.target
         WHERE log.circle = $1";

    pub(super) fn into_entry(self) -> Entry {
        let by = By { actor: UserId::from_uuid(self.actor), at: self.created_at.0, event: EventId::from_uuid(self.id) };
        Entry {
            mark: self.token,
            by,
            persona: self.persona.map(PersonaId::from_uuid),
            act: self.action,
            subject: self.target.map(UserId::from_uuid),
            subject_persona: self.target_persona.map(PersonaId::from_uuid),
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
        Standing::Asked => "requested",
        Standing::Banned => "banned",
    }
}

fn access(word: &str) -> StoreResult<Access> {
    let known = ACCESSES.into_iter().find(|(_, known)| *known == word);
    known.map(|(access, _)| access).ok_or_else(|| StoreError::corrupt("an access that this build does not know"))
}

fn state(word: &str, role: i64) -> StoreResult<State> {
    match word {
        "requested" => Ok(State::Asked),
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
