//! A circle that is closed by staff is unavailable on every path, and is restored unchanged by an appeal.

use kith_kernel::actor::Role;
use serde_json::{Value, json};

use crate::test_server::{Mode, TestServer, User, text};

const MODERATION: &str = "/kith.moderation.v1.ModerationService/";
const CIRCLES: &str = "/kith.circles.v1.CircleService/";
const POSTS: &str = "/kith.posts.v1.PostService/";
const SUPPORT: &str = "/kith.support.v1.SupportService/";

/// Circle with a post and a response, its owner, a member, an outsider and two moderators.
struct Scenario {
    server: TestServer,
    owner: User,
    member: User,
    outsider: User,
    moderator: User,
    other_moderator: User,
    circle: String,
    invite_code: String,
    post: String,
    /// Persona of the owner in the circle.
    owner_persona: String,
}

impl Scenario {
    async fn create(mode: Mode) -> Self {
        let server = TestServer::start(mode).await;
        let mut users = Vec::new();
        for _ in 0..5 {
            users.push(server.register_with_account_id().await);
        }
        let [owner, member, outsider, moderator, other_moderator] =
            <[User; 5]>::try_from(users).unwrap_or_else(|_| panic!("5"));
        for user in [&moderator, &other_moderator] {
            server.set_role(user, Role::Moderator).await;
        }
        let none = String::new;
        let mut scenario = Self {
            server,
            owner,
            member,
            outsider,
            moderator,
            other_moderator,
            circle: none(),
            invite_code: none(),
            post: none(),
            owner_persona: none(),
        };
        let settings = json!({ "name": "Quick riches", "about": "send me money", "rules": "keep it secret", "category": "sleep",
            "access": "CIRCLE_ACCESS_OPEN", "maxMembers": 10 });
        let created = scenario.call_ok(&scenario.owner, CIRCLES, "CreateCircle", settings).await;
        scenario.circle = text(&created["circle"]["id"]);
        scenario.owner_persona = text(&created["circle"]["persona"]["id"]);
        let circle_request = json!({ "circleId": scenario.circle });
        scenario.invite_code =
            text(&scenario.call_ok(&scenario.owner, CIRCLES, "CreateInvite", circle_request.clone()).await["code"]);
        scenario.call_ok(&scenario.member, CIRCLES, "JoinCircle", circle_request).await;
        let post =
            json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "who is in?", "circleId": scenario.circle });
        scenario.post = text(&scenario.call_ok(&scenario.owner, POSTS, "CreatePost", post).await["post"]["id"]);
        let response = json!({ "postId": scenario.post, "text": "I am" });
        scenario.call_ok(&scenario.member, SUPPORT, "CreateResponse", response).await;
        scenario
    }

    async fn call(&self, user: &User, service: &str, method: &str, body: Value) -> Result<Value, String> {
        self.server.call(&format!("{service}{method}"), Some(&self.server.log_in(user).await), &body).await
    }

    async fn call_ok(&self, user: &User, service: &str, method: &str, body: Value) -> Value {
        let result = self.call(user, service, method, body).await;
        result.unwrap_or_else(|code| panic!("{method}: {code}"))
    }

    /// Calls every method that reads or writes in the circle. Returns `ok` or the code of the error for each.
    async fn call_all(&self, user: &User) -> Vec<(&'static str, String)> {
        let circle_request = json!({ "circleId": self.circle });
        let (post, response) = (json!({ "postId": self.post }), json!({ "postId": self.post, "text": "hello" }));
        let write = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "and now?", "circleId": self.circle });
        let report = json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": self.circle, "reason": "REASON_OTHER" });
        let hug = json!({ "postId": self.post, "kind": "QUICK_KIND_HUG" });
        let calls = [
            (POSTS, "GetPost", post.clone()),
            (POSTS, "CreatePost", write),
            (SUPPORT, "ListResponses", post),
            (SUPPORT, "CreateResponse", response),
            (SUPPORT, "QuickSupport", hug),
            (MODERATION, "ReportContent", report),
            (CIRCLES, "AcceptInvite", json!({ "code": self.invite_code })),
            (CIRCLES, "GetCircleFeed", circle_request.clone()),
            (CIRCLES, "ListCircleMembers", circle_request.clone()),
            (CIRCLES, "JoinCircle", circle_request),
        ];
        let mut results = Vec::new();
        for (service, method, body) in calls {
            let result = self.call(user, service, method, body).await;
            results.push((method, result.map_or_else(|code| code, |_| "ok".to_owned())));
        }
        results
    }

    /// Returns true if the user can subscribe to the channel. Logs in on a new device each time, because only the latest
    /// sessions of an account stay valid.
    async fn can_subscribe(&self, user: &User, channel: &str) -> bool {
        let result = self.server.subscribe(Some(&self.server.log_in(user).await), channel).await;
        assert!(result.as_ref().err().is_none_or(|reason| reason == "UNSUBSCRIBED_REASON_NOT_FOUND"), "{result:?}");
        result.is_ok()
    }

    async fn is_listed(&self, user: &User) -> bool {
        let body = json!({ "scope": "CIRCLE_SCOPE_PUBLIC", "pageSize": 100 });
        self.call_ok(user, CIRCLES, "ListCircles", body).await.to_string().contains(&self.circle)
    }

    /// Assigns the only case in this state, reads it and decides it. Returns the case as it was read.
    async fn decide(&self, staff: &User, state: &str, verdict: Value) -> Value {
        let cases = self.call_ok(staff, MODERATION, "ListCases", json!({ "state": state })).await;
        assert_eq!(cases["cases"].as_array().map(Vec::len), Some(1), "{cases}");
        let case_request = json!({ "caseId": cases["cases"][0]["id"] });
        self.call_ok(staff, MODERATION, "AssignCase", case_request.clone()).await;
        let case = self.call_ok(staff, MODERATION, "GetCase", case_request).await;
        let mut body = verdict;
        body["caseId"] = case["case"]["id"].clone();
        body["etag"] = case["case"]["etag"].clone();
        self.call_ok(staff, MODERATION, "DecideCase", body).await;
        self.server.deliver_events().await;
        case
    }
}

in_both_modes!(a_circle_is_closed_by_a_decision_and_reopened_by_a_successful_appeal);

async fn a_circle_is_closed_by_a_decision_and_reopened_by_a_successful_appeal(mode: Mode) {
    let scenario = Scenario::create(mode).await;
    let report = json!({ "kind": "SUBJECT_KIND_CIRCLE", "subjectId": scenario.circle, "reason": "REASON_SCAM" });
    scenario.call_ok(&scenario.outsider, MODERATION, "ReportContent", report).await;
    scenario.server.deliver_events().await;
    let remove = json!({ "action": "ACTION_REMOVE", "rule": "no scams", "statement": "it asks for money" });
    let case = scenario.decide(&scenario.moderator, "CASE_STATE_OPEN", remove).await;
    assert_eq!(case["case"]["persona"]["id"], json!(scenario.owner_persona), "{case}");
    let evidence = text(&case["evidence"][0]["text"]);
    assert!(
        ["Quick riches", "send me money", "keep it secret"].iter().all(|part| evidence.contains(part)),
        "{evidence}"
    );

    assert_closed(&scenario).await;
    let standing = scenario.call_ok(&scenario.owner, MODERATION, "GetMyStanding", json!({})).await;
    let statement = &standing["statements"][0];
    assert_eq!((&statement["subjectId"], &statement["action"]), (&json!(scenario.circle), &json!("ACTION_REMOVE")));
    let reports = scenario.call_ok(&scenario.outsider, MODERATION, "ListMyReports", json!({})).await;
    assert_eq!(reports["reports"][0]["state"], "REPORT_STATE_ACTION_TAKEN");

    let appeal = json!({ "decisionId": statement["decisionId"], "reason": "it is a game" });
    scenario.call_ok(&scenario.owner, MODERATION, "AppealDecision", appeal).await;
    let overturn = json!({ "action": "ACTION_OVERTURN", "statement": "it is a game" });
    scenario.decide(&scenario.other_moderator, "CASE_STATE_APPEALED", overturn).await;
    assert_reopened(&scenario).await;
}

async fn assert_closed(scenario: &Scenario) {
    let circle_request = json!({ "circleId": scenario.circle });
    for user in [&scenario.owner, &scenario.member, &scenario.outsider] {
        assert!(!scenario.is_listed(user).await);
        for channel in [format!("circle:{}", scenario.circle), format!("post:{}", scenario.post)] {
            assert!(!scenario.can_subscribe(user, &channel).await, "{channel}");
        }
        let is_member = user.account != scenario.outsider.account;
        for (method, result) in scenario.call_all(user).await {
            let is_circle_method = matches!(method, "GetCircleFeed" | "ListCircleMembers" | "JoinCircle");
            let expected = if is_member && is_circle_method { "failed_precondition" } else { "not_found" };
            assert_eq!(result, expected, "{method}, is_member: {is_member}");
        }
        let circle_result = scenario.call(user, CIRCLES, "GetCircle", circle_request.clone()).await;
        let own = scenario.call_ok(user, CIRCLES, "ListCircles", json!({ "scope": "CIRCLE_SCOPE_OWN" })).await;
        if is_member {
            let circle = circle_result.unwrap()["circle"].take();
            assert!(text(&circle["closedAt"]).ends_with(":00:00Z"), "{circle}");
            assert_eq!(own["circles"][0], circle);
            for part in ["Quick riches", "send me money", "keep it secret"] {
                assert!(!circle.to_string().contains(part), "{circle}");
            }
        } else {
            assert_eq!(circle_result, Err("not_found".to_owned()));
        }
    }
    let profile = json!({ "personaId": scenario.owner_persona });
    let profile = scenario.call(&scenario.member, "/kith.users.v1.UserService/", "GetProfile", profile).await;
    assert_eq!(profile, Err("not_found".to_owned()));
    let with_invite = json!({ "circleId": scenario.circle, "inviteCode": scenario.invite_code });
    assert_eq!(scenario.call(&scenario.outsider, CIRCLES, "GetCircle", with_invite).await, Err("not_found".to_owned()));
}

async fn assert_reopened(scenario: &Scenario) {
    assert!(scenario.is_listed(&scenario.outsider).await);
    for (method, result) in scenario.call_all(&scenario.member).await {
        assert_eq!(result, "ok", "{method}");
    }
    let circle = scenario.call_ok(&scenario.member, CIRCLES, "GetCircle", json!({ "circleId": scenario.circle })).await;
    assert_eq!((&circle["circle"]["name"], circle["circle"].get("closedAt")), (&json!("Quick riches"), None));
    assert!(scenario.can_subscribe(&scenario.member, &format!("circle:{}", scenario.circle)).await);
    assert!(scenario.can_subscribe(&scenario.member, &format!("post:{}", scenario.post)).await);
    assert!(!scenario.can_subscribe(&scenario.outsider, &format!("circle:{}", scenario.circle)).await);
    let feed =
        scenario.call_ok(&scenario.member, CIRCLES, "GetCircleFeed", json!({ "circleId": scenario.circle })).await;
    assert!(feed.to_string().contains(&scenario.post), "{feed}");
    let standing = scenario.call_ok(&scenario.owner, MODERATION, "GetMyStanding", json!({})).await;
    assert_eq!(standing["strikes"].as_u64().unwrap_or(0), 0, "{standing}");
}
