//! An event of one channel, encoded once per format and shared by all connections.

use std::sync::OnceLock;

use kith_kernel::{Channel, UserId, replay_log::LogOffset};

use crate::{
    channel_event::ChannelEvent,
    wire::{self, Format, Frame, Message, Payload},
};

pub(crate) struct SharedFrame {
    /// Id of the topic.
    pub(crate) topic: u64,
    pub(crate) offset: LogOffset,
    /// The account to which block lists apply.
    pub(crate) author: UserId,
    frame: Frame,
    text: OnceLock<Message>,
    binary: OnceLock<Message>,
}

impl SharedFrame {
    /// Creates the frame of an event with its loaded payload.
    pub(crate) fn new(
        topic: u64,
        channel: &Channel,
        offset: LogOffset,
        event: &ChannelEvent,
        payload: Payload,
    ) -> Self {
        let frame = wire::event_frame(channel, offset, event, payload);
        Self { topic, offset, author: event.author, frame, text: OnceLock::new(), binary: OnceLock::new() }
    }

    /// Returns the encoded frame. Clones share its bytes.
    pub(crate) fn frame(&self, format: Format) -> &Message {
        let cell = match format {
            Format::Json => &self.text,
            Format::Proto => &self.binary,
        };
        cell.get_or_init(|| wire::encode(&self.frame, format))
    }

    /// Size of the encoded frame.
    pub(crate) fn byte_len(&self, format: Format) -> usize {
        match self.frame(format) {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => 0,
        }
    }
}
