//! `kith events list`: events that were given up, without a word of what they hold.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat};
use kith_storage::sql::DeadLetter;

/// One line each, the oldest first.
///
/// # Errors
/// Those of writing.
pub fn list(letters: &[DeadLetter], out: &mut dyn Write) -> io::Result<()> {
    if letters.is_empty() {
        return writeln!(out, "no event was given up");
    }
    for DeadLetter { parcel, consumer, why, at } in letters {
        writeln!(out, "{}  {}  {consumer}: {}", parcel.id, utc(at.millis()), why.replace('\n', " "))?;
    }
    writeln!(out, "{} in all; `kith events replay` gives them to their consumers once more", letters.len())
}

/// A moment as RFC 3339 has it, to the second. One that no calendar has is its number.
#[must_use]
pub fn utc(millis: i64) -> String {
    let moment = DateTime::from_timestamp_millis(millis);
    moment.map_or_else(|| millis.to_string(), |moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use kith_kernel::{EventId, Parcel, SystemEntropy, Timestamp};

    use super::*;

    #[test]
    fn moments_are_written_as_everybody_writes_them() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_827_696_000), "2000-02-29T12:34:56Z");
        assert_eq!(utc(1_798_761_599_999), "2026-12-31T23:59:59Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_letter_is_a_line() {
        let at = Timestamp::from_millis(0);
        let parcel = Parcel { id: EventId::new(at, &SystemEntropy), bytes: b"what it holds".to_vec() };
        let letter = DeadLetter { parcel, consumer: "support".to_owned(), why: "a\nb".to_owned(), at };
        let mut out = Vec::new();
        list(std::slice::from_ref(&letter), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(&letter.parcel.id.to_string()) && text.contains("support: a b"), "{text}");
        assert!(!text.contains("what it holds"));
    }
}
