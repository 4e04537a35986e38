//! Where somebody's days begin and end.

use std::fmt;

use jiff::{
    Span, Timestamp as Instant,
    civil::{Date, DateTime},
    tz::{TimeZone, TimeZoneDatabase},
};
use kith_kernel::Timestamp;

/// A time zone of the IANA database. The database is the one that was built in: every node, whatever its machine knows,
/// counts the same days.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// The zone of this name, without regard to case.
    ///
    /// # Errors
    /// [`UnknownZone`] if the database has none.
    pub fn new(name: &str) -> Result<Self, UnknownZone> {
        let rules = TimeZoneDatabase::bundled().get(name).map_err(|_| UnknownZone)?;
        let name = rules.iana_name().ok_or(UnknownZone)?.to_owned();
        Ok(Self { name, rules })
    }

    /// Where the days of those begin and end who have not said where they are.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// Its name, as the database spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the calendar says here at this moment.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Day {
        Day(self.local(at).date())
    }

    /// What calendar and clock say here at this moment.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(instant(at))
    }

    /// The first moment of a day. Where the clock skips midnight, that is later than midnight; where it shows midnight
    /// twice, it is the first.
    #[must_use]
    pub fn begins(&self, day: Day) -> Timestamp {
        let first = day.0.to_zoned(self.rules.clone()).and_then(|midnight| midnight.start_of_day());
        first.map_or(LAST, |first| moment(first.timestamp()))
    }

    /// The middle of a day, for who names no more than the date: so far from both midnights that a journey to the
    /// neighbours does not move it into another day.
    #[must_use]
    pub fn noon(&self, day: Day) -> Timestamp {
        let noon = day.0.at(12, 0, 0, 0).to_zoned(self.rules.clone());
        noon.map_or(LAST, |noon| moment(noon.timestamp()))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Later than all that can be.
const LAST: Timestamp = Timestamp::from_millis(i64::MAX);

/// What lies outside of the calendar is at its edge.
fn instant(at: Timestamp) -> Instant {
    let edge = if at.millis() < 0 { Instant::MIN } else { Instant::MAX };
    Instant::from_millisecond(at.millis()).unwrap_or(edge)
}

fn moment(at: Instant) -> Timestamp {
    Timestamp::from_millis(at.as_millisecond())
}

/// A date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// The date that `YYYY-MM-DD` names.
    ///
    /// # Errors
    /// [`UnknownDay`] if there is none, or if it is written otherwise.
    pub fn new(text: &str) -> Result<Self, UnknownDay> {
        let day: Date = text.parse().map_err(|_| UnknownDay)?;
        if day.to_string() != text {
            return Err(UnknownDay);
        }
        Ok(Self(day))
    }

    /// How many midnights lie between an earlier date and this one; none if it is not earlier.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> u32 {
        let days = earlier.0.until(self.0).map_or(0, |span| span.get_days());
        u32::try_from(days).unwrap_or(0)
    }

    /// The date so many days later.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(Span::new().days(i64::from(days))))
    }

    /// The date so many days earlier.
    #[must_use]
    pub fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(Span::new().days(i64::from(days))))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Some days that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first.
    pub first: Day,
    /// The last, which belongs to it.
    pub last: Day,
}

impl Period {
    /// From its first moment, which belongs to it, to its end, which does not.
    #[must_use]
    pub fn moments(&self, zone: &Zone) -> (Timestamp, Timestamp) {
        (zone.begins(self.first), zone.begins(self.last.plus(1)))
    }

    /// Its days, in their order.
    pub fn days(&self) -> impl Iterator<Item = Day> {
        let first = self.first;
        (0..=self.last.days_since(first)).map(move |more| first.plus(more))
    }
}

/// When something was, and where its owner was then: its hour stays what they lived, wherever they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Where, if they have said.
    pub zone: Option<Zone>,
}

/// There is no such time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such time zone")]
pub struct UnknownZone;

/// There is no such date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a date is written YYYY-MM-DD")]
pub struct UnknownDay;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        moment(text.parse().unwrap())
    }

    #[test]
    fn a_zone_is_known_by_its_name_in_whatever_case() {
        assert_eq!(Zone::new("europe/oslo").unwrap().name(), "Europe/Oslo");
        assert_eq!(Zone::new("Europe/Atlantis"), Err(UnknownZone));
        assert_eq!(Zone::new("../etc/passwd"), Err(UnknownZone));
        assert_eq!(Zone::utc(), Zone::new("UTC").unwrap());
    }

    #[test]
    fn a_date_is_written_in_one_way() {
        assert_eq!(Day::new("2024-02-29").unwrap().to_string(), "2024-02-29");
        for text in ["2023-02-29", "20240229", "2024-2-9", "+2024-02-29", "2024-02-29T00:00", "today", ""] {
            assert_eq!(Day::new(text), Err(UnknownDay), "{text}");
        }
    }

    #[test]
    fn a_day_begins_after_a_midnight_that_the_clock_skips() {
        let cairo = Zone::new("Africa/Cairo").unwrap();
        assert_eq!(cairo.begins(Day::new("2024-04-26").unwrap()), at("2024-04-25T22:00:00Z"));
        assert_eq!(cairo.local(at("2024-04-25T22:00:00Z")).hour(), 1);
    }

    #[test]
    fn a_day_begins_at_the_first_of_two_midnights() {
        let havana = Zone::new("America/Havana").unwrap();
        assert_eq!(havana.begins(Day::new("2024-11-03").unwrap()), at("2024-11-03T04:00:00Z"));
    }

    #[test]
    fn a_period_has_its_first_and_its_last_day() {
        let period = Period { first: Day::new("2024-02-28").unwrap(), last: Day::new("2024-03-01").unwrap() };
        let days: Vec<String> = period.days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2024-02-28", "2024-02-29", "2024-03-01"]);
        let oslo = Zone::new("Europe/Oslo").unwrap();
        assert_eq!(period.moments(&oslo), (at("2024-02-27T23:00:00Z"), at("2024-03-01T23:00:00Z")));
    }

    #[test]
    fn what_lies_outside_of_the_calendar_is_at_its_edge() {
        let utc = Zone::utc();
        assert!(utc.day(Timestamp::from_millis(i64::MIN)) < utc.day(Timestamp::from_millis(0)));
        assert!(utc.day(LAST) > utc.day(Timestamp::from_millis(0)));
        assert_eq!(utc.begins(utc.day(LAST).plus(9)), LAST);
    }
}
