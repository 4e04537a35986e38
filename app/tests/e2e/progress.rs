//! Streaks, relapses and check-ins: days are counted in the user's time zone, the data is private and survives a
//! restart.

use std::time::Duration;

use ::kith_progress::{Date, TimeZone};
use futures_util::future::join_all;
use kith_kernel::{Clock as _, SystemClock, Timestamp};
use kith_testkit::block_on;
use serde_json::{Value, json};

use crate::{
    client::{Client, number, send, text},
    server::{Installation, eventually},
    user::TestUser,
    websocket::Socket,
};

/// Two time zones that never have the same date.
const EAST: &str = "Pacific/Kiritimati";
const WEST: &str = "Etc/GMT+12";
const NOTE: &str = "I slept through, for the first time.";

fn time_zone(name: &str) -> TimeZone {
    TimeZone::new(name).unwrap()
}

/// Returns true if `days` is the number of midnights in the time zone since `since`, as of `read` or of now.
fn is_day_count(days: &Value, zone: &str, since: Timestamp, read: Timestamp) -> bool {
    let zone = time_zone(zone);
    let at = |moment| u64::from(zone.local_day(moment).days_since(zone.local_day(since)));
    (at(read)..=at(SystemClock.now())).contains(&number(days))
}

/// Timestamp in proto3 JSON.
fn timestamp_json(at: Timestamp) -> Value {
    serde_json::to_value(kith_proto::convert::timestamp(at)).unwrap()
}

async fn streak(user: &TestUser) -> Value {
    user.call_ok("GetStreak", &json!({})).await["streak"].take()
}

/// Updates the streak and returns it.
async fn update_streak(user: &TestUser, mut change: Value) -> Value {
    change["etag"] = streak(user).await["etag"].take();
    user.call_ok("UpdateStreak", &change).await["streak"].take()
}

/// Sends the same call with one idempotency key, concurrently and once more. All responses must be equal.
async fn repeat_call(user: &TestUser, method: &str, key: &str, body: &Value) -> Value {
    let call = || async {
        let call =
            user.client.request(method).bearer_auth(&user.access_token).header("idempotency-key", key).json(body);
        send(call).await.unwrap().unwrap()
    };
    let responses = join_all((0..4).map(|_| call())).await;
    let last = call().await;
    assert!(responses.iter().all(|it| *it == last), "{responses:?}");
    last
}

/// `days` of each streak or milestone in the list.
fn days(list: &Value) -> Vec<u64> {
    list.as_array().into_iter().flatten().map(|it| number(&it["days"])).collect()
}

#[test]
fn a_streak_is_counted_in_the_users_time_zone_and_survives_a_restart() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        let mut anns_socket = Socket::connect(&ann).await;
        anns_socket.subscribe("user").await;
        let mut bobs_socket = Socket::connect(&bob).await;
        bobs_socket.subscribe("user").await;
        bobs_socket.subscribe("feed").await;
        assert_eq!(streak(&ann).await.get("current"), None, "a streak exists before its start date was set");

        let now = SystemClock.now();
        let (day, noon) = eight_days_ago(now);
        let state =
            update_streak(&ann, json!({ "startDate": day, "timeZone": EAST, "goalKind": "GOAL_KIND_ABSTAIN" })).await;
        assert!(is_day_count(&state["current"]["days"], EAST, noon, now), "{state}");
        assert_eq!((days(&state["reached"]), number(&state["next"]["days"])), (vec![1, 7], 14));
        let stale = json!({ "etag": "0", "goalKind": "GOAL_KIND_REDUCE" });
        assert_eq!(ann.call("UpdateStreak", &stale).await.unwrap_err().reason, "ETAG_MISMATCH");
        let notice = anns_socket.payload("user", "notice").await;
        assert_eq!(notice, json!({ "kind": "NOTICE_KIND_MILESTONE_REACHED" }));

        // Moving west across the date line sets the date back. The streak continues.
        let moved = update_streak(&ann, json!({ "timeZone": WEST })).await;
        assert!(is_day_count(&moved["current"]["days"], WEST, noon, now), "{moved}");
        assert_eq!(moved["current"]["beganAt"], state["current"]["beganAt"]);
        assert_eq!((&moved["startDate"], &moved["timeZone"]), (&json!(day), &json!(WEST)));
        update_streak(&ann, json!({ "timeZone": EAST })).await;

        let relapsed_at = now.before(Duration::from_hours(3 * 24));
        let relapse = record_relapse(&ann, relapsed_at).await;
        record_check_ins(&ann).await;
        server.stop().await;

        let server = installation.start().await;
        let [ann, bob] = [ann, bob].map(|user| user.with_url(&server.url()));
        let mut anns_socket = Socket::connect(&ann).await;
        anns_socket.subscribe("user").await;
        assert_progress(&ann, noon, relapsed_at, now).await;
        assert_private(&bob, &ann, &relapse).await;

        // Withdrawing the relapse restores the streak. Its milestones are not announced again.
        let body = json!({ "relapseId": relapse });
        let state = ann.call_ok("WithdrawRelapse", &body).await["streak"].take();
        assert!(is_day_count(&state["current"]["days"], EAST, noon, now), "{state}");
        assert_eq!(days(&state["reached"]), [1, 7]);
        assert_eq!(ann.call("WithdrawRelapse", &body).await.unwrap_err().code, "not_found");
        let post = ann.create_sos("tonight is hard").await;
        bob.respond(&post, "I am here").await;
        assert_eq!(anns_socket.payload("user", "notice").await["kind"], "NOTICE_KIND_RESPONSE_RECEIVED");
        server.stop().await;

        // Bob received none of Ann's milestones.
        while let Ok(frame) = bobs_socket.frame().await {
            assert!(!frame.to_string().contains("MILESTONE"), "{frame}");
        }
    });
}

/// Date of eight days ago in the eastern time zone, and noon of that day there.
fn eight_days_ago(now: Timestamp) -> (String, Timestamp) {
    let zone = time_zone(EAST);
    let day: Date = zone.local_day(now).minus_days(8);
    (day.to_string(), zone.noon(day))
}

/// Records a past relapse, repeatedly with one idempotency key, and returns its id.
async fn record_relapse(ann: &TestUser, at: Timestamp) -> String {
    let body = json!({ "occurredAt": timestamp_json(at), "triggers": ["TRIGGER_LONELINESS"] });
    let recorded = repeat_call(ann, "RecordRelapse", "relapse-1", &body).await;
    assert_eq!(
        days(&recorded["streak"]["reached"]),
        [1],
        "three days of streak reach only the first milestone: {recorded}"
    );
    text(&recorded["relapse"]["id"])
}

/// Records one check-in, repeatedly with one idempotency key, and another one for an earlier day.
async fn record_check_ins(ann: &TestUser) {
    let body = json!({ "mood": 7, "cravingsMet": 3, "cravingsResisted": 2, "note": NOTE });
    let first = repeat_call(ann, "RecordCheckIn", "morning", &body).await;
    assert_eq!(first["checkIn"]["note"], json!(NOTE));
    let before = json!({ "mood": 2, "occurredAt": timestamp_json(SystemClock.now().before(Duration::from_hours(48))) });
    ann.call_ok("RecordCheckIn", &before).await;
}

async fn assert_progress(ann: &TestUser, noon: Timestamp, relapsed_at: Timestamp, now: Timestamp) {
    let progress = ann.call_ok("GetProgress", &json!({ "pageSize": 1 })).await;
    assert_eq!((&progress["checkIns"][0]["note"], &progress["checkIns"][0]["mood"]), (&json!(NOTE), &json!(7)));
    let next = json!({ "pageSize": 1, "pageToken": progress["nextPageToken"] });
    let next = ann.call_ok("GetProgress", &next).await;
    assert_eq!(
        (&next["checkIns"][0]["mood"], next.get("nextPageToken")),
        (&json!(2), None),
        "each check-in is recorded once"
    );
    let stats = &progress["stats"];
    let counts =
        ["checkIns", "meanMoodTenths", "cravingsMet", "cravingsResisted", "relapses"].map(|it| number(&stats[it]));
    assert_eq!(counts, [2, 45, 3, 2, 1], "{stats}");
    assert_eq!((progress["relapses"].as_array().unwrap().len(), days(&progress["milestones"])), (1, vec![1, 1]));
    let streaks = progress["streaks"].as_array().unwrap();
    assert_eq!(streaks.len(), 2);
    assert!(is_day_count(&streaks[0]["days"], EAST, relapsed_at, now), "{streaks:?}");
    assert_eq!(streaks[1]["days"], progress["streak"]["longest"]["days"]);
    let zone = time_zone(EAST);
    assert_eq!(number(&streaks[1]["days"]), u64::from(zone.local_day(relapsed_at).days_since(zone.local_day(noon))));
    let days = progress["heatMap"].as_array().unwrap();
    let active = days.iter().filter(|day| day.get("stats").is_some()).count();
    assert_eq!((days.len(), active), (364, 3), "two days have a check-in and one has a relapse");
}

/// Asserts that no method returns or accepts another user's progress data, ids or page tokens.
async fn assert_private(bob: &TestUser, ann: &TestUser, relapse: &str) {
    assert_eq!(bob.call("WithdrawRelapse", &json!({ "relapseId": relapse })).await.unwrap_err().code, "not_found");
    let own = bob.call_ok("GetProgress", &json!({})).await;
    for key in ["checkIns", "relapses", "streaks", "milestones", "stats"] {
        assert_eq!(own.get(key), None, "{own}");
    }
    let token = ann.call_ok("GetProgress", &json!({ "pageSize": 1 })).await["nextPageToken"].take();
    let error = bob.call("GetProgress", &json!({ "pageSize": 1, "pageToken": token })).await.unwrap_err();
    assert_eq!(error.code, "invalid_argument", "{error:?}");
    assert_eq!(streak(bob).await.get("current"), None);
}

#[test]
fn points_and_badges_are_shown_by_the_users_privacy_settings_and_progress_never() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        // 13 points for each response are enough for a badge.
        for turn in 0..8 {
            let post = bob.create_sos(&format!("night {turn}")).await;
            let response = ann.respond(&post, "Breathe. I am here.").await;
            bob.call_ok("MarkHelpful", &json!({ "responseId": response })).await;
        }
        eventually("points", async || (number(&ann.me().await["strengthPoints"]) == 100).then_some(())).await;
        let (day, _) = eight_days_ago(SystemClock.now());
        update_streak(&ann, json!({ "startDate": day, "timeZone": EAST })).await;
        ann.call_ok("RecordCheckIn", &json!({ "mood": 3, "note": NOTE })).await;
        let post = ann.create_sos("is anyone awake?").await;

        for (points, badges) in [(true, true), (true, false), (false, true), (false, false)] {
            let etag = ann.call_ok("GetPrivacySettings", &json!({})).await["settings"]["etag"].take();
            let settings = json!({ "etag": etag, "showStrengthPoints": points, "showBadges": badges });
            ann.call_ok("UpdatePrivacySettings", &settings).await;
            let badge = badges.then(|| json!(["BADGE_SUPPORTER"]));
            let profile = eventually("the new privacy settings", async || {
                let profile = bob.call_ok("GetProfile", &json!({ "personaId": ann.persona })).await;
                (profile["persona"].get("badges") == badge.as_ref()).then_some(profile)
            })
            .await;
            assert_eq!(profile.get("strengthPoints").map(number), points.then_some(100), "{profile}");
            let view = bob.get_post(&post).await.unwrap();
            assert_eq!(view["author"].get("badges"), badge.as_ref(), "{view}");
            for response in [&profile, &view] {
                let response = response.to_string();
                for private in [NOTE, &day, EAST, "streak", "milestone", "mood"] {
                    assert!(!response.contains(private), "{private}: {response}");
                }
            }
        }
        let error = ann.call("UpdatePrivacySettings", &json!({ "etag": "1", "showBadges": true })).await.unwrap_err();
        assert_eq!(error.reason, "ETAG_MISMATCH");
        server.stop().await;
    });
}
