//! Timestamp column type.
//!
//! `timestamptz` in Postgres, because operators query it by hand. Integer milliseconds in SQLite: SQLite stores
//! timestamps as text whose fraction has no fixed width, and `..00.5Z` sorts before `..00Z`.

use kith_kernel::Timestamp;
use sqlx::{
    Decode, Encode, Postgres, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
    types::chrono::{DateTime, Utc},
};

/// [`Timestamp`] as a query parameter or column value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlTimestamp(pub Timestamp);

impl Type<Postgres> for SqlTimestamp {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for SqlTimestamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let time = DateTime::<Utc>::from_timestamp_millis(self.0.millis()).ok_or("timestamp out of range")?;
        <DateTime<Utc> as Encode<'_, Postgres>>::encode(time, buffer)
    }
}

impl Decode<'_, Postgres> for SqlTimestamp {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let time = <DateTime<Utc> as Decode<'_, Postgres>>::decode(value)?;
        Ok(Self(Timestamp::from_millis(time.timestamp_millis())))
    }
}

impl Type<Sqlite> for SqlTimestamp {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for SqlTimestamp {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'_, Sqlite>>::encode(self.0.millis(), buffer)
    }
}

impl Decode<'_, Sqlite> for SqlTimestamp {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_millis(<i64 as Decode<'_, Sqlite>>::decode(value)?)))
    }
}
