//! One message of a stream.

use std::str::FromStr as _;

use async_nats::{
    HeaderMap, Message,
    header::{NATS_LAST_SEQUENCE, NATS_MESSAGE_ID, NATS_SEQUENCE, NATS_TIME_STAMP},
};
use kith_kernel::{EventId, PortError, ErrorKind, EncodedEvent};

/// Where something stands in a stream, and what stands there: a stream whose store was put back to an older state gives
/// the same sequences again, but never at the same nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) stamp: u32,
}

impl Place {
    /// The place of what was stored at this time, as the server writes it: wherever it says when, it says it alike.
    pub(crate) fn at(sequence: u64, time: &str) -> Self {
        Self { sequence, stamp: hash(SEED, time.bytes()) }
    }
}

/// FNV-1a (draft-eastlake-fnv): it need not resist anybody.
pub(crate) fn hash(seed: u32, bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(seed, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

pub(crate) const SEED: u32 = 0x811c_9dc5;

/// A parcel that a stream holds.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) place: Place,
    /// The sequence of what came before on this subject.
    pub(crate) before: u64,
    pub(crate) parcel: EncodedEvent,
}

impl Stored {
    /// The parcel in a message that was republished, or read.
    pub(crate) fn of(message: &Message) -> Result<Self, PortError> {
        let foreign = || PortError::new(ErrorKind::Internal, "somebody else writes to the stream");
        let headers = message.headers.as_ref().ok_or_else(foreign)?;
        let parcel = parcel(message).ok_or_else(foreign)?;
        let sequence = number(headers, NATS_SEQUENCE.as_ref()).ok_or_else(foreign)?;
        let time = headers.get(NATS_TIME_STAMP).ok_or_else(foreign)?;
        let before = number(headers, NATS_LAST_SEQUENCE.as_ref()).ok_or_else(foreign)?;
        Ok(Self { place: Place::at(sequence, time.as_str()), before, parcel })
    }
}

/// The parcel in a message: its id is the message's own, or what stands in it before an `@`.
pub(crate) fn parcel(message: &Message) -> Option<EncodedEvent> {
    let id = message.headers.as_ref()?.get(NATS_MESSAGE_ID)?.as_str();
    let id = id.split_once('@').map_or(id, |(id, _)| id);
    Some(EncodedEvent { id: EventId::from_str(id).ok()?, bytes: message.payload.to_vec() })
}

pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.as_str().parse().ok()
}
