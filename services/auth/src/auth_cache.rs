//! In-memory cache of verified tokens, until they expire, and of sessions, for one second.
//!
//! A session that was ended by this process is stored as ended, so that a concurrent reader that loaded it before
//! cannot insert it again.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use kith_kernel::{Actor, SessionId, Timestamp, UserId};

use crate::{domain::secret_type, keys::Claims};

/// Time for which a cached session is used.
const SESSION_TTL: Duration = Duration::from_secs(1);
/// Maximum number of cached tokens, and of cached sessions.
const CAPACITY: usize = 65_536;

/// Cache of one process.
pub struct AuthCache {
    tokens: RwLock<HashMap<Box<str>, Claims>>,
    sessions: RwLock<HashMap<SessionId, CachedSession>>,
    capacity: usize,
}

secret_type!(AuthCache);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CachedSession {
    /// The session has ended. This is final.
    Ended,
    /// The session was live when it was read.
    Live(LiveSession),
}

/// A session that has not ended, with the account as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LiveSession {
    pub(crate) actor: Actor,
    /// Time at which the session ends unless it is refreshed.
    pub(crate) expires_at: Timestamp,
    /// Number of rotations of the refresh token.
    pub(crate) generation: i64,
    /// True until the client has used the access token that the last rotation returned.
    pub(crate) is_unconfirmed: bool,
    pub(crate) read_at: Timestamp,
}

impl Default for AuthCache {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl AuthCache {
    /// Creates a cache of at most `capacity` tokens and `capacity` sessions.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { tokens: RwLock::default(), sessions: RwLock::default(), capacity }
    }

    pub(crate) fn token(&self, token: &str, now: Timestamp) -> Option<Claims> {
        read(&self.tokens).get(token).copied().filter(|claims| now < claims.expires_at)
    }

    pub(crate) fn insert_token(&self, token: &str, claims: Claims, now: Timestamp) {
        let mut tokens = write(&self.tokens);
        evict(&mut tokens, self.capacity, |claims| now < claims.expires_at);
        tokens.insert(token.into(), claims);
    }

    /// Returns the session if its entry is fresh.
    pub(crate) fn session(&self, session: SessionId, now: Timestamp) -> Option<CachedSession> {
        let sessions = read(&self.sessions);
        let cached = sessions.get(&session)?;
        is_fresh(cached, now).then(|| cached.clone())
    }

    /// Inserts a session, unless the cached one has ended or was read later.
    pub(crate) fn insert_session(&self, live: LiveSession, now: Timestamp) {
        let mut sessions = write(&self.sessions);
        evict(&mut sessions, self.capacity, |cached| is_fresh(cached, now));
        match sessions.entry(live.actor.session).or_insert_with(|| CachedSession::Live(live.clone())) {
            CachedSession::Ended => {}
            // A `read_at` in the future is ignored: the clock stepped back.
            CachedSession::Live(cached) if cached.read_at > live.read_at && cached.read_at <= now => {}
            CachedSession::Live(cached) => *cached = live,
        }
    }

    /// Records that the client has received the result of this rotation.
    pub(crate) fn confirm_rotation(&self, session: SessionId, generation: i64) {
        if let Some(CachedSession::Live(live)) = write(&self.sessions).get_mut(&session)
            && live.generation == generation
        {
            live.is_unconfirmed = false;
        }
    }

    /// Removes the live sessions of an account, so that its role and status are read again.
    pub fn invalidate_account(&self, user: UserId) {
        write(&self.sessions).retain(|_, cached| match cached {
            CachedSession::Ended => true,
            CachedSession::Live(live) => live.actor.user != user,
        });
    }

    /// Records that the session has ended.
    pub(crate) fn mark_ended(&self, session: SessionId) {
        let mut sessions = write(&self.sessions);
        evict(&mut sessions, self.capacity, |cached| matches!(cached, CachedSession::Ended));
        sessions.insert(session, CachedSession::Ended);
    }
}

fn is_fresh(cached: &CachedSession, now: Timestamp) -> bool {
    match cached {
        CachedSession::Ended => true,
        // After the clock stepped back, an entry with a `read_at` in the future would stay fresh for too long.
        CachedSession::Live(live) => live.read_at <= now && now < live.read_at.after(SESSION_TTL),
    }
}

/// Makes room in a full map: removes the entries that `should_retain` rejects, and all entries if that is not enough.
fn evict<K: Eq + Hash, V>(map: &mut HashMap<K, V>, capacity: usize, should_retain: impl Fn(&V) -> bool) {
    if map.len() < capacity {
        return;
    }
    map.retain(|_, value| should_retain(value));
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

    fn live(read_at: Timestamp) -> LiveSession {
        let expires_at = read_at.after(Duration::from_hours(1));
        LiveSession { actor: member(), expires_at, generation: 0, is_unconfirmed: false, read_at }
    }

    fn claims(expires_at: Timestamp) -> Claims {
        let Actor { user, persona, session, .. } = member();
        Claims { user, session, persona, generation: 0, expires_at }
    }

    #[test]
    fn a_session_is_cached_for_one_second() {
        let (cache, now) = (AuthCache::default(), Timestamp::from_millis(5_000));
        let live = live(now);
        cache.insert_session(live.clone(), now);
        let cached = |at: i64| cache.session(live.actor.session, Timestamp::from_millis(at));
        assert_eq!(cached(5_000), Some(CachedSession::Live(live.clone())));
        assert!(cached(5_999).is_some());
        assert_eq!((cached(6_000), cached(4_999)), (None, None));
    }

    #[test]
    fn an_ended_session_is_not_replaced_by_an_earlier_read() {
        let (cache, now) = (AuthCache::default(), Timestamp::from_millis(5_000));
        let live = live(now);
        cache.mark_ended(live.actor.session);
        cache.insert_session(live.clone(), now);
        assert_eq!(cache.session(live.actor.session, now), Some(CachedSession::Ended));
    }

    #[test]
    fn an_earlier_read_does_not_replace_a_later_one() {
        let (cache, early) = (AuthCache::default(), Timestamp::from_millis(5_000));
        let later = LiveSession { read_at: early.after(Duration::from_millis(10)), generation: 1, ..live(early) };
        let earlier = LiveSession { read_at: early, generation: 0, ..later.clone() };
        cache.insert_session(later.clone(), later.read_at);
        cache.insert_session(earlier, later.read_at);
        assert_eq!(cache.session(later.actor.session, later.read_at), Some(CachedSession::Live(later)));
    }

    #[test]
    fn invalidation_removes_live_sessions_of_that_account_only() {
        let (cache, now) = (AuthCache::default(), Timestamp::from_millis(5_000));
        let (ann, bob, ended) = (live(now), live(now), live(now));
        cache.insert_session(ann.clone(), now);
        cache.insert_session(bob.clone(), now);
        cache.mark_ended(ended.actor.session);
        for user in [ann.actor.user, ended.actor.user] {
            cache.invalidate_account(user);
        }
        assert_eq!(cache.session(ann.actor.session, now), None);
        assert_eq!(cache.session(bob.actor.session, now), Some(CachedSession::Live(bob)));
        assert_eq!(cache.session(ended.actor.session, now), Some(CachedSession::Ended));
    }

    #[test]
    fn a_token_is_cached_until_it_expires_and_the_cache_is_bounded() {
        let (cache, now) = (AuthCache::with_capacity(2), Timestamp::from_millis(5_000));
        let (soon, late) = (now.after(Duration::from_millis(1)), now.after(Duration::from_secs(9)));
        cache.insert_token("a", claims(soon), now);
        cache.insert_token("b", claims(late), now);
        assert!(cache.token("a", now).is_some());
        assert!(cache.token("a", soon).is_none());
        cache.insert_token("c", claims(late), soon);
        assert!(cache.token("b", soon).is_some() && cache.token("c", soon).is_some());
        for name in ["d", "e", "f"] {
            cache.insert_token(name, claims(late), soon);
            assert!(read(&cache.tokens).len() <= 2);
        }
    }
}
