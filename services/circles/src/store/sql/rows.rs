//! Conversion of rows.

use kith_kernel::{CircleId, EventId, InviteId, PersonaId, UserId};
use kith_storage::{StoreError, StoreResult, sql::SqlTimestamp};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    domain::{
        About, Access, ActorStamp, Circle, CircleSettings, Invite, InviteCodeDigest, LogAction, MaxMembers,
        MemberCountOffset, MembershipRecord, MembershipStatus, Name, Rules, role_from_rank,
    },
    store::{CircleLogEntry, CircleView, MemberFilter},
};

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

/// Columns of a [`CircleRow`].
pub(super) const CIRCLE_COLUMNS: &str = "circles.id, circles.name, circles.about, circles.rules, circles.category,
    circles.access, circles.max_members, circles.member_count, circles.count_offset, circles.created_at,
    circles.archived_at, circles.closed_at, circles.version";

impl CircleRow {
    pub(super) fn into_circle(self) -> StoreResult<Circle> {
        let settings = CircleSettings {
            name: Name::new(&self.name).map_err(StoreError::corrupt)?,
            about: About::new(&self.about).map_err(StoreError::corrupt)?,
            rules: Rules::new(&self.rules).map_err(StoreError::corrupt)?,
            category: self.category.parse().map_err(StoreError::corrupt)?,
            access: Access::parse(&self.access).ok_or_else(|| StoreError::corrupt("unknown access of a circle"))?,
            max_members: MaxMembers::new(number(self.max_members)?).map_err(StoreError::corrupt)?,
        };
        Ok(Circle {
            id: CircleId::from_uuid(self.id),
            settings,
            member_count: number(self.member_count)?,
            count_offset: MemberCountOffset::new(number(self.count_offset)?),
            created_at: self.created_at.0,
            archived_at: self.archived_at.map(|at| at.0),
            closed_at: self.closed_at.map(|at| at.0),
            version: self.version,
        })
    }
}

#[derive(FromRow)]
pub(super) struct MembershipRow {
    account: Uuid,
    persona: Uuid,
    status: String,
    role: i64,
    since: SqlTimestamp,
}

impl MembershipRow {
    /// A `WHERE` clause follows.
    pub(super) const SELECT: &str = "SELECT account, persona, status, role, since FROM circle_members";

    pub(super) fn into_record(self) -> StoreResult<MembershipRecord> {
        Ok(MembershipRecord {
            user: UserId::from_uuid(self.account),
            persona: PersonaId::from_uuid(self.persona),
            status: status(&self.status, self.role)?,
            since: self.since.0,
        })
    }
}

/// A circle with the membership of one account.
#[derive(FromRow)]
pub(super) struct CircleViewRow {
    #[sqlx(flatten)]
    circle: CircleRow,
    account: Option<Uuid>,
    persona: Option<Uuid>,
    status: Option<String>,
    role: Option<i64>,
    since: Option<SqlTimestamp>,
}

impl CircleViewRow {
    /// The account is `$1`. A `WHERE` clause follows.
    pub(super) fn select() -> String {
        format!(
            "SELECT {CIRCLE_COLUMNS}, members.account, members.persona, members.status, members.role, members.since
             FROM circles LEFT JOIN circle_members AS members ON members.circle = circles.id AND members.account = $1"
        )
    }

    pub(super) fn into_view(self) -> StoreResult<CircleView> {
        let membership = match (self.account, self.persona, self.status, self.role, self.since) {
            (Some(account), Some(persona), Some(status), Some(role), Some(since)) => {
                Some(MembershipRow { account, persona, status, role, since }.into_record()?)
            }
            _ => None,
        };
        Ok(CircleView { circle: self.circle.into_circle()?, membership })
    }
}

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
    /// A `WHERE` clause follows.
    pub(super) const SELECT: &str =
        "SELECT id, circle, creator, persona, code_digest, uses_left, expires_at FROM circle_invites";

    pub(super) fn into_invite(self) -> StoreResult<Invite> {
        let digest =
            self.code_digest.try_into().map_err(|_| StoreError::corrupt("invite code digest of a wrong length"))?;
        Ok(Invite {
            id: InviteId::from_uuid(self.id),
            circle: CircleId::from_uuid(self.circle),
            creator: UserId::from_uuid(self.creator),
            persona: PersonaId::from_uuid(self.persona),
            code_digest: InviteCodeDigest(digest),
            uses_left: number(self.uses_left)?,
            expires_at: self.expires_at.0,
        })
    }
}

#[derive(FromRow)]
pub(super) struct LogEntryRow {
    id: Uuid,
    token: Uuid,
    created_at: SqlTimestamp,
    actor: Uuid,
    persona: Option<Uuid>,
    action: String,
    target: Option<Uuid>,
    target_persona: Option<Uuid>,
}

impl LogEntryRow {
    /// Entries of the circle `$1`. More conditions follow.
    pub(super) const SELECT: &str = "SELECT log.id, log.token, log.created_at, log.actor, actors.persona, log.action,
            log.target, targets.persona AS target_persona
         FROM circle_log AS log
         LEFT JOIN circle_members AS actors ON actors.circle = log.circle AND actors.account = log.actor
         LEFT JOIN circle_members AS targets ON targets.circle = log.circle AND targets.account = log.target
         WHERE log.circle = $1";

    pub(super) fn into_entry(self) -> CircleLogEntry {
        let actor = UserId::from_uuid(self.actor);
        CircleLogEntry {
            token: self.token,
            stamp: ActorStamp { actor, at: self.created_at.0, event: EventId::from_uuid(self.id) },
            persona: self.persona.map(PersonaId::from_uuid),
            action: LogAction::parse(&self.action),
            target: self.target.map(UserId::from_uuid),
            target_persona: self.target_persona.map(PersonaId::from_uuid),
        }
    }
}

pub(super) const fn stored_status(filter: MemberFilter) -> &'static str {
    match filter {
        MemberFilter::Members => "member",
        MemberFilter::Requested => MembershipStatus::Requested.as_str(),
        MemberFilter::Banned => MembershipStatus::Banned.as_str(),
    }
}

fn status(text: &str, role: i64) -> StoreResult<MembershipStatus> {
    match text {
        "requested" => Ok(MembershipStatus::Requested),
        "left" => Ok(MembershipStatus::Left),
        "declined" => Ok(MembershipStatus::Declined),
        "banned" => Ok(MembershipStatus::Banned),
        "member" => {
            let role = role_from_rank(role).ok_or_else(|| StoreError::corrupt("unknown role of a member"))?;
            Ok(MembershipStatus::Member(role))
        }
        _ => Err(StoreError::corrupt("unknown membership status")),
    }
}

fn number(column: i64) -> StoreResult<u32> {
    u32::try_from(column).map_err(StoreError::corrupt)
}
