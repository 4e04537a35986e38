//! End-to-end tests of cluster mode: the same binary with Postgres, MongoDB, Redis and NATS, as one node and as
//! several.
//!
//! | file | tests |
//! | --- | --- |
//! | the files of `tests/e2e` that are listed below | the same behaviour as in embedded mode |
//! | `rate_limits` | rate limits are shared by all nodes |
//! | `nodes` | events and revocations reach all nodes; a killed or drained node loses nothing |
//!
//! Each test has its own databases and namespace on the servers of `KITH_TEST_*_URL`. See `mode`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]
#![expect(clippy::print_stdout, reason = "tests print how much they tried")]

#[path = "../e2e/bad_input.rs"]
mod bad_input;
#[path = "../e2e/circles.rs"]
mod circles;
#[path = "../e2e/client.rs"]
mod client;
#[path = "../e2e/clients.rs"]
mod clients;
#[path = "../e2e/commands.rs"]
mod commands;
#[path = "../e2e/graceful_shutdown.rs"]
mod graceful_shutdown;
#[path = "../e2e/idempotency.rs"]
mod idempotency;
#[path = "../e2e/in_process.rs"]
mod in_process;
#[path = "../e2e/kill9.rs"]
mod kill9;
mod mode;
#[path = "../e2e/moderation.rs"]
mod moderation;
mod nodes;
#[path = "../e2e/progress.rs"]
mod progress;
mod rate_limits;
#[path = "../e2e/realtime.rs"]
mod realtime;
#[path = "../e2e/recount.rs"]
mod recount;
#[path = "../e2e/server.rs"]
mod server;
#[path = "../e2e/sessions.rs"]
mod sessions;
#[path = "../e2e/staff.rs"]
mod staff;
#[path = "../e2e/support_flow.rs"]
mod support_flow;
#[path = "../e2e/user.rs"]
mod user;
#[path = "../e2e/websocket.rs"]
mod websocket;
