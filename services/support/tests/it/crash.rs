//! Killing the process at any time never separates a state from its event.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    sync::Arc,
};

use kith_kernel::{Clock as _, EventPayload, PostId, ResponseEvent, ResponseId, SystemClock, ports::PostSummary};
use kith_storage::sql::{Database, Durability};
use kith_support::store::Store;
use kith_testkit::{block_on, user};

use crate::harness::{Harness, deleted, given, marked, post, response, words};

const PLACE: &str = "KITH_TEST_CRASH_PLACE";
const POST: &str = "KITH_TEST_CRASH_POST";

/// Number of kills. A single one can miss the time between two writes.
const KILLS: usize = 8;
const WRITERS: usize = 4;
/// Acknowledged writes before the kill: enough for each writer to delete and mark.
const ACKNOWLEDGED: usize = 30;

/// Opens the store of a SQLite file, or of a MongoDB database if `place` is not a path.
async fn open(place: &str) -> Harness {
    if !place.contains('/') {
        return Harness::in_mongo(&*kith_testkit::mongo_database_named(place).await);
    }
    let database = Database::open(place.into(), Durability::Power).await.unwrap();
    database.migrate().await.unwrap();
    Harness::on(database, None)
}

/// Creates responses, deletes every third, marks every third as helpful, and prints what was acknowledged, until it is
/// killed. Several writers run at once, so that a kill interrupts at least one of them.
#[test]
#[ignore = "runs in a process of its own, started and killed by the test below"]
#[expect(clippy::disallowed_methods, reason = "one test process tells the other where to write")]
fn child_writes_until_killed() {
    let place = std::env::var(PLACE).unwrap();
    let post = PostSummary { id: std::env::var(POST).unwrap().parse().unwrap(), author: user(), circle: None };
    block_on(async {
        let harness = open(&place).await;
        let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(harness.store.clone(), post))).collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
}

async fn write(store: Arc<dyn Store>, post: PostSummary) {
    let acknowledge = |what: &str, id: ResponseId| {
        std::io::stdout().write_all(format!("\n{what} {id}\n").as_bytes()).unwrap();
    };
    for turn in 0_u64.. {
        let response = response(&post, user(), words("hold on"));
        store.insert(&response, &[given(&response)]).await.unwrap();
        acknowledge("given", response.id);
        if turn % 3 == 0 {
            assert!(store.delete(&response, SystemClock.now(), &[deleted(&response)]).await.unwrap());
            acknowledge("deleted", response.id);
        }
        if turn % 3 == 1 {
            store.mark_helpful(response.id, SystemClock.now(), &[marked(&response)]).await.unwrap().unwrap();
            acknowledge("marked", response.id);
        }
    }
}

type Acknowledged = BTreeMap<String, BTreeSet<ResponseId>>;

/// Adds the writes that were acknowledged before the kill.
fn write_and_kill(place: &str, post: PostId, acknowledged: &mut Acknowledged) {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "crash::child_writes_until_killed", "--nocapture"])
        .env(PLACE, place)
        .env(POST, post.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let told = lines.filter_map(|line| {
        let (what, id) = line.split_once(' ')?;
        Some((what.to_owned(), id.parse::<ResponseId>().ok()?))
    });
    for (what, id) in told.take(ACKNOWLEDGED) {
        acknowledged.entry(what).or_default().insert(id);
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
}

/// Events per response: each kind at most once, the creation first.
#[derive(Default)]
struct RecordedEvents {
    given: BTreeSet<ResponseId>,
    deleted: BTreeSet<ResponseId>,
    marked: BTreeSet<ResponseId>,
}

impl RecordedEvents {
    fn by(facts: Vec<EventPayload>) -> Self {
        let mut told = Self::default();
        for fact in facts {
            let is_new = if let EventPayload::Response(ResponseEvent::Created { response: about, .. }) = fact {
                told.given.insert(about.response)
            } else if let EventPayload::Response(ResponseEvent::Deleted { response: about, .. }) = fact {
                told.given.contains(&about.response) && told.deleted.insert(about.response)
            } else if let EventPayload::Response(ResponseEvent::MarkedHelpful(about)) = fact {
                told.given.contains(&about.response) && told.marked.insert(about.response)
            } else {
                false
            };
            assert!(is_new, "each is told once, the giving first, and nothing else is told: {fact:?}");
        }
        told
    }
}

#[test]
fn a_killed_process_never_separates_a_write_from_its_event_in_sqlite() {
    kill_writers(&format!("{}/{}.db", env!("CARGO_TARGET_TMPDIR"), user()));
}

#[test]
fn a_killed_process_never_separates_a_write_from_its_event_in_mongo() {
    kill_writers(&block_on(async { kith_testkit::mongo_database().await.name().to_owned() }));
}

fn kill_writers(place: &str) {
    block_on(async {
        let (post, mut acknowledged) = (post(), Acknowledged::default());
        for _ in 0..KILLS {
            write_and_kill(place, post.id, &mut acknowledged);
        }
        let harness = open(place).await;
        let told = RecordedEvents::by(harness.announced().await);

        let living = harness.store.list(post.id, None, user(), &BTreeSet::new(), 1_000_000).await.unwrap();
        let living: BTreeSet<ResponseId> = living.into_iter().map(|response| response.id).collect();
        let untold: Vec<_> = living.difference(&told.given).collect();
        assert!(untold.is_empty(), "what is stored is announced: {untold:?}");
        for id in &told.given {
            let stored = harness.store.get(*id).await.unwrap().unwrap();
            assert_eq!(stored.deleted_at.is_some(), told.deleted.contains(id), "a deletion and its event are one");
            assert_eq!(stored.helpful_at.is_some(), told.marked.contains(id), "a mark and its event are one");
        }
        assert_eq!(acknowledged.values().map(BTreeSet::len).sum::<usize>(), KILLS * ACKNOWLEDGED);
        for (what, happened) in [("given", &told.given), ("deleted", &told.deleted), ("marked", &told.marked)] {
            let acknowledged = acknowledged.remove(what).unwrap_or_default();
            assert!(!acknowledged.is_empty(), "something was {what}");
            assert!(acknowledged.is_subset(happened), "what was {what} is not lost");
        }
    });
}
