//! Methods over the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::{Actor, Clock as _, ResponseId, SystemEntropy, ports::PersonaLookup as _};
use kith_testkit::{block_on, event_id, user};
use kith_users::{
    PointsEntry,
    access::METHOD_POLICIES,
    rpc::{self, Handlers},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, sqlite};

fn server(harness: &Harness) -> Router {
    connectrpc_axum::MakeServiceBuilder::new()
        .add_router(rpc::router(Handlers { service: Arc::new(harness.service()) }))
        .build()
}

async fn call(server: &Router, actor: Option<&Actor>, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.users.v1.UserService/{method}"))
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

fn persona_of(actor: &Actor) -> Value {
    json!({ "personaId": actor.persona.to_string() })
}

#[test]
fn account_ids_are_returned_only_to_their_owner() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) =
            (server(&harness), harness.create_account("ann").await, harness.create_account("bob").await);
        let (status, own) = call(&server, Some(&ann), "GetMe", json!({})).await;
        assert_eq!(status, StatusCode::OK, "{own}");
        assert_eq!(own["me"]["accountId"], ann.user.to_string());
        assert_eq!(own["me"]["persona"], json!({ "id": ann.persona.to_string(), "handle": "ann", "avatar": 7 }));
        assert_eq!((&own["me"]["kind"], &own["me"]["role"]), (&json!("ACCOUNT_KIND_ANONYMOUS"), &json!("ROLE_MEMBER")));
        let (_, blocked) = call(&server, Some(&bob), "BlockUser", persona_of(&ann)).await;
        let (_, list) = call(&server, Some(&bob), "ListBlocks", json!({})).await;
        assert_eq!(list["blocks"], json!([blocked["block"]]));
        assert_eq!(blocked["block"]["persona"]["handle"], "ann");
        assert!(!format!("{blocked}{list}").contains(&ann.user.to_string()));
    });
}

#[test]
fn an_update_returns_the_next_etag() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), harness.create_account("ann").await);
        let (_, own) = call(&server, Some(&ann), "GetMe", json!({})).await;
        let change = json!({ "etag": own["me"]["etag"], "handle": "anna" });
        let (status, updated) = call(&server, Some(&ann), "UpdateProfile", change.clone()).await;
        assert_eq!((status, &updated["me"]["persona"]["handle"]), (StatusCode::OK, &json!("anna")));
        assert_ne!(updated["me"]["etag"], own["me"]["etag"]);
        let (status, error) = call(&server, Some(&ann), "UpdateProfile", change).await;
        assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("aborted")));
    });
}

#[test]
fn errors_have_a_code_and_a_field() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), harness.create_account("ann").await);
        let (status, error) = call(&server, Some(&ann), "BlockUser", persona_of(&ann)).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        assert_eq!(error["message"], "cannot block yourself");
        assert_eq!(error["details"][1]["type"], "google.rpc.BadRequest");
        let missing = json!({ "personaId": user().to_string() });
        let (status, error) = call(&server, Some(&ann), "GetProfile", missing).await;
        assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    });
}

#[test]
fn profiles_are_hidden_while_a_block_exists() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) =
            (server(&harness), harness.create_account("ann").await, harness.create_account("bob").await);
        let (_, profile) = call(&server, Some(&bob), "GetProfile", persona_of(&ann)).await;
        assert_eq!(profile["persona"]["handle"], "ann");
        call(&server, Some(&bob), "BlockUser", persona_of(&ann)).await;
        assert_eq!(call(&server, Some(&ann), "GetProfile", persona_of(&bob)).await.0, StatusCode::NOT_FOUND);
        assert_eq!(call(&server, Some(&bob), "UnblockUser", persona_of(&ann)).await, (StatusCode::OK, json!({})));
        assert_eq!(call(&server, Some(&ann), "GetProfile", persona_of(&bob)).await.0, StatusCode::OK);
    });
}

#[test]
fn hidden_points_and_badges_are_not_returned_to_other_users() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) =
            (server(&harness), harness.create_account("ann").await, harness.create_account("bob").await);
        for _ in 0..10 {
            let entry = PointsEntry {
                event: event_id(harness.clock.now()),
                at: harness.clock.now(),
                account: ann.user,
                response: ResponseId::new(harness.clock.now(), &SystemEntropy),
                points: 10,
            };
            harness.store.credit(&entry).await.unwrap();
        }
        let (_, profile) = call(&server, Some(&bob), "GetProfile", persona_of(&ann)).await;
        assert_eq!(
            (&profile["strengthPoints"], &profile["persona"]["badges"]),
            (&json!(100), &json!(["BADGE_SUPPORTER"]))
        );

        let (_, settings) = call(&server, Some(&ann), "GetPrivacySettings", json!({})).await;
        let shown = json!({ "showStrengthPoints": true, "showBadges": true, "etag": "1" });
        assert_eq!(settings["settings"], shown);
        let hide = json!({ "etag": "1", "showStrengthPoints": false, "showBadges": false });
        let (status, hidden) = call(&server, Some(&ann), "UpdatePrivacySettings", hide.clone()).await;
        assert_eq!((status, &hidden["settings"]), (StatusCode::OK, &json!({ "etag": "2" })));
        let (_, profile) = call(&server, Some(&bob), "GetProfile", persona_of(&ann)).await;
        assert_eq!((&profile["strengthPoints"], &profile["persona"]["badges"]), (&Value::Null, &Value::Null));
        let personas = harness.persona_lookup().find_many(&[ann.persona]).await.unwrap();
        assert_eq!(personas[&ann.persona].badges, []);
        // The owner still sees the points.
        let (_, own) = call(&server, Some(&ann), "GetMe", json!({})).await;
        assert_eq!(own["me"]["strengthPoints"], 100);

        let (status, error) = call(&server, Some(&ann), "UpdatePrivacySettings", hide).await;
        assert_eq!((status, &error["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        harness.set_role(&ann, "moderator").await;
        let (_, profile) = call(&server, Some(&bob), "GetProfile", persona_of(&ann)).await;
        assert_eq!(profile["persona"]["badges"], json!(["BADGE_MODERATOR"]), "the moderator badge cannot be hidden");
    });
}

#[test]
fn every_method_rejects_unauthenticated_calls() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), harness.create_account("ann").await);
        assert_eq!(METHOD_POLICIES.len(), 8);
        for policy in METHOD_POLICIES {
            let method = policy.path.strip_prefix("/kith.users.v1.UserService/").unwrap();
            let request = json!({ "personaId": ann.persona.to_string(), "etag": "1" });
            let (status, error) = call(&server, None, method, request).await;
            assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}
