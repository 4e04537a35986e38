//! A circle that staff close is gone on every path, for everybody, and comes back as it was.

use kith_kernel::actor::Role;
use serde_json::{Value, json};

use crate::house::{House, Person, Size, text};

const MODERATION: &str = "/kith.moderation.v1.ModerationService/";
const CIRCLES: &str = "/kith.circles.v1.CircleService/";
const POSTS: &str = "/kith.posts.v1.PostService/";
const SUPPORT: &str = "/kith.support.v1.SupportService/";

/// A circle with a post and an answer in it, and those who look at it.
struct Town {
    house: House,
    owner: Person,
    member: Person,
    outsider: Person,
    judge: Person,
    other: Person,
    circle: String,
    code: String,
    post: String,
    /// As whom the owner is in it.
    persona: String,
}

impl Town {
    async fn set(size: Size) -> Self {
        let house = House::open(size).await;
        let mut people = Vec::new();
        for _ in 0..5 {
            people.push(house.register().await);
        }
        let [owner, member, outsider, judge, other] = <[Person; 5]>::try_from(people).unwrap_or_else(|_| panic!("5"));
        for staff in [&judge, &other] {
            house.give(staff, Role::Moderator).await;
        }
        let none = String::new;
        let mut town = Self {
            house,
            owner,
            member,
            outsider,
            judge,
            other,
            circle: none(),
            code: none(),
            post: none(),
            persona: none(),
        };
        let terms = json!({ "name": "Quick riches", "about": "send me money", "rules": "tell nobody", "category": "sleep",
            "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 10 });
        let opened = town.does(&town.owner, CIRCLES, "CreateCircle", terms).await;
        town.circle = text(&opened["circle"]["id"]);
        town.persona = text(&opened["circle"]["persona"]["id"]);
        let of = json!({ "circleId": town.circle });
        town.code = text(&town.does(&town.owner, CIRCLES, "CreateInvite", of.clone()).await["code"]);
        town.does(&town.member, CIRCLES, "JoinCircle", of).await;
        let post = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "who is in?", "circleId": town.circle });
        town.post = text(&town.does(&town.owner, POSTS, "CreatePost", post).await["post"]["id"]);
        let answer = json!({ "postId": town.post, "text": "I am" });
        town.does(&town.member, SUPPORT, "CreateResponse", answer).await;
        town
    }

    async fn ask(&self, who: &Person, service: &str, method: &str, body: Value) -> Result<Value, String> {
        self.house.say(&format!("{service}{method}"), Some(&self.house.enter(who).await), &body).await
    }

    async fn does(&self, who: &Person, service: &str, method: &str, body: Value) -> Value {
        let answer = self.ask(who, service, method, body).await;
        answer.unwrap_or_else(|code| panic!("{method}: {code}"))
    }

    /// What is answered to everything that reads in the circle, or writes there.
    async fn tries(&self, who: &Person) -> Vec<(&'static str, String)> {
        let of = json!({ "circleId": self.circle });
        let (post, answer) = (json!({ "postId": self.post }), json!({ "postId": self.post, "text": "hello" }));
        let write = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "and now?", "circleId": self.circle });
        let report = json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": self.circle, "reason": "REASON_OTHER" });
        let hug = json!({ "postId": self.post, "kind": "QUICK_KIND_HUG" });
        let calls = [
            (POSTS, "GetPost", post.clone()),
            (POSTS, "CreatePost", write),
            (SUPPORT, "ListResponses", post),
            (SUPPORT, "CreateResponse", answer),
            (SUPPORT, "QuickSupport", hug),
            (MODERATION, "ReportContent", report),
            (CIRCLES, "AcceptInvite", json!({ "code": self.code })),
            (CIRCLES, "GetCircleFeed", of.clone()),
            (CIRCLES, "ListCircleMembers", of.clone()),
            (CIRCLES, "JoinCircle", of),
        ];
        let mut answers = Vec::new();
        for (service, method, body) in calls {
            let answer = self.ask(who, service, method, body).await;
            answers.push((method, answer.map_or_else(|code| code, |_| "ok".to_owned())));
        }
        answers
    }

    /// Whether there is such a channel for them. Of the devices of an account only the last ones go on, so each time it is
    /// another.
    async fn may_listen(&self, who: &Person, channel: &str) -> bool {
        let heard = self.house.hear(Some(&self.house.enter(who).await), channel).await;
        assert!(heard.as_ref().err().is_none_or(|reason| reason == "UNSUBSCRIBED_REASON_NOT_FOUND"), "{heard:?}");
        heard.is_ok()
    }

    async fn is_listed(&self, who: &Person) -> bool {
        let body = json!({ "scope": "CIRCLE_SCOPE_PUBLIC", "pageSize": 100 });
        self.does(who, CIRCLES, "ListCircles", body).await.to_string().contains(&self.circle)
    }

    /// Takes the one case of this state, reads it, and decides it.
    async fn decide(&self, staff: &Person, state: &str, verdict: Value) -> Value {
        let cases = self.does(staff, MODERATION, "ListCases", json!({ "state": state })).await;
        assert_eq!(cases["cases"].as_array().map(Vec::len), Some(1), "{cases}");
        let of = json!({ "caseId": cases["cases"][0]["id"] });
        self.does(staff, MODERATION, "AssignCase", of.clone()).await;
        let case = self.does(staff, MODERATION, "GetCase", of).await;
        let mut body = verdict;
        body["caseId"] = case["case"]["id"].clone();
        body["etag"] = case["case"]["etag"].clone();
        self.does(staff, MODERATION, "DecideCase", body).await;
        self.house.settle().await;
        case
    }
}

on_both_sizes!(a_circle_is_closed_everywhere_by_a_decision_and_opened_by_the_appeal_against_it);

async fn a_circle_is_closed_everywhere_by_a_decision_and_opened_by_the_appeal_against_it(size: Size) {
    let town = Town::set(size).await;
    let report = json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": town.circle, "reason": "REASON_SCAM" });
    town.does(&town.outsider, MODERATION, "ReportContent", report).await;
    town.house.settle().await;
    let remove = json!({ "action": "ACTION_REMOVE", "rule": "no scams", "statement": "it asks for money" });
    let case = town.decide(&town.judge, "CASE_STATE_OPEN", remove).await;
    assert_eq!(case["case"]["persona"]["id"], json!(town.persona), "{case}");
    let said = text(&case["evidence"][0]["text"]);
    assert!(["Quick riches", "send me money", "tell nobody"].iter().all(|part| said.contains(part)), "{said}");

    it_is_gone(&town).await;
    let standing = town.does(&town.owner, MODERATION, "GetMyStanding", json!({})).await;
    let statement = &standing["statements"][0];
    assert_eq!((&statement["subjectId"], &statement["action"]), (&json!(town.circle), &json!("ACTION_REMOVE")));
    let mine = town.does(&town.outsider, MODERATION, "ListMyReports", json!({})).await;
    assert_eq!(mine["reports"][0]["state"], "REPORT_STATE_ACTION_TAKEN");

    let appeal = json!({ "decisionId": statement["decisionId"], "reason": "it is a game" });
    town.does(&town.owner, MODERATION, "AppealDecision", appeal).await;
    let overturn = json!({ "action": "ACTION_OVERTURN", "statement": "it is a game" });
    town.decide(&town.other, "CASE_STATE_APPEALED", overturn).await;
    it_is_back(&town).await;
}

async fn it_is_gone(town: &Town) {
    let of = json!({ "circleId": town.circle });
    for who in [&town.owner, &town.member, &town.outsider] {
        assert!(!town.is_listed(who).await);
        for channel in [format!("circle:{}", town.circle), format!("post:{}", town.post)] {
            assert!(!town.may_listen(who, &channel).await, "{channel}");
        }
        let inside = who.account != town.outsider.account;
        for (method, answer) in town.tries(who).await {
            let of_circle = matches!(method, "GetCircleFeed" | "ListCircleMembers" | "JoinCircle");
            let right = if inside && of_circle { "failed_precondition" } else { "not_found" };
            assert_eq!(answer, right, "{method}, inside: {inside}");
        }
        let got = town.ask(who, CIRCLES, "GetCircle", of.clone()).await;
        let own = town.does(who, CIRCLES, "ListCircles", json!({ "scope": "CIRCLE_SCOPE_OWN" })).await;
        if inside {
            let circle = got.unwrap()["circle"].take();
            assert!(text(&circle["closedAt"]).ends_with(":00:00Z"), "{circle}");
            assert_eq!(own["circles"][0], circle);
            for part in ["Quick riches", "send me money", "tell nobody"] {
                assert!(!circle.to_string().contains(part), "{circle}");
            }
        } else {
            assert_eq!(got, Err("not_found".to_owned()));
        }
    }
    let profile = json!({ "personaId": town.persona });
    let seen = town.ask(&town.member, "/kith.users.v1.UserService/", "GetProfile", profile).await;
    assert_eq!(seen, Err("not_found".to_owned()));
    let brought = json!({ "circleId": town.circle, "inviteCode": town.code });
    assert_eq!(town.ask(&town.outsider, CIRCLES, "GetCircle", brought).await, Err("not_found".to_owned()));
}

async fn it_is_back(town: &Town) {
    assert!(town.is_listed(&town.outsider).await);
    for (method, answer) in town.tries(&town.member).await {
        assert_eq!(answer, "ok", "{method}");
    }
    let circle = town.does(&town.member, CIRCLES, "GetCircle", json!({ "circleId": town.circle })).await;
    assert_eq!((&circle["circle"]["name"], circle["circle"].get("closedAt")), (&json!("Quick riches"), None));
    assert!(town.may_listen(&town.member, &format!("circle:{}", town.circle)).await);
    assert!(town.may_listen(&town.member, &format!("post:{}", town.post)).await);
    assert!(!town.may_listen(&town.outsider, &format!("circle:{}", town.circle)).await);
    let feed = town.does(&town.member, CIRCLES, "GetCircleFeed", json!({ "circleId": town.circle })).await;
    assert!(feed.to_string().contains(&town.post), "{feed}");
    let standing = town.does(&town.owner, MODERATION, "GetMyStanding", json!({})).await;
    assert_eq!(standing["strikes"].as_u64().unwrap_or(0), 0, "{standing}");
}
