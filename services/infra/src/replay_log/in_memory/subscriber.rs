//! Subscriber of the in-memory log.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Channel,
    ports::LogSubscriber,
    replay_log::{LogItem, LogOffset},
};
use tokio::sync::watch;

use super::{ChannelBuffer, PositionCodec, lock};

/// A position in a channel buffer. It has no queue, so a slow subscriber costs no memory.
pub(super) struct InMemorySubscriber {
    buffer: Arc<ChannelBuffer>,
    updates: watch::Receiver<u64>,
    codec: Arc<PositionCodec>,
    channel: Channel,
    head: u64,
    last: u64,
}

impl InMemorySubscriber {
    pub(super) fn new(
        buffer: Arc<ChannelBuffer>,
        updates: watch::Receiver<u64>,
        codec: Arc<PositionCodec>,
        channel: Channel,
    ) -> Self {
        let head = *updates.borrow();
        Self { buffer, updates, codec, channel, head, last: head }
    }

    fn try_next(&mut self) -> Option<LogItem> {
        let log = lock(&self.buffer.log);
        let item = match log.after(self.last) {
            Some(mut after) => LogItem::Entry(after.next()?.clone()),
            None => LogItem::Gap(self.codec.offset(&self.channel, log.min_sequence)),
        };
        self.last = match &item {
            LogItem::Entry(entry) => entry.offset.sequence,
            LogItem::Gap(offset) => offset.sequence,
        };
        Some(item)
    }
}

#[async_trait]
impl LogSubscriber for InMemorySubscriber {
    fn head(&self) -> LogOffset {
        self.codec.offset(&self.channel, self.head)
    }

    async fn next(&mut self) -> LogItem {
        loop {
            // Marked as seen before the read, so that an append in between is not missed.
            self.updates.borrow_and_update();
            if let Some(item) = self.try_next() {
                return item;
            }
            // `self.buffer` keeps the sender alive.
            let _ = self.updates.changed().await;
        }
    }
}
