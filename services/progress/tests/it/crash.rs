//! A process that is killed at any moment leaves no change without its fact, no fact without its change, and nothing of
//! somebody's that is there by half.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use kith_kernel::{
    Actor, CheckInId, Clock as _, EventPayload, ProgressEvent, RelapseId, SystemClock, SystemEntropy, UserId,
};
use kith_progress::{
    Journey, Note, Service, Zone,
    domain::MILESTONES,
    service::{Change, Said},
    store::{Mongo, Sqlite, Store},
};
use kith_storage::{
    Outbox, Relay,
    mongo::MongoOutbox,
    sql::{Database, Durability, SqlOutbox},
};
use kith_testkit::{RecordingBus, block_on, member};

use crate::harness::{notes, said};

/// Where the process to be killed writes, as it is told in the environment.
const PLACE: &str = "KITH_TEST_CRASH_PLACE";
/// One kill may miss the moment between two writes; that so many miss it is not to be expected.
const KILLS: usize = 8;
const WRITERS: usize = 4;
/// How many lines are waited for before each kill: a person says four things in a round.
const LINES: usize = 60;
const NOTE: &str = "It was a long day.";
/// Long before anybody counts, so it breaks no streak.
const LONG_AGO: Duration = Duration::from_hours(24 * 1_000);

/// A store that outlives its process, with its outbox.
struct Kept {
    store: Arc<dyn Store>,
    outbox: Arc<dyn Outbox>,
}

/// The store of a file, or of a database in MongoDB if it is no path.
async fn open(place: &str) -> Kept {
    let clock = Arc::new(SystemClock);
    if !place.contains('/') {
        let database = (*kith_testkit::mongo_database_named(place).await).clone();
        let outbox = Arc::new(MongoOutbox::new(database.clone(), Mongo::COLLECTION, clock));
        return Kept { store: Arc::new(Mongo::new(database)), outbox };
    }
    let database = Database::open(place.into(), Durability::Power).await.unwrap();
    database.migrate().await.unwrap();
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock));
    Kept { store: Arc::new(Sqlite::new(database)), outbox }
}

impl Kept {
    fn service(&self) -> Service {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Service { store: self.store.clone(), notes: notes(), clock, entropy }
    }

    /// Sends what waits: of whom which milestones are told, in their order.
    async fn drain(&self, told: &mut HashMap<UserId, Vec<u32>>) {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), Arc::new(SystemClock)).drain().await.unwrap();
        for event in bus.events() {
            let EventPayload::Progress(ProgressEvent::MilestoneReached { days }) = event.payload else {
                unreachable!("nothing else is told: {event:?}")
            };
            told.entry(event.actor).or_default().push(days);
        }
    }
}

/// Lets people check in, count, relapse and take that back, until it is killed. Several do so at once: whenever the kill
/// comes, somebody is in the middle.
#[test]
#[ignore = "runs in a process of its own, started and killed by the tests below"]
#[expect(clippy::disallowed_methods, reason = "one test process tells the other where to write")]
fn lives_until_it_is_killed() {
    let place = std::env::var(PLACE).unwrap();
    block_on(async {
        let kept = open(&place).await;
        let service = Arc::new(kept.service());
        let people: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(live(service.clone()))).collect();
        for person in people {
            person.await.unwrap();
        }
    });
}

async fn live(service: Arc<Service>) {
    loop {
        let ann = member();
        say("person", &ann, "-");
        let mut etag = service.streak(&ann).await.unwrap().etag();
        for days in MILESTONES {
            check_in(&service, &ann).await;
            let day = Zone::utc().day(SystemClock.now()).minus(days).to_string();
            let change = Change { start: Some(day), zone: Some(Zone::utc()), goal: None };
            etag = service.update(&ann, &etag, &change).await.unwrap().etag();
            say("counts", &ann, &days.to_string());
            let stays = relapse(&service, &ann).await;
            say("relapse", &ann, &stays.to_string());
            let goes = relapse(&service, &ann).await;
            service.withdraw(&ann, goes).await.unwrap();
            say("withdrawn", &ann, &goes.to_string());
        }
    }
}

async fn check_in(service: &Service, ann: &Actor) {
    let said = Said { note: Note::new(NOTE).unwrap(), ..said(3) };
    let kept = service.check_in(ann, said, None).await.unwrap();
    say("check-in", ann, &kept.id.to_string());
}

async fn relapse(service: &Service, ann: &Actor) -> RelapseId {
    let then = SystemClock.now().before(LONG_AGO);
    service.relapse(ann, Some(then), &said(3).triggers, None).await.unwrap().0.id
}

/// Tells the process that kills this one.
fn say(what: &str, who: &Actor, of: &str) {
    std::io::stdout().write_all(format!("\n{what} {} {of}\n", who.user).as_bytes()).unwrap();
}

/// Of whom something was told before the kills, and what: in their order.
type Told = HashMap<UserId, Vec<(String, String)>>;

fn live_and_kill(place: &str, told: &mut Told) {
    let mut living = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "crash::lives_until_it_is_killed", "--nocapture"])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(living.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut lines = lines.filter_map(|line| heard(&line));
    let mut hear = |(who, what, of)| told.entry(who).or_default().push((what, of));
    lines.by_ref().take(LINES).for_each(&mut hear);
    living.kill().unwrap();
    living.wait().unwrap();
    lines.for_each(&mut hear);
}

fn heard(line: &str) -> Option<(UserId, String, String)> {
    let [what, who, of] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    Some((who.parse().ok()?, what.to_owned(), of.to_owned()))
}

#[test]
fn a_kill_splits_no_change_from_its_fact_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    kill_and_look(folder.path().join("kith.db").to_str().unwrap());
}

#[test]
fn a_kill_splits_no_change_from_its_fact_in_mongo() {
    let place = block_on(async { kith_testkit::mongo_database().await.name().to_owned() });
    kill_and_look(&place);
}

fn kill_and_look(place: &str) {
    let mut told = Told::new();
    for _ in 0..KILLS {
        live_and_kill(place, &mut told);
    }
    assert!(told.values().map(Vec::len).sum::<usize>() >= KILLS * LINES);
    block_on(async {
        let kept = open(place).await;
        let (journeys, announced) = settled(&kept, told.keys()).await;
        let reached = |journey: &Journey| journey.told.iter().map(|told| told.days).collect::<Vec<_>>();
        for (who, acknowledged) in &told {
            let journey = journeys.get(who);
            let announced = announced.get(who).cloned().unwrap_or_default();
            assert_eq!(journey.map(reached).unwrap_or_default(), announced, "what is told is kept, and the reverse");
            if let Some(journey) = journey {
                is_whole(journey);
            }
            for (what, of) in acknowledged {
                is_there(&kept, *who, journey, what, of).await;
            }
        }
    });
}

/// The journeys of these people, and which milestones were announced of whom. What a killed process had sent last may
/// still be on its way into the database: until both agree, they are looked at again before they are judged.
async fn settled(
    kept: &Kept,
    people: impl Iterator<Item = &UserId> + Clone,
) -> (HashMap<UserId, Journey>, HashMap<UserId, Vec<u32>>) {
    let mut announced = HashMap::new();
    let mut journeys = HashMap::new();
    for _ in 0..100 {
        kept.drain(&mut announced).await;
        journeys.clear();
        for who in people.clone() {
            journeys.extend(kept.store.journey(*who).await.unwrap().map(|journey| (*who, journey)));
        }
        let count = |who| announced.get(who).map_or(0, Vec::len);
        if journeys.iter().all(|(who, journey)| journey.told.len() == count(who)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (journeys, announced)
}

/// Whether a journey is as its last write left it: its version says which that was.
fn is_whole(journey: &Journey) {
    let written = usize::try_from(journey.version).unwrap();
    let (rounds, relapses) = match written {
        1 => (0, 0),
        _ => ((written - 2) / 4 + 1, (written - 2) / 4 + [0, 1, 2, 1][(written - 2) % 4]),
    };
    assert_eq!((usize::try_from(journey.edition).unwrap(), journey.relapses.len()), (rounds, relapses));
    let told: Vec<u32> = journey.told.iter().map(|told| told.days).collect();
    assert_eq!(told, MILESTONES[..rounds]);
    assert_eq!(journey.start.is_some(), rounds > 0);
    assert!(journey.relapses.iter().all(|relapse| relapse.triggers == said(3).triggers));
}

/// Whether what was acknowledged is so.
async fn is_there(kept: &Kept, who: UserId, journey: Option<&Journey>, what: &str, of: &str) {
    if what == "person" {
        return;
    }
    let journey = journey.unwrap();
    match what {
        "check-in" => {
            let id: CheckInId = of.parse().unwrap();
            let check_in = kept.store.check_in(who, id).await.unwrap().unwrap();
            assert_eq!(notes().open(journey, &check_in).unwrap(), NOTE);
        }
        "counts" => assert!(journey.told.iter().any(|told| told.days.to_string() == of)),
        "relapse" => assert!(journey.relapse(of.parse().unwrap()).is_some()),
        "withdrawn" => assert!(journey.relapse(of.parse().unwrap()).is_none()),
        unknown => unreachable!("{unknown}"),
    }
}
