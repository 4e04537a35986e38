//! Connect calls to the router, without a socket.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_circles::{
    access::METHOD_POLICIES,
    rpc::{self, Handlers, Presenter},
};
use kith_kernel::{Actor, CircleId, PageSize, ports::CircleModeration as _};
use kith_proto::{ErrorResponse, posts::v1::Post, presenters::CircleFeed};
use kith_testkit::{block_on, member, user};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, sqlite};

/// Stub feed: one post in every circle.
struct StubFeed;

#[async_trait]
impl CircleFeed for StubFeed {
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
    let presenter = Presenter { personas: harness.scenario.clone() };
    let handlers = Handlers { service: Arc::new(harness.service()), presenter, feed: Arc::new(StubFeed) };
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(handlers)).build()
}

pub(crate) async fn call(server: &Router, actor: Option<&Actor>, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.circles.v1.CircleService/{method}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    if let Some(actor) = actor {
        request.extensions_mut().insert(actor.clone());
    }
    let response = server.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
}

pub(crate) async fn call_ok(server: &Router, actor: &Actor, method: &str, body: Value) -> Value {
    let (status, response) = call(server, Some(actor), method, body).await;
    assert_eq!(status, StatusCode::OK, "{method}: {response}");
    response
}

pub(crate) fn settings(access: &str) -> Value {
    json!({ "name": "early risers", "rules": "be kind", "category": "sleep", "access": access, "maxMembers": 10 })
}

#[test]
fn a_circle_is_created_joined_moderated_and_left() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann) = (server(&harness), member(), member());
        let created = call_ok(&server, &owner, "CreateCircle", settings("CIRCLE_ACCESS_BY_REQUEST")).await;
        let circle = &created["circle"];
        let status = (&circle["membershipStatus"], &circle["role"]);
        assert_eq!(status, (&json!("CIRCLE_MEMBERSHIP_STATUS_MEMBER"), &json!("CIRCLE_ROLE_OWNER")));
        assert_eq!((&circle["maxMembers"], &circle["etag"]), (&json!(10), &json!("1")));
        let circle_body = json!({ "circleId": circle["id"] });
        let with = |more: Value| {
            let mut body = circle_body.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let requested = call_ok(&server, &ann, "JoinCircle", circle_body.clone()).await;
        assert_eq!(requested["circle"]["membershipStatus"], "CIRCLE_MEMBERSHIP_STATUS_REQUESTED");
        assert_eq!(requested["circle"].get("maxMembers"), None);
        assert_eq!(requested["circle"].get("etag"), None);
        let persona = requested["circle"]["persona"].clone();
        let requests = call_ok(&server, &owner, "ListJoinRequests", circle_body.clone()).await;
        assert_eq!(requests["requests"][0]["persona"], persona);
        assert!(requests["requests"][0]["requestedOn"].as_str().unwrap().ends_with("T00:00:00Z"));
        let one = with(json!({ "personaId": persona["id"], "decision": "JOIN_DECISION_ADMIT" }));
        let admitted = call_ok(&server, &owner, "DecideJoinRequest", one).await;
        assert_eq!(admitted["member"]["role"], "CIRCLE_ROLE_MEMBER");
        let feed = call_ok(&server, &ann, "GetCircleFeed", circle_body.clone()).await;
        assert_eq!((&feed["posts"][0]["id"], &feed["nextPageToken"]), (&circle["id"], &json!("next")));
        let list = call_ok(&server, &ann, "ListCircleMembers", circle_body.clone()).await;
        assert_eq!(list["members"].as_array().unwrap().len(), 2);
        assert!(list["members"].as_array().unwrap().iter().all(|it| it.get("joinedOn").is_none()));
        let seen_by_keeper = call_ok(&server, &owner, "ListCircleMembers", circle_body.clone()).await;
        assert!(seen_by_keeper["members"][0]["joinedOn"].as_str().unwrap().ends_with("T00:00:00Z"));
        let role = with(json!({ "personaId": persona["id"], "role": "CIRCLE_ROLE_KEEPER" }));
        let changed = call_ok(&server, &owner, "UpdateMemberRole", role).await;
        assert_eq!(
            (&changed["member"]["persona"], &changed["member"]["role"]),
            (&persona, &json!("CIRCLE_ROLE_KEEPER"))
        );
        let update = with(json!({ "etag": "1", "about": "for those who wake at four" }));
        let updated = call_ok(&server, &owner, "UpdateCircle", update.clone()).await;
        assert_eq!((&updated["circle"]["etag"], &updated["circle"]["rules"]), (&json!("2"), &json!("be kind")));
        let (status, stale) = call(&server, Some(&owner), "UpdateCircle", update).await;
        assert_eq!((status, &stale["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        assert_eq!(call_ok(&server, &ann, "LeaveCircle", circle_body.clone()).await, json!({}));
        let (_, error) = call(&server, Some(&owner), "LeaveCircle", circle_body.clone()).await;
        assert_eq!(error["code"], "failed_precondition");
        let archived = call_ok(&server, &owner, "ArchiveCircle", circle_body).await;
        assert!(archived["circle"]["archivedAt"].is_string());
    });
}

#[test]
fn the_log_shows_action_actor_target_and_hour() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann, bob) = (server(&harness), member(), member(), member());
        let created = call_ok(&server, &owner, "CreateCircle", settings("CIRCLE_ACCESS_BY_REQUEST")).await;
        let (circle_body, first) = (json!({ "circleId": created["circle"]["id"] }), &created["circle"]["persona"]);
        let with = |more: Value| {
            let mut body = circle_body.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let later = || harness.clock.advance(Duration::from_secs(1));
        later();
        let requested = call_ok(&server, &ann, "JoinCircle", circle_body.clone()).await;
        let persona = &requested["circle"]["persona"];
        let with_persona = |more: Value| {
            let mut body = with(json!({ "personaId": persona["id"] }));
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        later();
        call_ok(&server, &owner, "DecideJoinRequest", with_persona(json!({ "decision": "JOIN_DECISION_DECLINE" })))
            .await;
        harness.clock.advance(Duration::from_hours(7 * 24));
        call_ok(&server, &ann, "JoinCircle", circle_body.clone()).await;
        let calls = [
            ("DecideJoinRequest", with_persona(json!({ "decision": "JOIN_DECISION_ADMIT" }))),
            ("UpdateMemberRole", with_persona(json!({ "role": "CIRCLE_ROLE_KEEPER" }))),
            ("UpdateCircle", with(json!({ "etag": "1", "about": "dawn" }))),
            ("RemoveMember", with_persona(json!({}))),
            ("BanMember", with_persona(json!({}))),
            ("UnbanMember", with_persona(json!({}))),
        ];
        for (method, body) in calls {
            later();
            call_ok(&server, &owner, method, body).await;
        }
        later();
        let code = call_ok(&server, &owner, "CreateInvite", circle_body.clone()).await;
        later();
        let joined = call_ok(&server, &bob, "AcceptInvite", json!({ "code": code["code"] })).await;
        later();
        call_ok(&server, &bob, "LeaveCircle", circle_body.clone()).await;
        later();
        let new_invite = call_ok(&server, &owner, "CreateInvite", circle_body.clone()).await;
        later();
        call_ok(&server, &owner, "RevokeInvite", with(json!({ "inviteId": new_invite["invite"]["id"] }))).await;
        let id = created["circle"]["id"].as_str().unwrap().parse().unwrap();
        for open in [false, true] {
            later();
            let moderation = harness.moderation();
            if open {
                moderation.reopen(id, owner.user).await.unwrap();
            } else {
                moderation.close(id, kith_testkit::user()).await.unwrap();
            }
        }
        later();
        call_ok(&server, &owner, "UpdateCircle", with(json!({ "etag": "2", "access": "CIRCLE_ACCESS_OPEN" }))).await;
        later();
        call_ok(&server, &bob, "JoinCircle", circle_body.clone()).await;
        later();
        call_ok(&server, &owner, "ArchiveCircle", circle_body.clone()).await;
        let log = call_ok(&server, &owner, "ListCircleLog", with(json!({ "pageSize": 100 }))).await;
        let mut entries = log["entries"].as_array().unwrap().clone();
        entries.reverse();
        let (o, a, b, none) = (first, persona, &joined["circle"]["persona"], &Value::Null);
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
        let logged: Vec<_> =
            entries.iter().map(|it| (it["action"].as_str().unwrap(), &it["actor"], &it["target"])).collect();
        let expected = expected.map(|(act, by, to)| (format!("CIRCLE_LOG_ACTION_{act}"), by, to));
        let expected: Vec<_> = expected.iter().map(|(act, by, to)| (act.as_str(), *by, *to)).collect();
        assert_eq!(logged, expected);
        assert!(entries.iter().all(|it| it["at"].as_str().unwrap().ends_with(":00:00Z")), "{log}");
        for known in [owner.user, ann.user, bob.user] {
            assert!(!log.to_string().contains(&known.to_string()), "an account id is disclosed");
        }
    });
}

#[test]
fn an_invite_code_is_returned_once_and_admits_its_holder() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann) = (server(&harness), member(), member());
        let created = call_ok(&server, &owner, "CreateCircle", settings("CIRCLE_ACCESS_PRIVATE")).await;
        let circle = &created["circle"]["id"];
        let circle_body = json!({ "circleId": circle });
        let new_invite = call_ok(&server, &owner, "CreateInvite", circle_body.clone()).await;
        let code = new_invite["code"].as_str().unwrap();
        assert!(code.len() >= 22, "at least 128 bits");
        let list = call_ok(&server, &owner, "ListInvites", circle_body.clone()).await;
        assert_eq!(list["invites"], json!([new_invite["invite"]]));
        assert!(!list.to_string().contains(code));
        assert!(new_invite["invite"]["expiresAt"].as_str().unwrap().ends_with(":00:00Z"));
        let with_code = json!({ "circleId": circle, "inviteCode": code });
        assert_eq!(
            call_ok(&server, &ann, "GetCircle", with_code).await["circle"]["membershipStatus"],
            "CIRCLE_MEMBERSHIP_STATUS_OUTSIDE"
        );
        let accepted = call_ok(&server, &ann, "AcceptInvite", json!({ "code": code })).await;
        assert_eq!(&accepted["circle"]["id"], circle);
        for invalid in [code, "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let (status, error) = call(&server, Some(&member()), "AcceptInvite", json!({ "code": invalid })).await;
            assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
        }
        let second = call_ok(&server, &owner, "CreateInvite", circle_body).await;
        let revocation = json!({ "circleId": circle, "inviteId": second["invite"]["id"] });
        call_ok(&server, &owner, "RevokeInvite", revocation).await;
        let revoked = json!({ "code": second["code"] });
        assert_eq!(call(&server, Some(&member()), "AcceptInvite", revoked).await.0, StatusCode::NOT_FOUND);
    });
}

#[test]
fn public_circles_are_listed_by_category() {
    block_on(async {
        let harness = sqlite().await;
        let (server, owner, ann) = (server(&harness), member(), member());
        let open = call_ok(&server, &owner, "CreateCircle", settings("CIRCLE_ACCESS_OPEN")).await;
        harness.clock.advance(Duration::from_secs(1));
        call_ok(&server, &owner, "CreateCircle", settings("CIRCLE_ACCESS_PRIVATE")).await;
        let public = |category: &str| json!({ "scope": "CIRCLE_SCOPE_PUBLIC", "category": category });
        let found = call_ok(&server, &ann, "ListCircles", public("sleep")).await;
        assert_eq!(found["circles"].as_array().unwrap().len(), 1);
        assert_eq!(found["circles"][0]["id"], open["circle"]["id"]);
        assert_eq!(call_ok(&server, &ann, "ListCircles", public("work")).await, json!({}));
        let own = json!({ "scope": "CIRCLE_SCOPE_OWN", "pageSize": 1 });
        let mine = call_ok(&server, &owner, "ListCircles", own).await;
        assert_eq!(mine["circles"][0]["access"], "CIRCLE_ACCESS_PRIVATE");
        assert!(mine["nextPageToken"].is_string());
        let (status, error) = call(&server, Some(&ann), "ListCircles", public("nothing")).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
    });
}

#[test]
fn an_invalid_call_gets_a_connect_error_code() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), member());
        let mut blank = settings("CIRCLE_ACCESS_OPEN");
        blank["name"] = json!("          ");
        let (status, error) = call(&server, Some(&ann), "CreateCircle", blank).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        let mut huge = settings("CIRCLE_ACCESS_OPEN");
        huge["maxMembers"] = json!(1_001);
        assert_eq!(call(&server, Some(&ann), "CreateCircle", huge).await.0, StatusCode::BAD_REQUEST);
        let missing = json!({ "circleId": user().to_string() });
        let (status, error) = call(&server, Some(&ann), "GetCircle", missing).await;
        assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    });
}

#[test]
fn every_method_rejects_an_unauthenticated_caller() {
    block_on(async {
        let harness = sqlite().await;
        let server = server(&harness);
        assert_eq!(METHOD_POLICIES.len(), 20);
        let mut request = settings("CIRCLE_ACCESS_OPEN");
        let id = user().to_string();
        let more = json!({
            "circleId": id, "personaId": id, "inviteId": id, "etag": "1", "code": "x", "role": "CIRCLE_ROLE_MEMBER",
            "decision": "JOIN_DECISION_ADMIT", "scope": "CIRCLE_SCOPE_OWN",
        });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        for policy in METHOD_POLICIES {
            let method = policy.path.strip_prefix("/kith.circles.v1.CircleService/").unwrap();
            let (status, error) = call(&server, None, method, request.clone()).await;
            assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}
