//! Authorization by the method policies: unknown methods, muted accounts and suspended accounts.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::post,
};
use kith_testkit::block_on;

use crate::harness::{CREATE, DELETE, FEED, Harness, ME, REGISTER, settings};

#[test]
fn a_method_without_a_policy_is_unimplemented() {
    block_on(async {
        // A route without a method policy, as if the policy had been forgotten.
        let without_policy = Router::new().route("/kith.posts.v1.PostService/Purge", post(async || "purged"));
        let harness = Harness::new(without_policy, &settings()).await;
        let request = harness.call("/kith.posts.v1.PostService/Purge").body(Body::from("{}")).unwrap();
        let (status, _, error) = harness.json(request).await;
        assert_eq!((status.as_u16(), &error["code"]), (404, &"unimplemented".into()));
    });
}

#[test]
fn a_muted_account_can_only_read_and_post_an_sos() {
    block_on(async {
        let ok = post(async || "{}");
        let methods = Router::new().route(FEED, ok.clone()).route(CREATE, ok.clone()).route(DELETE, ok);
        let harness = Harness::new(methods, &settings()).await;
        let call = |path: &str| {
            let request = Request::post(path).header("content-type", "application/json");
            request.header("authorization", format!("Bearer {}", harness.muted)).body(Body::from("{}")).unwrap()
        };
        for path in [FEED, CREATE] {
            assert_eq!(harness.send(call(path)).await.status(), StatusCode::OK, "{path}");
        }
        let (status, _, error) = harness.json(call(DELETE)).await;
        assert_eq!((status.as_u16(), &error["code"]), (403, &"permission_denied".into()));
        assert_eq!(crate::layers::reason(&error), "ACCOUNT_MUTED");
    });
}

#[test]
fn a_suspended_account_can_only_call_methods_for_any_account() {
    block_on(async {
        let ok = post(async || "{}");
        let methods = Router::new().route(FEED, ok.clone()).route(ME, ok.clone()).route(REGISTER, ok);
        let harness = Harness::new(methods, &settings()).await;
        let call = |path: &str, token: &str| {
            let request = Request::post(path).header("content-type", "application/json");
            request.header("authorization", format!("Bearer {token}")).body(Body::from("{}")).unwrap()
        };
        for path in [ME, REGISTER] {
            assert_eq!(harness.send(call(path, &harness.suspended)).await.status(), StatusCode::OK, "{path}");
        }
        assert_eq!(harness.send(call(FEED, &harness.token)).await.status(), StatusCode::OK);
        let (status, _, error) = harness.json(call(FEED, &harness.suspended)).await;
        assert_eq!((status.as_u16(), &error["code"]), (403, &"permission_denied".into()));
        assert_eq!(crate::layers::reason(&error), "ACCOUNT_SUSPENDED");
    });
}
