//! Runs a scenario and asserts what must hold for every fault.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use kith_servers::Kind;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    client::{Client, number, send, text, unused_address},
    recount::{recount, wait_for_counts},
    scenario::{Fault, Scenario},
    server::{eventually, utf8},
    user::{TestUser, sos},
    workload::{Ledger, Received, Workload},
};

const WRITERS: usize = 8;
const SUBSCRIBERS: usize = 6;
const WARM_UP: Duration = Duration::from_secs(4);
const RECOVERY: Duration = Duration::from_secs(6);
/// Deadline of a call of 5 s, and 2 s of tolerance for a busy machine.
const MAX_CALL_DURATION: Duration = Duration::from_secs(5 + 2);
/// Maximum time for which events of a blocked author are still delivered.
const REVOCATION_DELAY: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) async fn run(kind: Kind, fault: Fault, name: &str) {
    let mut scenario = Scenario::new().await;
    let workload = Workload::new(scenario.nodes.iter().map(crate::server::Server::url).collect());
    let reader = workload.register().await;
    // The probe has its own users: repeated logins end the oldest session of an account.
    let (guest, logged_out) = (workload.register().await, workload.register().await);
    logged_out.call_ok("RevokeSession", &json!({ "sessionId": logged_out.session })).await;
    workload
        .ledger
        .lock()
        .unwrap()
        .users
        .retain(|(persona, _)| *persona != logged_out.persona && *persona != guest.persona);
    let mut subscribers = Vec::new();
    for _ in 0..SUBSCRIBERS {
        let user = workload.register().await;
        workload.subscribers.lock().unwrap().push(user.clone());
        subscribers.push(tokio::spawn(workload.clone().subscribe(user)));
    }
    let all_subscribed =
        async || (workload.subscriptions.load(std::sync::atomic::Ordering::Relaxed) >= SUBSCRIBERS).then_some(());
    eventually("subscriptions", all_subscribed).await;
    let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(workload.clone().write(seed))).collect();
    sleep(WARM_UP).await;
    let begin = Instant::now();
    let probing = tokio::spawn(probe(guest, logged_out, workload.urls.clone(), kind, begin + Duration::from_secs(10)));
    scenario.inject(kind, fault).await;
    let repaired = Instant::now();
    println!("{name}: repaired after {:?}", begin.elapsed());
    sleep(RECOVERY).await;
    workload.writing.store(false, std::sync::atomic::Ordering::Relaxed);
    for ended in timeout(TIMEOUT, join_all(writers)).await.expect("timed out waiting for the writers") {
        ended.unwrap();
    }
    let mut violations = timeout(TIMEOUT, probing).await.expect("timed out waiting for the probe").unwrap();
    let last = loop {
        if let Some(created) = workload.call(&reader, "CreatePost", &sos("the last post")).await {
            break text(&created["post"]["id"]);
        }
        let last_call = workload.ledger.lock().unwrap().calls.last().map(|call| format!("{call:?}"));
        assert!(repaired.elapsed() <= TIMEOUT, "{name}: no post succeeds: {last_call:?}");
        sleep(Duration::from_millis(200)).await;
    };
    workload.ledger.lock().unwrap().posts.push((last.clone(), reader.persona.clone()));
    *workload.last.lock().unwrap() = Some(last);
    let mut all_received = Vec::new();
    for subscriber in subscribers {
        match timeout(TIMEOUT, subscriber).await {
            Ok(received) => all_received.push(received.unwrap()),
            Err(_) => violations.push("a subscriber did not receive the last post".to_owned()),
        }
    }
    let ledger = std::mem::take(&mut *workload.ledger.lock().unwrap());
    check_calls(&ledger, kind, fault, (begin, repaired), &mut violations);
    check_deliveries(&ledger, &all_received, &mut violations);
    let failed_calls = ledger.calls.iter().filter(|call| !call.code.is_empty()).count();
    println!(
        "{name}: {} posts, {} responses, {} blocks acknowledged; {failed_calls} of {} calls failed; slowest {:?}; {} reconnects, {} \
         duplicates, {} gaps",
        ledger.posts.len(),
        ledger.responses.len(),
        ledger.blocks.len(),
        ledger.calls.len(),
        ledger.calls.iter().map(|call| call.took).max(),
        all_received.iter().map(|it| it.reconnects).sum::<usize>(),
        all_received.iter().map(|it| it.duplicates).sum::<usize>(),
        all_received.iter().map(|it| it.segments.len() - 1).sum::<usize>(),
    );
    if !violations.is_empty() {
        let file = std::env::temp_dir().join(format!("faults-{name}.log"));
        let logs: Vec<_> = scenario.nodes.iter().map(crate::server::Server::log).collect();
        std::fs::write(&file, logs.join("\n=== the other node ===\n")).unwrap();
        panic!("{name}: {} violations, logs in {}:\n{}", violations.len(), file.display(), violations.join("\n"));
    }
    verify_persistence(&ledger, &reader, &workload).await;
    let listed = scenario.installation.run(&["events", "list"]);
    assert_eq!(utf8(&listed.stdout).trim(), "no dead letters");
}

/// During the fault, checks that ended sessions are rejected, and that logins succeed if only Redis or NATS is
/// affected. Returns the violations.
async fn probe(guest: TestUser, logged_out: TestUser, urls: Vec<String>, kind: Kind, end: Instant) -> Vec<String> {
    let mut violations = Vec::new();
    for url in urls.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        if let Some(Ok(_)) = logged_out.with_url(url).try_call("GetMe", &json!({})).await {
            violations.push("an ended session was accepted".to_owned());
        }
        if matches!(kind, Kind::Redis | Kind::Nats) {
            let body = json!({ "recoveryCode": guest.recovery_code, "device": "another" });
            let call = Client::new(url.clone()).request("LoginWithRecoveryCode");
            match send(call.header("x-forwarded-for", unused_address()).json(&body)).await {
                Some(Ok(_)) => {}
                result => violations.push(format!("login: {result:?}")),
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
    violations
}

/// Checks that no call hangs, and that errors have an expected code and `RetryInfo`.
fn check_calls(ledger: &Ledger, kind: Kind, fault: Fault, window: (Instant, Instant), violations: &mut Vec<String>) {
    let is_required = matches!(kind, Kind::Postgres | Kind::Mongo);
    for call in &ledger.calls {
        let is_expected = match call.code.as_str() {
            "" => true,
            "unavailable" => is_required && call.has_retry_info,
            "deadline_exceeded" => is_required,
            _ => false,
        };
        if !is_expected || call.took > MAX_CALL_DURATION {
            let since = call.begin.saturating_duration_since(window.0);
            violations.push(format!(
                "{} at {since:?}: {:?} after {:?}, RetryInfo {}",
                call.method, call.code, call.took, call.has_retry_info
            ));
        }
    }
    let any_failed = ledger.calls.iter().any(|call| !call.code.is_empty() && call.begin < window.1);
    if is_required && fault != Fault::ResetConnections && !any_failed {
        violations.push("the fault had no effect".to_owned());
    }
}

/// Checks that subscribers received all visible posts, each as one event, in one order, and no hidden ones.
fn check_deliveries(ledger: &Ledger, all_received: &[Received], violations: &mut Vec<String>) {
    let blocked_since = |a: &str, b: &str| {
        let blocks = ledger.blocks.iter().filter(|(by, of, _)| by == a && of == b || by == b && of == a);
        blocks.map(|(.., at)| *at).min()
    };
    for (nth, received) in all_received.iter().enumerate() {
        let mut events = BTreeMap::new();
        for it in received.deliveries() {
            if *events.entry(&it.post).or_insert(&it.event) != &it.event {
                violations.push(format!("subscriber {nth}: {} was delivered as two events", it.post));
            }
            if blocked_since(&received.persona, &it.author).is_some_and(|since| it.at > since + REVOCATION_DELAY) {
                violations.push(format!("subscriber {nth} received {} of a blocked author", it.post));
            }
        }
        for (post, author) in &ledger.posts {
            let is_known = events.contains_key(post) || received.fetched.contains(post);
            if !is_known && blocked_since(&received.persona, author).is_none() {
                violations.push(format!("subscriber {nth} did not receive {post}"));
            }
        }
        if received.close_codes.iter().any(|code| *code >= 4500) {
            violations.push(format!("subscriber {nth} was closed with {:?}", received.close_codes));
        }
    }
    let segments: Vec<Vec<&String>> =
        all_received.iter().flat_map(|it| &it.segments).map(|it| it.iter().map(|it| &it.event).collect()).collect();
    for (a, b) in segments.iter().zip(segments.iter().skip(1)) {
        let common = |from: &[&String], with: &[&String]| {
            from.iter().filter(|it| with.contains(it)).map(|it| (*it).clone()).collect::<Vec<_>>()
        };
        if common(a, b) != common(b, a) {
            violations.push("two subscribers received events in different orders".to_owned());
        }
    }
}

/// Asserts that all acknowledged writes exist, and that counters and points equal a recount.
pub(crate) async fn verify_persistence(ledger: &Ledger, reader: &TestUser, workload: &Workload) {
    let found = recount(reader).await;
    for (post, _) in &ledger.posts {
        assert!(found.counts.contains_key(post), "post {post} is lost");
    }
    for response in &ledger.responses {
        assert!(found.responses.contains_key(response), "response {response} is lost");
    }
    wait_for_counts(reader, &found.counts).await;
    for (persona, access) in &ledger.users {
        let user = TestUser { access_token: access.clone(), ..reader.with_url(&workload.next_url()) };
        let points = found.points.get(persona).copied().unwrap_or(0);
        eventually("points", async || (number(&user.me().await["strengthPoints"]) == points).then_some(())).await;
    }
    let subscribers = workload.subscribers.lock().unwrap().clone();
    for subscriber in subscribers {
        let blocks = crate::recount::pages(&subscriber, "ListBlocks", "blocks", json!({})).await;
        for (_, blocked, _) in ledger.blocks.iter().filter(|(by, ..)| *by == subscriber.persona) {
            assert!(blocks.iter().any(|it| it["persona"]["id"] == **blocked), "a block is lost");
        }
    }
}
