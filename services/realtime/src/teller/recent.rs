//! What was read a moment ago.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kith_kernel::EventId;
use tokio::{sync::OnceCell, time::Instant};

use super::Untold;
use crate::{
    announcement::Announcement,
    news::Thing,
    wire::{FeedPlacement, Told},
};

/// How long what was read is good: long enough for the channels of one event and for those who come back together,
/// short enough that nobody is shown what is long gone.
const LASTS: Duration = Duration::from_secs(1);
/// More than one replay has, so that those who come back together share all of it.
const MOST: usize = 512;

/// The latest readings, the oldest first.
#[derive(Default)]
pub(super) struct Recent(VecDeque<Kept>);

struct Kept {
    event: EventId,
    thing: Thing,
    since: Instant,
    reading: Arc<Reading>,
}

/// What there is to show, and where.
pub(super) struct Sight {
    pub(super) told: Told,
    pub(super) place: FeedPlacement,
}

/// One event's reading, and what was made of it.
#[derive(Default)]
pub(super) struct Reading {
    /// What there is to show. Whoever asks first reads it; a failure is shared as well, so that a thousand who come
    /// back do not try one after the other.
    pub(super) sight: OnceCell<Result<Option<Sight>, Untold>>,
    announcements: Mutex<Vec<Arc<Announcement>>>,
}

impl Recent {
    /// The reading of this event, done or not.
    pub(super) fn reading(&mut self, event: EventId, thing: Thing, now: Instant) -> Arc<Reading> {
        while self.0.front().is_some_and(|oldest| now.duration_since(oldest.since) >= LASTS) {
            self.0.pop_front();
        }
        // The newest is what most ask for.
        if let Some(kept) = self.0.iter().rev().find(|kept| kept.event == event) {
            return kept.reading.clone();
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        let reading = Arc::<Reading>::default();
        self.0.push_back(Kept { event, thing, since: now, reading: reading.clone() });
        reading
    }

    /// Nobody is shown this any more.
    pub(super) fn forget(&mut self, thing: Thing) {
        self.0.retain(|kept| kept.thing != thing);
    }
}

impl Reading {
    /// What was made of it for this topic, or is now.
    pub(super) fn announcement(&self, topic: u64, make: impl FnOnce() -> Announcement) -> Arc<Announcement> {
        let mut announcements = self.announcements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = announcements.iter().find(|known| known.topic == topic) {
            return known.clone();
        }
        let new = Arc::new(make());
        announcements.push(new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::PostId;
    use kith_testkit::{event_id, user};

    use super::*;

    fn thing() -> Thing {
        Thing::Post(PostId::from_uuid(user().uuid()))
    }

    fn event() -> EventId {
        event_id(kith_kernel::Timestamp::from_millis(0))
    }

    #[test]
    fn a_reading_is_shared_for_a_moment_and_not_after_its_thing_is_gone() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        let (event, thing) = (event(), thing());
        let first = recent.reading(event, thing, now);
        assert!(Arc::ptr_eq(&first, &recent.reading(event, thing, now + LASTS / 2)));
        assert!(!Arc::ptr_eq(&first, &recent.reading(event, thing, now + LASTS)));
        let second = recent.reading(event, thing, now + LASTS);
        recent.forget(thing);
        assert!(!Arc::ptr_eq(&second, &recent.reading(event, thing, now + LASTS)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        for _ in 0..2 * MOST {
            recent.reading(event(), thing(), now);
        }
        assert_eq!(recent.0.len(), MOST);
    }
}
