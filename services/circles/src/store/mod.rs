//! Where circles are kept.
//!
//! Every promise below has a case in `tests/it/store/`, and every case runs on every adapter.

mod sql;

use std::collections::BTreeSet;

use async_trait::async_trait;
use kith_kernel::{Category, CircleId, EventId, InviteId, PersonaId, Timestamp, UserId, ports::CircleRole};
use kith_storage::StoreResult;
use uuid::Uuid;

pub use self::sql::Sql;
use crate::{
    domain::{Circle, Digest, Invite, Person},
    policy::{Act, Refused, Scene},
};

/// What a store of circles promises.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens a circle with its owner, who is its one member, says so in its log and announces it: all or nothing. If the
    /// same person has opened one of this id already nothing changes. An id that somebody else has is
    /// [`Taken`](kith_storage::StoreError::UniqueViolation) as `id`.
    async fn open(&self, circle: &Circle, owner: &Person, by: &By) -> StoreResult<Circle>;

    /// Does what [`decide`](crate::policy::decide) says comes of a deed, and gives what is so then. Of all that is done in
    /// one circle, one thing is done after the other, and each is decided by what those before it have left. What changes
    /// something is said in the circle's log, and announced as [`change`](crate::policy::change) says, in the same write;
    /// what changes nothing is neither. Whoever may not invite any more has no invites any more, and a use of an invite is
    /// taken with what it gives. A circle that lets nobody in by request has no requests. A circle that is not there is
    /// [`Refused::NoCircle`].
    async fn settle(&self, deed: &Deed) -> StoreResult<Result<Scene, Refused>>;

    /// Closes a circle, or opens it again, says so in its log and announces it: all or nothing. Between what else is done in
    /// it, as one thing after the other. If it is so already, or if there is no such circle, nothing changes.
    async fn bar(&self, circle: CircleId, door: Door, by: &By) -> StoreResult<()>;

    /// A circle, and how somebody stands in it.
    async fn look(&self, circle: CircleId, user: UserId) -> StoreResult<Option<Seen>>;

    /// Who appears in a circle as this persona, or once did.
    async fn person(&self, circle: CircleId, persona: PersonaId) -> StoreResult<Option<Person>>;

    /// Of the owners of a circle, who has been in it longest; of equals, the one of the lowest persona.
    async fn owner(&self, circle: CircleId) -> StoreResult<Option<Person>>;

    /// The invite of this code, if it is live.
    async fn invite(&self, code: &Digest, now: Timestamp) -> StoreResult<Option<Invite>>;

    /// Up to `limit` circles that everybody finds, in this category if one is named, opened before `before`, newest first;
    /// none that is archived or closed, and none that keeps `viewer` out.
    async fn public(
        &self,
        viewer: UserId,
        category: Option<Category>,
        before: Option<CircleId>,
        limit: i64,
    ) -> StoreResult<Vec<Seen>>;

    /// Up to `limit` circles that somebody is a member of, closed or not, opened before `before`, newest first.
    async fn own(&self, user: UserId, before: Option<CircleId>, limit: i64) -> StoreResult<Vec<Seen>>;

    /// The circles that somebody is a member of and that are not closed, in no order.
    async fn circles_of(&self, user: UserId) -> StoreResult<BTreeSet<CircleId>>;

    /// Up to `limit` of those in a circle who stand so, behind this place: the highest role first, and then by persona.
    async fn people(
        &self,
        circle: CircleId,
        standing: Standing,
        after: Option<Behind>,
        limit: i64,
    ) -> StoreResult<Vec<Person>>;

    /// Up to `limit` live invites of a circle with an id above `after`, in the order of their ids.
    async fn invites(
        &self,
        circle: CircleId,
        now: Timestamp,
        after: Option<InviteId>,
        limit: i64,
    ) -> StoreResult<Vec<Invite>>;

    /// Up to `limit` entries of a circle's log before the one of this mark, newest first, each with as whom people appear
    /// there.
    async fn log(&self, circle: CircleId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<Entry>>;
}

/// A circle, and how somebody stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The circle.
    pub circle: Circle,
    /// They, if they ever came to it.
    pub person: Option<Person>,
}

/// Whether staff let anybody into a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Nobody: it is there for nobody.
    Closed,
    /// As the circle itself says.
    Open,
}

/// Who does something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: UserId,
    /// When.
    pub at: Timestamp,
    /// The id of what is said of it, in the log and to others.
    pub event: EventId,
}

/// Something that somebody wants to do in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Where.
    pub circle: CircleId,
    /// By whom.
    pub by: By,
    /// What.
    pub act: Act,
}

/// Who of a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its members.
    Members,
    /// Who asked to be let in.
    Asked,
    /// Who is kept out.
    Banned,
}

/// A place in a list of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The role of who stands there, if they are a member.
    pub role: Option<CircleRole>,
    /// Who stands there.
    pub persona: PersonaId,
}

/// Something that was done in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What stands for it where its moment is nobody's to know.
    pub mark: Uuid,
    /// Who did it, and when.
    pub by: By,
    /// As whom they appear there, unless they are staff.
    pub persona: Option<PersonaId>,
    /// What.
    pub act: String,
    /// To whom, if it was to somebody.
    pub subject: Option<UserId>,
    /// As whom they appear there.
    pub subject_persona: Option<PersonaId>,
}
