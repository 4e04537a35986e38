//! NATS comes back with an older store. What it had acknowledged since is gone from it: events that everybody has reacted
//! to, and events that nobody has.

use std::{fs, path::Path, time::Duration};

use async_nats::jetstream::{self, stream::Stream};
use futures_util::{TryStreamExt as _, future::join_all};
use kith_kernel::{Clock as _, SystemClock};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    client::{number, text},
    oracle::kept,
    people::{Person, hug, sos},
    scene::Scene,
    server::{said, soon},
    town::Town,
};

/// Posts in each part of the story; each has an answer in words and one in a tap.
const POSTS: usize = 6;
/// How many events that makes at least.
const MADE: u64 = 6 * 3;
/// Longer than the test.
const PAUSE: Duration = Duration::from_hours(1);

pub(crate) async fn scenario() {
    let mut scene = Scene::new().await;
    let town = Town::new(scene.nodes.iter().map(crate::server::Server::url).collect());
    let reader = town.newcomer().await;
    let so_far = |town: &Town| town.ledger.lock().unwrap().clone();
    busy(&town).await;
    kept(&so_far(&town), &reader, &town).await;
    let older = scene.place("older");
    scene.while_nats_is_dead(|store| copy(store, &older));

    // Everybody reacts to these; they will be told of them again.
    busy(&town).await;
    kept(&so_far(&town), &reader, &town).await;

    // Nobody reacts to these before they are gone.
    let events = events(&scene).await;
    let (before, silent) = (settled(&events).await, pause(&events).await);
    let last = busy(&town).await;
    soon("events that wait", async || (last_sequence(&events).await >= before + MADE).then_some(())).await;
    let after = settled(&events).await;
    let unheard = reader.moved(&town.somewhere()).sees(&last).await.unwrap();
    assert_eq!(number(&unheard["responseCount"]), 0, "{silent} reactions stand still");

    scene.while_nats_is_dead(|store| {
        fs::remove_dir_all(store).unwrap();
        copy(&older, store);
    });
    let events = self::events(&scene).await;
    println!("rollback: {after} events, of which {} were left", last_sequence(&events).await);
    // What comes after it is heard as ever; and nothing that was acknowledged is missing, or counted or paid twice.
    busy(&town).await;
    kept(&so_far(&town), &reader, &town).await;
    assert!(settled(&events).await >= after + MADE, "what was lost was published again");
    // Whoever is told again after that has still counted and paid once.
    kept(&so_far(&town), &reader, &town).await;
    let listed = scene.home.ask(&["events", "list"]);
    assert_eq!(said(&listed.stdout).trim(), "no dead letters");
}

/// Posts by some, answered by others, all of it acknowledged. The last post.
async fn busy(town: &Town) -> String {
    let made = join_all((0..POSTS).map(|nth| async move {
        let (author, friend, other) = (town.newcomer().await, town.newcomer().await, town.newcomer().await);
        let made = acknowledged(town, &author, "CreatePost", &sos(&format!("post {nth}"))).await;
        let post = text(&made["post"]["id"]);
        town.ledger.lock().unwrap().posts.push((post.clone(), author.persona.clone()));
        let words = json!({ "postId": post, "text": "I am here" });
        let answer = acknowledged(town, &friend, "CreateResponse", &words).await;
        let tap = acknowledged(town, &other, "QuickSupport", &hug(&post)).await;
        let answers = [answer, tap].map(|given| text(&given["response"]["id"]));
        town.ledger.lock().unwrap().answers.extend(answers);
        post
    }));
    made.await.pop().unwrap()
}

/// NATS comes and goes; nobody who writes may feel it.
async fn acknowledged(
    town: &Town,
    person: &Person,
    method: &'static str,
    body: &serde_json::Value,
) -> serde_json::Value {
    let answered = town.calls(person, method, body).await;
    answered.unwrap_or_else(|| panic!("{method}: {:?}", town.ledger.lock().unwrap().calls.last()))
}

/// The stream that everybody reacts to.
async fn events(scene: &Scene) -> Stream {
    let client = async_nats::connect(scene.nats()).await.unwrap();
    let jetstream = jetstream::new(client);
    // It looks through its store before it answers.
    soon("the stream", async || jetstream.get_stream("faults-events").await.ok()).await
}

async fn last_sequence(stream: &Stream) -> u64 {
    stream.get_info().await.unwrap().state.last_sequence
}

/// The last event, when no more of them come.
async fn settled(stream: &Stream) -> u64 {
    let mut last = last_sequence(stream).await;
    soon("the last event", async || {
        sleep(Duration::from_secs(1)).await;
        let now = last_sequence(stream).await;
        let rests = now == last;
        last = now;
        rests.then_some(())
    })
    .await;
    last
}

/// Lets no reaction hear anything more. How many there are.
async fn pause(stream: &Stream) -> usize {
    let until = SystemClock.now().after(PAUSE).millis();
    let until = async_nats::datetime::from_nanos(i128::from(until) * 1_000_000).unwrap();
    let names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
    assert!(!names.is_empty(), "somebody reacts");
    for name in &names {
        assert!(stream.pause_consumer(name, until).await.unwrap().paused);
    }
    names.len()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (entry, there) = (entry.as_ref().unwrap(), to.join(entry.as_ref().unwrap().file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}
