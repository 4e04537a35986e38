//! Registry of the topics of this node: one per channel with at least one subscriber.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kith_kernel::Channel;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::outbound_queue::OutboundQueue;

/// Number of shards. It makes contention between two joins unlikely.
const SHARDS: usize = 64;

/// Command to a topic.
pub(crate) enum TopicCommand {
    /// Adds a subscriber with this id.
    Join(u64, Arc<OutboundQueue>),
    /// Removes the subscriber with this id.
    Leave(u64),
}

/// Address of a running topic.
#[derive(Clone)]
pub(crate) struct TopicHandle {
    pub(crate) topic: u64,
    pub(crate) commands: UnboundedSender<TopicCommand>,
}

pub(crate) struct TopicRegistry {
    shards: Vec<Mutex<HashMap<Channel, TopicHandle>>>,
    hasher: RandomState,
}

impl Default for TopicRegistry {
    fn default() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, hasher: RandomState::new() }
    }
}

impl TopicRegistry {
    /// Sends a command to the topic of a channel. `start` starts the topic if there is none.
    ///
    /// The command is sent under the lock of the shard, so that [`Self::close`] sees it before it removes the topic.
    pub(crate) fn send(
        &self,
        channel: Channel,
        command: TopicCommand,
        start: impl FnOnce() -> TopicHandle,
    ) -> TopicHandle {
        let mut shard = self.shard(channel);
        let handle = shard.entry(channel).or_insert_with(start);
        // A topic receives until `close` has removed it, so the channel is open.
        let _ = handle.commands.send(command);
        handle.clone()
    }

    /// Removes a topic without subscribers. Returns false, and removes nothing, if a command is pending.
    pub(crate) fn close(&self, channel: Channel, commands: &UnboundedReceiver<TopicCommand>) -> bool {
        let mut shard = self.shard(channel);
        let can_close = commands.is_empty();
        if can_close {
            shard.remove(&channel);
        }
        can_close
    }

    /// Returns the number of topics.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, channel: Channel) -> MutexGuard<'_, HashMap<Channel, TopicHandle>> {
        let shards = u64::try_from(self.shards.len()).unwrap_or(1);
        let index = usize::try_from(self.hasher.hash_one(channel) % shards).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "a remainder is less than its divisor")]
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
