//! What somebody counts from, and what broke it.

use jiff::civil::DateTime;
use kith_kernel::{RelapseId, Timestamp, UserId, ports::DataKey};

use super::{Day, Moment, Triggers, Zone};

/// What one person counts. Everything else about their streaks follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// Whose. Nobody else is ever shown it.
    pub owner: UserId,
    /// Counts its writes; 0 if it was never kept.
    pub version: i64,
    /// Counts the changes of its start, zone and goal.
    pub edition: i64,
    /// Where its owner's days begin and end, if they have said.
    pub zone: Option<Zone>,
    /// From which day its owner counts, if they have said.
    pub start: Option<Start>,
    /// What for.
    pub goal: Option<Goal>,
    /// In the order in which they happened.
    pub relapses: Vec<Relapse>,
    /// Which milestones were told last, and when: each number of days once, ascending.
    pub told: Vec<Told>,
    /// What its owner's notes are sealed with.
    pub key: DataKey,
}

impl Journey {
    /// One of somebody who has said nothing yet.
    #[must_use]
    pub const fn new(owner: UserId, key: DataKey) -> Self {
        Self {
            owner,
            version: 0,
            edition: 0,
            zone: None,
            start: None,
            goal: None,
            relapses: Vec::new(),
            told: Vec::new(),
            key,
        }
    }

    /// Where its days begin and end.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.zone.clone().unwrap_or_else(Zone::utc)
    }

    /// What calendar and clock said at a moment, where its owner was then.
    #[must_use]
    pub fn lived(&self, moment: &Moment) -> DateTime {
        self.place(moment).local(moment.at)
    }

    /// What the calendar said at a moment, where its owner was then.
    #[must_use]
    pub fn lived_day(&self, moment: &Moment) -> Day {
        self.place(moment).day(moment.at)
    }

    fn place(&self, moment: &Moment) -> Zone {
        moment.zone.clone().unwrap_or_else(|| self.zone())
    }

    /// Adds a relapse at its place. One that is there already stays as it is.
    pub fn add(&mut self, relapse: Relapse) {
        if self.relapse(relapse.id).is_some() {
            return;
        }
        let key = |relapse: &Relapse| (relapse.moment.at, relapse.id);
        let place = self.relapses.partition_point(|other| key(other) < key(&relapse));
        self.relapses.insert(place, relapse);
    }

    /// Takes a relapse out, and says whether it was there.
    pub fn withdraw(&mut self, id: RelapseId) -> bool {
        let before = self.relapses.len();
        self.relapses.retain(|relapse| relapse.id != id);
        self.relapses.len() < before
    }

    /// The relapse of this id.
    #[must_use]
    pub fn relapse(&self, id: RelapseId) -> Option<&Relapse> {
        self.relapses.iter().find(|relapse| relapse.id == id)
    }
}

/// The day from which somebody counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The date.
    pub day: Day,
    /// Where it was that day.
    pub zone: Zone,
}

impl Start {
    /// The moment that stands for it.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.zone.noon(self.day)
    }
}

/// What somebody counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// None of it.
    Abstain,
    /// Less of it.
    Reduce,
}

impl Goal {
    /// All of them, with the word for each in every database. A word that was ever stored keeps its meaning.
    pub const ALL: [(Self, &str); 2] = [(Self::Abstain, "abstain"), (Self::Reduce, "reduce")];
}

/// A relapse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relapse {
    /// Which.
    pub id: RelapseId,
    /// When it was.
    pub moment: Moment,
    /// What was there before.
    pub triggers: Triggers,
}

/// A milestone that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Which.
    pub days: u32,
    /// When it was told last.
    pub at: Timestamp,
}
