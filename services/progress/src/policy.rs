//! When something may be said to have been. Pure: all that a rule needs is passed in.

use std::time::Duration;

use kith_kernel::Timestamp;

use crate::{Day, Period, UnknownDay, Zone, domain::HeatDay};

/// How far a check-in may be back-dated. Later nobody remembers how they were.
pub const REMEMBERED: Duration = Duration::from_hours(30 * 24);
/// How far a client's clock may be ahead. What it says is taken for now.
pub const SKEW: Duration = Duration::from_mins(5);
/// How many relapses one person can note. They are kept in one document, which is read and written as a whole.
pub const RELAPSES: usize = 1_000;
/// How many days a period may have.
pub const LONGEST_PERIOD: u32 = 366;
/// How many days before its last one a period begins of which only the last is known.
pub const USUAL_PERIOD: u32 = 30;
/// How many check-ins of a period are looked at: the newest.
pub const LOOKED_AT: i64 = 10_000;
/// The first day that anybody can count from.
pub const FIRST_DAY: &str = "1900-01-01";

/// Why something cannot have been then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untimely {
    /// It has not been yet.
    #[error("this lies in the future")]
    Future,
    /// It is too long ago.
    #[error("this is too long ago")]
    LongAgo,
    /// It ends before it begins.
    #[error("this ends before it begins")]
    Backwards,
    /// It has too many days.
    #[error("a period has at most 366 days")]
    TooLong,
    /// It is no date.
    #[error(transparent)]
    Day(#[from] UnknownDay),
}

/// When a check-in was: now, if its owner does not say.
///
/// # Errors
/// [`Untimely::Future`], [`Untimely::LongAgo`] beyond [`REMEMBERED`].
pub fn checked_in(asked: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Untimely> {
    within(asked, now.before(REMEMBERED), now)
}

/// When a relapse was: now, if its owner does not say.
///
/// # Errors
/// [`Untimely::Future`], [`Untimely::LongAgo`] before [`FIRST_DAY`].
pub fn relapsed(asked: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Untimely> {
    within(asked, Zone::utc().begins(Day::new(FIRST_DAY)?), now)
}

fn within(asked: Option<Timestamp>, first: Timestamp, now: Timestamp) -> Result<Timestamp, Untimely> {
    let Some(asked) = asked else { return Ok(now) };
    if asked > now.after(SKEW) {
        return Err(Untimely::Future);
    }
    if asked < first {
        return Err(Untimely::LongAgo);
    }
    Ok(asked.min(now))
}

/// The day from which somebody counts.
///
/// # Errors
/// [`Untimely::Day`], [`Untimely::Future`] after today, [`Untimely::LongAgo`] before [`FIRST_DAY`].
pub fn started(text: &str, today: Day) -> Result<Day, Untimely> {
    let day = Day::new(text)?;
    if day > today {
        return Err(Untimely::Future);
    }
    if day < Day::new(FIRST_DAY)? {
        return Err(Untimely::LongAgo);
    }
    Ok(day)
}

/// The period from one date to another. An empty one is for the policy to choose.
///
/// # Errors
/// [`Untimely::Day`], [`Untimely::Backwards`], [`Untimely::TooLong`].
pub fn period(first: &str, last: &str, today: Day) -> Result<Period, Untimely> {
    let last = if last.is_empty() { today } else { Day::new(last)? };
    let first = if first.is_empty() { last.minus(USUAL_PERIOD) } else { Day::new(first)? };
    if first > last {
        return Err(Untimely::Backwards);
    }
    if last.days_since(first) >= LONGEST_PERIOD {
        return Err(Untimely::TooLong);
    }
    Ok(Period { first, last })
}

/// The days of the map: those that end today.
#[must_use]
pub fn mapped(today: Day) -> Period {
    Period { first: today.minus(HeatDay::COUNT - 1), last: today }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn day(text: &str) -> Day {
        Day::new(text).unwrap()
    }

    #[test]
    fn what_is_not_said_to_have_been_before_is_now() {
        assert_eq!(checked_in(None, NOW), Ok(NOW));
        assert_eq!(relapsed(None, NOW), Ok(NOW));
    }

    #[test]
    fn nothing_is_in_the_future_but_a_clock_may_be_ahead() {
        for rule in [checked_in, relapsed] {
            assert_eq!(rule(Some(NOW.after(SKEW)), NOW), Ok(NOW));
            assert_eq!(rule(Some(NOW.after(SKEW + Duration::from_millis(1))), NOW), Err(Untimely::Future));
        }
    }

    #[test]
    fn a_check_in_is_remembered_for_thirty_days_and_a_relapse_for_ever() {
        let month = NOW.before(REMEMBERED);
        let before = month.before(Duration::from_millis(1));
        assert_eq!(checked_in(Some(month), NOW), Ok(month));
        assert_eq!(checked_in(Some(before), NOW), Err(Untimely::LongAgo));
        assert_eq!(relapsed(Some(before), NOW), Ok(before));
        assert_eq!(relapsed(Some(Timestamp::from_millis(i64::MIN)), NOW), Err(Untimely::LongAgo));
    }

    #[test]
    fn nobody_counts_from_tomorrow() {
        let today = day("2024-03-01");
        assert_eq!(started("2024-03-01", today), Ok(today));
        assert_eq!(started("2024-03-02", today), Err(Untimely::Future));
        assert_eq!(started("1899-12-31", today), Err(Untimely::LongAgo));
        assert_eq!(started("yesterday", today), Err(Untimely::Day(UnknownDay)));
    }

    #[test]
    fn a_period_has_a_day_at_least_and_a_year_at_most() {
        let today = day("2024-03-01");
        let usual = period("", "", today).unwrap();
        assert_eq!((usual.first, usual.last), (day("2024-01-31"), today));
        assert_eq!(period("2024-03-02", "", today), Err(Untimely::Backwards));
        assert!(period("2024-03-01", "2024-03-01", today).is_ok());
        assert!(period("2023-03-02", "2024-03-01", today).is_ok());
        assert_eq!(period("2023-02-28", "2024-03-01", today), Err(Untimely::TooLong));
        assert_eq!(mapped(today).days().count(), 364);
    }
}
