//! Client address, observed through the quota that a call uses. The unit tests of the layer cover header parsing.

use axum::{Router, body::Body, http::Request, routing::post};
use kith_app::http::{HttpSettings, client_ip::ClientAddr};
use kith_testkit::block_on;

use crate::harness::{Harness, REGISTER, settings};

async fn remaining(harness: &Harness, socket: &str, forwarded_for: &str) -> String {
    let call =
        Request::post(REGISTER).header("content-type", "application/json").header("x-forwarded-for", forwarded_for);
    let call = call.extension(ClientAddr(socket.parse().unwrap())).body(Body::from("{}")).unwrap();
    harness.send(call).await.headers()["ratelimit-remaining"].to_str().unwrap().to_owned()
}

#[test]
fn forwarded_addresses_select_the_quota_only_behind_a_trusted_proxy() {
    block_on(async {
        let settings = HttpSettings { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..settings() };
        let harness = Harness::new(Router::new().route(REGISTER, post(async || "{}")), &settings).await;
        assert_eq!(remaining(&harness, "10.0.0.1", "203.0.113.1").await, "4");
        assert_eq!(remaining(&harness, "10.0.0.2", "198.51.100.7, 203.0.113.1").await, "3", "the same client");
        assert_eq!(remaining(&harness, "10.0.0.1", "203.0.113.2").await, "4", "another client");
        assert_eq!(remaining(&harness, "192.0.2.9", "203.0.113.3").await, "4", "an untrusted peer");
        assert_eq!(
            remaining(&harness, "192.0.2.9", "203.0.113.4").await,
            "3",
            "the same untrusted peer with another forwarded address"
        );
    });
}
