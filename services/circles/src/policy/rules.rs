//! The rules of circles.

use kith_kernel::{PersonaId, Timestamp, event::CircleChange, ports::CircleRole};

use super::{Act, INVITES, Refused, Ruling, Scene, WAIT};
use crate::domain::{Access, Change, Circle, Invite, State};

/// Whether a circle is there for somebody: for its members; and while it is neither archived nor closed, for who may find
/// it and is not kept out.
#[must_use]
pub fn knows(circle: &Circle, state: Option<State>, invited: Invited) -> bool {
    match state {
        Some(State::Member(_)) => true,
        Some(State::Banned) => false,
        Some(State::Asked | State::Left | State::Declined) | None => {
            let takes_in = circle.archived_at.is_none() && circle.closed_at.is_none();
            takes_in && (circle.terms.access != Access::Private || invited == Invited::Live)
        }
    }
}

/// Whether somebody brings an invite to a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invited {
    /// One that is live.
    Live,
    /// None.
    No,
}

/// What comes of an act, or why nothing does.
///
/// # Errors
/// [`Refused`], and nothing has happened.
pub fn decide(scene: &Scene, act: &Act, now: Timestamp) -> Result<Ruling, Refused> {
    let state = scene.actor.map(|actor| actor.state);
    if let Act::Accept(_, persona) = act {
        return accept(scene, state, *persona);
    }
    if !knows(&scene.circle, state, Invited::No) {
        return Err(Refused::NoCircle);
    }
    // Nobody is held in what is closed, and its owner may have it end.
    if !matches!(act, Act::Leave | Act::Archive) {
        is_open(&scene.circle)?;
    }
    if let Some(role) = needs(act) {
        at_least(role, state)?;
    }
    match act {
        Act::Join(persona) => join(scene, state, *persona, now),
        Act::Leave => leave(scene, state),
        Act::Accept(..) => Err(Refused::NoInvite),
        Act::Give(_, role) => give(scene, role_of(state)?, *role),
        Act::Remove(_) => put_out(scene, role_of(state)?, State::Left),
        Act::Ban(_) => put_out(scene, role_of(state)?, State::Banned),
        Act::Unban(_) => unban(scene),
        Act::Admit(_) => admit(scene),
        Act::Decline(_) => decline(scene),
        Act::Update(version, change) => update(scene, *version, change),
        Act::Archive if scene.circle.archived_at.is_some() => Ok(Ruling::Already),
        Act::Archive => Ok(Ruling::Archived),
        Act::Invite(invite) => make_invite(scene, invite, now),
        Act::Revoke(_) if scene.invite.is_some() => Ok(Ruling::Revoked),
        Act::Revoke(_) => Ok(Ruling::Already),
    }
}

/// The least role that an act takes; `None` for what is not for members alone.
const fn needs(act: &Act) -> Option<CircleRole> {
    match act {
        Act::Join(_) | Act::Accept(..) | Act::Leave => None,
        Act::Give(..) => Some(CircleRole::Member),
        Act::Remove(_)
        | Act::Ban(_)
        | Act::Unban(_)
        | Act::Admit(_)
        | Act::Decline(_)
        | Act::Invite(_)
        | Act::Revoke(_) => Some(CircleRole::Keeper),
        Act::Update(..) | Act::Archive => Some(CircleRole::Owner),
    }
}

/// Whether staff have not closed it. For those who know of it: to all others there is none.
///
/// # Errors
/// [`Refused::Closed`].
pub const fn is_open(circle: &Circle) -> Result<(), Refused> {
    if circle.closed_at.is_some() { Err(Refused::Closed) } else { Ok(()) }
}

/// The role of a member.
///
/// # Errors
/// [`Refused::NotAMember`].
pub fn role_of(state: Option<State>) -> Result<CircleRole, Refused> {
    state.and_then(State::role).ok_or(Refused::NotAMember)
}

/// The role of a member who has this one or a higher.
///
/// # Errors
/// [`Refused::NotAMember`], [`Refused::Role`].
pub fn at_least(needed: CircleRole, state: Option<State>) -> Result<CircleRole, Refused> {
    let role = role_of(state)?;
    if role < needed { Err(Refused::Role) } else { Ok(role) }
}

/// What others are told of a change of how somebody stands.
#[must_use]
pub const fn change(before: Option<State>, after: State) -> Option<CircleChange> {
    match (before, after) {
        (Some(State::Member(_)), State::Member(_)) => Some(CircleChange::RoleChanged),
        (_, State::Member(_)) => Some(CircleChange::Joined),
        (Some(State::Member(_)), State::Asked | State::Left | State::Declined | State::Banned) => {
            Some(CircleChange::Left)
        }
        (_, State::Asked) => Some(CircleChange::JoinRequested),
        (_, State::Left | State::Declined | State::Banned) => None,
    }
}

/// Whether somebody may have invites in this state.
#[must_use]
pub fn may_invite(state: State) -> bool {
    state.role().is_some_and(|role| role >= CircleRole::Keeper)
}

const fn has_room(circle: &Circle) -> Result<(), Refused> {
    if circle.archived_at.is_some() {
        return Err(Refused::Archived);
    }
    if circle.members < circle.terms.cap.number() { Ok(()) } else { Err(Refused::Full) }
}

const fn is_live(circle: &Circle) -> Result<(), Refused> {
    if circle.archived_at.is_some() { Err(Refused::Archived) } else { Ok(()) }
}

fn join(scene: &Scene, state: Option<State>, persona: PersonaId, now: Timestamp) -> Result<Ruling, Refused> {
    if let Some(State::Member(_)) = state {
        return Ok(Ruling::Already);
    }
    match scene.circle.terms.access {
        Access::Private => Err(Refused::NoCircle),
        Access::ByRequest if state == Some(State::Asked) => Ok(Ruling::Already),
        Access::ByRequest if waits(scene, now) => Err(Refused::Declined),
        Access::ByRequest => Ok(Ruling::Actor(persona, State::Asked)),
        Access::Open => {
            has_room(&scene.circle)?;
            Ok(Ruling::Actor(persona, State::Member(CircleRole::Member)))
        }
    }
}

/// Whether who acts was declined so lately that they do not ask again yet.
fn waits(scene: &Scene, now: Timestamp) -> bool {
    scene.actor.is_some_and(|actor| actor.state == State::Declined && now < actor.since.after(WAIT))
}

/// An invite is the word of a keeper: no other is asked. Nor does anybody wait who was declined.
fn accept(scene: &Scene, state: Option<State>, persona: PersonaId) -> Result<Ruling, Refused> {
    if scene.invite.is_none() || scene.circle.closed_at.is_some() || !knows(&scene.circle, state, Invited::Live) {
        return Err(Refused::NoInvite);
    }
    if let Some(State::Member(_)) = state {
        return Ok(Ruling::Already);
    }
    has_room(&scene.circle)?;
    Ok(Ruling::Actor(persona, State::Member(CircleRole::Member)))
}

fn leave(scene: &Scene, state: Option<State>) -> Result<Ruling, Refused> {
    match (scene.actor, state) {
        (Some(actor), Some(State::Member(role))) => {
            // Nobody is held in a circle that is over.
            if role == CircleRole::Owner && scene.owners < 2 && scene.circle.archived_at.is_none() {
                return Err(Refused::LastOwner);
            }
            Ok(Ruling::Actor(actor.persona, State::Left))
        }
        (Some(actor), Some(State::Asked)) => Ok(Ruling::Actor(actor.persona, State::Left)),
        _ => Ok(Ruling::Already),
    }
}

/// An owner gives what they like to whoever is no owner; everybody may lower their own.
fn give(scene: &Scene, own: CircleRole, role: CircleRole) -> Result<Ruling, Refused> {
    is_live(&scene.circle)?;
    let subject = scene.subject.ok_or(Refused::NoPerson)?;
    let has = subject.state.role().ok_or(Refused::NoPerson)?;
    let oneself = scene.actor.is_some_and(|actor| actor.user == subject.user);
    if has == role && (oneself || own == CircleRole::Owner) {
        return Ok(Ruling::Already);
    }
    let may = if oneself { role < own } else { own == CircleRole::Owner && has < CircleRole::Owner };
    if !may {
        return Err(Refused::Role);
    }
    if has == CircleRole::Owner && scene.owners < 2 {
        return Err(Refused::LastOwner);
    }
    Ok(Ruling::Subject(State::Member(role)))
}

/// It works on whoever ever came to the circle, hidden from the keeper or not: nobody becomes safe from keepers by blocking
/// them, and no keeper learns from the answer whether somebody hides in the circle.
fn put_out(scene: &Scene, own: CircleRole, end: State) -> Result<Ruling, Refused> {
    let subject = scene.subject.ok_or(Refused::NoPerson)?;
    match subject.state {
        State::Member(role) if role >= own => Err(Refused::Role),
        state if state == end => Ok(Ruling::Already),
        // To remove somebody lets nobody back in, and nobody ask sooner.
        State::Declined if end == State::Left => Ok(Ruling::Already),
        State::Member(_) | State::Asked | State::Left | State::Declined => Ok(Ruling::Subject(end)),
        State::Banned => Ok(Ruling::Already),
    }
}

fn unban(scene: &Scene) -> Result<Ruling, Refused> {
    let subject = scene.subject.ok_or(Refused::NoPerson)?;
    match subject.state {
        State::Banned => Ok(Ruling::Subject(State::Left)),
        State::Asked | State::Member(_) | State::Left | State::Declined => Ok(Ruling::Already),
    }
}

fn admit(scene: &Scene) -> Result<Ruling, Refused> {
    let subject = scene.subject.ok_or(Refused::NoPerson)?;
    match subject.state {
        State::Member(_) => Ok(Ruling::Already),
        State::Left | State::Declined | State::Banned => Err(Refused::NoPerson),
        State::Asked => {
            has_room(&scene.circle)?;
            Ok(Ruling::Subject(State::Member(CircleRole::Member)))
        }
    }
}

fn decline(scene: &Scene) -> Result<Ruling, Refused> {
    let subject = scene.subject.ok_or(Refused::NoPerson)?;
    match subject.state {
        State::Asked => Ok(Ruling::Subject(State::Declined)),
        State::Left | State::Declined => Ok(Ruling::Already),
        State::Member(_) | State::Banned => Err(Refused::NoPerson),
    }
}

fn update(scene: &Scene, version: i64, change: &Change) -> Result<Ruling, Refused> {
    is_live(&scene.circle)?;
    if scene.circle.version != version {
        return Err(Refused::EtagMismatch);
    }
    let was_private = scene.circle.terms.access == Access::Private;
    if was_private && change.access.is_some_and(|access| access != Access::Private) {
        return Err(Refused::StaysPrivate);
    }
    Ok(Ruling::Terms(change.clone()))
}

fn make_invite(scene: &Scene, invite: &Invite, now: Timestamp) -> Result<Ruling, Refused> {
    is_live(&scene.circle)?;
    if invite.expires_at <= now {
        return Err(Refused::NoInvite);
    }
    if scene.invites < INVITES { Ok(Ruling::Invited) } else { Err(Refused::TooManyInvites) }
}
