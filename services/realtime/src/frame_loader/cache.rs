//! Short-lived cache of loaded frame content.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kith_kernel::EventId;
use tokio::{sync::OnceCell, time::Instant};

use crate::{
    channel_event::ContentKey,
    shared_frame::SharedFrame,
    wire::{FeedPlacement, Payload},
};

/// Long enough for the channels of one event and for clients that resume together; short enough that removed content is
/// not sent for long.
const CACHE_TTL: Duration = Duration::from_secs(1);
/// More than the events of one replay, so that clients that resume together share all of them.
const MAX_ENTRIES: usize = 512;

/// The content of a frame could not be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoadFailed;

/// Cache entries, oldest first.
#[derive(Default)]
pub(super) struct FrameCache(VecDeque<CacheEntry>);

struct CacheEntry {
    event: EventId,
    key: ContentKey,
    since: Instant,
    pending: Arc<PendingLoad>,
}

/// Content of a frame and its placement.
pub(super) struct LoadedContent {
    pub(super) payload: Payload,
    pub(super) placement: FeedPlacement,
}

/// The content of one event, loaded or being loaded, and the frames made of it.
#[derive(Default)]
pub(super) struct PendingLoad {
    /// The first caller loads the content. A failure is shared too, so that many resuming clients do not retry one
    /// after the other.
    pub(super) content: OnceCell<Result<Option<LoadedContent>, LoadFailed>>,
    frames: Mutex<Vec<Arc<SharedFrame>>>,
}

impl FrameCache {
    /// Returns the entry of an event, or inserts an empty one.
    pub(super) fn entry(&mut self, event: EventId, key: ContentKey, now: Instant) -> Arc<PendingLoad> {
        while self.0.front().is_some_and(|oldest| now.duration_since(oldest.since) >= CACHE_TTL) {
            self.0.pop_front();
        }
        // Most callers ask for the newest event.
        if let Some(entry) = self.0.iter().rev().find(|entry| entry.event == event) {
            return entry.pending.clone();
        }
        if self.0.len() >= MAX_ENTRIES {
            self.0.pop_front();
        }
        let pending = Arc::<PendingLoad>::default();
        self.0.push_back(CacheEntry { event, key, since: now, pending: pending.clone() });
        pending
    }

    /// Removes the entries of a piece of content.
    pub(super) fn invalidate(&mut self, key: ContentKey) {
        self.0.retain(|entry| entry.key != key);
    }
}

impl PendingLoad {
    /// Returns the frame for a topic, or creates it.
    pub(super) fn frame(&self, topic: u64, make: impl FnOnce() -> SharedFrame) -> Arc<SharedFrame> {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frame) = frames.iter().find(|frame| frame.topic == topic) {
            return frame.clone();
        }
        let new = Arc::new(make());
        frames.push(new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::PostId;
    use kith_testkit::{event_id, user};

    use super::*;

    fn key() -> ContentKey {
        ContentKey::Post(PostId::from_uuid(user().uuid()))
    }

    fn event() -> EventId {
        event_id(kith_kernel::Timestamp::from_millis(0))
    }

    #[test]
    fn a_load_is_shared_within_the_ttl_and_until_its_content_is_removed() {
        let (mut cache, now) = (FrameCache::default(), Instant::now());
        let (event, key) = (event(), key());
        let first = cache.entry(event, key, now);
        assert!(Arc::ptr_eq(&first, &cache.entry(event, key, now + CACHE_TTL / 2)));
        assert!(!Arc::ptr_eq(&first, &cache.entry(event, key, now + CACHE_TTL)));
        let second = cache.entry(event, key, now + CACHE_TTL);
        cache.invalidate(key);
        assert!(!Arc::ptr_eq(&second, &cache.entry(event, key, now + CACHE_TTL)));
    }

    #[test]
    fn the_cache_is_bounded() {
        let (mut cache, now) = (FrameCache::default(), Instant::now());
        for _ in 0..2 * MAX_ENTRIES {
            cache.entry(event(), key(), now);
        }
        assert_eq!(cache.0.len(), MAX_ENTRIES);
    }
}
