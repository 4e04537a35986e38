//! Output of `kith events list`. Event payloads are not printed.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat};
use kith_storage::sql::DeadLetter;

/// Prints one line for each dead letter, oldest first.
///
/// # Errors
/// Errors of writing.
pub fn list(dead_letters: &[DeadLetter], out: &mut dyn Write) -> io::Result<()> {
    if dead_letters.is_empty() {
        return writeln!(out, "no dead letters");
    }
    for DeadLetter { event, consumer, error, created_at } in dead_letters {
        writeln!(out, "{}  {}  {consumer}: {}", event.id, utc(created_at.millis()), error.replace('\n', " "))?;
    }
    writeln!(out, "total: {}; `kith events replay` delivers them again", dead_letters.len())
}

/// Formats a time according to RFC 3339, in seconds. A time outside the calendar is printed as its number of
/// milliseconds.
#[must_use]
pub fn utc(millis: i64) -> String {
    let moment = DateTime::from_timestamp_millis(millis);
    moment.map_or_else(|| millis.to_string(), |moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use kith_kernel::{EncodedEvent, EventId, SystemEntropy, Timestamp};

    use super::*;

    #[test]
    fn times_are_formatted_as_rfc_3339() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_827_696_000), "2000-02-29T12:34:56Z");
        assert_eq!(utc(1_798_761_599_999), "2026-12-31T23:59:59Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_dead_letter_is_printed_on_one_line_without_its_payload() {
        let created_at = Timestamp::from_millis(0);
        let event = EncodedEvent { id: EventId::new(created_at, &SystemEntropy), bytes: b"the payload".to_vec() };
        let dead_letter = DeadLetter { event, consumer: "support".to_owned(), error: "a\nb".to_owned(), created_at };
        let mut out = Vec::new();
        list(std::slice::from_ref(&dead_letter), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(&dead_letter.event.id.to_string()) && text.contains("support: a b"), "{text}");
        assert!(!text.contains("the payload"));
    }
}
