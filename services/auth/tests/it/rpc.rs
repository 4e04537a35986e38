//! What a client sees: Connect over the router, without a socket.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_auth::{access::METHOD_POLICIES, rpc};
use kith_kernel::{Actor, EventId, SystemEntropy, Timestamp, ports::TokenVerifier as _};
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
        let router = connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(harness.auth.clone())).build();
        Self { harness, router }
    }

    async fn call(&self, actor: Option<&Actor>, method: &str, body: Value) -> (StatusCode, Value) {
        self.send(actor, None, method, body).await
    }

    async fn send(
        &self,
        actor: Option<&Actor>,
        claimed: Option<ClaimedId>,
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
        if let Some(claimed) = claimed {
            request.extensions_mut().insert(claimed);
        }
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        (status, serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap())
    }

    async fn owner(&self, answer: &Value) -> Actor {
        let token = answer["credentials"]["accessToken"].as_str().expect("an access token");
        self.harness.verifier.verify(token).await.unwrap().expect("a good one")
    }
}

fn details(refusal: &Value) -> Vec<&str> {
    refusal["details"].as_array().unwrap().iter().map(|detail| detail["type"].as_str().unwrap()).collect()
}

#[test]
fn somebody_comes_in_stays_in_and_leaves() {
    block_on(async {
        let server = Server::new().await;
        let body = json!({ "handle": "ann", "avatar": 7, "device": "a telephone" });
        let (status, opened) = server.call(None, "RegisterAnonymous", body).await;
        assert_eq!(status, StatusCode::OK, "{opened}");
        assert_eq!((&opened["persona"]["handle"], &opened["persona"]["avatar"]), (&json!("ann"), &json!(7)));
        let ann = server.owner(&opened).await;
        let code = json!({ "recoveryCode": opened["recoveryCode"], "device": "a laptop" });
        let (status, entered) = server.call(None, "LoginWithRecoveryCode", code).await;
        assert_eq!(status, StatusCode::OK, "{entered}");
        let token = json!({ "refreshToken": entered["credentials"]["refreshToken"] });
        let (status, traded) = server.call(None, "RefreshToken", token).await;
        assert_eq!(status, StatusCode::OK, "{traded}");
        assert_eq!(traded["credentials"]["sessionId"], entered["credentials"]["sessionId"]);
        let (_, listed) = server.call(Some(&ann), "ListSessions", json!({ "pageSize": 1 })).await;
        let after = json!({ "pageSize": 1, "pageToken": listed["nextPageToken"] });
        let (_, rest) = server.call(Some(&ann), "ListSessions", after).await;
        let mut devices =
            [&listed["sessions"][0], &rest["sessions"][0]].map(|session| session["device"].as_str().unwrap());
        devices.sort_unstable();
        assert_eq!(devices, ["a laptop", "a telephone"]);
        let (status, ticket) = server.call(Some(&ann), "CreateRealtimeTicket", json!({})).await;
        assert_eq!((status, ticket["ticket"].as_str().unwrap().len()), (StatusCode::OK, 43));
        let session = json!({ "sessionId": entered["credentials"]["sessionId"] });
        assert_eq!(server.call(Some(&ann), "RevokeSession", session.clone()).await.0, StatusCode::OK);
        let (status, refusal) = server.call(Some(&ann), "RevokeSession", session).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
        assert_eq!(server.call(Some(&ann), "Logout", json!({})).await.0, StatusCode::OK);
        let token = json!({ "refreshToken": opened["credentials"]["refreshToken"] });
        let (status, refusal) = server.call(None, "RefreshToken", token).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")));
    });
}

#[test]
fn an_address_registers_enters_and_is_added() {
    block_on(async {
        let server = Server::new().await;
        let body = |email: &str| json!({ "email": email, "password": PASSWORD, "device": "a telephone" });
        let (status, opened) = server.call(None, "RegisterWithEmail", body("Ann@example.org")).await;
        assert_eq!(status, StatusCode::OK, "{opened}");
        let (status, entered) = server.call(None, "Login", body("ann@example.org")).await;
        assert_eq!(status, StatusCode::OK, "{entered}");
        let ann = server.owner(&entered).await;
        assert_eq!(server.owner(&opened).await.user, ann.user);
        let upgrade = json!({ "email": "bob@example.org", "password": PASSWORD });
        let (status, refusal) = server.call(Some(&ann), "UpgradeAccount", upgrade.clone()).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("failed_precondition")));
        let (_, anonymous) = server.call(None, "RegisterAnonymous", json!({})).await;
        let bob = server.owner(&anonymous).await;
        assert_eq!(server.call(Some(&bob), "UpgradeAccount", upgrade).await.0, StatusCode::OK);
        assert_eq!(server.call(None, "Login", body("bob@example.org")).await.0, StatusCode::OK);
    });
}

#[test]
fn a_refusal_has_a_code_a_reason_and_the_field_to_blame() {
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
        for (body, code, words) in [
            (known.clone(), "already_exists", "this e-mail address belongs to an account already"),
            (changed("email", "not an address"), "invalid_argument", "this is not an e-mail address"),
            (changed("handle", "ann"), "already_exists", "this handle is taken"),
            (changed("handle", "a n"), "invalid_argument", "this handle breaks the rules for handles"),
            (
                changed("password", "aaaaaaaaaaaaaaaaaaaa"),
                "invalid_argument",
                "this password is a pattern that is quickly guessed",
            ),
        ] {
            let (_, refusal) = server.call(None, "RegisterWithEmail", body).await;
            assert_eq!((&refusal["code"], &refusal["message"]), (&json!(code), &json!(words)));
            assert_eq!(details(&refusal), ["google.rpc.ErrorInfo", "google.rpc.BadRequest"]);
        }
        let (_, refusal) = server.call(None, "RegisterWithEmail", changed("password", "short")).await;
        assert_eq!(refusal["code"], json!("invalid_argument"));
        let wrong = json!({ "email": "nobody@example.org", "password": "x" });
        let (status, refusal) = server.call(None, "Login", wrong).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")));
        assert_eq!(details(&refusal), ["google.rpc.ErrorInfo"]);
    });
}

#[test]
fn a_call_that_is_repeated_under_its_claim_opens_one_account() {
    block_on(async {
        let server = Server::new().await;
        let claimed = ClaimedId(Some(EventId::new(Timestamp::from_millis(1), &SystemEntropy).uuid()));
        let body = json!({ "handle": "ann" });
        let (_, first) = server.send(None, Some(claimed), "RegisterAnonymous", body.clone()).await;
        let (status, second) = server.send(None, Some(claimed), "RegisterAnonymous", body).await;
        assert_eq!((status, &second["persona"]), (StatusCode::OK, &first["persona"]));
        assert_eq!(server.harness.accounts.population(), 1);
    });
}

#[test]
fn a_page_token_of_somebody_else_is_refused() {
    block_on(async {
        let server = Server::new().await;
        let (_, opened) = server.call(None, "RegisterAnonymous", json!({})).await;
        let ann = server.owner(&opened).await;
        let code = json!({ "recoveryCode": opened["recoveryCode"] });
        server.call(None, "LoginWithRecoveryCode", code).await;
        let (_, listed) = server.call(Some(&ann), "ListSessions", json!({ "pageSize": 1 })).await;
        let (_, opened) = server.call(None, "RegisterAnonymous", json!({})).await;
        let bob = server.owner(&opened).await;
        let foreign = json!({ "pageToken": listed["nextPageToken"] });
        let (status, refusal) = server.call(Some(&bob), "ListSessions", foreign).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")));
    });
}

#[test]
fn a_stranger_is_refused_by_every_method_that_asks_who_calls() {
    block_on(async {
        let server = Server::new().await;
        for method in ["UpgradeAccount", "Logout", "ListSessions", "RevokeSession", "CreateRealtimeTicket"] {
            let (status, refusal) = server.call(None, method, json!({})).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}

#[test]
fn every_method_has_its_row() {
    let methods = METHODS.iter().map(|method| method.path).filter(|path| path.starts_with("/kith.auth."));
    let rows: Vec<&str> = METHOD_POLICIES.iter().map(|row| row.path).collect();
    let missing: Vec<&str> = methods.filter(|path| !rows.contains(path)).collect();
    assert_eq!((missing.as_slice(), rows.len()), (&[][..], 10));
}
