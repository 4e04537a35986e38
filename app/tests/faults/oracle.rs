//! What must be true of everything that was said and heard, whatever happened to a server.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use kith_servers::Kind;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    client::{Client, answer, elsewhere, number, text},
    people::{Person, sos},
    recount::{counts_are, recount},
    scene::{Fault, Scene},
    server::{said, soon},
    town::{Heard, Ledger, Town},
};

const WRITERS: usize = 8;
const LISTENERS: usize = 6;
const WARM: Duration = Duration::from_secs(4);
const CALM: Duration = Duration::from_secs(6);
/// The deadline of a call, and what a busy machine adds.
const LONGEST: Duration = Duration::from_secs(5 + 2);
/// How long a right that ended may still be there.
const LAG: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn scenario(kind: Kind, fault: Fault, name: &str) {
    let mut scene = Scene::new().await;
    let town = Town::new(scene.nodes.iter().map(crate::server::Server::url).collect());
    let reader = town.newcomer().await;
    // Who logs in again and again loses their oldest session in the end.
    let (guest, ended) = (town.newcomer().await, town.newcomer().await);
    ended.does("RevokeSession", &json!({ "sessionId": ended.session })).await;
    town.ledger.lock().unwrap().people.retain(|(persona, _)| *persona != ended.persona && *persona != guest.persona);
    let mut listening = Vec::new();
    for _ in 0..LISTENERS {
        let person = town.newcomer().await;
        town.listeners.lock().unwrap().push(person.clone());
        listening.push(tokio::spawn(town.clone().listen(person)));
    }
    let all = async || (town.listening.load(std::sync::atomic::Ordering::Relaxed) >= LISTENERS).then_some(());
    soon("listeners", all).await;
    let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(town.clone().write(seed))).collect();
    sleep(WARM).await;
    let begin = Instant::now();
    let probing = tokio::spawn(probe(guest, ended, town.urls.clone(), kind, begin + Duration::from_secs(10)));
    scene.suffer(kind, fault).await;
    let healed = Instant::now();
    println!("{name}: healed after {:?}", begin.elapsed());
    sleep(CALM).await;
    town.writing.store(false, std::sync::atomic::Ordering::Relaxed);
    for ended in timeout(PATIENCE, join_all(writers)).await.expect("writers end") {
        ended.unwrap();
    }
    let mut faults = timeout(PATIENCE, probing).await.expect("the probe ends").unwrap();
    let last = loop {
        if let Some(made) = town.calls(&reader, "CreatePost", &sos("the last word")).await {
            break text(&made["post"]["id"]);
        }
        let tried = town.ledger.lock().unwrap().calls.last().map(|call| format!("{call:?}"));
        assert!(healed.elapsed() <= PATIENCE, "{name}: nobody can post: {tried:?}");
        sleep(Duration::from_millis(200)).await;
    };
    town.ledger.lock().unwrap().posts.push((last.clone(), reader.persona.clone()));
    *town.last.lock().unwrap() = Some(last);
    let mut heard = Vec::new();
    for listener in listening {
        match timeout(PATIENCE, listener).await {
            Ok(listened) => heard.push(listened.unwrap()),
            Err(_) => faults.push("a listener did not hear the last word".to_owned()),
        }
    }
    let ledger = std::mem::take(&mut *town.ledger.lock().unwrap());
    calls(&ledger, kind, fault, (begin, healed), &mut faults);
    ears(&ledger, &heard, &mut faults);
    let outage = ledger.calls.iter().filter(|call| !call.code.is_empty()).count();
    println!(
        "{name}: {} posts, {} answers, {} blocks acknowledged; {outage} of {} calls refused; slowest {:?}; {} returns, {} \
         repeats, {} refetches",
        ledger.posts.len(),
        ledger.answers.len(),
        ledger.blocks.len(),
        ledger.calls.len(),
        ledger.calls.iter().map(|call| call.took).max(),
        heard.iter().map(|it| it.returns).sum::<usize>(),
        heard.iter().map(|it| it.repeated).sum::<usize>(),
        heard.iter().map(|it| it.segments.len() - 1).sum::<usize>(),
    );
    if !faults.is_empty() {
        let keep = std::env::temp_dir().join(format!("faults-{name}.log"));
        let logs: Vec<_> = scene.nodes.iter().map(crate::server::Server::log).collect();
        std::fs::write(&keep, logs.join("\n=== the other node ===\n")).unwrap();
        panic!("{name}: {} faults, logs in {}:\n{}", faults.len(), keep.display(), faults.join("\n"));
    }
    kept(&ledger, &reader, &town).await;
    let listed = scene.home.ask(&["events", "list"]);
    assert_eq!(said(&listed.stdout).trim(), "no dead letters");
}

/// What no fault may open, and what some may not close. What was wrong.
async fn probe(guest: Person, ended: Person, urls: Vec<String>, kind: Kind, end: Instant) -> Vec<String> {
    let mut faults = Vec::new();
    for url in urls.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        if let Some(Ok(_)) = ended.moved(url).tries("GetMe", &json!({})).await {
            faults.push("a session that was ended was let in".to_owned());
        }
        if matches!(kind, Kind::Redis | Kind::Nats) {
            let body = json!({ "recoveryCode": guest.code, "device": "another" });
            let call = Client::to(url.clone()).call("LoginWithRecoveryCode");
            match answer(call.header("x-forwarded-for", elsewhere()).json(&body)).await {
                Some(Ok(_)) => {}
                refused => faults.push(format!("log-in: {refused:?}")),
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
    faults
}

/// No call hangs, and what is refused is refused well.
fn calls(ledger: &Ledger, kind: Kind, fault: Fault, window: (Instant, Instant), faults: &mut Vec<String>) {
    let needed = matches!(kind, Kind::Postgres | Kind::Mongo);
    for call in &ledger.calls {
        let well = match call.code.as_str() {
            "" => true,
            "unavailable" => needed && call.says_when,
            "deadline_exceeded" => needed,
            _ => false,
        };
        if !well || call.took > LONGEST {
            let since = call.begin.saturating_duration_since(window.0);
            faults.push(format!(
                "{} at {since:?}: {:?} after {:?}, RetryInfo {}",
                call.method, call.code, call.took, call.says_when
            ));
        }
    }
    let refused = ledger.calls.iter().any(|call| !call.code.is_empty() && call.begin < window.1);
    if needed && fault != Fault::Cut && !refused {
        faults.push("the fault was not felt".to_owned());
    }
}

/// Everybody heard what they should, once, in one order, and nothing that they may not.
fn ears(ledger: &Ledger, heard: &[Heard], faults: &mut Vec<String>) {
    let apart = |a: &str, b: &str| {
        let since = ledger.blocks.iter().filter(|(by, whom, _)| by == a && whom == b || by == b && whom == a);
        since.map(|(.., at)| *at).min()
    };
    for (nth, one) in heard.iter().enumerate() {
        let mut events = BTreeMap::new();
        for it in one.deliveries() {
            if *events.entry(&it.post).or_insert(&it.event) != &it.event {
                faults.push(format!("listener {nth}: {} was told as two events", it.post));
            }
            if apart(&one.persona, &it.author).is_some_and(|since| it.at > since + LAG) {
                faults.push(format!("listener {nth} heard {} of somebody blocked", it.post));
            }
        }
        for (post, author) in &ledger.posts {
            let known = events.contains_key(post) || one.fetched.contains(post);
            if !known && apart(&one.persona, author).is_none() {
                faults.push(format!("listener {nth} did not hear {post}"));
            }
        }
        if one.closed.iter().any(|code| *code >= 4500) {
            faults.push(format!("listener {nth} was closed with {:?}", one.closed));
        }
    }
    let segments: Vec<Vec<&String>> =
        heard.iter().flat_map(|it| &it.segments).map(|it| it.iter().map(|it| &it.event).collect()).collect();
    for (a, b) in segments.iter().zip(segments.iter().skip(1)) {
        let common = |from: &[&String], with: &[&String]| {
            from.iter().filter(|it| with.contains(it)).map(|it| (*it).clone()).collect::<Vec<_>>()
        };
        if common(a, b) != common(b, a) {
            faults.push("two listeners heard in different orders".to_owned());
        }
    }
}

/// Everything acknowledged is there, and counted.
pub(crate) async fn kept(ledger: &Ledger, reader: &Person, town: &Town) {
    let found = recount(reader).await;
    for (post, _) in &ledger.posts {
        assert!(found.counts.contains_key(post), "post {post} is lost");
    }
    for answer in &ledger.answers {
        assert!(found.answers.contains_key(answer), "answer {answer} is lost");
    }
    counts_are(reader, &found.counts).await;
    for (persona, access) in &ledger.people {
        let person = Person { access: access.clone(), ..reader.moved(&town.somewhere()) };
        let points = found.points.get(persona).copied().unwrap_or(0);
        soon("points", async || (number(&person.me().await["strengthPoints"]) == points).then_some(())).await;
    }
    let listeners = town.listeners.lock().unwrap().clone();
    for listener in listeners {
        let blocks = crate::recount::pages(&listener, "ListBlocks", "blocks", json!({})).await;
        for (_, whom, _) in ledger.blocks.iter().filter(|(by, ..)| *by == listener.persona) {
            assert!(blocks.iter().any(|it| it["persona"]["id"] == **whom), "a block is lost");
        }
    }
}
