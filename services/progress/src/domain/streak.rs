//! Streaks and milestones of a profile.

use kith_kernel::Timestamp;

use super::{AnnouncedMilestone, DateRange, RecoveryProfile, TimeZone};

/// Days of a streak at which a milestone is reached.
pub const MILESTONES: [u32; 8] = [1, 7, 14, 30, 60, 90, 180, 365];

/// A time without a relapse.
///
/// The days of a streak are the midnights between its ends in the current time zone of the owner. Both ends use the same
/// time zone, so the count differs from the elapsed time by less than a day: travel gains or loses at most the current
/// day, and a day of 23 or 25 hours counts as one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak {
    pub began_at: Timestamp,
    /// `None` for the current streak.
    pub ended_at: Option<Timestamp>,
    /// Number of midnights.
    pub days: u32,
}

/// A milestone of a streak. Sorted by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milestone {
    /// Midnight at which the streak reaches the milestone.
    pub at: Timestamp,
    pub days: u32,
}

impl RecoveryProfile {
    /// Returns all streaks up to now, oldest first. The last one is the current streak. Empty if the profile has neither a
    /// start nor a relapse.
    ///
    /// Relapses before the start are stored and not counted.
    #[must_use]
    pub fn streaks(&self, now: Timestamp) -> Vec<Streak> {
        // Noon of the start date can be in the future if the streak starts today.
        let start = self.start.as_ref().map(|start| start.began_at().min(now));
        let relapses = self.relapses.iter().map(|relapse| relapse.occurred_at.at);
        let counted = relapses.filter(|at| *at <= now && start.is_none_or(|start| start < *at));
        let beginnings: Vec<Timestamp> = start.into_iter().chain(counted).collect();
        let ends = beginnings.iter().copied().map(Some).skip(1).chain([None]);
        let time_zone = self.effective_time_zone();
        let streak = |(began_at, ended_at): (&Timestamp, _)| Streak::new(&time_zone, *began_at, ended_at, now);
        beginnings.iter().zip(ends).map(streak).collect()
    }

    #[must_use]
    pub fn current_streak(&self, now: Timestamp) -> Option<Streak> {
        self.streaks(now).pop()
    }

    /// Returns the longest streak; the earliest of several equal ones.
    #[must_use]
    pub fn longest_streak(&self, now: Timestamp) -> Option<Streak> {
        self.streaks(now).into_iter().rev().max_by_key(|streak| streak.days)
    }

    /// Returns the milestones of the current streak that were not announced, reached or not, in ascending order.
    ///
    /// Each milestone is announced once per streak. A milestone that was announced after the current streak began was
    /// announced for this streak or for one that a correction has merged into it, so a correction never causes a second
    /// announcement.
    #[must_use]
    pub fn unannounced(&self, now: Timestamp) -> Vec<Milestone> {
        let Some(current) = self.current_streak(now) else { return Vec::new() };
        let is_announced = |days: u32| {
            let mut announced = self.announced_milestones.iter();
            announced.any(|milestone| milestone.days == days && milestone.announced_at > current.began_at)
        };
        let milestones = current.milestones(&self.effective_time_zone()).into_iter();
        milestones.filter(|milestone| !is_announced(milestone.days)).collect()
    }

    /// Returns the time of the first unannounced milestone. It is in the past if that milestone is already reached.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.unannounced(now).first().map(|milestone| milestone.at)
    }

    /// Marks all reached milestones as announced. Returns the highest of those that were not: an owner who enters a start
    /// date in the past gets one announcement, not one for each milestone since then.
    pub fn mark_announced(&mut self, now: Timestamp) -> Option<Milestone> {
        let unannounced = self.unannounced(now).into_iter();
        let reached: Vec<Milestone> = unannounced.filter(|milestone| milestone.at <= now).collect();
        for milestone in &reached {
            self.announced_milestones.retain(|announced| announced.days != milestone.days);
            self.announced_milestones.push(AnnouncedMilestone { days: milestone.days, announced_at: now });
        }
        self.announced_milestones.sort_by_key(|announced| announced.days);
        reached.last().copied()
    }
}

impl Streak {
    fn new(time_zone: &TimeZone, began_at: Timestamp, ended_at: Option<Timestamp>, now: Timestamp) -> Self {
        let last_day = time_zone.local_day(ended_at.unwrap_or(now));
        Self { began_at, ended_at, days: last_day.days_since(time_zone.local_day(began_at)) }
    }

    /// Returns all milestones in ascending order, with the midnight at which this streak reaches or would have reached
    /// each.
    #[must_use]
    pub fn milestones(&self, time_zone: &TimeZone) -> Vec<Milestone> {
        let first = time_zone.local_day(self.began_at);
        let at = |days| time_zone.start_of_day(first.plus_days(days));
        MILESTONES.into_iter().map(|days| Milestone { at: at(days), days }).collect()
    }

    /// Returns the milestones that the streak has reached, in ascending order.
    #[must_use]
    pub fn reached_milestones(&self, time_zone: &TimeZone) -> Vec<Milestone> {
        self.milestones(time_zone).into_iter().filter(|milestone| milestone.days <= self.days).collect()
    }

    #[must_use]
    pub fn next_milestone(&self, time_zone: &TimeZone) -> Option<Milestone> {
        self.milestones(time_zone).into_iter().find(|milestone| milestone.days > self.days)
    }

    /// Returns true if the streak and the range have a common instant.
    #[must_use]
    pub fn overlaps(&self, range: &DateRange, time_zone: &TimeZone) -> bool {
        let (start, end) = range.bounds(time_zone);
        self.began_at < end && self.ended_at.is_none_or(|ended_at| ended_at >= start)
    }
}
