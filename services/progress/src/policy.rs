//! Validation of dates and times. Pure functions: the current time is a parameter.

use std::time::Duration;

use kith_kernel::Timestamp;

use crate::{Date, DateRange, InvalidDate, TimeZone, domain::HEAT_MAP_DAYS};

/// Maximum age of a check-in when it is recorded. Older moods are not remembered reliably.
pub const MAX_BACKDATE: Duration = Duration::from_hours(30 * 24);
/// Maximum time by which the clock of a client can be ahead. Such times are replaced by the current time.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_mins(5);
/// Maximum number of relapses per account. All of them are read and written with the profile.
pub const MAX_RELAPSES: usize = 1_000;
/// Maximum number of days in a period.
pub const MAX_PERIOD_DAYS: u32 = 366;
/// Number of days before its last one at which a period starts by default.
pub const DEFAULT_PERIOD_DAYS: u32 = 30;
/// Maximum number of check-ins of a period that are analysed: the newest.
pub const MAX_ANALYSED: i64 = 10_000;
/// Earliest start date of a streak.
pub const MIN_DATE: &str = "1900-01-01";

/// A date or time that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    #[error("date must not be in the future")]
    InFuture,
    #[error("date is too far in the past")]
    TooOld,
    #[error("period must not end before it starts")]
    EndBeforeStart,
    #[error("period must be at most 366 days")]
    PeriodTooLong,
    #[error(transparent)]
    Invalid(#[from] InvalidDate),
}

/// Returns the time of a check-in: the requested one, or now.
///
/// # Errors
/// [`DateError::InFuture`], [`DateError::TooOld`] beyond [`MAX_BACKDATE`].
pub fn validate_check_in_time(requested: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, DateError> {
    validate_time(requested, now.before(MAX_BACKDATE), now)
}

/// Returns the time of a relapse: the requested one, or now.
///
/// # Errors
/// [`DateError::InFuture`], [`DateError::TooOld`] before [`MIN_DATE`].
pub fn validate_relapse_time(requested: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, DateError> {
    validate_time(requested, TimeZone::utc().start_of_day(Date::parse(MIN_DATE)?), now)
}

fn validate_time(requested: Option<Timestamp>, earliest: Timestamp, now: Timestamp) -> Result<Timestamp, DateError> {
    let Some(requested) = requested else { return Ok(now) };
    if requested > now.after(MAX_CLOCK_SKEW) {
        return Err(DateError::InFuture);
    }
    if requested < earliest {
        return Err(DateError::TooOld);
    }
    Ok(requested.min(now))
}

/// Parses the start date of a streak.
///
/// # Errors
/// [`DateError::Invalid`], [`DateError::InFuture`] after `today`, [`DateError::TooOld`] before [`MIN_DATE`].
pub fn validate_start_date(text: &str, today: Date) -> Result<Date, DateError> {
    let date = Date::parse(text)?;
    if date > today {
        return Err(DateError::InFuture);
    }
    if date < Date::parse(MIN_DATE)? {
        return Err(DateError::TooOld);
    }
    Ok(date)
}

/// Parses a period. An empty last date is today; an empty first date is [`DEFAULT_PERIOD_DAYS`] before the last one.
///
/// # Errors
/// [`DateError::Invalid`], [`DateError::EndBeforeStart`], [`DateError::PeriodTooLong`].
pub fn parse_period(first: &str, last: &str, today: Date) -> Result<DateRange, DateError> {
    let last = if last.is_empty() { today } else { Date::parse(last)? };
    let first = if first.is_empty() { last.minus_days(DEFAULT_PERIOD_DAYS) } else { Date::parse(first)? };
    if first > last {
        return Err(DateError::EndBeforeStart);
    }
    if last.days_since(first) >= MAX_PERIOD_DAYS {
        return Err(DateError::PeriodTooLong);
    }
    Ok(DateRange { first, last })
}

/// The [`HEAT_MAP_DAYS`] days that end today.
#[must_use]
pub fn heat_map_range(today: Date) -> DateRange {
    DateRange { first: today.minus_days(HEAT_MAP_DAYS - 1), last: today }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn the_default_time_is_now() {
        assert_eq!(validate_check_in_time(None, NOW), Ok(NOW));
        assert_eq!(validate_relapse_time(None, NOW), Ok(NOW));
    }

    #[test]
    fn times_in_the_future_are_rejected_except_for_clock_skew() {
        for validate in [validate_check_in_time, validate_relapse_time] {
            assert_eq!(validate(Some(NOW.after(MAX_CLOCK_SKEW)), NOW), Ok(NOW));
            let later = NOW.after(MAX_CLOCK_SKEW + Duration::from_millis(1));
            assert_eq!(validate(Some(later), NOW), Err(DateError::InFuture));
        }
    }

    #[test]
    fn check_ins_can_be_backdated_30_days_and_relapses_to_1900() {
        let month = NOW.before(MAX_BACKDATE);
        let before = month.before(Duration::from_millis(1));
        assert_eq!(validate_check_in_time(Some(month), NOW), Ok(month));
        assert_eq!(validate_check_in_time(Some(before), NOW), Err(DateError::TooOld));
        assert_eq!(validate_relapse_time(Some(before), NOW), Ok(before));
        assert_eq!(validate_relapse_time(Some(Timestamp::from_millis(i64::MIN)), NOW), Err(DateError::TooOld));
    }

    #[test]
    fn a_start_date_is_between_1900_and_today() {
        let today = date("2024-03-01");
        assert_eq!(validate_start_date("2024-03-01", today), Ok(today));
        assert_eq!(validate_start_date("2024-03-02", today), Err(DateError::InFuture));
        assert_eq!(validate_start_date("1899-12-31", today), Err(DateError::TooOld));
        assert_eq!(validate_start_date("yesterday", today), Err(DateError::Invalid(InvalidDate)));
    }

    #[test]
    fn a_period_has_1_to_366_days() {
        let today = date("2024-03-01");
        let default = parse_period("", "", today).unwrap();
        assert_eq!((default.first, default.last), (date("2024-01-31"), today));
        assert_eq!(parse_period("2024-03-02", "", today), Err(DateError::EndBeforeStart));
        assert!(parse_period("2024-03-01", "2024-03-01", today).is_ok());
        assert!(parse_period("2023-03-02", "2024-03-01", today).is_ok());
        assert_eq!(parse_period("2023-02-28", "2024-03-01", today), Err(DateError::PeriodTooLong));
        assert_eq!(heat_map_range(today).days().count(), 364);
    }
}
