//! Responses and error codes of the `JetStream` API.

use async_nats::Message;
use serde_json::Value;

use super::{
    StoredMessage, StreamOffset,
    stored_message::{SEED, hash, parse_header},
};

/// Error codes of the server.
pub(crate) const NO_SUCH_CONSUMER: u64 = 10014;
pub(super) const NO_SUCH_MESSAGE: u64 = 10037;
pub(super) const NO_SUCH_STREAM: u64 = 10059;

/// First and last sequence of a stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamBounds {
    /// Creation time, as formatted by the server.
    pub(super) created: String,
    /// Sequence of the first message that the stream has or will have.
    pub(crate) first: u64,
    /// Offset of the last message that the stream ever had.
    pub(crate) last: StreamOffset,
}

/// One page of messages.
pub(crate) struct Page {
    pub(crate) messages: Vec<StoredMessage>,
    /// The last sequence that was scanned; 0 if none was.
    pub(crate) last_scanned: u64,
    pub(crate) pending: u64,
}

impl StreamBounds {
    pub(super) fn parse(info: &Value) -> Option<Self> {
        let number = |path| info.pointer(path).and_then(Value::as_u64);
        let text = |path| info.pointer(path).and_then(Value::as_str);
        let last = StreamOffset::new(number("/state/last_seq")?, text("/state/last_ts")?);
        // A stream that never had a message reports 0.
        Some(Self { created: text("/created")?.to_owned(), first: number("/state/first_seq")?.max(1), last })
    }
}

/// Id of the epoch of a stream with this creation time.
pub(super) fn epoch_id(created: &str) -> u32 {
    hash(SEED, created.bytes())
}

/// Error code and description of an error response.
pub(super) fn api_error(response: &Value) -> Option<(u64, String)> {
    let error = response.get("error")?;
    let description = error.get("description").and_then(Value::as_str).unwrap_or("request rejected").to_owned();
    Some((error.get("err_code").and_then(Value::as_u64).unwrap_or(0), description))
}

pub(super) fn header_number(message: &Message, header: &str) -> Option<u64> {
    parse_header(message.headers.as_ref()?, header)
}
