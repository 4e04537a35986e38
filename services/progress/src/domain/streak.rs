//! What a journey comes to.

use kith_kernel::Timestamp;

use super::{Journey, Period, Told, Zone};

/// The numbers of days at which a milestone stands.
pub const MILESTONES: [u32; 8] = [1, 7, 14, 30, 60, 90, 180, 365];

/// Whole days without a relapse.
///
/// A streak has as many days as it has seen midnights, where its owner is now. Both its ends are seen from one place, so
/// wherever that is, it is less than a day away from the time that really passed: who travels gains or loses no more
/// than the day that is not over yet, and a day of 23 or 25 hours is a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak {
    /// When it began.
    pub began: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// How many midnights it has seen.
    pub days: u32,
}

/// A number of days that a streak comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milestone {
    /// The midnight at which it does.
    pub at: Timestamp,
    /// How many.
    pub days: u32,
}

impl Journey {
    /// All streaks up to now, oldest first. The last one goes on. There is none as long as there is nothing to count
    /// from: neither a start nor a relapse.
    ///
    /// What was before the start is kept, and counts for nothing.
    #[must_use]
    pub fn streaks(&self, now: Timestamp) -> Vec<Streak> {
        // A day that began a moment ago has its noon before it.
        let start = self.start.as_ref().map(|start| start.at().min(now));
        let relapses = self.relapses.iter().map(|relapse| relapse.moment.at);
        let counted = relapses.filter(|at| *at <= now && start.is_none_or(|start| start < *at));
        let begins: Vec<Timestamp> = start.into_iter().chain(counted).collect();
        let ends = begins.iter().copied().map(Some).skip(1).chain([None]);
        let zone = self.zone();
        begins.iter().zip(ends).map(|(began, ended)| Streak::between(&zone, *began, ended, now)).collect()
    }

    /// The streak that goes on.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Option<Streak> {
        self.streaks(now).pop()
    }

    /// The longest streak; of several the first.
    #[must_use]
    pub fn longest(&self, now: Timestamp) -> Option<Streak> {
        self.streaks(now).into_iter().rev().max_by_key(|streak| streak.days)
    }

    /// The milestones that the streak of now has not been told of, ascending: some are reached, some are to come.
    ///
    /// Of one streak, each is told once. One that was told after the streak began was told of this streak, or of one
    /// that a correction has made it of: so no correction has it told again.
    #[must_use]
    pub fn untold(&self, now: Timestamp) -> Vec<Milestone> {
        let Some(current) = self.current(now) else { return Vec::new() };
        let is_told = |days: u32| self.told.iter().any(|told| told.days == days && told.at > current.began);
        current.milestones(&self.zone()).into_iter().filter(|milestone| !is_told(milestone.days)).collect()
    }

    /// When there is something to tell: the next milestone, or one that has passed.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.untold(now).first().map(|milestone| milestone.at)
    }

    /// Marks all milestones that are reached as told now, and gives the furthest of those that were not. Who hears of
    /// several at once, because they said late since when they count, hears of one.
    pub fn tell(&mut self, now: Timestamp) -> Option<Milestone> {
        let reached: Vec<Milestone> = self.untold(now).into_iter().filter(|milestone| milestone.at <= now).collect();
        for milestone in &reached {
            self.told.retain(|told| told.days != milestone.days);
            self.told.push(Told { days: milestone.days, at: now });
        }
        self.told.sort_by_key(|told| told.days);
        reached.last().copied()
    }
}

impl Streak {
    fn between(zone: &Zone, began: Timestamp, ended: Option<Timestamp>, now: Timestamp) -> Self {
        let days = zone.day(ended.unwrap_or(now)).days_since(zone.day(began));
        Self { began, ended, days }
    }

    /// All milestones, ascending, with the midnight at which this streak comes to each, or would have.
    #[must_use]
    pub fn milestones(&self, zone: &Zone) -> Vec<Milestone> {
        let first = zone.day(self.began);
        MILESTONES.into_iter().map(|days| Milestone { at: zone.begins(first.plus(days)), days }).collect()
    }

    /// The milestones that it has come to, ascending.
    #[must_use]
    pub fn reached(&self, zone: &Zone) -> Vec<Milestone> {
        self.milestones(zone).into_iter().filter(|milestone| milestone.days <= self.days).collect()
    }

    /// The milestone that it comes to next.
    #[must_use]
    pub fn next(&self, zone: &Zone) -> Option<Milestone> {
        self.milestones(zone).into_iter().find(|milestone| milestone.days > self.days)
    }

    /// Whether some of it lies in a period.
    #[must_use]
    pub fn touches(&self, period: &Period, zone: &Zone) -> bool {
        let (from, until) = period.moments(zone);
        self.began < until && self.ended.is_none_or(|ended| ended >= from)
    }
}
