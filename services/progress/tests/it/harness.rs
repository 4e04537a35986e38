//! A store of progress with the outbox beside it, and a clock in the hand.

use std::sync::Arc;

use kith_kernel::{
    Actor, CheckInId, Clock as _, Event, EventPayload, ProgressEvent, RelapseId, SystemEntropy, Timestamp, UserId,
    ports::DataKey,
};
use kith_progress::{
    CheckIn, Cravings, Day, Goal, Journey, Milestones, Moment, Mood, Notes, Relapse, Service, Start, Told, Trigger,
    Zone,
    service::{Change, Said, State},
    store::{Mongo, Sqlite, Store},
};
use kith_storage::{Outbox, Relay, mongo::MongoOutbox, sql::SqlOutbox};
use kith_testkit::{ManualClock, RecordingBus};

pub(crate) struct Harness {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: Arc<Service>,
    outbox: Arc<dyn Outbox>,
    /// Goes when the harness goes.
    _keeper: Option<kith_testkit::SqliteDatabase>,
}

/// Whatever the machine's clock says, it is this moment.
pub(crate) const NOW: &str = "2024-06-10T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(at.as_millisecond())
}

pub(crate) async fn sqlite() -> Harness {
    let keeper = kith_testkit::sqlite_database().await;
    let (database, clock) = ((*keeper).clone(), Arc::new(ManualClock::at(at(NOW))));
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock.clone()));
    Harness::on(Arc::new(Sqlite::new(database)), outbox, clock, Some(keeper))
}

pub(crate) async fn mongo() -> Harness {
    let (database, clock) = (kith_testkit::mongo_database().await, Arc::new(ManualClock::at(at(NOW))));
    let outbox = Arc::new(MongoOutbox::new(database.clone(), Mongo::COLLECTION, clock.clone()));
    Harness::on(Arc::new(Mongo::new(database.clone())), outbox, clock, None)
}

impl Harness {
    fn on(
        store: Arc<dyn Store>,
        outbox: Arc<dyn Outbox>,
        clock: Arc<ManualClock>,
        keeper: Option<kith_testkit::SqliteDatabase>,
    ) -> Self {
        let service =
            Service { store: store.clone(), notes: notes(), clock: clock.clone(), entropy: Arc::new(SystemEntropy) };
        Self { store, clock, service: Arc::new(service), outbox, _keeper: keeper }
    }

    /// Sends what waits, and says what it was.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.events()
    }

    /// How many days were told of, in their order.
    pub(crate) async fn told(&self) -> Vec<u32> {
        let days = |event: Event| {
            let EventPayload::Progress(ProgressEvent::MilestoneReached { days }) = event.payload else {
                unreachable!("nothing else is told: {event:?}")
            };
            days
        };
        self.events().await.into_iter().map(days).collect()
    }

    pub(crate) fn milestones(&self) -> Milestones {
        Milestones { store: self.store.clone(), clock: self.clock.clone(), entropy: Arc::new(SystemEntropy) }
    }

    /// Moves the clock there, forwards.
    pub(crate) fn until(&self, text: &str) {
        let span = at(text).millis() - self.clock.now().millis();
        self.clock.advance(std::time::Duration::from_millis(span.try_into().unwrap()));
    }

    /// Changes what somebody counts from.
    pub(crate) async fn counts(&self, actor: &Actor, start: &str, zone: &str) -> State {
        let etag = self.service.streak(actor).await.unwrap().etag();
        let change =
            Change { start: Some(start.to_owned()), zone: Some(Zone::new(zone).unwrap()), goal: Some(Goal::Abstain) };
        self.service.update(actor, &etag, &change).await.unwrap()
    }

    /// A relapse at this moment.
    pub(crate) async fn falls(&self, actor: &Actor, text: &str) -> (Relapse, State) {
        self.service.relapse(actor, Some(at(text)), &[].into(), None).await.unwrap()
    }
}

pub(crate) fn notes() -> Notes {
    Notes { vault: kith_testkit::test_encryption() }
}

/// What somebody says who feels so.
pub(crate) fn said(mood: u32) -> Said {
    Said {
        at: None,
        mood: Mood::new(mood).unwrap(),
        cravings: Cravings::new(3, 2).unwrap(),
        triggers: [Trigger::Stress, Trigger::Money].into(),
        note: None,
    }
}

pub(crate) fn oslo() -> Zone {
    Zone::new("Europe/Oslo").unwrap()
}

pub(crate) fn relapse(text: &str) -> Relapse {
    Relapse {
        id: RelapseId::new(at(text), &SystemEntropy),
        moment: Moment { at: at(text), zone: Some(oslo()) },
        triggers: [Trigger::Anger, Trigger::Company].into(),
    }
}

/// One of somebody who has said all that there is to say.
pub(crate) fn journey(owner: UserId) -> Journey {
    let zone = Zone::new("America/Sao_Paulo").unwrap();
    Journey {
        zone: Some(zone),
        edition: 3,
        start: Some(Start { day: Day::new("1999-12-31").unwrap(), zone: oslo() }),
        goal: Some(Goal::Reduce),
        relapses: vec![relapse("1950-01-01T00:00:00.001Z"), relapse("2024-01-01T00:00:00Z")],
        told: vec![Told { days: 1, at: at("2024-01-02T03:00:00.123Z") }, Told { days: 7, at: at(NOW) }],
        ..Journey::new(owner, DataKey(vec![1, 2, 3]))
    }
}

pub(crate) fn check_in(owner: UserId, text: &str) -> CheckIn {
    CheckIn {
        id: CheckInId::new(at(text), &SystemEntropy),
        owner,
        moment: Moment { at: at(text), zone: Some(oslo()) },
        mood: Mood::new(4).unwrap(),
        cravings: Cravings::new(9, 8).unwrap(),
        triggers: [Trigger::Pain].into(),
        note: Some(vec![7, 8, 9]),
    }
}
