//! What one node lets in, all have let in.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::Client,
    people::Person,
    server::{Home, Server},
};

const NODES: usize = 3;
/// On each node, one call after the other.
const CALLERS: usize = 8;
/// What the clocks of a test and of a server may differ by, and a refusal that was on its way.
const ROUNDING: f64 = 1.0;

#[test]
fn three_nodes_let_in_no_more_than_one_would() {
    block_on(async {
        let home = Home::new(&[]);
        let mut nodes = Vec::new();
        for nth in 0..NODES {
            nodes.push(home.serve_as(&format!("node{nth}")).await);
        }
        let ann = Person::register(&Client::to(nodes[0].url())).await;
        // 60 an hour: in the time this takes, none comes back. It is counted before it is looked at, so that it may well
        // be one that is refused for what it says.
        let (in_all, took) = flood(&ann, &nodes, "UpdateProfile", &json!({}), 15).await;
        println!("60 an hour: {in_all} of {} in {took:.1} s", NODES * CALLERS * 15);
        assert!(took < 60.0, "one would come back");
        assert_eq!(in_all, 60, "neither one more nor one less");
        // 300 a minute: 5 come back each second.
        let (in_all, took) = flood(&ann, &nodes, "GetFeed", &json!({ "pageSize": 1 }), 40).await;
        println!("300 a minute: {in_all} of {} in {took:.1} s", NODES * CALLERS * 40);
        let policy = 5.0f64.mul_add(took, 300.0);
        let admitted = f64::from(u32::try_from(in_all).unwrap());
        assert!(admitted <= policy.mul_add(1.01, ROUNDING), "{admitted} of {policy}");
        assert!(in_all >= 300, "{in_all}");
        for node in nodes {
            node.stop().await;
        }
    });
}

/// Calls this on all nodes at once. How many were let in, and how long it took in seconds.
async fn flood(person: &Person, nodes: &[Server], method: &str, body: &Value, times: usize) -> (u64, f64) {
    let (admitted, begin) = (AtomicU64::new(0), Instant::now());
    let callers = nodes.iter().cycle().take(NODES * CALLERS).map(async |node| {
        let here = person.moved(&node.url());
        for _ in 0..times {
            match here.says(method, body).await {
                Err(refused) if refused.code == "resource_exhausted" => assert_eq!(refused.reason, "RATE_LIMITED"),
                Err(refused) if refused.code == "invalid_argument" => {
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
