//! Subscriber of the `JetStream` log.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_nats::{Message, Subscriber};
use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _};
use kith_kernel::{
    Channel, PortError,
    ports::LogSubscriber,
    replay_log::{LogItem, LogOffset},
};
use tokio::{sync::watch, task::coop::unconstrained, time::timeout};

use super::{StreamReader, stream_reader::ChannelHead};
use crate::nats::{REQUEST_TIMEOUT, SUBSCRIPTION_CAPACITY, StoredMessage, unavailable, with_timeout};

/// Number of entries per read during a repair.
const PAGE_SIZE: usize = 512;
/// Delay between attempts to fill a gap, while connected and while disconnected.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);
const DISCONNECTED_RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Receives a channel without gaps: entries that the live subscription missed are read from the stream.
pub(super) struct JetStreamSubscriber {
    reader: Arc<StreamReader>,
    channel: Channel,
    subscriber: Subscriber,
    connection_changes: watch::Receiver<u64>,
    epoch_changes: watch::Receiver<u64>,
    head: LogOffset,
    /// All entries up to this offset were delivered.
    last_delivered: ChannelHead,
    /// Entries that were read to fill a gap and are not delivered yet.
    gap_fill: VecDeque<StoredMessage>,
    /// True if entries may be missing.
    suspect_gap: bool,
    /// Number of messages received since the subscription was last empty. If it reaches the capacity of the
    /// subscription, later messages may have been dropped.
    received: usize,
}

impl JetStreamSubscriber {
    pub(super) fn new(
        reader: Arc<StreamReader>,
        channel: Channel,
        subscriber: Subscriber,
        last_delivered: ChannelHead,
    ) -> Self {
        let head = reader.log_offset(&channel, last_delivered.epoch, last_delivered.offset);
        let (connection_changes, epoch_changes) =
            (reader.stream.connection.connection_changes(), reader.stream.epoch_changes());
        // Changes before this point are checked here; later ones are received.
        let (gap_fill, suspect_gap) = (VecDeque::new(), !reader.stream.is_current(last_delivered.epoch));
        Self {
            reader,
            channel,
            subscriber,
            connection_changes,
            epoch_changes,
            head,
            last_delivered,
            gap_fill,
            suspect_gap,
            received: 0,
        }
    }

    /// Returns a buffered message, if any.
    fn try_recv(&mut self) -> Option<Message> {
        // Unconstrained, because tokio's cooperative budget would otherwise make a buffered message look absent.
        unconstrained(self.subscriber.next()).now_or_never().flatten()
    }

    /// Reads the entries after the last delivered one. Returns a gap if they are not available.
    async fn fill_gap(&mut self) -> Result<Option<LogItem>, PortError> {
        let epoch = self.reader.stream.current_epoch().await?;
        if epoch.connection != self.last_delivered.epoch.connection {
            // The buffered messages may be from the previous connection. The stream is authoritative.
            while self.try_recv().is_some() {}
        }
        self.received = 0;
        if (epoch.id, epoch.counter) != (self.last_delivered.epoch.id, self.last_delivered.epoch.counter) {
            return self.report_gap().await.map(Some);
        }
        let last = self.reader.last_offset().await?;
        if last.sequence < self.last_delivered.offset.sequence {
            self.reader.stream.invalidate();
            return Err(unavailable("log is shorter than before"));
        }
        let Some(after) =
            self.reader.entries_after(&self.channel, self.last_delivered.offset.sequence, PAGE_SIZE).await?
        else {
            return self.report_gap().await.map(Some);
        };
        if after.messages.is_empty() && !after.is_complete {
            return Err(unavailable("log replica lags behind its leader"));
        }
        self.reader.stream.observe(epoch, last);
        self.last_delivered.epoch = epoch;
        if after.is_complete && after.messages.is_empty() {
            self.last_delivered.offset = last;
        }
        self.suspect_gap = !after.is_complete;
        self.gap_fill = after.messages.into();
        Ok(None)
    }

    async fn report_gap(&mut self) -> Result<LogItem, PortError> {
        self.last_delivered = self.reader.head(&self.channel).await?;
        self.gap_fill.clear();
        self.suspect_gap = false;
        Ok(LogItem::Gap(self.reader.log_offset(&self.channel, self.last_delivered.epoch, self.last_delivered.offset)))
    }

    /// Fills a possible gap, or waits before the next attempt.
    async fn repair_gap(&mut self) -> Option<LogItem> {
        let reader = self.reader.clone();
        let result = match reader.repair_permits.acquire().await {
            Ok(_permit) => with_timeout(REQUEST_TIMEOUT, self.fill_gap()).await,
            Err(closed) => Err(unavailable(closed)),
        };
        match result {
            Ok(item) => item,
            Err(error) => {
                tracing::debug!(%error, "failed to fill log gap, retrying");
                // While disconnected, channels do not poll the server: the reconnect wakes them.
                let wait = if self.reader.stream.connection.is_connected() {
                    RETRY_INTERVAL
                } else {
                    DISCONNECTED_RETRY_INTERVAL
                };
                let _ = timeout(wait, self.connection_changes.changed()).await;
                None
            }
        }
    }

    /// Waits for a message or for a reason to suspect a gap.
    async fn receive(&mut self) -> Option<LogItem> {
        if let Some(message) = self.try_recv() {
            self.received += 1;
            return self.accept(Some(message));
        }
        if std::mem::take(&mut self.received) >= SUBSCRIPTION_CAPACITY {
            self.suspect_gap = true;
            return None;
        }
        tokio::select! {
            message = timeout(self.reader.check_interval, self.subscriber.next()) => match message {
                Ok(message) => {
                    self.received += 1;
                    self.accept(message)
                }
                Err(_elapsed) => {
                    self.suspect_gap = true;
                    None
                }
            },
            _ = self.connection_changes.changed() => {
                self.suspect_gap = true;
                None
            }
            _ = self.epoch_changes.changed() => {
                self.suspect_gap = true;
                None
            }
        }
    }

    /// Returns the entry of a message if it is the next one.
    fn accept(&mut self, message: Option<Message>) -> Option<LogItem> {
        let connection = self.reader.stream.connection.generation();
        let Some(message) = message.filter(|_| connection == self.last_delivered.epoch.connection) else {
            self.suspect_gap = true;
            return None;
        };
        match StoredMessage::parse(&message) {
            Ok(message) if message.offset.sequence <= self.last_delivered.offset.sequence => None,
            // The first message of a channel has the previous sequence 0, and the last offset may be that of the whole
            // stream.
            Ok(message) if message.previous_sequence <= self.last_delivered.offset.sequence => {
                Some(self.deliver(message))
            }
            Ok(_) => {
                self.suspect_gap = true;
                None
            }
            Err(foreign) => {
                tracing::error!(error = %foreign, "foreign message in stream, ignoring");
                None
            }
        }
    }

    fn deliver(&mut self, message: StoredMessage) -> LogItem {
        self.last_delivered.offset = message.offset;
        self.reader.stream.observe(self.last_delivered.epoch, message.offset);
        LogItem::Entry(self.reader.log_entry(&self.channel, self.last_delivered.epoch, message))
    }
}

#[async_trait]
impl LogSubscriber for JetStreamSubscriber {
    fn head(&self) -> LogOffset {
        self.head
    }

    async fn next(&mut self) -> LogItem {
        loop {
            if let Some(message) = self.gap_fill.pop_front() {
                return self.deliver(message);
            }
            let item = if self.suspect_gap { self.repair_gap().await } else { self.receive().await };
            if let Some(item) = item {
                return item;
            }
        }
    }
}
