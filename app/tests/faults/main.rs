//! Fault injection: two nodes use four dedicated servers through proxies while users write and subscribe.
//!
//! | file | contents |
//! | --- | --- |
//! | `scenario` | servers, proxies, nodes and the injection of faults |
//! | `workload` | writers and subscribers, and the record of what they did |
//! | `invariants` | assertions about that record, which hold for every fault |
//! | `nats_rollback` | NATS restarts with an older store |
//!
//! {Postgres, `MongoDB`, Redis, NATS} x {kill -9, SIGSTOP, connection resets, black hole} are 16 scenarios of about 30
//! s. Four of them, one of each server and one of each fault, run by default. `KITH_TEST_FAULTS=all` runs all of them,
//! and a name such as `KITH_TEST_FAULTS=redis-blackhole` runs one. They run sequentially, and each prints its result.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]
#![expect(clippy::print_stdout, reason = "tests print what they tried")]
#![expect(dead_code, reason = "not all shared helpers are used here")]

#[path = "../e2e/client.rs"]
mod client;
mod invariants;
mod mode;
mod nats_rollback;
#[path = "../e2e/recount.rs"]
mod recount;
mod scenario;
#[path = "../e2e/server.rs"]
mod server;
#[path = "../e2e/user.rs"]
mod user;
#[path = "../e2e/websocket.rs"]
mod websocket;
mod workload;

use kith_servers::Kind;
use kith_testkit::block_on;

use crate::scenario::Fault;

/// Scenarios that run by default.
const DEFAULT_SCENARIOS: [(Kind, Fault); 4] = [
    (Kind::Postgres, Fault::Kill),
    (Kind::Mongo, Fault::ResetConnections),
    (Kind::Redis, Fault::Blackhole),
    (Kind::Nats, Fault::Pause),
];

#[test]
fn no_server_fault_loses_acknowledged_writes_or_leaks_hidden_content() {
    let filter = filter();
    let mut failed = Vec::new();
    for kind in Kind::ALL {
        for fault in Fault::ALL {
            let name = format!("{kind}-{fault:?}").to_lowercase();
            let runs = match filter.as_str() {
                "" => DEFAULT_SCENARIOS.contains(&(kind, fault)),
                "all" => true,
                one => one == name,
            };
            if !runs {
                println!("{name}: skipped; set KITH_TEST_FAULTS=all to run it");
                continue;
            }
            // A failure must not prevent the other scenarios.
            let result = std::panic::catch_unwind(|| block_on(invariants::run(kind, fault, &name)));
            println!("{name}: {}", if result.is_ok() { "passed" } else { "FAILED" });
            if result.is_err() {
                failed.push(name);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn events_lost_by_a_nats_rollback_are_republished_and_processed_once() {
    block_on(nats_rollback::run());
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn filter() -> String {
    std::env::var("KITH_TEST_FAULTS").unwrap_or_default()
}
