//! What a client sees: Connect over the router, without a socket.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_circles::{
    access::METHOD_POLICIES,
    rpc::{self, Methods, Views},
};
use kith_kernel::{Actor, CircleId, PageSize, ports::CircleModeration as _};
use kith_proto::{ErrorResponse, posts::v1::Post, presenters::CircleFeed};
use kith_testkit::{block_on, member, user};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, sqlite};

/// One post in every circle, for whoever is let through.
struct Feeds;

#[async_trait]
impl CircleFeed for Feeds {
    async fn list_posts(
        &self,
        _: &Actor,
        circle: CircleId,
        _: PageSize,
        _: &str,
    ) -> Result<(Vec<Post>, String), ErrorResponse> {
        Ok((vec![Post { id: circle.to_string(), ..Post::default() }], "next".to_owned()))
    }
}

pub(crate) fn server(harness: &Harness) -> Router {
    let views = Views { personas: harness.scenario.clone() };
    let methods = Methods { service: Arc::new(harness.service()), views, feeds: Arc::new(Feeds) };
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(methods)).build()
}

pub(crate) async fn call(server: &Router, actor: Option<&Actor>, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.circles.v1.CircleService/{method}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    if let Some(actor) = actor {
        request.extensions_mut().insert(actor.clone());
    }
    let answer = server.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap())
}

pub(crate) async fn fine(server: &Router, actor: &Actor, method: &str, body: Value) -> Value {
    let (status, answer) = call(server, Some(actor), method, body).await;
    assert_eq!(status, StatusCode::OK, "{method}: {answer}");
    answer
}

pub(crate) fn terms(access: &str) -> Value {
    json!({ "name": "early risers", "rules": "be kind", "category": "sleep", "access": access, "maxMembers": 10 })
}

#[test]
fn a_circle_is_opened_joined_kept_and_left() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann) = (server(&harness), member(), member());
        let opened = fine(&server, &owner, "CreateCircle", terms("CIRCLE_ACCESS_BY_REQUEST")).await;
        let circle = &opened["circle"];
        let standing = (&circle["membershipStatus"], &circle["role"]);
        assert_eq!(standing, (&json!("CIRCLE_MEMBERSHIP_STATUS_MEMBER"), &json!("CIRCLE_ROLE_OWNER")));
        assert_eq!((&circle["maxMembers"], &circle["etag"]), (&json!(10), &json!("1")));
        let of = json!({ "circleId": circle["id"] });
        let with = |more: Value| {
            let mut body = of.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let asked = fine(&server, &ann, "JoinCircle", of.clone()).await;
        assert_eq!(asked["circle"]["membershipStatus"], "CIRCLE_MEMBERSHIP_STATUS_REQUESTED");
        assert_eq!(asked["circle"].get("maxMembers"), None);
        assert_eq!(asked["circle"].get("etag"), None);
        let persona = asked["circle"]["persona"].clone();
        let requests = fine(&server, &owner, "ListJoinRequests", of.clone()).await;
        assert_eq!(requests["requests"][0]["persona"], persona);
        assert!(requests["requests"][0]["requestedOn"].as_str().unwrap().ends_with("T00:00:00Z"));
        let one = with(json!({ "personaId": persona["id"], "decision": "JOIN_DECISION_ADMIT" }));
        let admitted = fine(&server, &owner, "DecideJoinRequest", one).await;
        assert_eq!(admitted["member"]["role"], "CIRCLE_ROLE_MEMBER");
        let feed = fine(&server, &ann, "GetCircleFeed", of.clone()).await;
        assert_eq!((&feed["posts"][0]["id"], &feed["nextPageToken"]), (&circle["id"], &json!("next")));
        let list = fine(&server, &ann, "ListCircleMembers", of.clone()).await;
        assert_eq!(list["members"].as_array().unwrap().len(), 2);
        assert!(list["members"].as_array().unwrap().iter().all(|it| it.get("joinedOn").is_none()));
        let kept = fine(&server, &owner, "ListCircleMembers", of.clone()).await;
        assert!(kept["members"][0]["joinedOn"].as_str().unwrap().ends_with("T00:00:00Z"));
        let role = with(json!({ "personaId": persona["id"], "role": "CIRCLE_ROLE_KEEPER" }));
        let given = fine(&server, &owner, "UpdateMemberRole", role).await;
        assert_eq!((&given["member"]["persona"], &given["member"]["role"]), (&persona, &json!("CIRCLE_ROLE_KEEPER")));
        let changed = with(json!({ "etag": "1", "about": "for those who wake at four" }));
        let updated = fine(&server, &owner, "UpdateCircle", changed.clone()).await;
        assert_eq!((&updated["circle"]["etag"], &updated["circle"]["rules"]), (&json!("2"), &json!("be kind")));
        let (status, stale) = call(&server, Some(&owner), "UpdateCircle", changed).await;
        assert_eq!((status, &stale["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        assert_eq!(fine(&server, &ann, "LeaveCircle", of.clone()).await, json!({}));
        let (_, refusal) = call(&server, Some(&owner), "LeaveCircle", of.clone()).await;
        assert_eq!(refusal["code"], "failed_precondition");
        let over = fine(&server, &owner, "ArchiveCircle", of).await;
        assert!(over["circle"]["archivedAt"].is_string());
    });
}

#[test]
fn the_log_says_what_was_done_by_whom_to_whom_and_in_which_hour() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann, bob) = (server(&harness), member(), member(), member());
        let opened = fine(&server, &owner, "CreateCircle", terms("CIRCLE_ACCESS_BY_REQUEST")).await;
        let (of, first) = (json!({ "circleId": opened["circle"]["id"] }), &opened["circle"]["persona"]);
        let with = |more: Value| {
            let mut body = of.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let later = || harness.clock.advance(Duration::from_secs(1));
        later();
        let asked = fine(&server, &ann, "JoinCircle", of.clone()).await;
        let persona = &asked["circle"]["persona"];
        let about = |more: Value| {
            let mut body = with(json!({ "personaId": persona["id"] }));
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        later();
        fine(&server, &owner, "DecideJoinRequest", about(json!({ "decision": "JOIN_DECISION_DECLINE" }))).await;
        harness.clock.advance(Duration::from_hours(7 * 24));
        fine(&server, &ann, "JoinCircle", of.clone()).await;
        let calls = [
            ("DecideJoinRequest", about(json!({ "decision": "JOIN_DECISION_ADMIT" }))),
            ("UpdateMemberRole", about(json!({ "role": "CIRCLE_ROLE_KEEPER" }))),
            ("UpdateCircle", with(json!({ "etag": "1", "about": "dawn" }))),
            ("RemoveMember", about(json!({}))),
            ("BanMember", about(json!({}))),
            ("UnbanMember", about(json!({}))),
        ];
        for (method, body) in calls {
            later();
            fine(&server, &owner, method, body).await;
        }
        later();
        let code = fine(&server, &owner, "CreateInvite", of.clone()).await;
        later();
        let in_it = fine(&server, &bob, "AcceptInvite", json!({ "code": code["code"] })).await;
        later();
        fine(&server, &bob, "LeaveCircle", of.clone()).await;
        later();
        let made = fine(&server, &owner, "CreateInvite", of.clone()).await;
        later();
        fine(&server, &owner, "RevokeInvite", with(json!({ "inviteId": made["invite"]["id"] }))).await;
        let id = opened["circle"]["id"].as_str().unwrap().parse().unwrap();
        for open in [false, true] {
            later();
            let doors = harness.doors();
            if open {
                doors.reopen(id, owner.user).await.unwrap();
            } else {
                doors.close(id, kith_testkit::user()).await.unwrap();
            }
        }
        later();
        fine(&server, &owner, "UpdateCircle", with(json!({ "etag": "2", "access": "CIRCLE_ACCESS_OPEN" }))).await;
        later();
        fine(&server, &bob, "JoinCircle", of.clone()).await;
        later();
        fine(&server, &owner, "ArchiveCircle", of.clone()).await;
        let log = fine(&server, &owner, "ListCircleLog", with(json!({ "pageSize": 100 }))).await;
        let mut entries = log["entries"].as_array().unwrap().clone();
        entries.reverse();
        let (o, a, b, none) = (first, persona, &in_it["circle"]["persona"], &Value::Null);
        let expected = [
            ("CREATED", o, none),
            ("JOIN_REQUESTED", a, none),
            ("DECLINED", o, a),
            ("JOIN_REQUESTED", a, none),
            ("ADMITTED", o, a),
            ("ROLE_CHANGED", o, a),
            ("UPDATED", o, none),
            ("REMOVED", o, a),
            ("BANNED", o, a),
            ("UNBANNED", o, a),
            ("INVITE_CREATED", o, none),
            ("INVITE_ACCEPTED", b, none),
            ("LEFT", b, none),
            ("INVITE_CREATED", o, none),
            ("INVITE_REVOKED", o, none),
            ("CLOSED", none, none),
            ("REOPENED", o, none),
            ("UPDATED", o, none),
            ("JOINED", b, none),
            ("ARCHIVED", o, none),
        ];
        let said: Vec<_> = entries.iter().map(|it| (it["action"].as_str().unwrap(), &it["actor"], &it["target"])).collect();
        let expected = expected.map(|(act, by, to)| (format!("CIRCLE_LOG_ACTION_{act}"), by, to));
        let expected: Vec<_> = expected.iter().map(|(act, by, to)| (act.as_str(), *by, *to)).collect();
        assert_eq!(said, expected);
        assert!(entries.iter().all(|it| it["at"].as_str().unwrap().ends_with(":00:00Z")), "{log}");
        for known in [owner.user, ann.user, bob.user] {
            assert!(!log.to_string().contains(&known.to_string()), "an account id is told");
        }
    });
}

#[test]
fn an_invite_goes_from_hand_to_hand_and_its_code_is_told_once() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann) = (server(&harness), member(), member());
        let opened = fine(&server, &owner, "CreateCircle", terms("CIRCLE_ACCESS_PRIVATE")).await;
        let circle = &opened["circle"]["id"];
        let of = json!({ "circleId": circle });
        let made = fine(&server, &owner, "CreateInvite", of.clone()).await;
        let code = made["code"].as_str().unwrap();
        assert!(code.len() >= 22, "at least 128 bits");
        let list = fine(&server, &owner, "ListInvites", of.clone()).await;
        assert_eq!(list["invites"], json!([made["invite"]]));
        assert!(!list.to_string().contains(code));
        assert!(made["invite"]["expiresAt"].as_str().unwrap().ends_with(":00:00Z"));
        let look = json!({ "circleId": circle, "inviteCode": code });
        assert_eq!(fine(&server, &ann, "GetCircle", look).await["circle"]["membershipStatus"], "CIRCLE_MEMBERSHIP_STATUS_OUTSIDE");
        let accepted = fine(&server, &ann, "AcceptInvite", json!({ "code": code })).await;
        assert_eq!(&accepted["circle"]["id"], circle);
        for rubbish in [code, "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let (status, refusal) = call(&server, Some(&member()), "AcceptInvite", json!({ "code": rubbish })).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
        }
        let second = fine(&server, &owner, "CreateInvite", of).await;
        let which = json!({ "circleId": circle, "inviteId": second["invite"]["id"] });
        fine(&server, &owner, "RevokeInvite", which).await;
        let used = json!({ "code": second["code"] });
        assert_eq!(call(&server, Some(&member()), "AcceptInvite", used).await.0, StatusCode::NOT_FOUND);
    });
}

#[test]
fn circles_are_found_by_what_they_are_about() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann) = (server(&harness), member(), member());
        let open = fine(&server, &owner, "CreateCircle", terms("CIRCLE_ACCESS_OPEN")).await;
        harness.clock.advance(Duration::from_secs(1));
        fine(&server, &owner, "CreateCircle", terms("CIRCLE_ACCESS_PRIVATE")).await;
        let public = |category: &str| json!({ "scope": "CIRCLE_SCOPE_PUBLIC", "category": category });
        let found = fine(&server, &ann, "ListCircles", public("sleep")).await;
        assert_eq!(found["circles"].as_array().unwrap().len(), 1);
        assert_eq!(found["circles"][0]["id"], open["circle"]["id"]);
        assert_eq!(fine(&server, &ann, "ListCircles", public("work")).await, json!({}));
        let own = json!({ "scope": "CIRCLE_SCOPE_OWN", "pageSize": 1 });
        let mine = fine(&server, &owner, "ListCircles", own).await;
        assert_eq!(mine["circles"][0]["access"], "CIRCLE_ACCESS_PRIVATE");
        assert!(mine["nextPageToken"].is_string());
        let (status, refusal) = call(&server, Some(&ann), "ListCircles", public("nothing")).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
    });
}

#[test]
fn a_refusal_has_a_code_and_a_field() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), member());
        let mut blank = terms("CIRCLE_ACCESS_OPEN");
        blank["name"] = json!("          ");
        let (status, refusal) = call(&server, Some(&ann), "CreateCircle", blank).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        let mut huge = terms("CIRCLE_ACCESS_OPEN");
        huge["maxMembers"] = json!(1_001);
        assert_eq!(call(&server, Some(&ann), "CreateCircle", huge).await.0, StatusCode::BAD_REQUEST);
        let nowhere = json!({ "circleId": user().to_string() });
        let (status, refusal) = call(&server, Some(&ann), "GetCircle", nowhere).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    });
}

#[test]
fn a_stranger_is_refused_by_every_method_of_the_table() {
    block_on(async {
        let harness = sqlite().await;
        let server = server(&harness);
        assert_eq!(METHOD_POLICIES.len(), 20);
        let mut request = terms("CIRCLE_ACCESS_OPEN");
        let id = user().to_string();
        let more = json!({
            "circleId": id, "personaId": id, "inviteId": id, "etag": "1", "code": "x", "role": "CIRCLE_ROLE_MEMBER",
            "decision": "JOIN_DECISION_ADMIT", "scope": "CIRCLE_SCOPE_OWN",
        });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        for procedure in METHOD_POLICIES {
            let method = procedure.path.strip_prefix("/kith.circles.v1.CircleService/").unwrap();
            let (status, refusal) = call(&server, None, method, request.clone()).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}
