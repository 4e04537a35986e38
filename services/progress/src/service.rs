//! What people can do about their own progress.

use std::sync::Arc;

use kith_kernel::{Actor, CheckInId, Clock, Entropy, Event, EventPayload, ProgressEvent, RelapseId, Timestamp, UserId};
use kith_storage::StoreError;
use uuid::Uuid;

use crate::{
    CheckIn, Cravings, Error, Goal, Journey, Milestone, Moment, Mood, Note, Notes, Relapse, Start, Streak, Triggers,
    Zone, policy, store::Store,
};

/// The use cases of progress. Each is about what is the actor's own, and takes no other person's id.
pub struct Service {
    /// Where progress is kept.
    pub store: Arc<dyn Store>,
    /// What seals notes.
    pub notes: Notes,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

/// What is counted, and what that comes to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The journey.
    pub journey: Journey,
    /// The streak that goes on.
    pub current: Option<Streak>,
    /// The longest.
    pub longest: Option<Streak>,
    /// What the current one has reached, ascending.
    pub reached: Vec<Milestone>,
    /// What it reaches next.
    pub next: Option<Milestone>,
}

impl State {
    /// What a journey comes to at this moment.
    #[must_use]
    pub fn of(journey: Journey, now: Timestamp) -> Self {
        let (zone, current) = (journey.zone(), journey.current(now));
        Self {
            current,
            longest: journey.longest(now),
            reached: current.map(|streak| streak.reached(&zone)).unwrap_or_default(),
            next: current.and_then(|streak| streak.next(&zone)),
            journey,
        }
    }

    /// The version of what is counted from, for [`Service::update`]. Clients read nothing in it.
    #[must_use]
    pub fn etag(&self) -> String {
        self.journey.edition.to_string()
    }
}

/// What somebody says about how they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When it was so; now if they do not say.
    pub at: Option<Timestamp>,
    /// How they felt.
    pub mood: Mood,
    /// What they withstood.
    pub cravings: Cravings,
    /// What was there before.
    pub triggers: Triggers,
    /// What they wrote.
    pub note: Option<Note>,
}

/// What to change about what is counted from. What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// The date, as it was written.
    pub start: Option<String>,
    /// Where days begin and end.
    pub zone: Option<Zone>,
    /// What for.
    pub goal: Option<Goal>,
}

/// How often a write is tried that meets another one of the same person.
const TRIES: usize = 16;

impl Service {
    /// What is counted, and what that comes to now.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn streak(&self, actor: &Actor) -> Result<State, Error> {
        Ok(State::of(self.journey(actor.user).await?, self.clock.now()))
    }

    /// Changes from when, where and for what is counted.
    ///
    /// # Errors
    /// [`Error::EtagMismatch`] if it was changed since the actor got this etag; [`Error::Untimely`].
    pub async fn update(&self, actor: &Actor, etag: &str, change: &Change) -> Result<State, Error> {
        let edition: i64 = etag.parse().map_err(|_| Error::EtagMismatch)?;
        self.write(actor, |journey, now| {
            if journey.edition != edition {
                return Err(Error::EtagMismatch);
            }
            if let Some(zone) = &change.zone {
                journey.zone = Some(zone.clone());
            }
            if let Some(text) = &change.start {
                let zone = journey.zone();
                let day = policy::started(text, zone.day(now)).map_err(Error::untimely("start_date"))?;
                journey.start = Some(Start { day, zone });
            }
            journey.goal = change.goal.or(journey.goal);
            journey.edition = journey.edition.saturating_add(1);
            Ok(())
        })
        .await
    }

    /// Notes how the actor is, under the id that the call has claimed, if it has. Again gives the first.
    ///
    /// # Errors
    /// [`Error::Untimely`].
    pub async fn check_in(&self, actor: &Actor, said: Said, claimed: Option<Uuid>) -> Result<CheckIn, Error> {
        let now = self.clock.now();
        let at = policy::checked_in(said.at, now).map_err(Error::untimely("occurred_at"))?;
        let journey = self.kept(actor.user).await?;
        let id = claimed.map_or_else(|| CheckInId::new(now, &*self.entropy), CheckInId::from_uuid);
        let note = said.note.map(|note| self.notes.seal(&journey, id, &note)).transpose()?;
        let check_in = CheckIn {
            id,
            owner: actor.user,
            moment: Moment { at, zone: journey.zone },
            mood: said.mood,
            cravings: said.cravings,
            triggers: said.triggers,
            note,
        };
        match self.store.add_check_in(&check_in).await {
            Err(StoreError::UniqueViolation(key)) if key == "id" => {
                let first = self.store.check_in(actor.user, id).await?;
                first.ok_or(Error::Store(StoreError::UniqueViolation(key)))
            }
            kept => Ok(kept.map(|()| check_in)?),
        }
    }

    /// Notes a relapse, under the id that the call has claimed, if it has. Again gives the first.
    ///
    /// # Errors
    /// [`Error::Untimely`], [`Error::TooManyRelapses`].
    pub async fn relapse(
        &self,
        actor: &Actor,
        at: Option<Timestamp>,
        triggers: &Triggers,
        claimed: Option<Uuid>,
    ) -> Result<(Relapse, State), Error> {
        let now = self.clock.now();
        let at = policy::relapsed(at, now).map_err(Error::untimely("occurred_at"))?;
        let id = claimed.map_or_else(|| RelapseId::new(now, &*self.entropy), RelapseId::from_uuid);
        let state = self.write(actor, |journey, _| {
            if journey.relapse(id).is_none() && journey.relapses.len() >= policy::RELAPSES {
                return Err(Error::TooManyRelapses);
            }
            let moment = Moment { at, zone: journey.zone.clone() };
            journey.add(Relapse { id, moment, triggers: triggers.clone() });
            Ok(())
        });
        let state = state.await?;
        let relapse = state.journey.relapse(id).cloned().ok_or(Error::NoSuchRelapse)?;
        Ok((relapse, state))
    }

    /// Takes a relapse of the actor's own back.
    ///
    /// # Errors
    /// [`Error::NoSuchRelapse`].
    pub async fn withdraw(&self, actor: &Actor, id: RelapseId) -> Result<State, Error> {
        self.write(actor, |journey, _| if journey.withdraw(id) { Ok(()) } else { Err(Error::NoSuchRelapse) }).await
    }

    /// The journey of this person: a new one, which is not kept, if there is none.
    pub(crate) async fn journey(&self, user: UserId) -> Result<Journey, Error> {
        match self.store.journey(user).await? {
            Some(journey) => Ok(journey),
            None => Ok(Journey::new(user, self.notes.new_key()?)),
        }
    }

    /// The journey of this person, which is kept from now on if it was not: its key seals what is kept.
    async fn kept(&self, user: UserId) -> Result<Journey, Error> {
        for _ in 0..TRIES {
            let journey = self.journey(user).await?;
            if journey.version > 0 {
                return Ok(journey);
            }
            self.store.save(&journey, None, &[]).await?;
        }
        Err(Error::Busy)
    }

    /// Changes the actor's journey, and tells of the milestone that it has come to by that. Of those who change it at
    /// once, each finds what the others have done.
    async fn write(
        &self,
        actor: &Actor,
        change: impl Fn(&mut Journey, Timestamp) -> Result<(), Error> + Send + Sync,
    ) -> Result<State, Error> {
        for _ in 0..TRIES {
            let (now, before) = (self.clock.now(), self.journey(actor.user).await?);
            let mut journey = before.clone();
            change(&mut journey, now)?;
            // What was done before is done: a call that is repeated writes nothing.
            if journey == before {
                return Ok(State::of(journey, now));
            }
            let told = journey.tell(now);
            let events = told.map(|milestone| self.reached(journey.owner, milestone, now));
            let due = journey.next_due(now);
            if self.store.save(&journey, due, events.as_slice()).await? {
                journey.version = journey.version.saturating_add(1);
                return Ok(State::of(journey, now));
            }
        }
        Err(Error::Busy)
    }

    fn reached(&self, user: UserId, milestone: Milestone, now: Timestamp) -> Event {
        Event::new(now, user, EventPayload::Progress(ProgressEvent::MilestoneReached { days: milestone.days }), &*self.entropy)
    }
}
