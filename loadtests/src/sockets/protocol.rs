//! Protocols of the measured servers: opening a socket, subscribing to the feed, publishing to it.

use kith_proto::realtime::v1::{ClientFrame, Hello, Subscribe, client_frame::Kind};
use kith_realtime::Format;
use prost::Message as _;

use super::{frame, subscribers::Counters};

/// Bytes of a published message. The gateway builds frames of about this size.
const PAYLOAD: usize = 128;

/// Protocol of a measured server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The protocol of the gateway.
    Kith(Format),
    /// Connections are subscribed at once, and a frame is one message.
    Plain,
    /// The NATS protocol over a WebSocket: a frame can contain any number of messages.
    Nats,
}

impl Protocol {
    /// HTTP request that opens a WebSocket.
    #[must_use]
    pub fn upgrade_request(self) -> String {
        let (path, protocol) = match self {
            Self::Kith(format) => ("/v1/realtime", format!("sec-websocket-protocol: {}\r\n", format.subprotocol())),
            Self::Plain | Self::Nats => ("/", String::new()),
        };
        format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
        )
    }

    /// First frames of the subscriber with this number.
    #[must_use]
    pub fn hello(self, number: usize) -> Vec<u8> {
        match self {
            Self::Kith(format) => {
                let hello = Kind::Hello(Hello { ticket: number.to_string() });
                let subscribe = Kind::Subscribe(Subscribe { channel: "feed".to_owned(), position: String::new() });
                [hello, subscribe].map(|kind| encode(kind, format)).concat()
            }
            Self::Plain => Vec::new(),
            Self::Nats => frame::write(frame::BINARY, b"CONNECT {\"verbose\":false}\r\nSUB feed 1\r\nPING\r\n"),
        }
    }

    /// Returns true if the received frames confirm the subscription.
    #[must_use]
    pub fn is_subscribed(self, frames: &[Vec<u8>]) -> bool {
        match self {
            // The frames `welcome` and `subscribed`.
            Self::Kith(_) => frames.len() >= 2,
            Self::Plain => !frames.is_empty(),
            Self::Nats => frames.iter().any(|frame| frame.windows(4).any(|four| four == b"PONG")),
        }
    }

    /// Request that publishes a message with this timestamp to the feed.
    #[must_use]
    pub fn publish(self, timestamp: u64) -> Vec<u8> {
        let body = format!("{:.<PAYLOAD$}", format!("T={timestamp:016x}"));
        match self {
            Self::Kith(_) | Self::Plain => {
                let head = "POST /pub/feed HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length:";
                format!("{head} {PAYLOAD}\r\n\r\n{body}").into_bytes()
            }
            Self::Nats => frame::write(frame::BINARY, format!("PUB feed {PAYLOAD}\r\n{body}\r\n").as_bytes()),
        }
    }

    /// Number of messages in the counted frames.
    #[must_use]
    pub fn delivered(self, counters: Counters) -> u64 {
        match self {
            Self::Kith(_) | Self::Plain => counters.frames,
            // All messages have the same length, and the server sends nothing else.
            Self::Nats => counters.bytes / u64::try_from("MSG feed 1 128\r\n\r\n".len() + PAYLOAD).unwrap_or(1),
        }
    }

    /// Timestamps in a frame.
    pub fn timestamps(self, payload: &[u8]) -> impl Iterator<Item = u64> {
        let marker: &[u8] = match self {
            Self::Kith(_) => b"feedbeef-cafe-7000-",
            Self::Plain | Self::Nats => b"T=",
        };
        let found = payload.windows(marker.len()).enumerate().filter(move |(_, window)| *window == marker);
        found.filter_map(move |(at, _)| parse_timestamp(payload.get(at + marker.len()..)?))
    }
}

fn encode(kind: Kind, format: Format) -> Vec<u8> {
    let message = ClientFrame { kind: Some(kind) };
    match format {
        Format::Proto => frame::write(frame::BINARY, &message.encode_to_vec()),
        // Every client frame has a JSON form, so this cannot fail.
        Format::Json => frame::write(frame::TEXT, &serde_json::to_vec(&message).unwrap_or_default()),
    }
}

/// Parses 16 hexadecimal digits, with or without a dash after the fourth.
fn parse_timestamp(text: &[u8]) -> Option<u64> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').take(16).collect();
    u64::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_found_in_published_and_delivered_messages() {
        let published = Protocol::Nats.publish(0xabcd);
        assert_eq!(Protocol::Nats.timestamps(&published).collect::<Vec<_>>(), [0xabcd]);
        let delivered = b"{\"id\":\"feedbeef-cafe-7000-8123-456789abcdef\"}";
        assert_eq!(Protocol::Kith(Format::Json).timestamps(delivered).collect::<Vec<_>>(), [0x8123_4567_89ab_cdef]);
    }

    #[test]
    fn nats_messages_are_counted_by_their_size() {
        let one = u64::try_from("MSG feed 1 128\r\n".len() + PAYLOAD + 2).unwrap();
        assert_eq!(Protocol::Nats.delivered(Counters { frames: 1, bytes: 5 * one }), 5);
    }
}
