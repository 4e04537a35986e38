//! Conversions between domain types and BSON.

use kith_kernel::Timestamp;
use mongodb::bson::{self, Binary, Bson, DateTime, spec::BinarySubtype};
use uuid::Uuid;

/// Converts an id to BSON. BSON ids sort by their bytes, as in the SQL databases.
#[must_use]
pub const fn id(uuid: Uuid) -> bson::Uuid {
    bson::Uuid::from_bytes(uuid.into_bytes())
}

/// Converts an id from BSON.
#[must_use]
pub const fn uuid(id: bson::Uuid) -> Uuid {
    Uuid::from_bytes(id.bytes())
}

/// Converts ids to a BSON array, for `$in` and `$nin`.
pub fn ids(uuids: impl IntoIterator<Item = Uuid>) -> Bson {
    uuids.into_iter().map(|uuid| Bson::from(id(uuid))).collect::<Vec<_>>().into()
}

/// Converts a timestamp to BSON. Both have millisecond resolution.
#[must_use]
pub const fn bson_date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.millis())
}

/// Converts a timestamp from BSON.
#[must_use]
pub const fn timestamp(date: DateTime) -> Timestamp {
    Timestamp::from_millis(date.timestamp_millis())
}

pub(super) const fn binary(bytes: Vec<u8>) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes }
}
