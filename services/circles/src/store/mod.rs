//! Storage of circles.
//!
//! Every promise below has a contract case in `tests/it/store/` that runs on every adapter.

mod sql;

use std::collections::BTreeSet;

use async_trait::async_trait;
use kith_kernel::{Category, CircleId, InviteId, PersonaId, Timestamp, UserId, ports::CircleRole};
use kith_storage::StoreResult;
use uuid::Uuid;

pub use self::sql::Sql;
use crate::{
    domain::{ActorStamp, Circle, Invite, InviteCodeDigest, LogAction, MembershipRecord, MembershipStatus},
    policy::{CircleChanges, CommandRequest, DecisionContext},
};

/// Storage of circles, memberships, invites, circle logs and their outbox.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores a circle, its owner as the only member, the log entry and the event atomically, and returns the circle.
    ///
    /// If the same account has already created a circle with this id, the stored circle is returned and nothing changes.
    /// The id of a circle of another account is a [`UniqueViolation`](kith_storage::StoreError::UniqueViolation) of
    /// `id`.
    async fn create(&self, circle: &Circle, owner: &MembershipRecord, stamp: &ActorStamp) -> StoreResult<Circle>;

    /// Locks a circle and loads everything on which the command depends. Returns `None` if the circle does not exist.
    ///
    /// The caller decides with [`policy::decide`](crate::policy::decide) and saves the changes. Commands on one circle
    /// are serialized: each decision sees all earlier ones. Between lock and save the caller must not await anything
    /// else: in SQLite the lock excludes all other writes.
    async fn lock(&self, request: &CommandRequest) -> StoreResult<Option<Locked>>;

    /// Closes or reopens a circle, with its log entry and event, atomically. Serialized with commands. Changes nothing if
    /// the circle does not exist or already is in that state.
    async fn set_closed(&self, circle: CircleId, closure: Closure, stamp: &ActorStamp) -> StoreResult<()>;

    /// Returns a circle and the membership of `user`.
    async fn find_for(&self, circle: CircleId, user: UserId) -> StoreResult<Option<CircleView>>;

    /// Returns the past or present membership of a persona.
    async fn find_member(&self, circle: CircleId, persona: PersonaId) -> StoreResult<Option<MembershipRecord>>;

    /// Returns the owner with the longest membership, and of equal ones the one with the lowest persona id.
    async fn find_owner(&self, circle: CircleId) -> StoreResult<Option<MembershipRecord>>;

    /// Returns the invite with this code if it is valid at `now`.
    async fn find_invite(&self, code: &InviteCodeDigest, now: Timestamp) -> StoreResult<Option<Invite>>;

    /// Returns up to `limit` public circles of the category, if one is given, with ids below `before`, newest first.
    /// Omits archived and closed circles, and circles from which `viewer` is banned.
    async fn list_public(
        &self,
        viewer: UserId,
        category: Option<Category>,
        before: Option<CircleId>,
        limit: i64,
    ) -> StoreResult<Vec<CircleView>>;

    /// Returns up to `limit` circles of which the user is a member, closed ones included, with ids below `before`, newest
    /// first.
    async fn list_own(&self, user: UserId, before: Option<CircleId>, limit: i64) -> StoreResult<Vec<CircleView>>;

    /// Returns the circles of which the user is a member, without closed ones.
    async fn circles_of(&self, user: UserId) -> StoreResult<BTreeSet<CircleId>>;

    /// Returns up to `limit` memberships after the cursor: the highest role first, then by persona id.
    async fn list_members(
        &self,
        circle: CircleId,
        filter: MemberFilter,
        after: Option<MemberCursor>,
        limit: i64,
    ) -> StoreResult<Vec<MembershipRecord>>;

    /// Returns up to `limit` invites that are valid at `now`, with ids above `after`, by id.
    async fn list_invites(
        &self,
        circle: CircleId,
        now: Timestamp,
        after: Option<InviteId>,
        limit: i64,
    ) -> StoreResult<Vec<Invite>>;

    /// Returns up to `limit` log entries older than the entry with the token `before`, newest first.
    async fn list_log(&self, circle: CircleId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<CircleLogEntry>>;
}

/// Locked circle with the context of a decision. Dropping it releases the lock and changes nothing.
pub struct Locked {
    pub context: DecisionContext,
    unit: Box<dyn UnitOfWork>,
}

impl Locked {
    pub(crate) fn new(context: DecisionContext, unit: Box<dyn UnitOfWork>) -> Self {
        Self { context, unit }
    }

    /// Saves the changes with their log entry and event in one transaction and releases the lock.
    ///
    /// # Errors
    /// Errors of the store. Nothing is changed then, except after a timeout, when the result is unknown.
    pub async fn save(self, changes: &CircleChanges) -> StoreResult<()> {
        self.unit.save(changes).await
    }
}

/// Transaction that holds the lock of a circle.
#[async_trait]
pub(crate) trait UnitOfWork: Send {
    async fn save(self: Box<Self>, changes: &CircleChanges) -> StoreResult<()>;
}

/// A circle and the viewer's membership in it, past or present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleView {
    pub circle: Circle,
    pub membership: Option<MembershipRecord>,
}

impl CircleView {
    /// Returns the membership status of the viewer.
    #[must_use]
    pub fn status(&self) -> Option<MembershipStatus> {
        self.membership.map(|membership| membership.status)
    }

    /// Returns the role of the viewer, if the viewer is a member.
    #[must_use]
    pub fn role(&self) -> Option<CircleRole> {
        self.status().and_then(MembershipStatus::role)
    }
}

/// Closure of a circle by staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closure {
    Closed,
    Open,
}

/// Filter of a list of memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberFilter {
    Members,
    /// Accounts with a pending join request.
    Requested,
    Banned,
}

/// Position in a list of memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberCursor {
    /// `None` in lists of accounts that are not members.
    pub role: Option<CircleRole>,
    pub persona: PersonaId,
}

/// Entry of the log of a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleLogEntry {
    /// Page token. Unlike the event id, it does not contain the time.
    pub token: Uuid,
    pub stamp: ActorStamp,
    /// Persona of the actor in this circle; `None` for staff.
    pub persona: Option<PersonaId>,
    /// `None` if a newer build recorded the entry.
    pub action: Option<LogAction>,
    /// The affected account.
    pub target: Option<UserId>,
    /// Persona of the affected account in this circle.
    pub target_persona: Option<PersonaId>,
}
