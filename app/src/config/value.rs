//! Parsing and display of values.

use std::{fmt, net::SocketAddr, ops::Deref, path::PathBuf, time::Duration};

/// A value before it has a type.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum RawValue {
    Text(String),
    List(Vec<String>),
}

/// Type of a key.
pub(super) trait ConfigValue: Sized {
    /// Description of valid values, for documentation and errors.
    const TYPE_HINT: &'static str;
    /// True if the value is never printed.
    const SECRET: bool = false;

    /// Parses the value. The error message never quotes a secret.
    fn from_raw(raw: &RawValue) -> Result<Self, String>;

    /// Value that replaces an invalid one until the errors are reported.
    fn placeholder() -> Self;

    /// Text for operators. It never contains a secret.
    fn display(&self) -> String;
}

/// A value that is a single text.
pub(super) trait ScalarValue: Sized {
    const TYPE_HINT: &'static str;
    const SECRET: bool = false;

    fn parse(text: &str) -> Result<Self, String>;
    fn placeholder() -> Self;
    fn display(&self) -> String;
}

impl<S: ScalarValue> ConfigValue for S {
    const TYPE_HINT: &'static str = S::TYPE_HINT;
    const SECRET: bool = S::SECRET;

    fn from_raw(raw: &RawValue) -> Result<Self, String> {
        match raw {
            RawValue::Text(text) => S::parse(text.trim()),
            RawValue::List(_) => Err(format!("must be {}, got a list", S::TYPE_HINT)),
        }
    }

    fn placeholder() -> Self {
        S::placeholder()
    }

    fn display(&self) -> String {
        ScalarValue::display(self)
    }
}

impl<S: ScalarValue> ConfigValue for Option<S> {
    const TYPE_HINT: &'static str = S::TYPE_HINT;
    const SECRET: bool = S::SECRET;

    fn from_raw(raw: &RawValue) -> Result<Self, String> {
        match raw {
            RawValue::Text(text) if text.trim().is_empty() => Ok(None),
            RawValue::Text(_) | RawValue::List(_) => <S as ConfigValue>::from_raw(raw).map(Some),
        }
    }

    fn placeholder() -> Self {
        None
    }

    fn display(&self) -> String {
        self.as_ref().map_or_else(|| "not set".to_owned(), ScalarValue::display)
    }
}

/// List of values: a list in the file, separated by commas or newlines in a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List<T>(pub Vec<T>);

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<S: ScalarValue> ConfigValue for List<S> {
    const TYPE_HINT: &'static str = S::TYPE_HINT;
    const SECRET: bool = S::SECRET;

    fn from_raw(raw: &RawValue) -> Result<Self, String> {
        let parsed = items(raw)
            .into_iter()
            .enumerate()
            .map(|(at, text)| S::parse(text).map_err(|message| format!("item {} {message}", at.saturating_add(1))));
        parsed.collect::<Result<_, _>>().map(Self)
    }

    fn placeholder() -> Self {
        Self(Vec::new())
    }

    fn display(&self) -> String {
        match (self.0.len(), S::SECRET) {
            (0, _) => "none".to_owned(),
            (count, true) => format!("{count} set"),
            (_, false) => self.0.iter().map(ScalarValue::display).collect::<Vec<_>>().join(", "),
        }
    }
}

/// Splits a list into its items.
pub(super) fn items(raw: &RawValue) -> Vec<&str> {
    match raw {
        RawValue::Text(text) => text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).collect(),
        RawValue::List(items) => items.iter().map(|item| item.trim()).collect(),
    }
}

/// Size in bytes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(usize);

impl Size {
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

const SIZE_UNITS: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divisor = SIZE_UNITS.into_iter().find(|(_, size)| self.0.is_multiple_of(*size));
        let (unit, size) = divisor.unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0.checked_div(size).unwrap_or(0))
    }
}

impl ScalarValue for Size {
    const TYPE_HINT: &'static str = "a size, such as 256KiB or 1MiB";

    fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("must be {}, got \"{text}\"", <Self as ScalarValue>::TYPE_HINT);
        let (number, unit) = split(text).ok_or_else(invalid)?;
        let (_, size) = SIZE_UNITS.into_iter().find(|(known, _)| *known == unit).ok_or_else(invalid)?;
        let number = usize::try_from(number).ok().and_then(|number| number.checked_mul(size)).ok_or_else(invalid)?;
        if number == 0 { Err("must not be zero".to_owned()) } else { Ok(Self(number)) }
    }

    fn placeholder() -> Self {
        Self(1)
    }

    fn display(&self) -> String {
        self.to_string()
    }
}

const TIME_UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl ScalarValue for Duration {
    const TYPE_HINT: &'static str = "a duration, such as 500ms, 5s, 10m, 24h or 30d";

    fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("must be {}, got \"{text}\"", <Self as ScalarValue>::TYPE_HINT);
        let (number, unit) = split(text).ok_or_else(invalid)?;
        let (_, millis) = TIME_UNITS.into_iter().find(|(known, _)| *known == unit).ok_or_else(invalid)?;
        let span = number.checked_mul(millis).ok_or_else(invalid)?;
        // More than 100 years is an error of the operator, and could overflow when it is added to a date.
        match span {
            0 => Err("must not be zero".to_owned()),
            1..=3_153_600_000_000 => Ok(Self::from_millis(span)),
            _ => Err("must be at most 100 years".to_owned()),
        }
    }

    fn placeholder() -> Self {
        Self::from_secs(1)
    }

    fn display(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let divisor = TIME_UNITS.into_iter().find(|(_, span)| millis.is_multiple_of(*span));
        let (unit, span) = divisor.unwrap_or(("ms", 1));
        format!("{}{unit}", millis.checked_div(span).unwrap_or(0))
    }
}

/// Splits a text into its leading digits and the rest.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, unit.trim_start()))
}

impl ScalarValue for usize {
    const TYPE_HINT: &'static str = "an integer, at least 1";

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| format!("must be {}, got \"{text}\"", <Self as ScalarValue>::TYPE_HINT))
    }

    fn placeholder() -> Self {
        1
    }

    fn display(&self) -> String {
        self.to_string()
    }
}

impl ScalarValue for String {
    const TYPE_HINT: &'static str = "a text";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
    }

    fn placeholder() -> Self {
        Self::new()
    }

    fn display(&self) -> String {
        self.clone()
    }
}

impl ScalarValue for PathBuf {
    const TYPE_HINT: &'static str = "a path";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(Self::from(text)) }
    }

    fn placeholder() -> Self {
        Self::from(".")
    }

    fn display(&self) -> String {
        self.as_path().display().to_string()
    }
}

impl ScalarValue for SocketAddr {
    const TYPE_HINT: &'static str = "an address and a port, such as 127.0.0.1:8080 or [::]:8080";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("must be {}, got \"{text}\"", <Self as ScalarValue>::TYPE_HINT))
    }

    fn placeholder() -> Self {
        Self::from(([127, 0, 0, 1], 8080))
    }

    fn display(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_round_trip() {
        for text in ["256KiB", "1MiB", "3B", "2GiB"] {
            assert_eq!(Size::parse(text).unwrap().to_string(), text);
        }
        for text in ["500ms", "5s", "10m", "36h", "30d"] {
            assert_eq!(ScalarValue::display(&<Duration as ScalarValue>::parse(text).unwrap()), text);
        }
        assert_eq!(Size::parse("256 KiB").unwrap().bytes(), 256 * 1_024);
    }

    #[test]
    fn malformed_sizes_and_durations_are_rejected() {
        for text in ["", "256", "KiB", "256kb", "-1KiB", "0KiB", "99999999999999999999GiB", "99999999999GiB"] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
        for text in ["", "5", "s", "5 weeks", "0s", "-5s", "1.5h", "99999999999999d", "40000d"] {
            assert!(<Duration as ScalarValue>::parse(text).is_err(), "{text}");
        }
    }
}
