//! Test harness: a store of progress with its outbox, the service and a manual clock.

use std::sync::Arc;

use kith_kernel::{
    Actor, CheckInId, Clock as _, Event, EventPayload, ProgressEvent, RelapseId, SystemEntropy, Timestamp, UserId,
    ports::DataKey,
};
use kith_progress::{
    AnnouncedMilestone, CheckIn, Cravings, Date, Goal, Mood, NoteCipher, RecoveryProfile, Relapse, Service,
    StreakStart, TimeZone, Trigger, ZonedInstant,
    jobs::AnnounceMilestones,
    service::{CheckInInput, StreakSummary, StreakUpdate},
    store::{Mongo, Sqlite, Store},
};
use kith_storage::{Outbox, Relay, mongo::MongoOutbox, sql::SqlOutbox};
use kith_testkit::{ManualClock, RecordingBus};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: Arc<Service>,
    outbox: Arc<dyn Outbox>,
    /// Deletes the database files on drop.
    _files: Option<kith_testkit::SqliteDatabase>,
}

/// Initial time of the clock.
pub(crate) const NOW: &str = "2024-06-10T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(at.as_millisecond())
}

pub(crate) async fn sqlite() -> Harness {
    let files = kith_testkit::sqlite_database().await;
    let (database, clock) = ((*files).clone(), Arc::new(ManualClock::at(at(NOW))));
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock.clone()));
    Harness::new(Arc::new(Sqlite::new(database)), outbox, clock, Some(files))
}

pub(crate) async fn mongo() -> Harness {
    let (database, clock) = (kith_testkit::mongo_database().await, Arc::new(ManualClock::at(at(NOW))));
    let outbox = Arc::new(MongoOutbox::new(database.clone(), Mongo::COLLECTION, clock.clone()));
    Harness::new(Arc::new(Mongo::new(database.clone())), outbox, clock, None)
}

impl Harness {
    fn new(
        store: Arc<dyn Store>,
        outbox: Arc<dyn Outbox>,
        clock: Arc<ManualClock>,
        files: Option<kith_testkit::SqliteDatabase>,
    ) -> Self {
        let service = Service {
            store: store.clone(),
            note_cipher: note_cipher(),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
        };
        Self { store, clock, service: Arc::new(service), outbox, _files: files }
    }

    /// Drains the outbox and returns the published events.
    pub(crate) async fn published_events(&self) -> Vec<Event> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.events()
    }

    /// Drains the outbox and returns the days of the announced milestones, in order.
    pub(crate) async fn announced_days(&self) -> Vec<u32> {
        let days = |event: Event| {
            let EventPayload::Progress(ProgressEvent::MilestoneReached { days }) = event.payload else {
                unreachable!("unexpected event: {event:?}")
            };
            days
        };
        self.published_events().await.into_iter().map(days).collect()
    }

    pub(crate) fn announce_milestones(&self) -> AnnounceMilestones {
        AnnounceMilestones { store: self.store.clone(), clock: self.clock.clone(), entropy: Arc::new(SystemEntropy) }
    }

    /// Advances the clock to a later time.
    pub(crate) fn advance_to(&self, text: &str) {
        let span = at(text).millis() - self.clock.now().millis();
        self.clock.advance(std::time::Duration::from_millis(span.try_into().unwrap()));
    }

    /// Sets the start date, the time zone and the goal.
    pub(crate) async fn set_start(&self, actor: &Actor, start_date: &str, time_zone: &str) -> StreakSummary {
        let etag = self.service.streak_summary(actor).await.unwrap().etag();
        let update = StreakUpdate {
            start_date: Some(start_date.to_owned()),
            time_zone: Some(TimeZone::new(time_zone).unwrap()),
            goal: Some(Goal::Abstain),
        };
        self.service.update_streak(actor, &etag, &update).await.unwrap()
    }

    /// Records a relapse at this time.
    pub(crate) async fn record_relapse(&self, actor: &Actor, text: &str) -> (Relapse, StreakSummary) {
        self.service.record_relapse(actor, Some(at(text)), &[].into(), None).await.unwrap()
    }
}

pub(crate) fn note_cipher() -> NoteCipher {
    NoteCipher { encryption: kith_testkit::test_encryption() }
}

/// A check-in now, with this mood.
pub(crate) fn check_in_input(mood: u32) -> CheckInInput {
    CheckInInput {
        occurred_at: None,
        mood: Mood::new(mood).unwrap(),
        cravings: Cravings::new(3, 2).unwrap(),
        triggers: [Trigger::Stress, Trigger::Money].into(),
        note: None,
    }
}

pub(crate) fn oslo() -> TimeZone {
    TimeZone::new("Europe/Oslo").unwrap()
}

pub(crate) fn relapse(text: &str) -> Relapse {
    Relapse {
        id: RelapseId::new(at(text), &SystemEntropy),
        occurred_at: ZonedInstant { at: at(text), time_zone: Some(oslo()) },
        triggers: [Trigger::Anger, Trigger::Company].into(),
    }
}

/// A profile in which every field is set.
pub(crate) fn profile(owner: UserId) -> RecoveryProfile {
    RecoveryProfile {
        time_zone: Some(TimeZone::new("America/Sao_Paulo").unwrap()),
        settings_version: 3,
        start: Some(StreakStart { date: Date::parse("1999-12-31").unwrap(), time_zone: oslo() }),
        goal: Some(Goal::Reduce),
        relapses: vec![relapse("1950-01-01T00:00:00.001Z"), relapse("2024-01-01T00:00:00Z")],
        announced_milestones: vec![
            AnnouncedMilestone { days: 1, announced_at: at("2024-01-02T03:00:00.123Z") },
            AnnouncedMilestone { days: 7, announced_at: at(NOW) },
        ],
        ..RecoveryProfile::new(owner, DataKey(vec![1, 2, 3]))
    }
}

pub(crate) fn check_in(owner: UserId, text: &str) -> CheckIn {
    CheckIn {
        id: CheckInId::new(at(text), &SystemEntropy),
        owner,
        occurred_at: ZonedInstant { at: at(text), time_zone: Some(oslo()) },
        mood: Mood::new(4).unwrap(),
        cravings: Cravings::new(9, 8).unwrap(),
        triggers: [Trigger::Pain].into(),
        note: Some(vec![7, 8, 9]),
    }
}
