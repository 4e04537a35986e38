//! Reads of the log stream.

use std::{fmt::Write as _, time::Duration};

use kith_kernel::{
    Channel, PortError, Position,
    replay_log::{LogEntry, LogOffset, ReplayResult},
};
use tokio::sync::Semaphore;

use super::Settings;
use crate::{
    nats::{Page, StoredMessage, Stream, StreamEpoch, StreamOffset, hash, unavailable},
    replay_log::position_codec::{PositionKey, channel_hash},
};

/// Delay before a lagging replica is read again.
const LAG_RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// Number of concurrent gap repairs of a node: after a reconnect, every channel needs one.
const MAX_CONCURRENT_REPAIRS: usize = 64;
const MAX_CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// Number of bits of a sequence in a node sequence. The epoch counter occupies the bits above.
const SEQUENCE_BITS: u32 = 48;

pub(super) struct StreamReader {
    pub(super) stream: Stream,
    pub(super) repair_permits: Semaphore,
    /// Interval at which a quiet channel is checked for missed entries at its end.
    pub(super) check_interval: Duration,
    namespace: String,
    key: PositionKey,
    /// Maximum number of entries per channel.
    max_entries: usize,
}

/// End of a channel, and the epoch in which it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelHead {
    pub(super) epoch: StreamEpoch,
    pub(super) offset: StreamOffset,
}

/// Entries of a channel after an offset.
pub(super) struct EntriesAfter {
    pub(super) messages: Vec<StoredMessage>,
    /// True if there are no further entries.
    pub(super) is_complete: bool,
}

impl StreamReader {
    pub(super) fn new(stream: Stream, settings: &Settings) -> Self {
        Self {
            stream,
            repair_permits: Semaphore::new(MAX_CONCURRENT_REPAIRS),
            // Short enough that the last delivered entry is still retained at the next check.
            check_interval: MAX_CHECK_INTERVAL.min(settings.max_age / 4),
            namespace: settings.namespace.clone(),
            key: PositionKey::new(&settings.key),
            max_entries: settings.max_entries,
        }
    }

    /// Subject to which entries of a channel are published.
    pub(super) fn log_subject(&self, channel: &Channel) -> String {
        subject(&self.namespace, "log", channel)
    }

    /// Subject on which live entries of a channel are received.
    pub(super) fn live_subject(&self, channel: &Channel) -> String {
        subject(&self.namespace, "live", channel)
    }

    /// Offset in a channel, for the node and, encrypted, for clients.
    pub(super) fn log_offset(&self, channel: &Channel, epoch: StreamEpoch, offset: StreamOffset) -> LogOffset {
        LogOffset {
            sequence: node_sequence(epoch, offset.sequence),
            position: self.key.seal(epoch.id, offset_tag(channel, offset), offset.sequence),
        }
    }

    pub(super) fn log_entry(&self, channel: &Channel, epoch: StreamEpoch, message: StoredMessage) -> LogEntry {
        LogEntry { offset: self.log_offset(channel, epoch, message.offset), event: message.event }
    }

    /// Returns the offset after which the next entry of a channel is placed: that of its last entry, or that of the
    /// whole stream if the channel has none.
    pub(super) async fn head(&self, channel: &Channel) -> Result<ChannelHead, PortError> {
        let epoch = self.stream.current_epoch().await?;
        // Read before the channel: if an entry is appended in between, the channel has an offset of its own.
        let last = self.last_offset().await?;
        let channel_last = self.stream.last(&self.log_subject(channel)).await?;
        let offset = channel_last.unwrap_or(last);
        self.ensure_current(epoch)?;
        self.stream.observe(epoch, offset);
        Ok(ChannelHead { epoch, offset })
    }

    /// Returns the offset of the last entry of all channels.
    pub(super) async fn last_offset(&self) -> Result<StreamOffset, PortError> {
        match self.stream.last(&format!("{}.log.>", self.namespace)).await? {
            Some(last) => Ok(last),
            None => Ok(self.stream.bounds().await?.last),
        }
    }

    /// Returns the entries of a channel after a position, up to `limit`, if the log reaches back to it.
    pub(super) async fn replay(
        &self,
        channel: &Channel,
        since: Position,
        limit: usize,
    ) -> Result<ReplayResult, PortError> {
        let epoch = self.stream.current_epoch().await?;
        let (epoch_id, tag, since) = self.key.open(since);
        if epoch_id != epoch.id {
            return Ok(ReplayResult::Unrecoverable);
        }
        // A channel at its maximum may have dropped entries, which cannot be detected.
        let limit = limit.min(self.max_entries.saturating_sub(1));
        loop {
            let channel_last = self.stream.last(&self.log_subject(channel)).await?;
            // Includes the entry at the position, and one more than the limit.
            let Page { mut messages, last_scanned, .. } =
                self.stream.page(&self.log_subject(channel), since, limit.saturating_add(2)).await?;
            let retained = match messages.first() {
                Some(first) if first.offset.sequence == since => Some(first.offset),
                Some(_) | None => self.stream.offset_at(since).await?,
            };
            let has_all = match retained {
                Some(offset) => offset_tag(channel, offset) == tag,
                None => self.is_next_retained(since).await?,
            };
            messages.retain(|message| message.offset.sequence > since);
            if !has_all || messages.len() > limit {
                return Ok(ReplayResult::Unrecoverable);
            }
            // Foreign messages count as scanned.
            if last_scanned.max(since) >= channel_last.map_or(0, |last| last.sequence) {
                self.ensure_current(epoch)?;
                let entries = messages.into_iter().map(|message| self.log_entry(channel, epoch, message)).collect();
                return Ok(ReplayResult::Recovered { since: node_sequence(epoch, since), entries });
            }
            tokio::time::sleep(LAG_RETRY_INTERVAL).await;
        }
    }

    /// Returns up to `count` entries after `after`, up to which all entries were delivered; `None` if some were
    /// removed.
    pub(super) async fn entries_after(
        &self,
        channel: &Channel,
        after: u64,
        count: usize,
    ) -> Result<Option<EntriesAfter>, PortError> {
        let channel_last = self.stream.last(&self.log_subject(channel)).await?;
        if channel_last.is_some_and(|last| last.sequence <= after) {
            return Ok(Some(EntriesAfter { messages: Vec::new(), is_complete: true }));
        }
        let Page { mut messages, last_scanned, pending } =
            self.stream.page(&self.log_subject(channel), after, count).await?;
        let exact = messages.first().is_some_and(|first| first.offset.sequence == after);
        messages.retain(|message| message.offset.sequence > after);
        let all = usize::try_from(pending).unwrap_or(usize::MAX).saturating_add(messages.len());
        let has_all = exact
            || all < self.max_entries
                && (self.stream.offset_at(after).await?.is_some() || self.has_all_after(after).await?);
        let is_complete = pending == 0 && last_scanned.max(after) >= channel_last.map_or(0, |last| last.sequence);
        Ok(has_all.then_some(EntriesAfter { messages, is_complete }))
    }

    /// Returns true if the stream retains all messages after a sequence.
    async fn has_all_after(&self, sequence: u64) -> Result<bool, PortError> {
        Ok(self.stream.bounds().await?.first <= sequence + 1)
    }

    /// Returns true if the message at this sequence was the last one that was removed, so that no later one is missing.
    async fn is_next_retained(&self, sequence: u64) -> Result<bool, PortError> {
        let bounds = self.stream.bounds().await?;
        Ok(bounds.first == sequence.saturating_add(1) && bounds.last.sequence >= sequence)
    }

    /// Responses from different epochs must not be combined.
    fn ensure_current(&self, epoch: StreamEpoch) -> Result<(), PortError> {
        if self.stream.is_current(epoch) { Ok(()) } else { Err(unavailable("the stream changed during the request")) }
    }
}

/// Sequence that increases across epochs.
const fn node_sequence(epoch: StreamEpoch, sequence: u64) -> u64 {
    (epoch.counter << SEQUENCE_BITS) | (sequence & ((1 << SEQUENCE_BITS) - 1))
}

/// Tag that distinguishes an offset of a channel from all others with the same sequence.
fn offset_tag(channel: &Channel, offset: StreamOffset) -> u32 {
    hash(channel_hash(channel), offset.timestamp_hash.to_be_bytes().into_iter())
}

/// NATS subject of a channel.
fn subject(namespace: &str, tree: &str, channel: &Channel) -> String {
    format!("{namespace}.{tree}.{}", escape(&channel.to_string()))
}

/// Escapes the characters that have a meaning in NATS subjects as `=` and two hexadecimal digits per byte.
fn escape(name: &str) -> String {
    let mut subject = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'_' | b'-' | b'~' => subject.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(subject, "={byte:02x}")),
        }
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped_in_subjects() {
        assert_eq!(escape("post:1"), "post:1");
        assert_eq!(escape("a.b"), "a=2eb");
        assert_eq!(escape("a=2eb"), "a=3d2eb");
        assert_eq!(escape("> * é"), "=3e=20=2a=20=c3=a9");
        assert_eq!(subject("kith", "log", &Channel::StaffQueue), "kith.log.staff:queue");
    }

    #[test]
    fn sequences_increase_across_epochs() {
        let epoch = |counter| StreamEpoch { id: 1, counter, connection: 1 };
        assert_eq!(node_sequence(epoch(0), 41), 41);
        assert!(node_sequence(epoch(1), 0) > node_sequence(epoch(0), 1 << 40));
    }
}
