//! Conversion of MongoDB driver errors to [`StoreError`].
//!
//! A violated unique key is named by its index, and an index is called `<collection>_<last field>`: index
//! `responses_quick` of `responses` becomes [`StoreError::UniqueViolation`] with `quick`, and `_id_` becomes `id`.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::StoreError;

/// MongoDB's code of a violated unique index.
pub(super) const DUPLICATE_KEY: i32 = 11_000;

/// Codes of temporary errors. The server steps down, starts or shuts down (11600, 11602, 91, 189, 10107, 13435, 13436,
/// 10058), has lost another server (6, 7, 89, 9001), has just started and does not know the majority commit point
/// (134), or a limit has expired (50, 262; 64 and 100 for a majority, 202 for a connection).
const TRANSIENT: [i32; 18] =
    [6, 7, 50, 64, 89, 91, 100, 134, 189, 202, 262, 9_001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436];

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if let Some(message) = duplicate_key_message(error.kind.as_ref()) {
            return Self::UniqueViolation(last_field(message));
        }
        if is_unavailable(error.kind.as_ref()) { Self::Unavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

/// Returns the message of a duplicate key error. `findAndModify` reports it as a command error.
#[expect(clippy::wildcard_enum_match_arm, reason = "the driver's list of kinds is open")]
fn duplicate_key_message(kind: &ErrorKind) -> Option<&str> {
    let (code, message) = match kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => (error.code, &error.message),
        ErrorKind::Command(error) => (error.code, &error.message),
        _ => return None,
    };
    (code == DUPLICATE_KEY).then_some(message)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the driver's list of kinds is open")]
fn is_unavailable(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown
        // The write was applied, but no majority acknowledged it in time.
        | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::Write(WriteFailure::WriteError(error)) => TRANSIENT.contains(&error.code),
        ErrorKind::Command(error) => TRANSIENT.contains(&error.code),
        ErrorKind::InsertMany(error) => error.write_errors.is_none(),
        _ => false,
    }
}

/// Parses the last field of the index in `E11000 duplicate key error collection: kith.responses index:
/// responses_quick_kind dup key: ..`
fn last_field(message: &str) -> String {
    let word_after = |mark| message.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
    let index = word_after("index: ").unwrap_or_default();
    let namespace = word_after("collection: ").unwrap_or_default();
    let collection = namespace.split_once('.').map_or(namespace, |(_, collection)| collection);
    index.strip_prefix(collection).unwrap_or(index).trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violated_index_is_named_by_its_last_field() {
        let by_id = "E11000 duplicate key error collection: kith.posts index: _id_ dup key: { _id: 1 }";
        let by_kind =
            "E11000 duplicate key error collection: kith.responses index: responses_quick_kind dup key: { post: 1 }";
        assert_eq!(last_field(by_id), "id");
        assert_eq!(last_field(by_kind), "quick_kind");
    }

    #[test]
    fn connection_and_transient_errors_are_unavailable_and_others_are_internal() {
        let reset = Error::from(std::io::Error::other("reset"));
        assert!(matches!(StoreError::from(reset), StoreError::Unavailable(_)));
        assert!(matches!(StoreError::from(Error::custom("x")), StoreError::Internal(_)));
        assert!(matches!(command_error(10_107, "not primary"), StoreError::Unavailable(_)));
        assert!(matches!(command_error(134, "no majority yet"), StoreError::Unavailable(_)));
        assert!(matches!(command_error(121, "no valid document"), StoreError::Internal(_)));
    }

    #[test]
    fn a_command_error_can_be_a_unique_violation() {
        let message = "E11000 duplicate key error collection: kith.leases index: _id_ dup key: { _id: 1 }";
        assert!(matches!(command_error(DUPLICATE_KEY, message), StoreError::UniqueViolation(key) if key == "id"));
    }

    fn command_error(code: i32, message: &str) -> StoreError {
        let error = serde_json::json!({ "code": code, "codeName": "", "errmsg": message });
        Error::from(ErrorKind::Command(serde_json::from_value(error).unwrap())).into()
    }
}
