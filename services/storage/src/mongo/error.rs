//! What MongoDB's driver says, in the words of [`StoreError`].
//!
//! A broken unique key is named by its index, and an index is called `<collection>_<last field>`: index `responses_quick`
//! of `responses` is [`StoreError::Taken`] as `quick`, and `_id_` is `id`.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::StoreError;

/// MongoDB's code for a broken unique index.
pub(super) const DUPLICATE_KEY: i32 = 11_000;

/// The server asks to try again: it steps down, starts or shuts down (11600, 11602, 91, 189, 10107, 13435, 13436,
/// 10058), it lost another server (6, 7, 89, 9001), it has just come up and does not know yet what a majority has (134),
/// or the time was over (50, 262, 64 and 100 while it waited for a majority, 202 for a connection).
const AWAY: [i32; 18] =
    [6, 7, 50, 64, 89, 91, 100, 134, 189, 202, 262, 9_001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436];

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if let Some(message) = broken_key(error.kind.as_ref()) {
            return Self::Taken(last_field(message));
        }
        if is_no_answer(error.kind.as_ref()) { Self::Unavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

/// What it says of a broken key. A document that is found and changed in one command is refused as a command is.
#[expect(clippy::wildcard_enum_match_arm, reason = "the driver's list of kinds is open")]
fn broken_key(kind: &ErrorKind) -> Option<&str> {
    let (code, message) = match kind {
        ErrorKind::Write(WriteFailure::WriteError(refusal)) => (refusal.code, &refusal.message),
        ErrorKind::Command(refusal) => (refusal.code, &refusal.message),
        _ => return None,
    };
    (code == DUPLICATE_KEY).then_some(message)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the driver's list of kinds is open")]
fn is_no_answer(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown
        // It was written, and a majority has not said so in time.
        | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::Write(WriteFailure::WriteError(refusal)) => AWAY.contains(&refusal.code),
        ErrorKind::Command(refusal) => AWAY.contains(&refusal.code),
        ErrorKind::InsertMany(refusal) => refusal.write_errors.is_none(),
        _ => false,
    }
}

/// `E11000 duplicate key error collection: kith.responses index: responses_quick dup key: ..`
fn last_field(message: &str) -> String {
    let word_after = |mark| message.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
    let index = word_after("index: ").unwrap_or_default();
    let place = word_after("collection: ").unwrap_or_default();
    let collection = place.split_once('.').map_or(place, |(_, collection)| collection);
    index.strip_prefix(collection).unwrap_or(index).trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_key_is_called_after_its_last_field() {
        let by_id = "E11000 duplicate key error collection: kith.posts index: _id_ dup key: { _id: 1 }";
        let by_kind =
            "E11000 duplicate key error collection: kith.responses index: responses_quick dup key: { post: 1 }";
        assert_eq!(last_field(by_id), "id");
        assert_eq!(last_field(by_kind), "quick");
    }

    #[test]
    fn a_server_that_is_away_is_asked_again_and_one_that_refuses_is_not() {
        let gone = Error::from(std::io::Error::other("reset"));
        assert!(matches!(StoreError::from(gone), StoreError::Unavailable(_)));
        assert!(matches!(StoreError::from(Error::custom("x")), StoreError::Internal(_)));
        assert!(matches!(refused(10_107, "not primary"), StoreError::Unavailable(_)));
        assert!(matches!(refused(134, "no majority yet"), StoreError::Unavailable(_)));
        assert!(matches!(refused(121, "no valid document"), StoreError::Internal(_)));
    }

    #[test]
    fn a_key_is_taken_for_a_command_as_for_a_write() {
        let message = "E11000 duplicate key error collection: kith.leases index: _id_ dup key: { _id: 1 }";
        assert!(matches!(refused(DUPLICATE_KEY, message), StoreError::Taken(key) if key == "id"));
    }

    fn refused(code: i32, message: &str) -> StoreError {
        let refusal = serde_json::json!({ "code": code, "codeName": "", "errmsg": message });
        Error::from(ErrorKind::Command(serde_json::from_value(refusal).unwrap())).into()
    }
}
