//! What a client sees: Connect over the router, without a socket.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use circles::{
    access::PROCEDURES,
    rpc::{self, Methods, Views},
};
use kernel::{Actor, CircleId, PageSize};
use proto::{Refusal, posts::v1::Post, views::CircleFeeds};
use serde_json::{Value, json};
use testkit::{block_on, member, user};
use tower::ServiceExt as _;

use crate::bed::{Bed, sqlite};

/// One post in every circle, for whoever is let through.
struct Feeds;

#[async_trait]
impl CircleFeeds for Feeds {
    async fn feed(&self, _: &Actor, circle: CircleId, _: PageSize, _: &str) -> Result<(Vec<Post>, String), Refusal> {
        Ok((vec![Post { id: circle.to_string(), ..Post::default() }], "next".to_owned()))
    }
}

pub(crate) fn server(bed: &Bed) -> Router {
    let views = Views { personas: bed.town.clone() };
    let methods = Methods { service: Arc::new(bed.service()), views, feeds: Arc::new(Feeds) };
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
        let bed = sqlite().await;
        let (server, owner, ann) = (server(&bed), member(), member());
        let opened = fine(&server, &owner, "CreateCircle", terms("CIRCLE_ACCESS_BY_REQUEST")).await;
        let circle = &opened["circle"];
        let standing = (&circle["standing"], &circle["role"]);
        assert_eq!(standing, (&json!("CIRCLE_STANDING_MEMBER"), &json!("CIRCLE_ROLE_OWNER")));
        assert_eq!((&circle["maxMembers"], &circle["etag"]), (&json!(10), &json!("1")));
        let of = json!({ "circleId": circle["id"] });
        let with = |more: Value| {
            let mut body = of.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let asked = fine(&server, &ann, "JoinCircle", of.clone()).await;
        assert_eq!(asked["circle"]["standing"], "CIRCLE_STANDING_REQUESTED");
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
fn an_invite_goes_from_hand_to_hand_and_its_code_is_told_once() {
    block_on(async {
        let bed = sqlite().await;
        let (server, owner, ann) = (server(&bed), member(), member());
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
        assert_eq!(fine(&server, &ann, "GetCircle", look).await["circle"]["standing"], "CIRCLE_STANDING_OUTSIDE");
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
        let bed = sqlite().await;
        let (server, owner, ann) = (server(&bed), member(), member());
        let open = fine(&server, &owner, "CreateCircle", terms("CIRCLE_ACCESS_OPEN")).await;
        bed.clock.pass(Duration::from_secs(1));
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
        let bed = sqlite().await;
        let (server, ann) = (server(&bed), member());
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
        let bed = sqlite().await;
        let server = server(&bed);
        assert_eq!(PROCEDURES.len(), 19);
        let mut request = terms("CIRCLE_ACCESS_OPEN");
        let id = user().to_string();
        let more = json!({
            "circleId": id, "personaId": id, "inviteId": id, "etag": "1", "code": "x", "role": "CIRCLE_ROLE_MEMBER",
            "decision": "JOIN_DECISION_ADMIT", "scope": "CIRCLE_SCOPE_OWN",
        });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        for procedure in PROCEDURES {
            let method = procedure.path.strip_prefix("/kith.circles.v1.CircleService/").unwrap();
            let (status, refusal) = call(&server, None, method, request.clone()).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}
