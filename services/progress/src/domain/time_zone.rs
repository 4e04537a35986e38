//! Time zones and instants with a time zone.

use std::fmt;

use jiff::{
    Timestamp as Instant,
    civil::DateTime,
    tz::{self, TimeZoneDatabase},
};
use kith_kernel::Timestamp;

use super::Date;

/// A time zone of the IANA time zone database.
///
/// The database is compiled in, so that every node counts the same days whatever its operating system provides.
#[derive(Clone, PartialEq, Eq)]
pub struct TimeZone {
    name: String,
    rules: tz::TimeZone,
}

impl TimeZone {
    /// Finds a time zone by name. Case is ignored.
    ///
    /// # Errors
    /// [`UnknownTimeZone`] if the database does not contain it.
    pub fn new(name: &str) -> Result<Self, UnknownTimeZone> {
        let rules = TimeZoneDatabase::bundled().get(name).map_err(|_| UnknownTimeZone)?;
        let name = rules.iana_name().ok_or(UnknownTimeZone)?.to_owned();
        Ok(Self { name, rules })
    }

    /// UTC: the time zone of accounts that have not set one.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: tz::TimeZone::UTC }
    }

    /// Name in the spelling of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Local date of an instant.
    #[must_use]
    pub fn local_day(&self, at: Timestamp) -> Date {
        Date(self.local_time(at).date())
    }

    /// Local date and time of an instant.
    #[must_use]
    pub fn local_time(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(to_instant(at))
    }

    /// First instant of a day. Later than midnight if the clock skips it; the first midnight if the clock shows it twice.
    #[must_use]
    pub fn start_of_day(&self, date: Date) -> Timestamp {
        let start = date.0.to_zoned(self.rules.clone()).and_then(|midnight| midnight.start_of_day());
        start.map_or(MAX, |start| from_instant(start.timestamp()))
    }

    /// Noon of a day. It represents a date without a time: it is far enough from both midnights that a change to a
    /// neighbouring time zone does not move it to another day.
    #[must_use]
    pub fn noon(&self, date: Date) -> Timestamp {
        let noon = date.0.at(12, 0, 0, 0).to_zoned(self.rules.clone());
        noon.map_or(MAX, |noon| from_instant(noon.timestamp()))
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Later than every instant of the calendar.
const MAX: Timestamp = Timestamp::from_millis(i64::MAX);

/// Instants outside of the calendar become its first or last instant.
fn to_instant(at: Timestamp) -> Instant {
    let limit = if at.millis() < 0 { Instant::MIN } else { Instant::MAX };
    Instant::from_millisecond(at.millis()).unwrap_or(limit)
}

fn from_instant(at: Instant) -> Timestamp {
    Timestamp::from_millis(at.as_millisecond())
}

/// An instant with the time zone that its owner had when it was recorded. Its local time therefore stays the same when
/// the owner moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZonedInstant {
    pub at: Timestamp,
    /// `None` if the owner had not set a time zone.
    pub time_zone: Option<TimeZone>,
}

/// The database does not contain the time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone")]
pub struct UnknownTimeZone;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        from_instant(text.parse().unwrap())
    }

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn a_time_zone_is_found_by_its_name_in_any_case() {
        assert_eq!(TimeZone::new("europe/oslo").unwrap().name(), "Europe/Oslo");
        assert_eq!(TimeZone::new("Europe/Atlantis"), Err(UnknownTimeZone));
        assert_eq!(TimeZone::new("../etc/passwd"), Err(UnknownTimeZone));
        assert_eq!(TimeZone::utc(), TimeZone::new("UTC").unwrap());
    }

    #[test]
    fn a_day_starts_after_a_skipped_midnight() {
        let cairo = TimeZone::new("Africa/Cairo").unwrap();
        assert_eq!(cairo.start_of_day(date("2024-04-26")), at("2024-04-25T22:00:00Z"));
        assert_eq!(cairo.local_time(at("2024-04-25T22:00:00Z")).hour(), 1);
    }

    #[test]
    fn a_day_starts_at_the_first_of_two_midnights() {
        let havana = TimeZone::new("America/Havana").unwrap();
        assert_eq!(havana.start_of_day(date("2024-11-03")), at("2024-11-03T04:00:00Z"));
    }

    #[test]
    fn instants_outside_of_the_calendar_are_clamped() {
        let utc = TimeZone::utc();
        assert!(utc.local_day(Timestamp::from_millis(i64::MIN)) < utc.local_day(Timestamp::from_millis(0)));
        assert!(utc.local_day(MAX) > utc.local_day(Timestamp::from_millis(0)));
        assert_eq!(utc.start_of_day(utc.local_day(MAX).plus_days(9)), MAX);
    }
}
