//! Settings and relapses of an account.

use jiff::civil::DateTime;
use kith_kernel::{RelapseId, Timestamp, UserId, ports::DataKey};

use super::{Date, TimeZone, Triggers, ZonedInstant};

/// Settings and relapses of one account. All its streaks are computed from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryProfile {
    /// The only account that can read the profile.
    pub owner: UserId,
    /// Number of writes; 0 if the profile was never stored.
    pub version: i64,
    /// Number of changes of start, time zone and goal.
    pub settings_version: i64,
    pub time_zone: Option<TimeZone>,
    /// Day from which the first streak is counted.
    pub start: Option<StreakStart>,
    pub goal: Option<Goal>,
    /// In the order of their time.
    pub relapses: Vec<Relapse>,
    /// Last announcement of each milestone, in ascending order of days.
    pub announced_milestones: Vec<AnnouncedMilestone>,
    /// Key with which the notes of the owner are encrypted.
    pub data_key: DataKey,
}

impl RecoveryProfile {
    /// A profile without settings and relapses.
    #[must_use]
    pub const fn new(owner: UserId, data_key: DataKey) -> Self {
        Self {
            owner,
            version: 0,
            settings_version: 0,
            time_zone: None,
            start: None,
            goal: None,
            relapses: Vec::new(),
            announced_milestones: Vec::new(),
            data_key,
        }
    }

    /// Time zone in which days are counted: the one that is set, or UTC.
    #[must_use]
    pub fn effective_time_zone(&self) -> TimeZone {
        self.time_zone.clone().unwrap_or_else(TimeZone::utc)
    }

    /// Local time of an instant in its own time zone, or in that of the profile if it has none.
    #[must_use]
    pub fn local_time(&self, instant: &ZonedInstant) -> DateTime {
        self.time_zone_of(instant).local_time(instant.at)
    }

    /// Local date of an instant in its own time zone, or in that of the profile if it has none.
    #[must_use]
    pub fn local_day(&self, instant: &ZonedInstant) -> Date {
        self.time_zone_of(instant).local_day(instant.at)
    }

    fn time_zone_of(&self, instant: &ZonedInstant) -> TimeZone {
        instant.time_zone.clone().unwrap_or_else(|| self.effective_time_zone())
    }

    /// Adds a relapse. Has no effect if a relapse with this id exists.
    pub fn add_relapse(&mut self, relapse: Relapse) {
        if self.relapse(relapse.id).is_some() {
            return;
        }
        let key = |relapse: &Relapse| (relapse.occurred_at.at, relapse.id);
        let index = self.relapses.partition_point(|other| key(other) < key(&relapse));
        self.relapses.insert(index, relapse);
    }

    /// Removes a relapse. Returns false if it does not exist.
    pub fn withdraw_relapse(&mut self, id: RelapseId) -> bool {
        let count = self.relapses.len();
        self.relapses.retain(|relapse| relapse.id != id);
        self.relapses.len() < count
    }

    #[must_use]
    pub fn relapse(&self, id: RelapseId) -> Option<&Relapse> {
        self.relapses.iter().find(|relapse| relapse.id == id)
    }
}

/// Day from which a streak is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreakStart {
    pub date: Date,
    /// Time zone of the owner when the date was set.
    pub time_zone: TimeZone,
}

impl StreakStart {
    /// Instant at which the streak begins: noon of the date.
    #[must_use]
    pub fn began_at(&self) -> Timestamp {
        self.time_zone.noon(self.date)
    }
}

/// Goal of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Abstinence.
    Abstain,
    /// Reduction.
    Reduce,
}

impl Goal {
    pub const ALL: [Self; 2] = [Self::Abstain, Self::Reduce];

    /// Stored name. A name that was ever stored keeps its meaning.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abstain => "abstain",
            Self::Reduce => "reduce",
        }
    }
}

/// A relapse. It is never changed; a correction withdraws it and records another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relapse {
    pub id: RelapseId,
    pub occurred_at: ZonedInstant,
    pub triggers: Triggers,
}

/// The last announcement of a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnouncedMilestone {
    pub days: u32,
    pub announced_at: Timestamp,
}
