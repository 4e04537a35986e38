//! One message of a stream.

use std::str::FromStr as _;

use async_nats::{
    HeaderMap, Message,
    header::{NATS_LAST_SEQUENCE, NATS_MESSAGE_ID, NATS_SEQUENCE, NATS_TIME_STAMP},
};
use kith_kernel::{EncodedEvent, ErrorKind, EventId, PortError};

/// Offset and storage time of a message. A stream that was rolled back assigns the same sequences again, but never at
/// the same nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamOffset {
    pub(crate) sequence: u64,
    pub(crate) timestamp_hash: u32,
}

impl StreamOffset {
    /// Offset of a message with this storage time, as formatted by the server. The server uses the same format
    /// everywhere.
    pub(crate) fn new(sequence: u64, time: &str) -> Self {
        Self { sequence, timestamp_hash: hash(SEED, time.bytes()) }
    }
}

/// FNV-1a (draft-eastlake-fnv). It does not have to resist attacks.
pub(crate) fn hash(seed: u32, bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(seed, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

pub(crate) const SEED: u32 = 0x811c_9dc5;

/// An event in a stream.
#[derive(Debug, Clone)]
pub(crate) struct StoredMessage {
    pub(crate) offset: StreamOffset,
    /// Sequence of the previous message on this subject.
    pub(crate) previous_sequence: u64,
    pub(crate) event: EncodedEvent,
}

impl StoredMessage {
    /// Parses a republished or read message.
    pub(crate) fn parse(message: &Message) -> Result<Self, PortError> {
        let foreign = || PortError::new(ErrorKind::Internal, "foreign message in stream");
        let headers = message.headers.as_ref().ok_or_else(foreign)?;
        let event = encoded_event(message).ok_or_else(foreign)?;
        let sequence = parse_header(headers, NATS_SEQUENCE.as_ref()).ok_or_else(foreign)?;
        let time = headers.get(NATS_TIME_STAMP).ok_or_else(foreign)?;
        let previous_sequence = parse_header(headers, NATS_LAST_SEQUENCE.as_ref()).ok_or_else(foreign)?;
        Ok(Self { offset: StreamOffset::new(sequence, time.as_str()), previous_sequence, event })
    }
}

/// Event of a message. Its id is the message id, up to an `@`.
pub(crate) fn encoded_event(message: &Message) -> Option<EncodedEvent> {
    let id = message.headers.as_ref()?.get(NATS_MESSAGE_ID)?.as_str();
    let id = id.split_once('@').map_or(id, |(id, _)| id);
    Some(EncodedEvent { id: EventId::from_str(id).ok()?, bytes: message.payload.to_vec() })
}

pub(crate) fn parse_header(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.as_str().parse().ok()
}
