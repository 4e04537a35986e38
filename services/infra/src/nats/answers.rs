//! The words in which `JetStream` answers.

use async_nats::Message;
use serde_json::Value;

use super::{
    Place, Stored,
    stored::{SEED, hash, number},
};

/// The server's own numbers for what it does not have.
pub(crate) const NO_SUCH_CONSUMER: u64 = 10014;
pub(super) const NO_SUCH_MESSAGE: u64 = 10037;
pub(super) const NO_SUCH_STREAM: u64 = 10059;

/// How far a stream reaches.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// When it was made, as the server writes it.
    pub(super) made: String,
    /// The first sequence that it holds, or will.
    pub(crate) first: u64,
    /// The last that it ever held.
    pub(crate) last: Place,
}

/// Some of what a stream holds, and how much more there is.
pub(crate) struct Page {
    pub(crate) stored: Vec<Stored>,
    /// The last sequence that was looked at; 0 for none.
    pub(crate) reached: u64,
    pub(crate) pending: u64,
}

impl Reach {
    pub(super) fn of(info: &Value) -> Option<Self> {
        let number = |path| info.pointer(path).and_then(Value::as_u64);
        let text = |path| info.pointer(path).and_then(Value::as_str);
        let last = Place::at(number("/state/last_seq")?, text("/state/last_ts")?);
        // A stream that never held anything says that its first is 0.
        Some(Self { made: text("/created")?.to_owned(), first: number("/state/first_seq")?.max(1), last })
    }
}

/// What names the life of a stream that was made then.
pub(super) fn epoch(made: &str) -> u32 {
    hash(SEED, made.bytes())
}

/// The number and the words of a refusal.
pub(super) fn refused(answer: &Value) -> Option<(u64, String)> {
    let error = answer.get("error")?;
    let why = error.get("description").and_then(Value::as_str).unwrap_or("refused").to_owned();
    Some((error.get("err_code").and_then(Value::as_u64).unwrap_or(0), why))
}

pub(super) fn number_of(message: &Message, header: &str) -> Option<u64> {
    number(message.headers.as_ref()?, header)
}
