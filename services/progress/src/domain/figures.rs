//! What many check-ins and relapses come to.

use std::collections::BTreeMap;

use super::{CheckIn, Day, Journey, Period, Relapse, Trigger};

/// How many check-ins there must be before anything is told of a weekday, an hour or a trigger. With fewer, a pattern is
/// chance, and somebody in trouble would act on it.
pub const ENOUGH: u32 = 5;

/// What some check-ins and relapses come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// How many check-ins.
    pub check_ins: u32,
    /// The sum of their moods.
    pub moods: u32,
    /// All cravings.
    pub met: u32,
    /// Those that were resisted.
    pub resisted: u32,
    /// How many relapses.
    pub relapses: u32,
}

impl Figures {
    /// Their mean mood in tenths, rounded half up; 0 if there is no check-in.
    #[must_use]
    pub fn mood_tenths(&self) -> u32 {
        let tenths = self.moods.saturating_mul(20).saturating_add(self.check_ins);
        tenths.checked_div(self.check_ins.saturating_mul(2)).unwrap_or(0)
    }

    fn count(&mut self, check_in: &CheckIn) {
        self.check_ins = self.check_ins.saturating_add(1);
        self.moods = self.moods.saturating_add(check_in.mood.number().into());
        self.met = self.met.saturating_add(check_in.cravings.met());
        self.resisted = self.resisted.saturating_add(check_in.cravings.resisted());
    }

    fn fall(&mut self) {
        self.relapses = self.relapses.saturating_add(1);
    }

    const fn is_enough(&self) -> bool {
        self.check_ins >= ENOUGH
    }
}

/// What is known of a period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patterns {
    /// All of it together.
    pub all: Figures,
    /// By day of the week, from 1 for Monday, where it is enough.
    pub weekdays: Vec<(u32, Figures)>,
    /// By hour, from 0, where it is enough.
    pub hours: Vec<(u32, Figures)>,
    /// By trigger, where it is enough.
    pub triggers: Vec<(Trigger, Figures)>,
}

impl Patterns {
    /// What these check-ins and relapses of a journey come to, at the hours that its owner lived.
    #[must_use]
    pub fn of(journey: &Journey, check_ins: &[CheckIn], relapses: &[Relapse]) -> Self {
        let mut all = Figures::default();
        let (mut weekdays, mut hours, mut triggers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut note = |when: (u32, u32), named: &super::Triggers, add: &dyn Fn(&mut Figures)| {
            add(&mut all);
            add(weekdays.entry(when.0).or_default());
            add(hours.entry(when.1).or_default());
            for trigger in named {
                add(triggers.entry(*trigger).or_default());
            }
        };
        for check_in in check_ins {
            note(when(journey.lived(&check_in.moment)), &check_in.triggers, &|figures| figures.count(check_in));
        }
        for relapse in relapses {
            note(when(journey.lived(&relapse.moment)), &relapse.triggers, &Figures::fall);
        }
        Self { all, weekdays: enough(weekdays), hours: enough(hours), triggers: enough(triggers) }
    }
}

/// Day of the week and hour.
fn when(local: jiff::civil::DateTime) -> (u32, u32) {
    let weekday = local.weekday().to_monday_one_offset();
    (u32::try_from(weekday).unwrap_or(0), u32::try_from(local.hour()).unwrap_or(0))
}

fn enough<T: Ord>(known: BTreeMap<T, Figures>) -> Vec<(T, Figures)> {
    known.into_iter().filter(|(_, figures)| figures.is_enough()).collect()
}

/// One day of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatDay {
    /// Which.
    pub day: Day,
    /// What it came to, if there was anything.
    pub figures: Option<Figures>,
}

impl HeatDay {
    /// How many days a map has: 52 weeks.
    pub const COUNT: u32 = 52 * 7;

    /// Every day of a period, with what these check-ins and relapses of a journey come to on it.
    #[must_use]
    pub fn map(journey: &Journey, period: &Period, check_ins: &[CheckIn], relapses: &[Relapse]) -> Vec<Self> {
        let mut known: BTreeMap<Day, Figures> = BTreeMap::new();
        for check_in in check_ins {
            known.entry(journey.lived_day(&check_in.moment)).or_default().count(check_in);
        }
        for relapse in relapses {
            known.entry(journey.lived_day(&relapse.moment)).or_default().fall();
        }
        period.days().map(|day| Self { day, figures: known.get(&day).copied() }).collect()
    }
}
