//! What a client sees: Connect over the router, without a socket.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::{Actor, Role};
use kith_moderation::admin::rpc;
use kith_testkit::block_on;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::bed::{Bed, sqlite};

const ADMIN: &str = "AdminService";

fn server(bed: &Bed) -> Router {
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(bed.service.clone())).build()
}

async fn call(server: &Router, actor: Option<&Actor>, service: &str, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.moderation.v1.{service}/{method}"))
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

#[test]
fn roles_flags_and_the_trail_are_told_without_an_account() {
    block_on(async {
        let bed = sqlite().await;
        let (server, admin, ann) = (server(&bed), bed.person("admin", Role::Admin), bed.person("ann", Role::Member));
        let whom = json!({ "personaId": ann.persona.to_string(), "role": "STAFF_ROLE_MODERATOR" });
        let (status, granted) = call(&server, Some(&admin), ADMIN, "GrantRole", whom).await;
        assert_eq!((status, &granted["member"]["role"]), (StatusCode::OK, &json!("STAFF_ROLE_MODERATOR")), "{granted}");
        assert_eq!(granted["member"]["persona"]["handle"], "ann");
        let (_, staff) = call(&server, Some(&admin), ADMIN, "ListStaff", json!({})).await;
        assert_eq!(staff["members"].as_array().unwrap().len(), 2);
        let put = json!({ "name": "new_feed", "percent": 30, "roles": ["STAFF_ROLE_ADMIN"] });
        let (status, put) = call(&server, Some(&admin), ADMIN, "PutFlag", put).await;
        assert_eq!((status, &put["flag"]["etag"]), (StatusCode::OK, &json!("1")), "{put}");
        let (_, flags) = call(&server, Some(&admin), ADMIN, "ListFlags", json!({})).await;
        assert_eq!(flags["flags"], json!([put["flag"]]));
        let from = json!({ "personaId": ann.persona.to_string() });
        assert_eq!(call(&server, Some(&admin), ADMIN, "RevokeRole", from).await, (StatusCode::OK, json!({})));
        let (status, log) = call(&server, Some(&admin), "ModerationService", "ListAuditLog", json!({})).await;
        assert_eq!(status, StatusCode::OK, "{log}");
        let acts: Vec<_> = log["entries"].as_array().unwrap().iter().map(|entry| entry["act"].clone()).collect();
        assert_eq!(acts, ["role_granted", "flag_put", "role_granted"]);
        assert_eq!(log["entries"][2]["actor"]["handle"], "admin");
        assert_eq!(log["entries"][2]["subject"], format!("persona:{}", ann.persona));
        assert_eq!(log["entries"][2]["hash"].as_str().unwrap().len(), 64);
        let told = format!("{granted}{staff}{log}");
        assert!(!told.contains(&ann.user.to_string()) && !told.contains(&admin.user.to_string()), "{told}");
    });
}

#[test]
fn a_refusal_has_a_code_and_a_field() {
    block_on(async {
        let bed = sqlite().await;
        let (server, admin) = (server(&bed), bed.person("admin", Role::Admin));
        let itself = admin.persona.to_string();
        for (method, request, code) in [
            ("GrantRole", json!({ "personaId": itself, "role": "STAFF_ROLE_MODERATOR" }), "permission_denied"),
            ("GrantRole", json!({ "personaId": itself, "role": "STAFF_ROLE_MEMBER" }), "invalid_argument"),
            ("GrantRole", json!({ "personaId": "ann", "role": "STAFF_ROLE_ADMIN" }), "invalid_argument"),
            ("PutFlag", json!({ "name": "New Feed" }), "invalid_argument"),
            ("PutFlag", json!({ "name": "new_feed", "percent": 101 }), "invalid_argument"),
            ("PutFlag", json!({ "name": "new_feed", "etag": "1" }), "aborted"),
        ] {
            let (_, refusal) = call(&server, Some(&admin), ADMIN, method, request.clone()).await;
            assert_eq!(refusal["code"], code, "{method} {request}: {refusal}");
        }
    });
}

#[test]
fn a_stranger_is_refused_by_every_method() {
    block_on(async {
        let bed = sqlite().await;
        let (server, admin) = (server(&bed), bed.person("admin", Role::Admin));
        let request = json!({ "personaId": admin.persona.to_string(), "role": "STAFF_ROLE_ADMIN", "name": "a" });
        let methods = ["GrantRole", "RevokeRole", "ListStaff", "ListFlags", "PutFlag"];
        let methods = methods.map(|method| (ADMIN, method)).into_iter().chain([("ModerationService", "ListAuditLog")]);
        for (service, method) in methods {
            let (status, _) = call(&server, None, service, method, request.clone()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method}");
        }
    });
}
