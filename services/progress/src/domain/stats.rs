//! Statistics of check-ins and relapses.

use std::collections::BTreeMap;

use super::{CheckIn, Date, DateRange, RecoveryProfile, Relapse, Trigger, Triggers};

/// Minimum number of check-ins for the statistics of a weekday, an hour or a trigger. With fewer, a pattern is likely to
/// be random, and a user could act on it.
pub const MIN_SAMPLES: u32 = 5;

/// Number of days in a heat map: 52 weeks.
pub const HEAT_MAP_DAYS: u32 = 52 * 7;

/// Statistics of a set of check-ins and relapses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProgressStats {
    /// Number of check-ins.
    pub check_ins: u32,
    /// Sum of the moods of the check-ins.
    pub mood_sum: u32,
    /// Number of cravings, resisted or not.
    pub cravings_met: u32,
    /// Number of resisted cravings.
    pub cravings_resisted: u32,
    /// Number of relapses.
    pub relapses: u32,
}

impl ProgressStats {
    /// Mean mood in tenths, rounded half up; 0 without check-ins.
    #[must_use]
    pub fn mean_mood_tenths(&self) -> u32 {
        let numerator = self.mood_sum.saturating_mul(20).saturating_add(self.check_ins);
        numerator.checked_div(self.check_ins.saturating_mul(2)).unwrap_or(0)
    }

    fn add_check_in(&mut self, check_in: &CheckIn) {
        self.check_ins = self.check_ins.saturating_add(1);
        self.mood_sum = self.mood_sum.saturating_add(check_in.mood.get().into());
        self.cravings_met = self.cravings_met.saturating_add(check_in.cravings.met());
        self.cravings_resisted = self.cravings_resisted.saturating_add(check_in.cravings.resisted());
    }

    fn add_relapse(&mut self) {
        self.relapses = self.relapses.saturating_add(1);
    }

    const fn has_enough_samples(&self) -> bool {
        self.check_ins >= MIN_SAMPLES
    }
}

/// Statistics of a period, as a whole and grouped. Groups with fewer than [`MIN_SAMPLES`] check-ins are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patterns {
    pub overall: ProgressStats,
    /// By day of the week, from 1 for Monday.
    pub weekdays: Vec<(u32, ProgressStats)>,
    /// By hour of the day, from 0.
    pub hours: Vec<(u32, ProgressStats)>,
    pub triggers: Vec<(Trigger, ProgressStats)>,
}

impl Patterns {
    /// Computes the statistics of these check-ins and relapses, at the local times of the owner.
    #[must_use]
    pub fn new(profile: &RecoveryProfile, check_ins: &[CheckIn], relapses: &[Relapse]) -> Self {
        let mut overall = ProgressStats::default();
        let (mut weekdays, mut hours, mut triggers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut record = |(weekday, hour): (u32, u32), named: &Triggers, add: &dyn Fn(&mut ProgressStats)| {
            add(&mut overall);
            add(weekdays.entry(weekday).or_default());
            add(hours.entry(hour).or_default());
            for trigger in named {
                add(triggers.entry(*trigger).or_default());
            }
        };
        for check_in in check_ins {
            let group = weekday_and_hour(profile.local_time(&check_in.occurred_at));
            record(group, &check_in.triggers, &|stats| stats.add_check_in(check_in));
        }
        for relapse in relapses {
            let group = weekday_and_hour(profile.local_time(&relapse.occurred_at));
            record(group, &relapse.triggers, &ProgressStats::add_relapse);
        }
        Self {
            overall,
            weekdays: with_enough_samples(weekdays),
            hours: with_enough_samples(hours),
            triggers: with_enough_samples(triggers),
        }
    }
}

fn weekday_and_hour(local: jiff::civil::DateTime) -> (u32, u32) {
    let weekday = local.weekday().to_monday_one_offset();
    (u32::try_from(weekday).unwrap_or(0), u32::try_from(local.hour()).unwrap_or(0))
}

fn with_enough_samples<T: Ord>(groups: BTreeMap<T, ProgressStats>) -> Vec<(T, ProgressStats)> {
    groups.into_iter().filter(|(_, stats)| stats.has_enough_samples()).collect()
}

/// One day of the heat map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatMapDay {
    pub date: Date,
    /// `None` without check-ins and relapses.
    pub stats: Option<ProgressStats>,
}

impl HeatMapDay {
    /// Returns every day of a range with the statistics of the check-ins and relapses on that local day of the owner.
    #[must_use]
    pub fn for_range(
        profile: &RecoveryProfile,
        range: &DateRange,
        check_ins: &[CheckIn],
        relapses: &[Relapse],
    ) -> Vec<Self> {
        let mut stats: BTreeMap<Date, ProgressStats> = BTreeMap::new();
        for check_in in check_ins {
            stats.entry(profile.local_day(&check_in.occurred_at)).or_default().add_check_in(check_in);
        }
        for relapse in relapses {
            stats.entry(profile.local_day(&relapse.occurred_at)).or_default().add_relapse();
        }
        range.days().map(|date| Self { date, stats: stats.get(&date).copied() }).collect()
    }
}
