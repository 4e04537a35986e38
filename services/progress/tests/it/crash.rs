//! Atomicity of writes and events when the process is killed at an arbitrary moment.

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
    Note, RecoveryProfile, Service, TimeZone,
    domain::MILESTONES,
    service::{CheckInInput, StreakUpdate},
    store::{Mongo, Sqlite, Store},
};
use kith_storage::{
    Outbox, Relay,
    mongo::MongoOutbox,
    sql::{Database, Durability, SqlOutbox},
};
use kith_testkit::{RecordingBus, block_on, member};

use crate::harness::{check_in_input, note_cipher};

/// Environment variable with the database of the process to be killed: a file, or the name of a MongoDB database.
const DATABASE: &str = "KITH_TEST_CRASH_DATABASE";
/// Number of kills. A single one may miss the moment between two writes.
const KILLS: usize = 8;
const WRITERS: usize = 4;
/// Number of acknowledgements before each kill. An account has four per round.
const ACKNOWLEDGED: usize = 60;
const NOTE: &str = "It was a long day.";
/// Age of the relapses. They are before the start dates, so they end no streak.
const RELAPSE_AGE: Duration = Duration::from_hours(24 * 1_000);

/// A store that outlives its process, with its outbox.
struct PersistentStore {
    store: Arc<dyn Store>,
    outbox: Arc<dyn Outbox>,
}

/// Opens the store in a SQLite file, or in the MongoDB database if the text is not a path.
async fn open(database: &str) -> PersistentStore {
    let clock = Arc::new(SystemClock);
    if !database.contains('/') {
        let database = (*kith_testkit::mongo_database_named(database).await).clone();
        let outbox = Arc::new(MongoOutbox::new(database.clone(), Mongo::COLLECTION, clock));
        return PersistentStore { store: Arc::new(Mongo::new(database)), outbox };
    }
    let database = Database::open(database.into(), Durability::Power).await.unwrap();
    database.migrate().await.unwrap();
    let outbox = Arc::new(SqlOutbox::new(database.clone(), clock));
    PersistentStore { store: Arc::new(Sqlite::new(database)), outbox }
}

impl PersistentStore {
    fn service(&self) -> Service {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Service { store: self.store.clone(), note_cipher: note_cipher(), clock, entropy }
    }

    /// Publishes pending events and adds the days of their milestones, in order.
    async fn drain(&self, announced: &mut HashMap<UserId, Vec<u32>>) {
        let bus = Arc::new(RecordingBus::default());
        Relay::new(vec![self.outbox.clone()], bus.clone(), Arc::new(SystemClock)).drain().await.unwrap();
        for event in bus.events() {
            let EventPayload::Progress(ProgressEvent::MilestoneReached { days }) = event.payload else {
                unreachable!("unexpected event: {event:?}")
            };
            announced.entry(event.actor).or_default().push(days);
        }
    }
}

/// Records check-ins, settings, relapses and withdrawals, and prints each acknowledged one, until the process is killed.
/// Several tasks write concurrently, so that every kill interrupts a write.
#[test]
#[ignore = "started and killed by other tests, in its own process"]
#[expect(clippy::disallowed_methods, reason = "the parent test process passes the database in the environment")]
fn write_until_killed() {
    let database = std::env::var(DATABASE).unwrap();
    block_on(async {
        let service = Arc::new(open(&database).await.service());
        let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(service.clone()))).collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn write(service: Arc<Service>) {
    loop {
        let ann = member();
        acknowledge("account", &ann, "-");
        let mut etag = service.streak_summary(&ann).await.unwrap().etag();
        for days in MILESTONES {
            check_in(&service, &ann).await;
            let start_date = TimeZone::utc().local_day(SystemClock.now()).minus_days(days).to_string();
            let time_zone = Some(TimeZone::utc());
            let update = StreakUpdate { start_date: Some(start_date), time_zone, goal: None };
            etag = service.update_streak(&ann, &etag, &update).await.unwrap().etag();
            acknowledge("milestone", &ann, &days.to_string());
            let recorded = relapse(&service, &ann).await;
            acknowledge("relapse", &ann, &recorded.to_string());
            let withdrawn = relapse(&service, &ann).await;
            service.withdraw_relapse(&ann, withdrawn).await.unwrap();
            acknowledge("withdrawn", &ann, &withdrawn.to_string());
        }
    }
}

async fn check_in(service: &Service, ann: &Actor) {
    let input = CheckInInput { note: Note::new(NOTE).unwrap(), ..check_in_input(3) };
    let check_in = service.record_check_in(ann, input, None).await.unwrap();
    acknowledge("check-in", ann, &check_in.id.to_string());
}

async fn relapse(service: &Service, ann: &Actor) -> RelapseId {
    let occurred_at = SystemClock.now().before(RELAPSE_AGE);
    service.record_relapse(ann, Some(occurred_at), &check_in_input(3).triggers, None).await.unwrap().0.id
}

/// Prints an acknowledged write for the parent process.
fn acknowledge(operation: &str, actor: &Actor, value: &str) {
    std::io::stdout().write_all(format!("\n{operation} {} {value}\n", actor.user).as_bytes()).unwrap();
}

/// Acknowledged operations of each account with their values, in order.
type Acknowledged = HashMap<UserId, Vec<(String, String)>>;

fn write_and_kill(database: &str, acknowledged: &mut Acknowledged) {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "crash::write_until_killed", "--nocapture"])
        .env(DATABASE, database)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut lines = lines.filter_map(|line| parse_acknowledgement(&line));
    let mut add = |(owner, operation, value)| acknowledged.entry(owner).or_default().push((operation, value));
    lines.by_ref().take(ACKNOWLEDGED).for_each(&mut add);
    writer.kill().unwrap();
    writer.wait().unwrap();
    lines.for_each(&mut add);
}

fn parse_acknowledgement(line: &str) -> Option<(UserId, String, String)> {
    let [operation, owner, value] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    Some((owner.parse().ok()?, operation.to_owned(), value.to_owned()))
}

#[test]
fn a_kill_separates_no_write_from_its_event_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    kill_and_check(folder.path().join("kith.db").to_str().unwrap());
}

#[test]
fn a_kill_separates_no_write_from_its_event_in_mongo() {
    let database = block_on(async { kith_testkit::mongo_database().await.name().to_owned() });
    kill_and_check(&database);
}

fn kill_and_check(database: &str) {
    let mut acknowledged = Acknowledged::new();
    for _ in 0..KILLS {
        write_and_kill(database, &mut acknowledged);
    }
    assert!(acknowledged.values().map(Vec::len).sum::<usize>() >= KILLS * ACKNOWLEDGED);
    block_on(async {
        let persistent = open(database).await;
        let (profiles, published) = load_settled(&persistent, acknowledged.keys()).await;
        for (owner, operations) in &acknowledged {
            let profile = profiles.get(owner);
            let published = published.get(owner).cloned().unwrap_or_default();
            let stored = profile.map(announced_days).unwrap_or_default();
            assert_eq!(stored, published, "stored and published milestones are the same");
            if let Some(profile) = profile {
                assert_complete(profile);
            }
            for (operation, value) in operations {
                assert_stored(&persistent, *owner, profile, operation, value).await;
            }
        }
    });
}

fn announced_days(profile: &RecoveryProfile) -> Vec<u32> {
    profile.announced_milestones.iter().map(|milestone| milestone.days).collect()
}

/// Returns the profiles and the published milestones of these accounts.
///
/// The database can apply the last write of a killed process later, so both are read again until they agree.
async fn load_settled(
    persistent: &PersistentStore,
    owners: impl Iterator<Item = &UserId> + Clone,
) -> (HashMap<UserId, RecoveryProfile>, HashMap<UserId, Vec<u32>>) {
    let mut published = HashMap::new();
    let mut profiles = HashMap::new();
    for _ in 0..100 {
        persistent.drain(&mut published).await;
        profiles.clear();
        for owner in owners.clone() {
            profiles.extend(persistent.store.get_profile(*owner).await.unwrap().map(|profile| (*owner, profile)));
        }
        let count = |owner| published.get(owner).map_or(0, Vec::len);
        if profiles.iter().all(|(owner, profile)| profile.announced_milestones.len() == count(owner)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (profiles, published)
}

/// Checks that a profile contains the complete effect of its last write, which its version identifies.
fn assert_complete(profile: &RecoveryProfile) {
    let writes = usize::try_from(profile.version).unwrap();
    let (rounds, relapses) = match writes {
        1 => (0, 0),
        _ => ((writes - 2) / 4 + 1, (writes - 2) / 4 + [0, 1, 2, 1][(writes - 2) % 4]),
    };
    assert_eq!((usize::try_from(profile.settings_version).unwrap(), profile.relapses.len()), (rounds, relapses));
    assert_eq!(announced_days(profile), MILESTONES[..rounds]);
    assert_eq!(profile.start.is_some(), rounds > 0);
    assert!(profile.relapses.iter().all(|relapse| relapse.triggers == check_in_input(3).triggers));
}

/// Checks that an acknowledged write is stored.
async fn assert_stored(
    persistent: &PersistentStore,
    owner: UserId,
    profile: Option<&RecoveryProfile>,
    operation: &str,
    value: &str,
) {
    if operation == "account" {
        return;
    }
    let profile = profile.unwrap();
    match operation {
        "check-in" => {
            let id: CheckInId = value.parse().unwrap();
            let check_in = persistent.store.get_check_in(owner, id).await.unwrap().unwrap();
            assert_eq!(note_cipher().decrypt(profile, &check_in).unwrap(), NOTE);
        }
        "milestone" => assert!(announced_days(profile).contains(&value.parse().unwrap())),
        "relapse" => assert!(profile.relapse(value.parse().unwrap()).is_some()),
        "withdrawn" => assert!(profile.relapse(value.parse().unwrap()).is_none()),
        unknown => unreachable!("{unknown}"),
    }
}
