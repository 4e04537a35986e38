//! Faults: two nodes on four servers of the test's own, each behind a proxy, while people write and listen.
//!
//! | file | holds |
//! | --- | --- |
//! | `scene` | servers, proxies and nodes, and what can happen to a server |
//! | `town` | who writes and who listens, and the record of both |
//! | `oracle` | what must be true of that record, whatever happened |
//! | `rollback` | NATS comes back with an older store |
//!
//! {Postgres, `MongoDB`, Redis, NATS} x {kill -9, SIGSTOP, reset, black hole} are 16 scenarios of about 30 s. Four of them,
//! one of each server and of each kind, are always run, and all with `KITH_TEST_FAULTS=all`; or one, by its name, as in
//! `KITH_TEST_FAULTS=redis-blackhole`. A line says which ran. They run one at a time. That NATS comes back with an older store
//! is a test of its own.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails where a step does"
)]
#![expect(clippy::print_stdout, reason = "what was tried is worth a line")]
#![expect(dead_code, reason = "what is shared with other tests is not all used here")]

#[path = "../e2e/client.rs"]
mod client;
mod oracle;
#[path = "../e2e/people.rs"]
mod people;
#[path = "../e2e/recount.rs"]
mod recount;
mod rollback;
mod scene;
#[path = "../e2e/server.rs"]
mod server;
mod size;
#[path = "../e2e/socket.rs"]
mod socket;
mod town;

use kith_servers::Kind;
use kith_testkit::block_on;

use crate::scene::Fault;

/// What is always run.
const ORDINARY: [(Kind, Fault); 4] = [
    (Kind::Postgres, Fault::Kill),
    (Kind::Mongo, Fault::Cut),
    (Kind::Redis, Fault::Blackhole),
    (Kind::Nats, Fault::Stop),
];

#[test]
fn nothing_is_lost_and_nothing_leaks_whatever_happens_to_a_server() {
    let chosen = chosen();
    let mut failed = Vec::new();
    for kind in Kind::ALL {
        for fault in Fault::ALL {
            let name = format!("{kind}-{fault:?}").to_lowercase();
            let runs = match chosen.as_str() {
                "" => ORDINARY.contains(&(kind, fault)),
                "all" => true,
                one => one == name,
            };
            if !runs {
                println!("{name}: not run; KITH_TEST_FAULTS=all runs it");
                continue;
            }
            // One that fails does not hide the others.
            let ran = std::panic::catch_unwind(|| block_on(oracle::scenario(kind, fault, &name)));
            println!("{name}: {}", if ran.is_ok() { "passed" } else { "FAILED" });
            if ran.is_err() {
                failed.push(name);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn what_an_older_store_of_nats_has_lost_is_told_again_and_nothing_is_done_twice() {
    block_on(rollback::scenario());
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn chosen() -> String {
    std::env::var("KITH_TEST_FAULTS").unwrap_or_default()
}
