//! Dates and ranges of dates.

use std::fmt;

use jiff::{Span, civil};
use kith_kernel::Timestamp;

use super::TimeZone;

/// A calendar date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub(super) civil::Date);

impl Date {
    /// Parses `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`InvalidDate`] if the date does not exist or has another format.
    pub fn parse(text: &str) -> Result<Self, InvalidDate> {
        let date: civil::Date = text.parse().map_err(|_| InvalidDate)?;
        if date.to_string() != text {
            return Err(InvalidDate);
        }
        Ok(Self(date))
    }

    /// Returns the number of midnights between an earlier date and this one; 0 if it is not earlier.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> u32 {
        let days = earlier.0.until(self.0).map_or(0, |span| span.get_days());
        u32::try_from(days).unwrap_or(0)
    }

    /// Adds days. Saturates at the last date of the calendar.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(Span::new().days(i64::from(days))))
    }

    /// Subtracts days. Saturates at the first date of the calendar.
    #[must_use]
    pub fn minus_days(self, days: u32) -> Self {
        Self(self.0.saturating_sub(Span::new().days(i64::from(days))))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Consecutive dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    pub first: Date,
    /// Inclusive.
    pub last: Date,
}

impl DateRange {
    /// Returns the start of the first day and the end of the last one, which is exclusive.
    #[must_use]
    pub fn bounds(&self, time_zone: &TimeZone) -> (Timestamp, Timestamp) {
        (time_zone.start_of_day(self.first), time_zone.start_of_day(self.last.plus_days(1)))
    }

    /// Returns the dates in ascending order.
    pub fn days(&self) -> impl Iterator<Item = Date> {
        let first = self.first;
        (0..=self.last.days_since(first)).map(move |days| first.plus_days(days))
    }
}

/// The text is not a date in the format `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("date must be a valid date formatted as YYYY-MM-DD")]
pub struct InvalidDate;

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_date_has_exactly_one_format() {
        assert_eq!(date("2024-02-29").to_string(), "2024-02-29");
        for text in ["2023-02-29", "20240229", "2024-2-9", "+2024-02-29", "2024-02-29T00:00", "today", ""] {
            assert_eq!(Date::parse(text), Err(InvalidDate), "{text}");
        }
    }

    #[test]
    fn a_range_includes_its_first_and_last_day() {
        let range = DateRange { first: date("2024-02-28"), last: date("2024-03-01") };
        let days: Vec<String> = range.days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2024-02-28", "2024-02-29", "2024-03-01"]);
        let oslo = TimeZone::new("Europe/Oslo").unwrap();
        assert_eq!(range.bounds(&oslo), (at("2024-02-27T23:00:00Z"), at("2024-03-01T23:00:00Z")));
    }
}
