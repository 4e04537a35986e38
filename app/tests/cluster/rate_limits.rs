//! Rate limits are shared by all nodes.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::Client,
    server::{Installation, Server},
    user::TestUser,
};

const NODES: usize = 3;
/// Number of concurrent callers on each node. Each sends one call at a time.
const CALLERS: usize = 8;
/// Tolerance for clock differences between test and server, and for a response in flight.
const ROUNDING: f64 = 1.0;

#[test]
fn three_nodes_admit_no_more_calls_than_one() {
    block_on(async {
        let installation = Installation::new(&[]);
        let mut nodes = Vec::new();
        for nth in 0..NODES {
            nodes.push(installation.start_as(&format!("node{nth}")).await);
        }
        let ann = TestUser::register(&Client::new(nodes[0].url())).await;
        // 60 an hour: no token is refilled during the test. Calls are counted before validation, so invalid calls serve
        // as well.
        let (admitted_calls, took) = flood(&ann, &nodes, "UpdateProfile", &json!({}), 15).await;
        println!("60 an hour: {admitted_calls} of {} in {took:.1} s", NODES * CALLERS * 15);
        assert!(took < 60.0, "too slow: a token was refilled");
        assert_eq!(admitted_calls, 60, "calls admitted by all nodes");
        // 300 a minute: 5 tokens are refilled each second.
        let (admitted_calls, took) = flood(&ann, &nodes, "GetFeed", &json!({ "pageSize": 1 }), 40).await;
        println!("300 a minute: {admitted_calls} of {} in {took:.1} s", NODES * CALLERS * 40);
        let allowed = 5.0f64.mul_add(took, 300.0);
        let admitted = f64::from(u32::try_from(admitted_calls).unwrap());
        assert!(admitted <= allowed.mul_add(1.01, ROUNDING), "{admitted} of {allowed}");
        assert!(admitted_calls >= 300, "{admitted_calls}");
        for node in nodes {
            node.stop().await;
        }
    });
}

/// Calls a method on all nodes concurrently. Returns the number of admitted calls and the duration in seconds.
async fn flood(user: &TestUser, nodes: &[Server], method: &str, body: &Value, times: usize) -> (u64, f64) {
    let (admitted, begin) = (AtomicU64::new(0), Instant::now());
    let callers = nodes.iter().cycle().take(NODES * CALLERS).map(async |node| {
        let client = user.with_url(&node.url());
        for _ in 0..times {
            match client.call(method, body).await {
                Err(error) if error.code == "resource_exhausted" => assert_eq!(error.reason, "RATE_LIMITED"),
                Err(error) if error.code == "invalid_argument" => {
                    admitted.fetch_add(1, Ordering::Relaxed);
                }
                Ok(_) => {
                    admitted.fetch_add(1, Ordering::Relaxed);
                }
                Err(other) => panic!("{method}: {other:?}"),
            }
        }
    });
    join_all(callers).await;
    (admitted.into_inner(), begin.elapsed().as_secs_f64())
}
