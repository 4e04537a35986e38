//! What was verified a moment ago, so that it is not verified again with each call: what tokens say, until they expire,
//! and how sessions stand, for a second.
//!
//! That a session was ended in this process is remembered as such, so that nobody who read the store a moment before can
//! bring it back.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use kith_kernel::{Actor, SessionId, Timestamp, UserId};

use crate::{domain::opaque, keys::Claims};

/// How old may be what is known of a session.
const FRESH: Duration = Duration::from_secs(1);
/// How many tokens, and how many sessions, are remembered.
const CAPACITY: usize = 65_536;

/// The memory of one process.
pub struct Remembered {
    tokens: RwLock<HashMap<Box<str>, Claims>>,
    sessions: RwLock<HashMap<SessionId, Known>>,
    capacity: usize,
}

opaque!(Remembered);

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// It has ended, and does not come back.
    Ended,
    /// It went on when it was read.
    Live(Live),
}

/// A session that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// Its owner, as they stood.
    pub(crate) actor: Actor,
    /// When it ends if it is not refreshed.
    pub(crate) expires_at: Timestamp,
    /// How often its refresh token had been traded.
    pub(crate) generation: i64,
    /// Whether the reply to the last trade has yet to turn up.
    pub(crate) unconfirmed: bool,
    /// When it was read.
    pub(crate) read_at: Timestamp,
}

impl Default for Remembered {
    fn default() -> Self {
        Self::holding(CAPACITY)
    }
}

impl Remembered {
    /// A memory of this many tokens, and as many sessions.
    #[must_use]
    pub fn holding(capacity: usize) -> Self {
        Self { tokens: RwLock::default(), sessions: RwLock::default(), capacity }
    }

    pub(crate) fn token(&self, token: &str, now: Timestamp) -> Option<Claims> {
        read(&self.tokens).get(token).copied().filter(|claims| now < claims.expires_at)
    }

    pub(crate) fn learn_token(&self, token: &str, claims: Claims, now: Timestamp) {
        let mut tokens = write(&self.tokens);
        make_room(&mut tokens, self.capacity, |claims| now < claims.expires_at);
        tokens.insert(token.into(), claims);
    }

    /// What is known of a session and not too old.
    pub(crate) fn session(&self, session: SessionId, now: Timestamp) -> Option<Known> {
        let sessions = read(&self.sessions);
        let known = sessions.get(&session)?;
        is_fresh(known, now).then(|| known.clone())
    }

    pub(crate) fn learn_session(&self, live: Live, now: Timestamp) {
        let mut sessions = write(&self.sessions);
        make_room(&mut sessions, self.capacity, |known| is_fresh(known, now));
        match sessions.entry(live.actor.session).or_insert_with(|| Known::Live(live.clone())) {
            Known::Ended => {}
            // Of two who read at once, what the later one read stays.
            Known::Live(known) if known.read_at > live.read_at && known.read_at <= now => {}
            Known::Live(known) => *known = live,
        }
    }

    /// The reply to this trade has turned up.
    pub(crate) fn confirm(&self, session: SessionId, generation: i64) {
        if let Some(Known::Live(live)) = write(&self.sessions).get_mut(&session)
            && live.generation == generation
        {
            live.unconfirmed = false;
        }
    }

    /// Something about how this account stands has changed: it is read again.
    pub fn doubt(&self, user: UserId) {
        write(&self.sessions).retain(|_, known| match known {
            Known::Ended => true,
            Known::Live(live) => live.actor.user != user,
        });
    }

    /// The session has ended.
    pub(crate) fn end(&self, session: SessionId) {
        let mut sessions = write(&self.sessions);
        make_room(&mut sessions, self.capacity, |known| matches!(known, Known::Ended));
        sessions.insert(session, Known::Ended);
    }
}

fn is_fresh(known: &Known, now: Timestamp) -> bool {
    match known {
        Known::Ended => true,
        // A clock that stepped back makes everything look fresh: what seems to come from later is not.
        Known::Live(live) => live.read_at <= now && now < live.read_at.after(FRESH),
    }
}

/// Drops what is worth nothing once the memory is full, and all of it if that was not enough.
fn make_room<K: Eq + Hash, V>(map: &mut HashMap<K, V>, capacity: usize, is_worth: impl Fn(&V) -> bool) {
    if map.len() < capacity {
        return;
    }
    map.retain(|_, value| is_worth(value));
    if map.len() >= capacity {
        map.clear();
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use kith_testkit::member;

    use super::*;

    fn live(read_at: Timestamp) -> Live {
        let expires_at = read_at.after(Duration::from_hours(1));
        Live { actor: member(), expires_at, generation: 0, unconfirmed: false, read_at }
    }

    fn claims(expires_at: Timestamp) -> Claims {
        let Actor { user, persona, session, .. } = member();
        Claims { user, session, persona, generation: 0, expires_at }
    }

    #[test]
    fn a_session_is_known_for_a_second() {
        let (memory, now) = (Remembered::default(), Timestamp::from_millis(5_000));
        let live = live(now);
        memory.learn_session(live.clone(), now);
        let known = |at: i64| memory.session(live.actor.session, Timestamp::from_millis(at));
        assert_eq!(known(5_000), Some(Known::Live(live.clone())));
        assert!(known(5_999).is_some());
        assert_eq!((known(6_000), known(4_999)), (None, None));
    }

    #[test]
    fn a_session_that_ended_is_not_brought_back_by_who_read_it_before() {
        let (memory, now) = (Remembered::default(), Timestamp::from_millis(5_000));
        let live = live(now);
        memory.end(live.actor.session);
        memory.learn_session(live.clone(), now);
        assert_eq!(memory.session(live.actor.session, now), Some(Known::Ended));
    }

    #[test]
    fn what_was_read_earlier_does_not_replace_what_was_read_later() {
        let (memory, early) = (Remembered::default(), Timestamp::from_millis(5_000));
        let later = Live { read_at: early.after(Duration::from_millis(10)), generation: 1, ..live(early) };
        let earlier = Live { read_at: early, generation: 0, ..later.clone() };
        memory.learn_session(later.clone(), later.read_at);
        memory.learn_session(earlier, later.read_at);
        assert_eq!(memory.session(later.actor.session, later.read_at), Some(Known::Live(later)));
    }

    #[test]
    fn who_is_doubted_is_read_again_and_nobody_else_is() {
        let (memory, now) = (Remembered::default(), Timestamp::from_millis(5_000));
        let (ann, bob, gone) = (live(now), live(now), live(now));
        memory.learn_session(ann.clone(), now);
        memory.learn_session(bob.clone(), now);
        memory.end(gone.actor.session);
        for user in [ann.actor.user, gone.actor.user] {
            memory.doubt(user);
        }
        assert_eq!(memory.session(ann.actor.session, now), None);
        assert_eq!(memory.session(bob.actor.session, now), Some(Known::Live(bob)));
        assert_eq!(memory.session(gone.actor.session, now), Some(Known::Ended));
    }

    #[test]
    fn a_token_is_known_until_it_expires_and_the_memory_is_bounded() {
        let (memory, now) = (Remembered::holding(2), Timestamp::from_millis(5_000));
        let (soon, late) = (now.after(Duration::from_millis(1)), now.after(Duration::from_secs(9)));
        memory.learn_token("a", claims(soon), now);
        memory.learn_token("b", claims(late), now);
        assert!(memory.token("a", now).is_some());
        assert!(memory.token("a", soon).is_none());
        memory.learn_token("c", claims(late), soon);
        assert!(memory.token("b", soon).is_some() && memory.token("c", soon).is_some());
        for name in ["d", "e", "f"] {
            memory.learn_token(name, claims(late), soon);
            assert!(read(&memory.tokens).len() <= 2);
        }
    }
}
