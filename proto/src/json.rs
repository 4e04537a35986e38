//! Canonical proto3 JSON (the "`ProtoJSON` Format" of protobuf.dev), for the field types that the protos use.
//!
//! `cargo xtask codegen` generates `Serialize` and `Deserialize` of each message with these types, and fails on a field of
//! any other type. The reader accepts everything that the specification requires of a parser: both names of a field,
//! numbers as strings, `1.0` for 1, `null` for unset, both alphabets of base64, enums by name or number. Unknown fields are
//! ignored, so that a newer client can call an older server.

use std::{borrow::Cow, fmt, marker::PhantomData};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use chrono::{DateTime, SecondsFormat, Utc};
use pbjson_types::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
    ser::Error as _,
};

/// The JSON form of a field of type `T`.
pub trait FromJson<'de, T>: Deserialize<'de> {
    /// Returns the value of the field.
    fn into_value(self) -> T;
}

/// Name of a field. Borrowed from the input if it contains no escape sequence.
pub struct Key<'a>(Cow<'a, str>);

impl AsRef<str> for Key<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Borrow).map(Self)
    }
}

/// Returns the value, or the default of the type if the field is unset.
pub fn value<'de, W: FromJson<'de, T>, T: Default>(read: Option<W>) -> T {
    read.map(FromJson::into_value).unwrap_or_default()
}

/// Returns the value if the field is set.
pub fn optional<'de, W: FromJson<'de, T>, T>(read: Option<W>) -> Option<T> {
    read.map(FromJson::into_value)
}

/// Returns the values of a list; `null` is an empty list.
pub fn list<'de, W: FromJson<'de, T>, T>(read: Option<Vec<W>>) -> Vec<T> {
    read.unwrap_or_default().into_iter().map(FromJson::into_value).collect()
}

/// Serializes a list item by item.
pub struct List<'a, T, W>(pub &'a [T], pub fn(&'a T) -> W);

impl<T, W: Serialize> Serialize for List<'_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

/// A value whose JSON form is that of its Rust type.
pub struct PlainValue<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PlainValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> FromJson<'de, T> for PlainValue<T> {
    fn into_value(self) -> T {
        self.0
    }
}

/// An integer, read from a number or a string.
///
/// Integers of up to 32 bits are written as numbers. Those of 64 bits are written as strings ([`Int64Text`]), because JavaScript
/// numbers cannot represent them.
pub struct Number<T>(pub T);

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = deserializer.deserialize_any(WholeNumber)?;
        T::try_from(whole).map(Self).map_err(|_| D::Error::custom("number out of range"))
    }
}

impl<T: TryFrom<i128>> FromJson<'_, T> for Number<T> {
    fn into_value(self) -> T {
        self.0
    }
}

/// A 64-bit integer, written as a string.
pub struct Int64Text<T>(pub T);

impl<T: fmt::Display> Serialize for Int64Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i128, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i128, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i128, E> {
        whole(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i128, E> {
        let number = text.parse().ok().or_else(|| text.parse().ok().filter(|_| is_decimal(text)).and_then(whole));
        number.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Returns false for `inf`, `nan` and other words that Rust parses as floating-point numbers.
fn is_decimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

/// 2^64. Every supported integer is below it, and `f64` represents it exactly.
const BEYOND: f64 = 18_446_744_073_709_551_616.0;

fn whole(number: f64) -> Option<i128> {
    if number.fract() != 0.0 || number.abs() >= BEYOND {
        return None;
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "integral and within bounds, so the cast is exact"
    )]
    let exact = number as i128;
    Some(exact)
}

/// Bytes, encoded in base64.
pub struct Base64<T>(pub T);

impl<T: AsRef<[u8]>> Serialize for Base64<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0.as_ref()))
    }
}

impl<'de> Deserialize<'de> for Base64<Vec<u8>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const LENIENT: GeneralPurposeConfig =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let url = text.contains(['-', '_']);
        let alphabet = if url { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
        let bytes = GeneralPurpose::new(alphabet, LENIENT).decode(text.as_bytes());
        bytes.map(Self).map_err(|_| D::Error::custom("invalid base64"))
    }
}

impl FromJson<'_, Vec<u8>> for Base64<Vec<u8>> {
    fn into_value(self) -> Vec<u8> {
        self.0
    }
}

/// An enum value. Written by name, or by number if this build does not know the value.
pub struct EnumValue<T>(pub i32, pub PhantomData<T>);

/// A generated enum.
pub trait ProtoEnum: TryFrom<i32> + Into<i32> + Sized {
    /// Returns the name of the value in the proto.
    fn name(&self) -> &'static str;
    /// Returns the value with this name.
    fn from_name(name: &str) -> Option<Self>;
}

impl<T: ProtoEnum> EnumValue<T> {
    /// Wraps the number that a field contains.
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self(number, PhantomData)
    }
}

impl<T: ProtoEnum> Serialize for EnumValue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match T::try_from(self.0) {
            Ok(known) => serializer.serialize_str(known.name()),
            Err(_) => serializer.serialize_i32(self.0),
        }
    }
}

impl<'de, T: ProtoEnum> Deserialize<'de> for EnumValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EnumVisitor::<T>(PhantomData)).map(Self::new)
    }
}

impl<T: ProtoEnum> FromJson<'_, i32> for EnumValue<T> {
    fn into_value(self) -> i32 {
        self.0
    }
}

struct EnumVisitor<T>(PhantomData<T>);

impl<T: ProtoEnum> Visitor<'_> for EnumVisitor<T> {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name or number of an enum value")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<i32, E> {
        T::from_name(name).map(Into::<i32>::into).ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i32, E> {
        i32::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i32, E> {
        i32::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i32, E> {
        let exact = whole(number).and_then(|number| i32::try_from(number).ok());
        exact.ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }
}

/// A timestamp in RFC 3339. Written in UTC with 0, 3, 6 or 9 fractional digits.
pub struct TimestampValue<T>(pub T);

impl Serialize for TimestampValue<&Timestamp> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = u32::try_from(self.0.nanos).map_err(|_| S::Error::custom("timestamp with negative nanos"))?;
        let timestamp = DateTime::<Utc>::from_timestamp(self.0.seconds, nanos).filter(|it| in_range(it.timestamp()));
        let timestamp = timestamp.ok_or_else(|| S::Error::custom("timestamp out of range"))?;
        serializer.serialize_str(&timestamp.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for TimestampValue<Timestamp> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let timestamp =
            DateTime::parse_from_rfc3339(&text).map_err(|_| D::Error::custom("invalid RFC 3339 timestamp"))?;
        if !in_range(timestamp.timestamp()) {
            return Err(D::Error::custom("timestamp out of range"));
        }
        // A leap second becomes the last nanosecond of the preceding second.
        let nanos = i32::try_from(timestamp.timestamp_subsec_nanos().min(999_999_999)).unwrap_or(0);
        Ok(Self(Timestamp { seconds: timestamp.timestamp(), nanos }))
    }
}

impl FromJson<'_, Timestamp> for TimestampValue<Timestamp> {
    fn into_value(self) -> Timestamp {
        self.0
    }
}

/// Returns true for the years 1 to 9999, the range that the specification allows.
const fn in_range(seconds: i64) -> bool {
    seconds >= -62_135_596_800 && seconds <= 253_402_300_799
}
