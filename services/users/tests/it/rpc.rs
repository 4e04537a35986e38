//! What a client sees: Connect over the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::{Actor, Clock as _, ResponseId, SystemEntropy, ports::PersonaLookup as _};
use kith_testkit::{block_on, event_id, user};
use kith_users::{Earning, access::METHOD_POLICIES, rpc};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, sqlite};

fn server(harness: &Harness) -> Router {
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(Arc::new(harness.service()))).build()
}

async fn call(server: &Router, actor: Option<&Actor>, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.users.v1.UserService/{method}"))
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

fn of(actor: &Actor) -> Value {
    json!({ "personaId": actor.persona.to_string() })
}

#[test]
fn only_its_owner_is_told_an_accounts_id() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) = (server(&harness), harness.person("ann").await, harness.person("bob").await);
        let (status, own) = call(&server, Some(&ann), "GetMe", json!({})).await;
        assert_eq!(status, StatusCode::OK, "{own}");
        assert_eq!(own["me"]["accountId"], ann.user.to_string());
        assert_eq!(own["me"]["persona"], json!({ "id": ann.persona.to_string(), "handle": "ann", "avatar": 7 }));
        assert_eq!((&own["me"]["kind"], &own["me"]["role"]), (&json!("ACCOUNT_KIND_ANONYMOUS"), &json!("ROLE_MEMBER")));
        let (_, blocked) = call(&server, Some(&bob), "BlockUser", of(&ann)).await;
        let (_, list) = call(&server, Some(&bob), "ListBlocks", json!({})).await;
        assert_eq!(list["blocks"], json!([blocked["block"]]));
        assert_eq!(blocked["block"]["persona"]["handle"], "ann");
        assert!(!format!("{blocked}{list}").contains(&ann.user.to_string()));
    });
}

#[test]
fn an_update_answers_with_the_next_etag() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), harness.person("ann").await);
        let (_, own) = call(&server, Some(&ann), "GetMe", json!({})).await;
        let change = json!({ "etag": own["me"]["etag"], "handle": "anna" });
        let (status, updated) = call(&server, Some(&ann), "UpdateProfile", change.clone()).await;
        assert_eq!((status, &updated["me"]["persona"]["handle"]), (StatusCode::OK, &json!("anna")));
        assert_ne!(updated["me"]["etag"], own["me"]["etag"]);
        let (status, refusal) = call(&server, Some(&ann), "UpdateProfile", change).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("aborted")));
    });
}

#[test]
fn a_refusal_has_a_code_and_a_field() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), harness.person("ann").await);
        let (status, refusal) = call(&server, Some(&ann), "BlockUser", of(&ann)).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
        assert_eq!(refusal["message"], "nobody can block themselves");
        assert_eq!(refusal["details"][1]["type"], "google.rpc.BadRequest");
        let nobody = json!({ "personaId": user().to_string() });
        let (status, refusal) = call(&server, Some(&ann), "GetProfile", nobody).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    });
}

#[test]
fn a_block_comes_and_goes() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) = (server(&harness), harness.person("ann").await, harness.person("bob").await);
        let (_, seen) = call(&server, Some(&bob), "GetProfile", of(&ann)).await;
        assert_eq!(seen["persona"]["handle"], "ann");
        call(&server, Some(&bob), "BlockUser", of(&ann)).await;
        assert_eq!(call(&server, Some(&ann), "GetProfile", of(&bob)).await.0, StatusCode::NOT_FOUND);
        assert_eq!(call(&server, Some(&bob), "UnblockUser", of(&ann)).await, (StatusCode::OK, json!({})));
        assert_eq!(call(&server, Some(&ann), "GetProfile", of(&bob)).await.0, StatusCode::OK);
    });
}

#[test]
fn what_somebody_hides_is_shown_nowhere() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann, bob) = (server(&harness), harness.person("ann").await, harness.person("bob").await);
        for _ in 0..10 {
            let earned = Earning {
                event: event_id(harness.clock.now()),
                at: harness.clock.now(),
                account: ann.user,
                response: ResponseId::new(harness.clock.now(), &SystemEntropy),
                worth: 10,
            };
            harness.store.earn(&earned).await.unwrap();
        }
        let (_, seen) = call(&server, Some(&bob), "GetProfile", of(&ann)).await;
        assert_eq!((&seen["strengthPoints"], &seen["persona"]["badges"]), (&json!(100), &json!(["BADGE_SUPPORTER"])));

        let (_, settings) = call(&server, Some(&ann), "GetPrivacySettings", json!({})).await;
        let shown = json!({ "showStrengthPoints": true, "showBadges": true, "etag": "1" });
        assert_eq!(settings["settings"], shown);
        let hide = json!({ "etag": "1", "showStrengthPoints": false, "showBadges": false });
        let (status, hidden) = call(&server, Some(&ann), "UpdatePrivacySettings", hide.clone()).await;
        assert_eq!((status, &hidden["settings"]), (StatusCode::OK, &json!({ "etag": "2" })));
        let (_, seen) = call(&server, Some(&bob), "GetProfile", of(&ann)).await;
        assert_eq!((&seen["strengthPoints"], &seen["persona"]["badges"]), (&Value::Null, &Value::Null));
        let everywhere = harness.directory().find_many(&[ann.persona]).await.unwrap();
        assert_eq!(everywhere[&ann.persona].badges, []);
        // Their owner is told what they have.
        let (_, own) = call(&server, Some(&ann), "GetMe", json!({})).await;
        assert_eq!(own["me"]["strengthPoints"], 100);

        let (status, refusal) = call(&server, Some(&ann), "UpdatePrivacySettings", hide).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("aborted")));
        harness.set_role(&ann, "moderator").await;
        let (_, seen) = call(&server, Some(&bob), "GetProfile", of(&ann)).await;
        assert_eq!(seen["persona"]["badges"], json!(["BADGE_MODERATOR"]), "what somebody may do is no secret");
    });
}

#[test]
fn a_stranger_is_refused_by_every_method_of_the_table() {
    block_on(async {
        let harness = sqlite().await;
        let (server, ann) = (server(&harness), harness.person("ann").await);
        assert_eq!(METHOD_POLICIES.len(), 8);
        for procedure in METHOD_POLICIES {
            let method = procedure.path.strip_prefix("/kith.users.v1.UserService/").unwrap();
            let request = json!({ "personaId": ann.persona.to_string(), "etag": "1" });
            let (status, refusal) = call(&server, None, method, request).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}
