//! Buffers of all channels.

use std::{collections::HashMap, sync::Arc};

use kith_kernel::{Channel, Timestamp};

use super::{ChannelBuffer, lock};

/// Maximum number of closed channels that are remembered, of about 100 bytes each.
const MAX_CLOSED: usize = 16 * 1024;

/// Buffers of all channels.
///
/// An unused buffer is removed, but its last sequence is remembered: a client that resumes a channel without newer
/// entries is up to date, regardless of the age of its position.
#[derive(Default)]
pub(super) struct ChannelBuffers {
    active: HashMap<Channel, Arc<ChannelBuffer>>,
    closed: HashMap<Channel, u64>,
    /// Upper bound of the last sequence of every channel that is neither active nor remembered.
    min_sequence: u64,
}

impl ChannelBuffers {
    /// Returns the buffer of a channel. A new buffer starts after the last sequence of the removed one.
    pub(super) fn buffer(&mut self, channel: &Channel) -> Arc<ChannelBuffer> {
        if let Some(buffer) = self.active.get(channel) {
            return buffer.clone();
        }
        let buffer = Arc::new(ChannelBuffer::starting_after(self.closed.remove(channel).unwrap_or(self.min_sequence)));
        self.active.insert(*channel, buffer.clone());
        buffer
    }

    /// Returns the number of subscribers of a channel.
    pub(super) fn subscriber_count(&self, channel: &Channel) -> usize {
        self.active.get(channel).map_or(0, |buffer| buffer.head.receiver_count())
    }

    /// Removes buffers without subscribers and without entries from `horizon` or later.
    pub(super) fn remove_unused(&mut self, horizon: Timestamp) {
        let Self { active, closed, .. } = self;
        active.retain(|channel, buffer| {
            let is_used =
                Arc::strong_count(buffer) > 1 || lock(&buffer.log).entries.back().is_some_and(|(at, _)| *at >= horizon);
            if !is_used {
                closed.insert(*channel, *buffer.head.borrow());
            }
            is_used
        });
        if self.closed.len() > MAX_CLOSED {
            self.forget_older_half();
        }
    }

    /// Forgets the older half of the closed channels.
    fn forget_older_half(&mut self) {
        let mut ends: Vec<u64> = self.closed.values().copied().collect();
        let middle = ends.len() / 2;
        let (_, median, _) = ends.select_nth_unstable(middle);
        self.min_sequence = self.min_sequence.max(*median);
        self.closed.retain(|_, end| *end > self.min_sequence);
    }
}

#[cfg(test)]
mod tests {
    use kith_kernel::PostId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn closed_channels_are_bounded_and_a_forgotten_one_is_never_taken_for_up_to_date() {
        let mut buffers = ChannelBuffers::default();
        let channel = |number: u64| Channel::Post(PostId::from_uuid(Uuid::from_u128(number.into())));
        for number in 0..=u64::try_from(MAX_CLOSED).unwrap() {
            buffers.buffer(&channel(number)).head.send_replace(number + 1);
        }
        buffers.remove_unused(Timestamp::from_millis(0));
        assert!(buffers.active.is_empty() && buffers.closed.len() <= MAX_CLOSED);
        let newest = u64::try_from(MAX_CLOSED).unwrap();
        assert_eq!(*buffers.buffer(&channel(newest)).head.borrow(), newest + 1, "the newer half is exact");
        assert!(*buffers.buffer(&channel(0)).head.borrow() >= 1, "the older half is no earlier than it was");
    }
}
