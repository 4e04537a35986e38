//! Connect requests over the router, without a socket.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_admin::rpc::{self, Handlers};
use kith_kernel::{Actor, Role, audit::AuditAction};
use kith_testkit::block_on;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, sqlite};

fn server(harness: &Harness) -> Router {
    let handlers = Handlers { service: harness.service.clone() };
    connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(handlers)).build()
}

async fn call(server: &Router, actor: Option<&Actor>, method: &str, body: Value) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.admin.v1.AdminService/{method}"))
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

#[test]
fn responses_contain_personas_and_no_account_ids() {
    block_on(async {
        let harness = sqlite().await;
        let (server, admin, ann) =
            (server(&harness), harness.account("admin", Role::Admin), harness.account("ann", Role::Member));
        let grant = json!({ "personaId": ann.persona.to_string(), "role": "STAFF_ROLE_MODERATOR" });
        let (status, granted) = call(&server, Some(&admin), "GrantRole", grant).await;
        assert_eq!((status, &granted["member"]["role"]), (StatusCode::OK, &json!("STAFF_ROLE_MODERATOR")), "{granted}");
        assert_eq!(granted["member"]["persona"]["handle"], "ann");
        let (_, staff) = call(&server, Some(&admin), "ListStaff", json!({})).await;
        assert_eq!(staff["members"].as_array().unwrap().len(), 2);
        let put = json!({ "name": "new_feed", "percent": 30, "roles": ["STAFF_ROLE_ADMIN"] });
        let (status, put) = call(&server, Some(&admin), "PutFlag", put).await;
        assert_eq!((status, &put["flag"]["etag"]), (StatusCode::OK, &json!("1")), "{put}");
        let (_, flags) = call(&server, Some(&admin), "ListFlags", json!({})).await;
        assert_eq!(flags["flags"], json!([put["flag"]]));
        let (_, enabled) = call(&server, Some(&admin), "ListMyFlags", json!({})).await;
        assert!(enabled["enabled"].as_array().unwrap().contains(&json!("new_feed")), "{enabled}");
        let revoke = json!({ "personaId": ann.persona.to_string() });
        assert_eq!(call(&server, Some(&admin), "RevokeRole", revoke).await, (StatusCode::OK, json!({})));
        let (status, log) = call(&server, Some(&admin), "ListAuditLog", json!({})).await;
        assert_eq!(status, StatusCode::OK, "{log}");
        let actions: Vec<_> = log["entries"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
        let (granted_action, put_action) = (AuditAction::RoleGranted.as_str(), AuditAction::FlagChanged.as_str());
        assert_eq!(actions, [granted_action, put_action, granted_action]);
        assert_eq!(log["entries"][2]["actor"]["handle"], "admin");
        assert_eq!(log["entries"][2]["subject"], format!("persona:{}", ann.persona));
        assert_eq!(log["entries"][2]["hash"].as_str().unwrap().len(), 64);
        let text = format!("{granted}{staff}{log}");
        assert!(!text.contains(&ann.user.to_string()) && !text.contains(&admin.user.to_string()), "{text}");
    });
}

#[test]
fn errors_have_the_expected_code() {
    block_on(async {
        let harness = sqlite().await;
        let (server, admin) = (server(&harness), harness.account("admin", Role::Admin));
        let own = admin.persona.to_string();
        for (method, request, code) in [
            ("GrantRole", json!({ "personaId": own, "role": "STAFF_ROLE_MODERATOR" }), "permission_denied"),
            ("GrantRole", json!({ "personaId": own, "role": "STAFF_ROLE_MEMBER" }), "invalid_argument"),
            ("GrantRole", json!({ "personaId": "ann", "role": "STAFF_ROLE_ADMIN" }), "invalid_argument"),
            ("PutFlag", json!({ "name": "New Feed" }), "invalid_argument"),
            ("PutFlag", json!({ "name": "new_feed", "percent": 101 }), "invalid_argument"),
            ("PutFlag", json!({ "name": "new_feed", "etag": "1" }), "aborted"),
        ] {
            let (_, error) = call(&server, Some(&admin), method, request.clone()).await;
            assert_eq!(error["code"], code, "{method} {request}: {error}");
        }
    });
}

#[test]
fn every_method_requires_a_caller() {
    block_on(async {
        let harness = sqlite().await;
        let (server, admin) = (server(&harness), harness.account("admin", Role::Admin));
        let request = json!({ "personaId": admin.persona.to_string(), "role": "STAFF_ROLE_ADMIN", "name": "a" });
        for policy in kith_admin::access::METHOD_POLICIES {
            let (_, method) = policy.path.rsplit_once('/').unwrap();
            let (status, _) = call(&server, None, method, request.clone()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method}");
        }
    });
}
