//! NATS restarts with an older store. It has lost events that it had acknowledged: some that all handlers have
//! processed, and some that no handler has processed.

use std::{fs, path::Path, time::Duration};

use async_nats::jetstream::{self, stream::Stream};
use futures_util::{TryStreamExt as _, future::join_all};
use kith_kernel::{Clock as _, SystemClock};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    client::{number, text},
    invariants::verify_persistence,
    scenario::Scenario,
    server::{eventually, utf8},
    user::{TestUser, hug, sos},
    workload::Workload,
};

/// Posts in each phase. Each gets a text response and quick support.
const POSTS: usize = 6;
/// Minimum number of events in each phase.
const EVENTS: u64 = 6 * 3;
/// Pause of the consumers. Longer than the test.
const PAUSE: Duration = Duration::from_hours(1);

pub(crate) async fn run() {
    let mut scenario = Scenario::new().await;
    let workload = Workload::new(scenario.nodes.iter().map(crate::server::Server::url).collect());
    let reader = workload.register().await;
    let ledger = |workload: &Workload| workload.ledger.lock().unwrap().clone();
    create_content(&workload).await;
    verify_persistence(&ledger(&workload), &reader, &workload).await;
    let backup = scenario.path("backup");
    scenario.change_nats_store(|store| copy(store, &backup));

    // Handlers process these events, and receive them again after the rollback.
    create_content(&workload).await;
    verify_persistence(&ledger(&workload), &reader, &workload).await;

    // The consumers are paused, so these events are lost before any handler processes them.
    let stream = event_stream(&scenario).await;
    let (before, paused) = (last_settled_sequence(&stream).await, pause_consumers(&stream).await);
    let last = create_content(&workload).await;
    eventually("the events of the posts", async || (last_sequence(&stream).await >= before + EVENTS).then_some(()))
        .await;
    let after = last_settled_sequence(&stream).await;
    let view = reader.with_url(&workload.next_url()).get_post(&last).await.unwrap();
    assert_eq!(number(&view["responseCount"]), 0, "a response was counted although {paused} consumers are paused");

    scenario.change_nats_store(|store| {
        fs::remove_dir_all(store).unwrap();
        copy(&backup, store);
    });
    let stream = event_stream(&scenario).await;
    println!("rollback: {after} events, of which {} remain after the rollback", last_sequence(&stream).await);
    // New events are delivered, and no acknowledged write is lost or counted twice.
    create_content(&workload).await;
    verify_persistence(&ledger(&workload), &reader, &workload).await;
    assert!(last_settled_sequence(&stream).await >= after + EVENTS, "lost events were not republished");
    // Republished events do not change counters or points.
    verify_persistence(&ledger(&workload), &reader, &workload).await;
    let listed = scenario.installation.run(&["events", "list"]);
    assert_eq!(utf8(&listed.stdout).trim(), "no dead letters");
}

/// Creates posts and responses of several users, all acknowledged. Returns the id of the last post.
async fn create_content(workload: &Workload) -> String {
    let created = join_all((0..POSTS).map(|nth| async move {
        let (author, first, second) = (workload.register().await, workload.register().await, workload.register().await);
        let created = acknowledged(workload, &author, "CreatePost", &sos(&format!("post {nth}"))).await;
        let post = text(&created["post"]["id"]);
        workload.ledger.lock().unwrap().posts.push((post.clone(), author.persona.clone()));
        let text_response = json!({ "postId": post, "text": "I am here" });
        let response = acknowledged(workload, &first, "CreateResponse", &text_response).await;
        let quick = acknowledged(workload, &second, "QuickSupport", &hug(&post)).await;
        let responses = [response, quick].map(|created| text(&created["response"]["id"]));
        workload.ledger.lock().unwrap().responses.extend(responses);
        post
    }));
    created.await.pop().unwrap()
}

/// Calls a method that must succeed, also while NATS is unavailable.
async fn acknowledged(
    workload: &Workload,
    user: &TestUser,
    method: &'static str,
    body: &serde_json::Value,
) -> serde_json::Value {
    let response = workload.call(user, method, body).await;
    response.unwrap_or_else(|| panic!("{method}: {:?}", workload.ledger.lock().unwrap().calls.last()))
}

/// Stream of all domain events.
async fn event_stream(scenario: &Scenario) -> Stream {
    let client = async_nats::connect(scenario.nats_url()).await.unwrap();
    let jetstream = jetstream::new(client);
    // NATS recovers its store before it responds.
    eventually("the stream", async || jetstream.get_stream("faults-events").await.ok()).await
}

async fn last_sequence(stream: &Stream) -> u64 {
    stream.get_info().await.unwrap().state.last_sequence
}

/// Waits until the stream stops growing and returns its last sequence.
async fn last_settled_sequence(stream: &Stream) -> u64 {
    let mut last = last_sequence(stream).await;
    eventually("the last event", async || {
        sleep(Duration::from_secs(1)).await;
        let now = last_sequence(stream).await;
        let settled = now == last;
        last = now;
        settled.then_some(())
    })
    .await;
    last
}

/// Pauses all consumers and returns their number.
async fn pause_consumers(stream: &Stream) -> usize {
    let until = SystemClock.now().after(PAUSE).millis();
    let until = async_nats::datetime::from_nanos(i128::from(until) * 1_000_000).unwrap();
    let names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
    assert!(!names.is_empty(), "the stream has no consumers");
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
