//! Replay log of one process: a bounded buffer per recently used channel.

mod buffers;
mod subscriber;

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{
    Channel, Clock, EncodedEvent, EventId, PortError, Position, Timestamp,
    ports::{LogSubscriber, ReplayLog},
    replay_log::{LogEntry, ReplayResult},
};
use tokio::sync::watch;

use self::{buffers::ChannelBuffers, subscriber::InMemorySubscriber};
use super::position_codec::PositionCodec;

/// Retention limits of each channel.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    pub max_entries: usize,
    /// Size of the encoded events.
    pub max_bytes: usize,
    pub max_age: Duration,
}

/// Number of appends between two removals of unused buffers.
const CLEANUP_EVERY: u64 = 1024;

/// Replay log of one process. Positions become invalid at a restart, which changes the epoch.
///
/// A position stays valid as long as all later entries of its channel are retained, so a position of a quiet channel
/// does not expire.
pub struct InMemory {
    buffers: Mutex<ChannelBuffers>,
    /// The last assigned sequence. It is shared by all channels, so that a recreated buffer never takes an old position
    /// for one of its own.
    last_sequence: AtomicU64,
    codec: Arc<PositionCodec>,
    retention: Retention,
    clock: Arc<dyn Clock>,
}

struct ChannelBuffer {
    log: Mutex<LogEntries>,
    /// Sequence of the last entry.
    head: watch::Sender<u64>,
}

#[derive(Default)]
struct LogEntries {
    entries: VecDeque<(Timestamp, LogEntry)>,
    ids: HashSet<EventId>,
    bytes: usize,
    /// Entries up to this sequence may have been removed.
    min_sequence: u64,
}

impl InMemory {
    /// Creates an empty log. `key` encrypts positions. `epoch` must differ in each run of the process.
    #[must_use]
    pub fn new(key: &[u8; 16], epoch: u32, retention: Retention, clock: Arc<dyn Clock>) -> Self {
        let codec = Arc::new(PositionCodec::new(key, epoch));
        Self { buffers: Mutex::default(), last_sequence: AtomicU64::new(0), codec, retention, clock }
    }

    /// Returns the number of subscribers of a channel.
    #[must_use]
    pub fn subscriber_count(&self, channel: &Channel) -> usize {
        lock(&self.buffers).subscriber_count(channel)
    }

    fn buffer(&self, channel: &Channel) -> Arc<ChannelBuffer> {
        lock(&self.buffers).buffer(channel)
    }
}

impl ChannelBuffer {
    fn starting_after(min_sequence: u64) -> Self {
        Self {
            log: Mutex::new(LogEntries { min_sequence, ..LogEntries::default() }),
            head: watch::Sender::new(min_sequence),
        }
    }
}

impl LogEntries {
    fn push(&mut self, now: Timestamp, entry: LogEntry, retention: Retention) {
        self.bytes += entry.event.bytes.len();
        self.entries.push_back((now, entry));
        let horizon = now.before(retention.max_age);
        while let Some((at, oldest)) = self.entries.front() {
            if *at >= horizon && self.entries.len() <= retention.max_entries && self.bytes <= retention.max_bytes {
                break;
            }
            self.bytes -= oldest.event.bytes.len();
            self.min_sequence = oldest.offset.sequence;
            self.ids.remove(&oldest.event.id);
            self.entries.pop_front();
        }
    }

    /// Returns the entries after `since`, or `None` if some were removed.
    fn after(&self, since: u64) -> Option<impl Iterator<Item = &LogEntry>> {
        let start = self.entries.partition_point(|(_, entry)| entry.offset.sequence <= since);
        (since >= self.min_sequence).then(|| self.entries.range(start..).map(|(_, entry)| entry))
    }
}

#[async_trait]
impl ReplayLog for InMemory {
    async fn append(&self, channel: &Channel, event: &EncodedEvent) -> Result<(), PortError> {
        let (buffer, now) = (self.buffer(channel), self.clock.now());
        let mut log = lock(&buffer.log);
        if !log.ids.insert(event.id) {
            return Ok(());
        }
        // Assigned under the lock of the channel, so sequences increase along a channel.
        let sequence = self.last_sequence.fetch_add(1, Ordering::SeqCst) + 1;
        let offset = self.codec.offset(channel, sequence);
        log.push(now, LogEntry { offset, event: event.clone() }, self.retention);
        buffer.head.send_replace(sequence);
        drop(log);
        if sequence.is_multiple_of(CLEANUP_EVERY) {
            lock(&self.buffers).remove_unused(now.before(self.retention.max_age));
        }
        Ok(())
    }

    async fn subscribe(&self, channel: &Channel) -> Result<Box<dyn LogSubscriber>, PortError> {
        let buffer = self.buffer(channel);
        let updates = buffer.head.subscribe();
        let codec = self.codec.clone();
        Ok(Box::new(InMemorySubscriber::new(buffer, updates, codec, *channel)))
    }

    async fn replay(&self, channel: &Channel, since: Position, limit: usize) -> Result<ReplayResult, PortError> {
        let Some(since) = self.codec.decode(channel, since) else {
            return Ok(ReplayResult::Unrecoverable);
        };
        let buffer = self.buffer(channel);
        let log = lock(&buffer.log);
        let entries = log.after(since).map(|after| after.take(limit.saturating_add(1)).cloned().collect::<Vec<_>>());
        let complete = entries.filter(|entries| entries.len() <= limit);
        Ok(complete.map_or(ReplayResult::Unrecoverable, |entries| ReplayResult::Recovered { since, entries }))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
