//! Where a call comes from, seen in who pays for it. How headers are read, the layer's own tests hold.

use axum::{Router, body::Body, http::Request, routing::post};
use kith_app::http::{HttpSettings, client_ip::ClientAddr};
use kith_testkit::block_on;

use crate::bed::{Bed, REGISTER, settings};

async fn remaining(bed: &Bed, socket: &str, told: &str) -> String {
    let call = Request::post(REGISTER).header("content-type", "application/json").header("x-forwarded-for", told);
    let call = call.extension(ClientAddr(socket.parse().unwrap())).body(Body::from("{}")).unwrap();
    bed.send(call).await.headers()["ratelimit-remaining"].to_str().unwrap().to_owned()
}

#[test]
fn who_calls_through_a_proxy_of_ours_has_a_quota_of_their_own_and_a_stranger_cannot_choose_one() {
    block_on(async {
        let settings = HttpSettings { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..settings() };
        let bed = Bed::round(Router::new().route(REGISTER, post(async || "{}")), &settings).await;
        assert_eq!(remaining(&bed, "10.0.0.1", "203.0.113.1").await, "4");
        assert_eq!(remaining(&bed, "10.0.0.2", "198.51.100.7, 203.0.113.1").await, "3", "the same caller");
        assert_eq!(remaining(&bed, "10.0.0.1", "203.0.113.2").await, "4", "another");
        assert_eq!(remaining(&bed, "192.0.2.9", "203.0.113.3").await, "4", "a stranger");
        assert_eq!(remaining(&bed, "192.0.2.9", "203.0.113.4").await, "3", "the same stranger by another name");
    });
}
