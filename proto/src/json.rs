//! Canonical proto3 JSON (the "`ProtoJSON` Format" of protobuf.dev), as far as our messages need it.
//!
//! `cargo xtask codegen` writes `Serialize` and `Deserialize` of each message over these; a field of a type that is not
//! here ends the generator. What is read is what the specification says a reader takes: both names of a field, numbers
//! as texts, `1.0` for 1, `null` for unset, either alphabet of base64, enums by name or number. What nobody knows is
//! passed over, so that a newer client can talk to an older server.

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

/// What can be set from JSON: the type of a field behind the form that JSON gives it.
pub trait Read<'de, T>: Deserialize<'de> {
    /// The value of the field.
    fn value(self) -> T;
}

/// The name of a field, borrowed where it holds no escape.
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
                f.write_str("the name of a field")
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

/// The value, or what an unset field has.
pub fn value<'de, W: Read<'de, T>, T: Default>(read: Option<W>) -> T {
    read.map(Read::value).unwrap_or_default()
}

/// The value, if it is set.
pub fn optional<'de, W: Read<'de, T>, T>(read: Option<W>) -> Option<T> {
    read.map(Read::value)
}

/// The values of a list; `null` is an empty one.
pub fn list<'de, W: Read<'de, T>, T>(read: Option<Vec<W>>) -> Vec<T> {
    read.unwrap_or_default().into_iter().map(Read::value).collect()
}

/// A list as JSON writes it, item by item.
pub struct List<'a, T, W>(pub &'a [T], pub fn(&'a T) -> W);

impl<T, W: Serialize> Serialize for List<'_, T, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

/// What JSON says as our types say it.
pub struct Plain<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Plain<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Read<'de, T> for Plain<T> {
    fn value(self) -> T {
        self.0
    }
}

/// A whole number. It is written as a number up to 32 bits and as a text above, which JavaScript could not hold.
pub struct Number<T>(pub T);

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = deserializer.deserialize_any(Whole)?;
        T::try_from(whole).map(Self).map_err(|_| D::Error::custom("a number out of range"))
    }
}

impl<T: TryFrom<i128>> Read<'_, T> for Number<T> {
    fn value(self) -> T {
        self.0
    }
}

/// A number of 64 bits, as it is written.
pub struct Text<T>(pub T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = i128;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
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

/// Not `inf` and the other words that Rust reads as numbers.
fn is_decimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

/// 2^64: all that fits our numbers is below, and a `f64` holds it exactly.
const BEYOND: f64 = 18_446_744_073_709_551_616.0;

fn whole(number: f64) -> Option<i128> {
    if number.fract() != 0.0 || number.abs() >= BEYOND {
        return None;
    }
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "whole and within bounds: exact")]
    let exact = number as i128;
    Some(exact)
}

/// Bytes, in base64.
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
        bytes.map(Self).map_err(|_| D::Error::custom("not base64"))
    }
}

impl Read<'_, Vec<u8>> for Base64<Vec<u8>> {
    fn value(self) -> Vec<u8> {
        self.0
    }
}

/// A choice: written by name, or by number if a newer build made it.
pub struct Choice<T>(pub i32, pub PhantomData<T>);

/// An enum of the protos.
pub trait Named: TryFrom<i32> + Into<i32> + Sized {
    /// Its name in the proto.
    fn name(&self) -> &'static str;
    /// The one of this name.
    fn of(name: &str) -> Option<Self>;
}

impl<T: Named> Choice<T> {
    /// A choice for a field.
    #[must_use]
    pub const fn new(number: i32) -> Self {
        Self(number, PhantomData)
    }
}

impl<T: Named> Serialize for Choice<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match T::try_from(self.0) {
            Ok(known) => serializer.serialize_str(known.name()),
            Err(_) => serializer.serialize_i32(self.0),
        }
    }
}

impl<'de, T: Named> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Chooser::<T>(PhantomData)).map(Self::new)
    }
}

impl<T: Named> Read<'_, i32> for Choice<T> {
    fn value(self) -> i32 {
        self.0
    }
}

struct Chooser<T>(PhantomData<T>);

impl<T: Named> Visitor<'_> for Chooser<T> {
    type Value = i32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name or the number of a choice")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<i32, E> {
        T::of(name).map(Into::<i32>::into).ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
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

/// A moment: RFC 3339, in UTC, with as many digits as it needs in threes.
pub struct Time<T>(pub T);

impl Serialize for Time<&Timestamp> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = u32::try_from(self.0.nanos).map_err(|_| S::Error::custom("a moment with negative nanos"))?;
        let moment = DateTime::<Utc>::from_timestamp(self.0.seconds, nanos).filter(|it| in_range(it.timestamp()));
        let moment = moment.ok_or_else(|| S::Error::custom("a moment out of range"))?;
        serializer.serialize_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Time<Timestamp> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let moment = DateTime::parse_from_rfc3339(&text).map_err(|_| D::Error::custom("not a moment of RFC 3339"))?;
        if !in_range(moment.timestamp()) {
            return Err(D::Error::custom("a moment out of range"));
        }
        // A leap second is the last nanosecond of the one before it.
        let nanos = i32::try_from(moment.timestamp_subsec_nanos().min(999_999_999)).unwrap_or(0);
        Ok(Self(Timestamp { seconds: moment.timestamp(), nanos }))
    }
}

impl Read<'_, Timestamp> for Time<Timestamp> {
    fn value(self) -> Timestamp {
        self.0
    }
}

/// The years 1 to 9999.
const fn in_range(seconds: i64) -> bool {
    seconds >= -62_135_596_800 && seconds <= 253_402_300_799
}
