//! Report of a period.

use kith_kernel::{Actor, Cursor, Page, PageSize, Timestamp};

use super::{Service, StreakSummary};
use crate::{
    CheckIn, Date, DateRange, Error, HeatMapDay, Milestone, Patterns, RecoveryProfile, Relapse, Streak,
    policy::{self, DateError},
};

/// Progress of an account in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressReport {
    pub period: DateRange,
    /// Streaks at the time of the report.
    pub streak_summary: StreakSummary,
    /// One page of the check-ins of the period, newest first.
    pub check_ins: Page<CheckIn>,
    /// Relapses of the period, newest first.
    pub relapses: Vec<Relapse>,
    /// Streaks that overlap the period, newest first.
    pub streaks: Vec<Streak>,
    /// Milestones that were reached in the period, newest first.
    pub milestones: Vec<Milestone>,
    /// Statistics of the period.
    pub patterns: Patterns,
    /// The 52 weeks that end today, oldest day first.
    pub heat_map: Vec<HeatMapDay>,
}

/// A check-in with its decrypted note.
#[derive(Clone)]
pub struct DecryptedCheckIn {
    pub check_in: CheckIn,
    /// Empty if there is no note. Must only be returned to its owner, and never be logged.
    pub note: String,
}

impl Service {
    /// Decrypts the notes of check-ins of the actor.
    ///
    /// # Errors
    /// Errors of the encryption port, for example for a note of another account.
    pub async fn decrypt(&self, actor: &Actor, check_ins: Vec<CheckIn>) -> Result<Vec<DecryptedCheckIn>, Error> {
        let profile = self.load(actor.user).await?;
        let decrypt = |check_in: CheckIn| {
            let note = self.note_cipher.decrypt(&profile, &check_in)?;
            Ok(DecryptedCheckIn { check_in, note })
        };
        check_ins.into_iter().map(decrypt).collect()
    }

    /// Parses the period of a report. See [`policy::parse_period`]. Today is the local date of the actor.
    ///
    /// # Errors
    /// [`Error::Date`].
    pub async fn parse_period(&self, actor: &Actor, first: &str, last: &str) -> Result<DateRange, Error> {
        let today = self.load(actor.user).await?.effective_time_zone().local_day(self.clock.now());
        if !last.is_empty() {
            Date::parse(last).map_err(DateError::from).map_err(Error::date("to_date"))?;
        }
        policy::parse_period(first, last, today).map_err(Error::date("from_date"))
    }

    /// Returns the progress of the actor in a period. The page of check-ins starts after `cursor`.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn report(
        &self,
        actor: &Actor,
        period: DateRange,
        size: PageSize,
        cursor: Option<Cursor>,
    ) -> Result<ProgressReport, Error> {
        let now = self.clock.now();
        let profile = self.load(actor.user).await?;
        let time_zone = profile.effective_time_zone();
        let (heat_map_range, bounds) = (policy::heat_map_range(time_zone.local_day(now)), period.bounds(&time_zone));
        let page = self.store.list_check_ins(actor.user, bounds, cursor, size.lookahead()).await?;
        let analysed = self.store.list_check_ins(actor.user, bounds, None, policy::MAX_ANALYSED).await?;
        let heat_map_bounds = heat_map_bounds(heat_map_range, &profile);
        let mapped = self.store.list_check_ins(actor.user, heat_map_bounds, None, policy::MAX_ANALYSED).await?;
        let relapses = relapses_within(&profile, bounds);
        let streaks = profile.streaks(now).into_iter().rev();
        let mut milestones: Vec<Milestone> =
            streaks.clone().flat_map(|streak| streak.reached_milestones(&time_zone)).collect();
        milestones.retain(|milestone| (bounds.0..bounds.1).contains(&milestone.at));
        milestones.sort_by(|one, other| other.cmp(one));
        Ok(ProgressReport {
            check_ins: Page::from_lookahead(page, size, cursor_of),
            streaks: streaks.filter(|streak| streak.overlaps(&period, &time_zone)).collect(),
            milestones,
            patterns: Patterns::new(&profile, &analysed, &relapses),
            heat_map: HeatMapDay::for_range(&profile, &heat_map_range, &mapped, &profile.relapses),
            relapses,
            streak_summary: StreakSummary::new(profile, now),
            period,
        })
    }
}

fn cursor_of(check_in: &CheckIn) -> Cursor {
    Cursor { rank: check_in.occurred_at.at.millis(), id: check_in.id.uuid() }
}

/// Bounds of the heat map, extended by a day in both directions: the local day of a check-in depends on its own time zone,
/// which can differ from that of the profile.
fn heat_map_bounds(range: DateRange, profile: &RecoveryProfile) -> (Timestamp, Timestamp) {
    let extended = DateRange { first: range.first.minus_days(1), last: range.last.plus_days(1) };
    extended.bounds(&profile.effective_time_zone())
}

/// Returns the relapses within bounds, newest first.
fn relapses_within(profile: &RecoveryProfile, bounds: (Timestamp, Timestamp)) -> Vec<Relapse> {
    let within = profile.relapses.iter().filter(|relapse| (bounds.0..bounds.1).contains(&relapse.occurred_at.at));
    within.rev().cloned().collect()
}
