//! Builders of callers and events.

use kith_kernel::{
    AccountStatus, Actor, Clock as _, Event, EventId, EventPayload, Moderator, PersonaId, SessionId, SystemClock,
    SystemEntropy, Timestamp, UserId, actor::Role,
};

/// A new random user id.
#[must_use]
pub fn user() -> UserId {
    UserId::new(SystemClock.now(), &SystemEntropy)
}

/// An active account with the member role.
#[must_use]
pub fn member() -> Actor {
    Actor {
        user: user(),
        persona: PersonaId::random(&SystemEntropy),
        session: SessionId::new(SystemClock.now(), &SystemEntropy),
        role: Role::Member,
        status: AccountStatus::Active,
    }
}

/// An active account with the moderator role.
///
/// # Panics
/// Never: the role is [`Role::Moderator`].
#[must_use]
pub fn moderator() -> Moderator {
    Actor { role: Role::Moderator, ..member() }.moderator().expect("the role is moderator")
}

/// A new event id with the given time.
#[must_use]
pub fn event_id(at: Timestamp) -> EventId {
    EventId::new(at, &SystemEntropy)
}

/// An event with this payload, a new actor and the current time.
#[must_use]
pub fn event(payload: EventPayload) -> Event {
    let at = SystemClock.now();
    Event { id: event_id(at), at, actor: user(), payload }
}
