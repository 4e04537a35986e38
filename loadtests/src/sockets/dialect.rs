//! What is said to each server: to open a socket, to hear the feed, to tell it.

use kith_proto::realtime::v1::{ClientFrame, Hello, Subscribe, client_frame::Kind};
use kith_realtime::Format;
use prost::Message as _;

use super::{crowd::Tally, frame};

/// Bytes of what is told. The gateway makes a frame of about this size itself.
const PAYLOAD: usize = 128;

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The gateway's own.
    Kith(Format),
    /// Who connects listens; a frame is one message.
    Plain,
    /// NATS in a WebSocket: a frame is whatever was to be written.
    Nats,
}

impl Dialect {
    /// The request that opens a socket.
    #[must_use]
    pub fn opening(self) -> String {
        let (path, protocol) = match self {
            Self::Kith(format) => ("/v1/realtime", format!("sec-websocket-protocol: {}\r\n", format.subprotocol())),
            Self::Plain | Self::Nats => ("/", String::new()),
        };
        format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
        )
    }

    /// What the listener of this number says first.
    #[must_use]
    pub fn hello(self, number: usize) -> Vec<u8> {
        match self {
            Self::Kith(format) => {
                let hello = Kind::Hello(Hello { ticket: number.to_string() });
                let subscribe = Kind::Subscribe(Subscribe { channel: "feed".to_owned(), position: String::new() });
                [hello, subscribe].map(|kind| kith(kind, format)).concat()
            }
            Self::Plain => Vec::new(),
            Self::Nats => frame::write(frame::BINARY, b"CONNECT {\"verbose\":false}\r\nSUB feed 1\r\nPING\r\n"),
        }
    }

    /// Whether what it was answered says that it listens.
    #[must_use]
    pub fn listens(self, frames: &[Vec<u8>]) -> bool {
        match self {
            // Welcome, and subscribed.
            Self::Kith(_) => frames.len() >= 2,
            Self::Plain => !frames.is_empty(),
            Self::Nats => frames.iter().any(|frame| frame.windows(4).any(|four| four == b"PONG")),
        }
    }

    /// Tells the feed of this time.
    #[must_use]
    pub fn publish(self, stamp: u64) -> Vec<u8> {
        let body = format!("{:.<PAYLOAD$}", format!("T={stamp:016x}"));
        match self {
            Self::Kith(_) | Self::Plain => {
                let head = "POST /pub/feed HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length:";
                format!("{head} {PAYLOAD}\r\n\r\n{body}").into_bytes()
            }
            Self::Nats => frame::write(frame::BINARY, format!("PUB feed {PAYLOAD}\r\n{body}\r\n").as_bytes()),
        }
    }

    /// How many messages these are.
    #[must_use]
    pub fn delivered(self, tally: Tally) -> u64 {
        match self {
            Self::Kith(_) | Self::Plain => tally.frames,
            // All of them have the same length, and nothing else is said.
            Self::Nats => tally.bytes / u64::try_from("MSG feed 1 128\r\n\r\n".len() + PAYLOAD).unwrap_or(1),
        }
    }

    /// The times that stand in a frame.
    pub fn stamps(self, payload: &[u8]) -> impl Iterator<Item = u64> {
        let mark: &[u8] = match self {
            Self::Kith(_) => b"feedbeef-cafe-7000-",
            Self::Plain | Self::Nats => b"T=",
        };
        let found = payload.windows(mark.len()).enumerate().filter(move |(_, window)| *window == mark);
        found.filter_map(move |(at, _)| stamp(payload.get(at + mark.len()..)?))
    }
}

fn kith(kind: Kind, format: Format) -> Vec<u8> {
    let said = ClientFrame { kind: Some(kind) };
    match format {
        Format::Proto => frame::write(frame::BINARY, &said.encode_to_vec()),
        // Nothing in it has no form in JSON.
        Format::Json => frame::write(frame::TEXT, &serde_json::to_vec(&said).unwrap_or_default()),
    }
}

/// 16 hexadecimal digits, a dash after the fourth or none.
fn stamp(text: &[u8]) -> Option<u64> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').take(16).collect();
    u64::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_found_where_it_was_put() {
        let told = Dialect::Nats.publish(0xabcd);
        assert_eq!(Dialect::Nats.stamps(&told).collect::<Vec<_>>(), [0xabcd]);
        let shown = b"{\"id\":\"feedbeef-cafe-7000-8123-456789abcdef\"}";
        assert_eq!(Dialect::Kith(Format::Json).stamps(shown).collect::<Vec<_>>(), [0x8123_4567_89ab_cdef]);
    }

    #[test]
    fn messages_of_nats_are_counted_by_their_bytes() {
        let one = u64::try_from("MSG feed 1 128\r\n".len() + PAYLOAD + 2).unwrap();
        assert_eq!(Dialect::Nats.delivered(Tally { frames: 1, bytes: 5 * one }), 5);
    }
}
