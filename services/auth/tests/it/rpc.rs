//! Calls by the Connect protocol to the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_auth::{access::METHOD_POLICIES, rpc};
use kith_kernel::{Actor, EventId, PageTokenCodec, SystemEntropy, Timestamp, ports::TokenVerifier as _};
use kith_proto::{ClaimedId, METHODS};
use kith_testkit::block_on;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{Harness, PASSWORD, sqlite};

struct Server {
    harness: Harness,
    router: Router,
}

impl Server {
    async fn new() -> Self {
        let harness = sqlite().await;
        let handlers = rpc::Handlers {
            service: harness.auth.clone(),
            tickets: harness.tickets.clone(),
            page_tokens: Arc::new(PageTokenCodec::new(&[6; 32])),
        };
        let router = connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(handlers)).build();
        Self { harness, router }
    }

    async fn call(&self, actor: Option<&Actor>, method: &str, body: Value) -> (StatusCode, Value) {
        self.send(actor, None, method, body).await
    }

    async fn send(
        &self,
        actor: Option<&Actor>,
        claimed_id: Option<ClaimedId>,
        method: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let mut request = Request::post(format!("/kith.auth.v1.AuthService/{method}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        if let Some(actor) = actor {
            request.extensions_mut().insert(actor.clone());
        }
        if let Some(claimed_id) = claimed_id {
            request.extensions_mut().insert(claimed_id);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
    }

    async fn actor(&self, response: &Value) -> Actor {
        let token = response["credentials"]["accessToken"].as_str().expect("an access token");
        self.harness.verifier.verify(token).await.unwrap().expect("a valid token")
    }
}

fn details(error: &Value) -> Vec<&str> {
    error["details"].as_array().unwrap().iter().map(|detail| detail["type"].as_str().unwrap()).collect()
}

#[test]
fn an_anonymous_user_registers_logs_in_refreshes_and_logs_out() {
    block_on(async {
        let server = Server::new().await;
        let body = json!({ "handle": "ann", "avatar": 7, "device": "a telephone" });
        let (status, registered) = server.call(None, "RegisterAnonymous", body).await;
        assert_eq!(status, StatusCode::OK, "{registered}");
        assert_eq!((&registered["persona"]["handle"], &registered["persona"]["avatar"]), (&json!("ann"), &json!(7)));
        let ann = server.actor(&registered).await;
        let code = json!({ "recoveryCode": registered["recoveryCode"], "device": "a laptop" });
        let (status, logged_in) = server.call(None, "LoginWithRecoveryCode", code).await;
        assert_eq!(status, StatusCode::OK, "{logged_in}");
        let token = json!({ "refreshToken": logged_in["credentials"]["refreshToken"] });
        let (status, rotated) = server.call(None, "RefreshToken", token).await;
        assert_eq!(status, StatusCode::OK, "{rotated}");
        assert_eq!(rotated["credentials"]["sessionId"], logged_in["credentials"]["sessionId"]);
        let (_, first_page) = server.call(Some(&ann), "ListSessions", json!({ "pageSize": 1 })).await;
        let after = json!({ "pageSize": 1, "pageToken": first_page["nextPageToken"] });
        let (_, second_page) = server.call(Some(&ann), "ListSessions", after).await;
        let mut devices = [&first_page["sessions"][0], &second_page["sessions"][0]]
            .map(|session| session["device"].as_str().unwrap());
        devices.sort_unstable();
        assert_eq!(devices, ["a laptop", "a telephone"]);
        let (status, ticket) = server.call(Some(&ann), "CreateRealtimeTicket", json!({})).await;
        assert_eq!((status, ticket["ticket"].as_str().unwrap().len()), (StatusCode::OK, 43));
        let session = json!({ "sessionId": logged_in["credentials"]["sessionId"] });
        assert_eq!(server.call(Some(&ann), "RevokeSession", session.clone()).await.0, StatusCode::OK);
        let (status, error) = server.call(Some(&ann), "RevokeSession", session).await;
        assert_eq!((status, &error["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
        assert_eq!(server.call(Some(&ann), "Logout", json!({})).await.0, StatusCode::OK);
        let token = json!({ "refreshToken": registered["credentials"]["refreshToken"] });
        let (status, error) = server.call(None, "RefreshToken", token).await;
        assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")));
    });
}

#[test]
fn an_account_with_email_registers_logs_in_and_an_anonymous_one_is_upgraded() {
    block_on(async {
        let server = Server::new().await;
        let body = |email: &str| json!({ "email": email, "password": PASSWORD, "device": "a telephone" });
        let (status, registered) = server.call(None, "RegisterWithEmail", body("Ann@example.org")).await;
        assert_eq!(status, StatusCode::OK, "{registered}");
        let (status, logged_in) = server.call(None, "Login", body("ann@example.org")).await;
        assert_eq!(status, StatusCode::OK, "{logged_in}");
        let ann = server.actor(&logged_in).await;
        assert_eq!(server.actor(&registered).await.user, ann.user);
        let upgrade = json!({ "email": "bob@example.org", "password": PASSWORD });
        let (status, error) = server.call(Some(&ann), "UpgradeAccount", upgrade.clone()).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("failed_precondition")));
        let (_, anonymous) = server.call(None, "RegisterAnonymous", json!({})).await;
        let bob = server.actor(&anonymous).await;
        assert_eq!(server.call(Some(&bob), "UpgradeAccount", upgrade).await.0, StatusCode::OK);
        assert_eq!(server.call(None, "Login", body("bob@example.org")).await.0, StatusCode::OK);
    });
}

#[test]
fn an_error_has_a_code_a_reason_and_a_field() {
    block_on(async {
        let server = Server::new().await;
        let known = json!({ "email": "ann@example.org", "password": PASSWORD, "handle": "ann" });
        assert_eq!(server.call(None, "RegisterWithEmail", known.clone()).await.0, StatusCode::OK);
        let changed = |field: &str, value: &str| {
            let mut body = known.clone();
            body["email"] = json!("bob@example.org");
            body[field] = json!(value);
            body
        };
        for (body, code, message) in [
            (known.clone(), "already_exists", "e-mail address belongs to another account"),
            (changed("email", "not an address"), "invalid_argument", "invalid e-mail address"),
            (changed("handle", "ann"), "already_exists", "handle is taken"),
            (changed("handle", "a n"), "invalid_argument", "invalid handle"),
            (changed("password", "aaaaaaaaaaaaaaaaaaaa"), "invalid_argument", "password is a predictable pattern"),
        ] {
            let (_, error) = server.call(None, "RegisterWithEmail", body).await;
            assert_eq!((&error["code"], &error["message"]), (&json!(code), &json!(message)));
            assert_eq!(details(&error), ["google.rpc.ErrorInfo", "google.rpc.BadRequest"]);
        }
        let (_, error) = server.call(None, "RegisterWithEmail", changed("password", "short")).await;
        assert_eq!(error["code"], json!("invalid_argument"));
        let wrong = json!({ "email": "unknown@example.org", "password": "x" });
        let (status, error) = server.call(None, "Login", wrong).await;
        assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")));
        assert_eq!(details(&error), ["google.rpc.ErrorInfo"]);
    });
}

#[test]
fn a_repeated_call_with_the_same_claimed_id_creates_one_account() {
    block_on(async {
        let server = Server::new().await;
        let claimed_id = ClaimedId(Some(EventId::new(Timestamp::from_millis(1), &SystemEntropy).uuid()));
        let body = json!({ "handle": "ann" });
        let (_, first) = server.send(None, Some(claimed_id), "RegisterAnonymous", body.clone()).await;
        let (status, second) = server.send(None, Some(claimed_id), "RegisterAnonymous", body).await;
        assert_eq!((status, &second["persona"]), (StatusCode::OK, &first["persona"]));
        assert_eq!(server.harness.accounts.count(), 1);
    });
}

#[test]
fn a_page_token_of_another_user_is_rejected() {
    block_on(async {
        let server = Server::new().await;
        let (_, registered) = server.call(None, "RegisterAnonymous", json!({})).await;
        let ann = server.actor(&registered).await;
        let code = json!({ "recoveryCode": registered["recoveryCode"] });
        server.call(None, "LoginWithRecoveryCode", code).await;
        let (_, first_page) = server.call(Some(&ann), "ListSessions", json!({ "pageSize": 1 })).await;
        let (_, registered) = server.call(None, "RegisterAnonymous", json!({})).await;
        let bob = server.actor(&registered).await;
        let foreign = json!({ "pageToken": first_page["nextPageToken"] });
        let (status, error) = server.call(Some(&bob), "ListSessions", foreign).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
    });
}

#[test]
fn unauthenticated_calls_of_protected_methods_are_rejected() {
    block_on(async {
        let server = Server::new().await;
        for method in ["UpgradeAccount", "Logout", "ListSessions", "RevokeSession", "CreateRealtimeTicket"] {
            let (status, error) = server.call(None, method, json!({})).await;
            assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}

#[test]
fn every_method_has_a_policy() {
    let methods = METHODS.iter().map(|method| method.path).filter(|path| path.starts_with("/kith.auth."));
    let policies: Vec<&str> = METHOD_POLICIES.iter().map(|policy| policy.path).collect();
    let missing: Vec<&str> = methods.filter(|path| !policies.contains(path)).collect();
    assert_eq!((missing.as_slice(), policies.len()), (&[][..], 10));
}
