//! How somebody is doing is counted where they live, is theirs alone, and is there when the server is back.

use std::time::Duration;

use ::kith_progress::{Day, Zone};
use futures_util::future::join_all;
use kith_kernel::{Clock as _, SystemClock, Timestamp};
use kith_testkit::block_on;
use serde_json::{Value, json};

use crate::{
    client::{Client, answer, number, text},
    people::Person,
    server::{Home, soon},
    socket::Socket,
};

/// Between these two it is never the same date.
const EAST: &str = "Pacific/Kiritimati";
const WEST: &str = "Etc/GMT+12";
const NOTE: &str = "I slept through, for the first time.";

fn zone(name: &str) -> Zone {
    Zone::new(name).unwrap()
}

/// Whether so many midnights have passed there since then, now or when this was read.
fn passed(days: &Value, place: &str, since: Timestamp, read: Timestamp) -> bool {
    let place = zone(place);
    let at = |moment| u64::from(place.day(moment).days_since(place.day(since)));
    (at(read)..=at(SystemClock.now())).contains(&number(days))
}

/// A moment as messages have it.
fn moment(at: Timestamp) -> Value {
    serde_json::to_value(kith_proto::convert::timestamp(at)).unwrap()
}

async fn streak(person: &Person) -> Value {
    person.does("GetStreak", &json!({})).await["streak"].take()
}

/// What is counted after a change of what is counted from.
async fn counts(person: &Person, mut change: Value) -> Value {
    change["etag"] = streak(person).await["etag"].take();
    person.does("UpdateStreak", &change).await["streak"].take()
}

/// The same call under one key, several times at once and once more: what all of them answer.
async fn repeats(person: &Person, method: &str, key: &str, body: &Value) -> Value {
    let call = || async {
        let call = person.client.call(method).bearer_auth(&person.access).header("idempotency-key", key).json(body);
        answer(call).await.unwrap().unwrap()
    };
    let answers = join_all((0..4).map(|_| call())).await;
    let last = call().await;
    assert!(answers.iter().all(|it| *it == last), "{answers:?}");
    last
}

/// The days of these streaks or milestones.
fn days(list: &Value) -> Vec<u64> {
    list.as_array().into_iter().flatten().map(|it| number(&it["days"])).collect()
}

#[test]
fn a_streak_is_counted_where_somebody_lives_and_outlives_the_server() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
        let mut hers = Socket::of(&ann).await;
        hers.subscribe("user").await;
        let mut his = Socket::of(&bob).await;
        his.subscribe("user").await;
        his.subscribe("feed").await;
        assert_eq!(streak(&ann).await.get("current"), None, "there is nothing to count from");

        let now = SystemClock.now();
        let (day, noon) = began(now);
        let state = counts(&ann, json!({ "startDate": day, "timeZone": EAST, "goalKind": "GOAL_KIND_ABSTAIN" })).await;
        assert!(passed(&state["current"]["days"], EAST, noon, now), "{state}");
        assert_eq!((days(&state["reached"]), number(&state["next"]["days"])), (vec![1, 7], 14));
        let old = json!({ "etag": "0", "goalKind": "GOAL_KIND_REDUCE" });
        assert_eq!(ann.says("UpdateStreak", &old).await.unwrap_err().reason, "ETAG_MISMATCH");
        let notice = hers.fact("user", "notice").await;
        assert_eq!(notice, json!({ "kind": "NOTICE_KIND_MILESTONE_REACHED" }));

        // Who flies west across the date line is in a day that was before; the streak goes on.
        let flown = counts(&ann, json!({ "timeZone": WEST })).await;
        assert!(passed(&flown["current"]["days"], WEST, noon, now), "{flown}");
        assert_eq!(flown["current"]["beganAt"], state["current"]["beganAt"]);
        assert_eq!((&flown["startDate"], &flown["timeZone"]), (&json!(day), &json!(WEST)));
        counts(&ann, json!({ "timeZone": EAST })).await;

        let fell = now.before(Duration::from_hours(3 * 24));
        let relapse = relapses(&ann, fell).await;
        checks_in(&ann).await;
        server.stop().await;

        let server = home.serve().await;
        let [ann, bob] = [ann, bob].map(|person| person.moved(&server.url()));
        let mut hers = Socket::of(&ann).await;
        hers.subscribe("user").await;
        it_is_all_there(&ann, noon, fell, now).await;
        nobody_else_has_any_of_it(&bob, &ann, &relapse).await;

        // It was noted by mistake: the streak goes on from where it began, and nothing is told again.
        let body = json!({ "relapseId": relapse });
        let state = ann.does("WithdrawRelapse", &body).await["streak"].take();
        assert!(passed(&state["current"]["days"], EAST, noon, now), "{state}");
        assert_eq!(days(&state["reached"]), [1, 7]);
        assert_eq!(ann.says("WithdrawRelapse", &body).await.unwrap_err().code, "not_found");
        let post = ann.sos("tonight is hard").await;
        bob.answers(&post, "I am here").await;
        assert_eq!(hers.fact("user", "notice").await["kind"], "NOTICE_KIND_RESPONSE_RECEIVED");
        server.stop().await;

        // Of all that he heard while she was told, nothing was hers.
        while let Ok(frame) = his.frame().await {
            assert!(!frame.to_string().contains("MILESTONE"), "{frame}");
        }
    });
}

/// The date eight days ago in the east, and the moment that stands for it.
fn began(now: Timestamp) -> (String, Timestamp) {
    let place = zone(EAST);
    let day: Day = place.day(now).minus(8);
    (day.to_string(), place.noon(day))
}

/// A relapse that is noted late, and more than once.
async fn relapses(ann: &Person, at: Timestamp) -> String {
    let body = json!({ "occurredAt": moment(at), "triggers": ["TRIGGER_LONELINESS"] });
    let noted = repeats(ann, "RecordRelapse", "fell-1", &body).await;
    assert_eq!(days(&noted["streak"]["reached"]), [1], "a streak of three days: {noted}");
    text(&noted["relapse"]["id"])
}

/// A check-in that is sent more than once, and another.
async fn checks_in(ann: &Person) {
    let body = json!({ "mood": 7, "cravingsMet": 3, "cravingsResisted": 2, "note": NOTE });
    let first = repeats(ann, "RecordCheckIn", "morning", &body).await;
    assert_eq!(first["checkIn"]["note"], json!(NOTE));
    let before = json!({ "mood": 2, "occurredAt": moment(SystemClock.now().before(Duration::from_hours(48))) });
    ann.does("RecordCheckIn", &before).await;
}

async fn it_is_all_there(ann: &Person, noon: Timestamp, fell: Timestamp, now: Timestamp) {
    let went = ann.does("GetProgress", &json!({ "pageSize": 1 })).await;
    assert_eq!((&went["checkIns"][0]["note"], &went["checkIns"][0]["mood"]), (&json!(NOTE), &json!(7)));
    let next = json!({ "pageSize": 1, "pageToken": went["nextPageToken"] });
    let next = ann.does("GetProgress", &next).await;
    assert_eq!((&next["checkIns"][0]["mood"], next.get("nextPageToken")), (&json!(2), None), "two, each once");
    let figures = &went["stats"];
    let counted =
        ["checkIns", "meanMoodTenths", "cravingsMet", "cravingsResisted", "relapses"].map(|it| number(&figures[it]));
    assert_eq!(counted, [2, 45, 3, 2, 1], "{figures}");
    assert_eq!((went["relapses"].as_array().unwrap().len(), days(&went["milestones"])), (1, vec![1, 1]));
    let streaks = went["streaks"].as_array().unwrap();
    assert_eq!(streaks.len(), 2);
    assert!(passed(&streaks[0]["days"], EAST, fell, now), "{streaks:?}");
    assert_eq!(streaks[1]["days"], went["streak"]["longest"]["days"]);
    let place = zone(EAST);
    assert_eq!(number(&streaks[1]["days"]), u64::from(place.day(fell).days_since(place.day(noon))));
    let days = went["heatMap"].as_array().unwrap();
    let told = days.iter().filter(|day| day.get("stats").is_some()).count();
    assert_eq!((days.len(), told), (364, 3), "two days with a check-in, and one with a relapse");
}

/// No method takes or tells another's, and what names something of hers is nothing to him.
async fn nobody_else_has_any_of_it(bob: &Person, ann: &Person, relapse: &str) {
    assert_eq!(bob.says("WithdrawRelapse", &json!({ "relapseId": relapse })).await.unwrap_err().code, "not_found");
    let mine = bob.does("GetProgress", &json!({})).await;
    for key in ["checkIns", "relapses", "streaks", "milestones", "stats"] {
        assert_eq!(mine.get(key), None, "{mine}");
    }
    let token = ann.does("GetProgress", &json!({ "pageSize": 1 })).await["nextPageToken"].take();
    let refused = bob.says("GetProgress", &json!({ "pageSize": 1, "pageToken": token })).await.unwrap_err();
    assert_eq!(refused.code, "invalid_argument", "{refused:?}");
    assert_eq!(streak(bob).await.get("current"), None);
}

#[test]
fn what_somebody_has_earned_is_shown_as_they_choose_and_how_they_are_doing_never() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
        // 13 each: enough for a badge.
        for turn in 0..8 {
            let post = bob.sos(&format!("night {turn}")).await;
            let answer = ann.answers(&post, "Breathe. I am here.").await;
            bob.does("MarkHelpful", &json!({ "responseId": answer })).await;
        }
        soon("points", async || (number(&ann.me().await["strengthPoints"]) == 100).then_some(())).await;
        let (day, _) = began(SystemClock.now());
        counts(&ann, json!({ "startDate": day, "timeZone": EAST })).await;
        ann.does("RecordCheckIn", &json!({ "mood": 3, "note": NOTE })).await;
        let post = ann.sos("who else is awake?").await;

        for (points, badges) in [(true, true), (true, false), (false, true), (false, false)] {
            let etag = ann.does("GetPrivacySettings", &json!({})).await["settings"]["etag"].take();
            let chosen = json!({ "etag": etag, "showStrengthPoints": points, "showBadges": badges });
            ann.does("UpdatePrivacySettings", &chosen).await;
            let badge = badges.then(|| json!(["BADGE_SUPPORTER"]));
            let shown = soon("what she chose", async || {
                let profile = bob.does("GetProfile", &json!({ "personaId": ann.persona })).await;
                (profile["persona"].get("badges") == badge.as_ref()).then_some(profile)
            })
            .await;
            assert_eq!(shown.get("strengthPoints").map(number), points.then_some(100), "{shown}");
            let seen = bob.sees(&post).await.unwrap();
            assert_eq!(seen["author"].get("badges"), badge.as_ref(), "{seen}");
            for told in [&shown, &seen] {
                let told = told.to_string();
                for hers in [NOTE, &day, EAST, "streak", "milestone", "mood"] {
                    assert!(!told.contains(hers), "{hers}: {told}");
                }
            }
        }
        let refused = ann.says("UpdatePrivacySettings", &json!({ "etag": "1", "showBadges": true })).await.unwrap_err();
        assert_eq!(refused.reason, "ETAG_MISMATCH");
        server.stop().await;
    });
}
