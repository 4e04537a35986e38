//! A store of cases with the outbox beside it, a clock in the hand, and people.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Actor, CaseId, Clock as _, Event, Fact, Moderator, Pager, PostId, SystemClock, SystemEntropy, Timestamp,
    actor::Role, ports::Reaction as _,
};
use kith_moderation::{
    Effects, Endings, Reactions, Sealer, Service,
    domain::{Action, Case, Decision, Reason, Report, State, Subject},
    policy::Proposal,
    service::{Intake, MyStanding},
    store::{Sql, Store},
};
use kith_storage::{
    Outbox, Relay, StoreResult, sql,
    sql::{Database, Engine, SqlOutbox},
};
use kith_testkit::{HandClock, KeepingBus, member};

use crate::people::People;

pub(crate) struct Bed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) people: Arc<People>,
    outbox: Arc<dyn Outbox>,
    rows: Arc<dyn Rows>,
    /// What the database lies in.
    _kept: Box<dyn Any + Send + Sync>,
}

pub(crate) async fn sqlite() -> Bed {
    let file = kith_testkit::sqlite().await;
    let database = (*file).clone();
    let clock = Arc::new(HandClock::at(SystemClock.now()));
    Bed {
        store: Arc::new(Sql::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database.clone(), clock.clone())),
        rows: Arc::new(OnRows { database }),
        clock,
        people: Arc::default(),
        _kept: Box::new(file),
    }
}

pub(crate) async fn postgres() -> Bed {
    let server = kith_testkit::postgres().await;
    let database = (*server).clone();
    let clock = Arc::new(HandClock::at(SystemClock.now()));
    Bed {
        store: Arc::new(Sql::new(database.clone())),
        outbox: Arc::new(SqlOutbox::new(database.clone(), clock.clone())),
        rows: Arc::new(OnRows { database }),
        clock,
        people: Arc::default(),
        _kept: Box::new(server),
    }
}

/// What no store gives back, read from the rows themselves.
#[async_trait]
trait Rows: Send + Sync {
    async fn trail(&self) -> StoreResult<Vec<(String, String)>>;

    async fn texts(&self) -> StoreResult<Vec<Vec<u8>>>;

    async fn counts(&self) -> StoreResult<[i64; 5]>;
}

struct OnRows<D: Engine> {
    database: Database<D>,
}

#[sql]
#[async_trait]
impl Rows for OnRows<Db> {
    async fn trail(&self) -> StoreResult<Vec<(String, String)>> {
        let select = "SELECT act, subject FROM audit_log ORDER BY position";
        Ok(sqlx::query_as(select).fetch_all(self.database.reader()).await?)
    }

    async fn texts(&self) -> StoreResult<Vec<Vec<u8>>> {
        let select = "SELECT sealed FROM evidence UNION ALL SELECT words FROM reports
             UNION ALL SELECT statement FROM decisions UNION ALL SELECT appeal_words FROM decisions";
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(select).fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(|(bytes,)| bytes).collect())
    }

    async fn counts(&self) -> StoreResult<[i64; 5]> {
        let select = "SELECT (SELECT COUNT(*) FROM cases), (SELECT COUNT(*) FROM reports),
             (SELECT COUNT(*) FROM evidence), (SELECT COUNT(*) FROM decisions), (SELECT COUNT(*) FROM strikes)";
        let (cases, reports, evidence, decisions, strikes) =
            sqlx::query_as(select).fetch_one(self.database.reader()).await?;
        Ok([cases, reports, evidence, decisions, strikes])
    }
}

pub(crate) fn hours(hours: u64) -> std::time::Duration {
    std::time::Duration::from_hours(hours)
}

impl Bed {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn effects(&self) -> Arc<Effects> {
        Arc::new(Effects {
            store: self.store.clone(),
            contents: self.people.clone(),
            circles: self.people.clone(),
            accounts: self.people.clone(),
            mutes: self.people.clone(),
            clock: self.clock.clone(),
        })
    }

    fn sealer() -> Sealer {
        Sealer { vault: kith_testkit::vault() }
    }

    fn intake(&self) -> Arc<Intake> {
        Arc::new(Intake {
            store: self.store.clone(),
            effects: self.effects(),
            contents: self.people.clone(),
            personas: self.people.clone(),
            accounts: self.people.clone(),
            blocks: self.people.clone(),
            membership: self.people.clone(),
            circles: self.people.clone(),
            sealer: Self::sealer(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
        })
    }

    pub(crate) fn service(&self) -> Service {
        Service {
            store: self.store.clone(),
            effects: self.effects(),
            intake: self.intake(),
            circles: self.people.clone(),
            sealer: Self::sealer(),
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            pager: Arc::new(Pager::new(&[7; 32])),
        }
    }

    pub(crate) fn reactions(&self) -> Reactions {
        Reactions {
            store: self.store.clone(),
            intake: self.intake(),
            effects: self.effects(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) fn endings(&self) -> Endings {
        Endings { store: self.store.clone(), effects: self.effects(), clock: self.clock.clone() }
    }

    /// Somebody who has an account.
    pub(crate) fn person(&self) -> Actor {
        let actor = member();
        self.people.let_in(&actor);
        actor
    }

    pub(crate) fn moderator(&self) -> Moderator {
        let actor = Actor { role: Role::Moderator, ..self.person() };
        actor.moderator().unwrap()
    }

    pub(crate) fn admin(&self) -> Moderator {
        let actor = Actor { role: Role::Admin, ..self.person() };
        actor.moderator().unwrap()
    }

    pub(crate) async fn report(&self, by: &Actor, post: PostId, reason: Reason) -> Report {
        self.service().report(by, Subject::Post(post), reason, "look at this", None).await.unwrap()
    }

    pub(crate) async fn case(&self, case: CaseId) -> Case {
        self.store.case(case).await.unwrap().unwrap()
    }

    /// Takes a case and decides it.
    pub(crate) async fn decide(&self, staff: &Moderator, case: CaseId, action: Action) -> Decision {
        let taken = self.service().assign(staff, case).await.unwrap();
        let proposal = self.proposal(action);
        self.service().decide(staff, case, &taken.etag(), &proposal, None).await.unwrap().1
    }

    pub(crate) fn proposal(&self, action: Action) -> Proposal {
        let lasts = matches!(action, Action::Mute | Action::Suspend);
        Proposal {
            action,
            rule: "be-kind".into(),
            statement: "It broke the rule.".into(),
            until: lasts.then(|| self.now().after(hours(24))),
        }
    }

    pub(crate) async fn open_cases(&self, staff: &Moderator) -> Vec<Case> {
        self.service().queue(staff, State::Open, kith_kernel::PageSize::MAX, "").await.unwrap().0
    }

    /// How somebody stands, with all that fits on a page.
    pub(crate) async fn standing(&self, actor: &Actor) -> MyStanding {
        self.service().standing(actor, kith_kernel::PageSize::MAX, "").await.unwrap()
    }

    /// What is written down of what staff did: the act, and to what.
    pub(crate) async fn trail(&self) -> Vec<(String, String)> {
        self.rows.trail().await.unwrap()
    }

    /// All texts, as they are kept.
    pub(crate) async fn texts(&self) -> Vec<Vec<u8>> {
        self.rows.texts().await.unwrap()
    }

    /// How many cases, reports, pieces of evidence, decisions and strikes there are.
    pub(crate) async fn counts(&self) -> [i64; 5] {
        self.rows.counts().await.unwrap()
    }

    /// Sends what waits and says what it was.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let bus = Arc::new(KeepingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), self.clock.clone()).drain().await.unwrap();
        bus.events()
    }

    pub(crate) async fn announced(&self) -> Vec<Fact> {
        self.events().await.into_iter().map(|event| event.fact).collect()
    }

    /// Moderation hears of all that waits.
    pub(crate) async fn react(&self) {
        for event in self.events().await {
            self.reactions().on(&event).await.unwrap();
        }
    }
}
