//! How the text of a value is read, and how a value is shown.

use std::{fmt, net::SocketAddr, ops::Deref, path::PathBuf, time::Duration};

use super::source::Raw;

/// The type of a key.
pub(super) trait Value: Sized {
    /// What its text looks like, for the docs.
    const KIND: &'static str;
    /// Whether it is never shown.
    const SECRET: bool = false;

    /// The value of this text, or what is wrong with it. What is wrong never quotes a secret.
    fn read(raw: &Raw) -> Result<Self, String>;

    /// What stands in where no text can be read.
    fn nothing() -> Self;

    /// As an operator may see it.
    fn show(&self) -> String;
}

/// A value that is one text.
pub(super) trait Scalar: Sized {
    const KIND: &'static str;
    const SECRET: bool = false;

    fn parse(text: &str) -> Result<Self, String>;
    fn nothing() -> Self;
    fn show(&self) -> String;
}

impl<S: Scalar> Value for S {
    const KIND: &'static str = S::KIND;
    const SECRET: bool = S::SECRET;

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => S::parse(text.trim()),
            Raw::List(_) => Err(format!("is a list; it has to be {}", S::KIND)),
        }
    }

    fn nothing() -> Self {
        S::nothing()
    }

    fn show(&self) -> String {
        Scalar::show(self)
    }
}

impl<S: Scalar> Value for Option<S> {
    const KIND: &'static str = S::KIND;
    const SECRET: bool = S::SECRET;

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if text.trim().is_empty() => Ok(None),
            Raw::Text(_) | Raw::List(_) => <S as Value>::read(raw).map(Some),
        }
    }

    fn nothing() -> Self {
        None
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "not set".to_owned(), Scalar::show)
    }
}

/// Several values: a list in the file, commas or lines between them in a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List<T>(pub Vec<T>);

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<S: Scalar> Value for List<S> {
    const KIND: &'static str = S::KIND;
    const SECRET: bool = S::SECRET;

    fn read(raw: &Raw) -> Result<Self, String> {
        let parsed = items(raw).into_iter().enumerate().map(|(at, text)| {
            S::parse(text).map_err(|what| format!("number {} of the list {what}", at.saturating_add(1)))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    fn nothing() -> Self {
        Self(Vec::new())
    }

    fn show(&self) -> String {
        match (self.0.len(), S::SECRET) {
            (0, _) => "none".to_owned(),
            (count, true) => format!("{count} set"),
            (_, false) => self.0.iter().map(Scalar::show).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The texts of a list.
pub(super) fn items(raw: &Raw) -> Vec<&str> {
    match raw {
        Raw::Text(text) => text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).collect(),
        Raw::List(items) => items.iter().map(|item| item.trim()).collect(),
    }
}

/// A number of bytes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(usize);

impl Size {
    /// How many bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

const SIZES: [(&str, usize); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = SIZES.into_iter().find(|(_, size)| self.0.is_multiple_of(*size));
        let (unit, size) = whole.unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0.checked_div(size).unwrap_or(0))
    }
}

impl Scalar for Size {
    const KIND: &'static str = "a size, as 256KiB or 1MiB";

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("is \"{text}\"; it has to be {}", <Self as Scalar>::KIND);
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let (_, size) = SIZES.into_iter().find(|(known, _)| *known == unit).ok_or_else(wrong)?;
        let number = usize::try_from(number).ok().and_then(|number| number.checked_mul(size)).ok_or_else(wrong)?;
        if number == 0 { Err("is nothing".to_owned()) } else { Ok(Self(number)) }
    }

    fn nothing() -> Self {
        Self(1)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

const SPANS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Scalar for Duration {
    const KIND: &'static str = "a time, as 500ms, 5s, 10m, 24h or 30d";

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("is \"{text}\"; it has to be {}", <Self as Scalar>::KIND);
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let (_, millis) = SPANS.into_iter().find(|(known, _)| *known == unit).ok_or_else(wrong)?;
        let span = number.checked_mul(millis).ok_or_else(wrong)?;
        // What is longer than a century is a slip, and might not fit where it is added to a date.
        match span {
            0 => Err("is no time at all".to_owned()),
            1..=3_153_600_000_000 => Ok(Self::from_millis(span)),
            _ => Err("is longer than a century".to_owned()),
        }
    }

    fn nothing() -> Self {
        Self::from_secs(1)
    }

    fn show(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let whole = SPANS.into_iter().find(|(_, span)| millis.is_multiple_of(*span));
        let (unit, span) = whole.unwrap_or(("ms", 1));
        format!("{}{unit}", millis.checked_div(span).unwrap_or(0))
    }
}

/// Digits, and what is after them.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (digits, unit) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, unit.trim_start()))
}

impl Scalar for usize {
    const KIND: &'static str = "a whole number, at least 1";

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| format!("is \"{text}\"; it has to be {}", <Self as Scalar>::KIND))
    }

    fn nothing() -> Self {
        1
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Scalar for String {
    const KIND: &'static str = "a text";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text.to_owned()) }
    }

    fn nothing() -> Self {
        Self::new()
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Scalar for PathBuf {
    const KIND: &'static str = "a folder";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("is empty".to_owned()) } else { Ok(Self::from(text)) }
    }

    fn nothing() -> Self {
        Self::from(".")
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Scalar for SocketAddr {
    const KIND: &'static str = "an address and a port, as 127.0.0.1:8080 or [::]:8080";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("is \"{text}\"; it has to be {}", <Self as Scalar>::KIND))
    }

    fn nothing() -> Self {
        Self::from(([127, 0, 0, 1], 8080))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_read_back_as_they_are_shown() {
        for text in ["256KiB", "1MiB", "3B", "2GiB"] {
            assert_eq!(Size::parse(text).unwrap().to_string(), text);
        }
        for text in ["500ms", "5s", "10m", "36h", "30d"] {
            assert_eq!(Scalar::show(&<Duration as Scalar>::parse(text).unwrap()), text);
        }
        assert_eq!(Size::parse("256 KiB").unwrap().bytes(), 256 * 1_024);
    }

    #[test]
    fn what_is_no_size_or_time_is_refused() {
        for text in ["", "256", "KiB", "256kb", "-1KiB", "0KiB", "99999999999999999999GiB", "99999999999GiB"] {
            assert!(Size::parse(text).is_err(), "{text}");
        }
        for text in ["", "5", "s", "5 weeks", "0s", "-5s", "1.5h", "99999999999999d", "40000d"] {
            assert!(<Duration as Scalar>::parse(text).is_err(), "{text}");
        }
    }
}
