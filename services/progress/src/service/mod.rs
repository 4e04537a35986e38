//! Use cases of progress.
//!
//! | file | contents |
//! | --- | --- |
//! | [`report`] | [`ProgressReport`] of a period and decryption of notes |

pub mod report;

use std::sync::Arc;

use kith_kernel::{Actor, CheckInId, Clock, Entropy, Event, EventPayload, ProgressEvent, RelapseId, Timestamp, UserId};
use kith_storage::StoreError;
use uuid::Uuid;

pub use self::report::{DecryptedCheckIn, ProgressReport};
use crate::{
    CheckIn, Cravings, Error, Goal, Milestone, Mood, Note, NoteCipher, RecoveryProfile, Relapse, Streak, StreakStart,
    TimeZone, Triggers, ZonedInstant, policy, store::Store,
};

/// Use cases of progress. Each one reads and changes only data of the actor.
pub struct Service {
    pub store: Arc<dyn Store>,
    pub note_cipher: NoteCipher,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// A profile with its streaks at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreakSummary {
    pub profile: RecoveryProfile,
    pub current: Option<Streak>,
    pub longest: Option<Streak>,
    /// Milestones that the current streak has reached, in ascending order.
    pub reached: Vec<Milestone>,
    /// Next milestone of the current streak.
    pub next: Option<Milestone>,
}

impl StreakSummary {
    #[must_use]
    pub fn new(profile: RecoveryProfile, now: Timestamp) -> Self {
        let (time_zone, current) = (profile.effective_time_zone(), profile.current_streak(now));
        Self {
            current,
            longest: profile.longest_streak(now),
            reached: current.map(|streak| streak.reached_milestones(&time_zone)).unwrap_or_default(),
            next: current.and_then(|streak| streak.next_milestone(&time_zone)),
            profile,
        }
    }

    /// Version of the settings, for [`Service::update_streak`]. Opaque to clients.
    #[must_use]
    pub fn etag(&self) -> String {
        self.profile.settings_version.to_string()
    }
}

/// Values of a new check-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckInInput {
    /// `None` for now.
    pub occurred_at: Option<Timestamp>,
    pub mood: Mood,
    pub cravings: Cravings,
    pub triggers: Triggers,
    pub note: Option<Note>,
}

/// New settings of a streak. Fields that are `None` are not changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreakUpdate {
    /// As YYYY-MM-DD, in the time zone after the update.
    pub start_date: Option<String>,
    pub time_zone: Option<TimeZone>,
    pub goal: Option<Goal>,
}

/// Maximum number of attempts of a write that conflicts with concurrent writes to the same profile.
const MAX_RETRIES: usize = 16;

impl Service {
    /// Returns the streaks of the actor.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn streak_summary(&self, actor: &Actor) -> Result<StreakSummary, Error> {
        Ok(StreakSummary::new(self.load(actor.user).await?, self.clock.now()))
    }

    /// Changes the start date, time zone and goal.
    ///
    /// # Errors
    /// [`Error::EtagMismatch`] if the settings were changed since the actor read the etag; [`Error::Date`].
    pub async fn update_streak(
        &self,
        actor: &Actor,
        etag: &str,
        update: &StreakUpdate,
    ) -> Result<StreakSummary, Error> {
        let settings_version: i64 = etag.parse().map_err(|_| Error::EtagMismatch)?;
        self.save(actor, |profile, now| {
            if profile.settings_version != settings_version {
                return Err(Error::EtagMismatch);
            }
            if let Some(time_zone) = &update.time_zone {
                profile.time_zone = Some(time_zone.clone());
            }
            if let Some(text) = &update.start_date {
                let time_zone = profile.effective_time_zone();
                let today = time_zone.local_day(now);
                let date = policy::validate_start_date(text, today).map_err(Error::date("start_date"))?;
                profile.start = Some(StreakStart { date, time_zone });
            }
            profile.goal = update.goal.or(profile.goal);
            profile.settings_version = profile.settings_version.saturating_add(1);
            Ok(())
        })
        .await
    }

    /// Records a check-in under the claimed id, or a new one. If the actor has a check-in with the claimed id, it is
    /// returned and nothing is stored.
    ///
    /// # Errors
    /// [`Error::Date`].
    pub async fn record_check_in(
        &self,
        actor: &Actor,
        input: CheckInInput,
        claimed_id: Option<Uuid>,
    ) -> Result<CheckIn, Error> {
        let now = self.clock.now();
        let at = policy::validate_check_in_time(input.occurred_at, now).map_err(Error::date("occurred_at"))?;
        let profile = self.load_or_create(actor.user).await?;
        let id = claimed_id.map_or_else(|| CheckInId::new(now, &*self.entropy), CheckInId::from_uuid);
        let note = input.note.map(|note| self.note_cipher.encrypt(&profile, id, &note)).transpose()?;
        let check_in = CheckIn {
            id,
            owner: actor.user,
            occurred_at: ZonedInstant { at, time_zone: profile.time_zone },
            mood: input.mood,
            cravings: input.cravings,
            triggers: input.triggers,
            note,
        };
        match self.store.insert_check_in(&check_in).await {
            Err(StoreError::UniqueViolation(key)) if key == "id" => {
                let existing = self.store.get_check_in(actor.user, id).await?;
                existing.ok_or(Error::Store(StoreError::UniqueViolation(key)))
            }
            inserted => Ok(inserted.map(|()| check_in)?),
        }
    }

    /// Records a relapse under the claimed id, or a new one. If the actor has a relapse with the claimed id, it is returned
    /// and nothing is stored.
    ///
    /// # Errors
    /// [`Error::Date`], [`Error::TooManyRelapses`].
    pub async fn record_relapse(
        &self,
        actor: &Actor,
        occurred_at: Option<Timestamp>,
        triggers: &Triggers,
        claimed_id: Option<Uuid>,
    ) -> Result<(Relapse, StreakSummary), Error> {
        let now = self.clock.now();
        let at = policy::validate_relapse_time(occurred_at, now).map_err(Error::date("occurred_at"))?;
        let id = claimed_id.map_or_else(|| RelapseId::new(now, &*self.entropy), RelapseId::from_uuid);
        let summary = self.save(actor, |profile, _| {
            if profile.relapse(id).is_none() && profile.relapses.len() >= policy::MAX_RELAPSES {
                return Err(Error::TooManyRelapses);
            }
            let occurred_at = ZonedInstant { at, time_zone: profile.time_zone.clone() };
            profile.add_relapse(Relapse { id, occurred_at, triggers: triggers.clone() });
            Ok(())
        });
        let summary = summary.await?;
        let relapse = summary.profile.relapse(id).cloned().ok_or(Error::RelapseNotFound)?;
        Ok((relapse, summary))
    }

    /// Withdraws a relapse of the actor.
    ///
    /// # Errors
    /// [`Error::RelapseNotFound`].
    pub async fn withdraw_relapse(&self, actor: &Actor, id: RelapseId) -> Result<StreakSummary, Error> {
        let withdraw = |profile: &mut RecoveryProfile, _: Timestamp| {
            if profile.withdraw_relapse(id) { Ok(()) } else { Err(Error::RelapseNotFound) }
        };
        self.save(actor, withdraw).await
    }

    /// Loads the profile of an account. If there is none, returns a new one that is not stored.
    async fn load(&self, owner: UserId) -> Result<RecoveryProfile, Error> {
        match self.store.get_profile(owner).await? {
            Some(profile) => Ok(profile),
            None => Ok(RecoveryProfile::new(owner, self.note_cipher.new_data_key()?)),
        }
    }

    /// Loads the profile of an account, or creates and stores it. A note must not be encrypted with a key that is not
    /// stored.
    async fn load_or_create(&self, owner: UserId) -> Result<RecoveryProfile, Error> {
        for _ in 0..MAX_RETRIES {
            let profile = self.load(owner).await?;
            if profile.version > 0 {
                return Ok(profile);
            }
            self.store.save_profile(&profile, None, &[]).await?;
        }
        Err(Error::WriteConflict)
    }

    /// Loads the profile of the actor, changes it and saves it with the event of a reached milestone. Repeats that on a
    /// concurrent change, so that no change is lost.
    async fn save(
        &self,
        actor: &Actor,
        change: impl Fn(&mut RecoveryProfile, Timestamp) -> Result<(), Error> + Send + Sync,
    ) -> Result<StreakSummary, Error> {
        for _ in 0..MAX_RETRIES {
            let (now, previous) = (self.clock.now(), self.load(actor.user).await?);
            let mut profile = previous.clone();
            change(&mut profile, now)?;
            // A repeated call changes nothing and must not write.
            if profile == previous {
                return Ok(StreakSummary::new(profile, now));
            }
            let reached = profile.mark_announced(now);
            let events = reached.map(|milestone| self.milestone_reached(profile.owner, milestone, now));
            let due = profile.next_due(now);
            if self.store.save_profile(&profile, due, events.as_slice()).await? {
                profile.version = profile.version.saturating_add(1);
                return Ok(StreakSummary::new(profile, now));
            }
        }
        Err(Error::WriteConflict)
    }

    fn milestone_reached(&self, owner: UserId, milestone: Milestone, now: Timestamp) -> Event {
        let payload = EventPayload::Progress(ProgressEvent::MilestoneReached { days: milestone.days });
        Event::new(now, owner, payload, &*self.entropy)
    }
}
