//! How a period went.

use kith_kernel::{Actor, Cursor, Page, PageSize, Timestamp};

use crate::{
    CheckIn, Day, Error, HeatDay, Journey, Milestone, Patterns, Period, Relapse, Service, Streak,
    policy::{self, Untimely},
    service::State,
};

/// How a period went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub period: Period,
    /// What is counted now.
    pub state: State,
    /// One page of its check-ins, newest first.
    pub check_ins: Page<CheckIn>,
    /// Its relapses, newest first.
    pub relapses: Vec<Relapse>,
    /// The streaks that touch it, newest first.
    pub streaks: Vec<Streak>,
    /// The milestones that were reached in it, newest first.
    pub milestones: Vec<Milestone>,
    /// What is known of it.
    pub patterns: Patterns,
    /// The 52 weeks that end today.
    pub heat_map: Vec<HeatDay>,
}

/// A check-in, with what its owner wrote.
#[derive(Clone)]
pub struct Opened {
    /// The check-in.
    pub check_in: CheckIn,
    /// The note; empty if there is none. It goes to its owner, and into no log.
    pub note: String,
}

impl Service {
    /// These check-ins of the actor's, with their notes.
    ///
    /// # Errors
    /// Those of the vault: for a note that is not the actor's own.
    pub async fn open(&self, actor: &Actor, check_ins: Vec<CheckIn>) -> Result<Vec<Opened>, Error> {
        let journey = self.journey(actor.user).await?;
        let open = |check_in: CheckIn| {
            let note = self.notes.open(&journey, &check_in)?;
            Ok(Opened { check_in, note })
        };
        check_ins.into_iter().map(open).collect()
    }

    /// The period that the actor means, by dates as they were written.
    ///
    /// # Errors
    /// [`Error::Untimely`].
    pub async fn period(&self, actor: &Actor, first: &str, last: &str) -> Result<Period, Error> {
        let today = self.journey(actor.user).await?.zone().day(self.clock.now());
        if !last.is_empty() {
            Day::new(last).map_err(Untimely::from).map_err(Error::untimely("to_date"))?;
        }
        policy::period(first, last, today).map_err(Error::untimely("from_date"))
    }

    /// How a period of the actor's went.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn progress(
        &self,
        actor: &Actor,
        period: Period,
        size: PageSize,
        before: Option<Cursor>,
    ) -> Result<Progress, Error> {
        let now = self.clock.now();
        let journey = self.journey(actor.user).await?;
        let zone = journey.zone();
        let (map, span) = (policy::mapped(zone.day(now)), period.moments(&zone));
        let page = self.store.check_ins(actor.user, span, before, size.lookahead()).await?;
        let looked_at = self.store.check_ins(actor.user, span, None, policy::LOOKED_AT).await?;
        let mapped = self.store.check_ins(actor.user, around(map, &journey), None, policy::LOOKED_AT).await?;
        let relapses = relapses(&journey, span);
        let streaks = journey.streaks(now).into_iter().rev();
        let mut milestones: Vec<Milestone> = streaks.clone().flat_map(|streak| streak.reached(&zone)).collect();
        milestones.retain(|milestone| (span.0..span.1).contains(&milestone.at));
        milestones.sort_by(|one, other| other.cmp(one));
        Ok(Progress {
            check_ins: Page::from_lookahead(page, size, place),
            streaks: streaks.filter(|streak| streak.touches(&period, &zone)).collect(),
            milestones,
            patterns: Patterns::of(&journey, &looked_at, &relapses),
            heat_map: HeatDay::map(&journey, &map, &mapped, &journey.relapses),
            relapses,
            state: State::of(journey, now),
            period,
        })
    }
}

/// Where a page ends that ends with this check-in.
fn place(check_in: &CheckIn) -> Cursor {
    Cursor { rank: check_in.moment.at.millis(), id: check_in.id.uuid() }
}

/// The moments that a map can show: days are shown as they were lived, which may have been elsewhere.
fn around(map: Period, journey: &Journey) -> (Timestamp, Timestamp) {
    let wider = Period { first: map.first.minus(1), last: map.last.plus(1) };
    wider.moments(&journey.zone())
}

/// Those of a span, newest first.
fn relapses(journey: &Journey, span: (Timestamp, Timestamp)) -> Vec<Relapse> {
    let inside = journey.relapses.iter().filter(|relapse| (span.0..span.1).contains(&relapse.moment.at));
    inside.rev().cloned().collect()
}
