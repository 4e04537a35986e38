//! Positions and entries of the log of a channel.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::EncodedEvent;

/// Opaque resume token of a channel. Clients cannot compare or decode positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position([u8; 16]);

impl Position {
    #[must_use]
    pub const fn sealed(block: [u8; 16]) -> Self {
        Self(block)
    }

    #[must_use]
    pub const fn block(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidPosition)?;
        bytes.try_into().map(Self).map_err(|_| InvalidPosition)
    }
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid position")]
pub struct InvalidPosition;

/// Offset in the log of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogOffset {
    /// Increases along the channel, with gaps. Internal to the node; clients get the [`Position`].
    pub sequence: u64,
    /// The same offset, encrypted for clients.
    pub position: Position,
}

/// One entry of the log of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub offset: LogOffset,
    pub event: EncodedEvent,
}

/// Item that a subscriber of the log receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogItem {
    /// The next entry. None is missing between it and the one before.
    Entry(LogEntry),
    /// Entries up to this offset were lost and cannot be recovered.
    Gap(LogOffset),
}

/// Result of replaying the log of a channel from a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayResult {
    /// All missed entries.
    Recovered {
        /// Sequence of the position.
        since: u64,
        /// Entries after it, in order.
        entries: Vec<LogEntry>,
    },
    /// The log no longer reaches back to the position, or more entries were missed than the limit.
    Unrecoverable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_22_characters_and_parses_from_its_text() {
        let position = Position::sealed([0xf7; 16]);
        assert_eq!(position.to_string().len(), 22);
        assert_eq!(position.to_string().parse(), Ok(position));
        for foreign in ["", "17", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAA", "%AAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(foreign.parse::<Position>(), Err(InvalidPosition), "{foreign}");
        }
    }
}
