//! End-to-end tests of the server binary. Each test starts its own process with its own data folder.
//!
//! | file | tests |
//! | --- | --- |
//! | `support_flow` | an SOS, responses, thanks, and blocks |
//! | `sessions` | concurrent refreshes and ended sessions |
//! | `idempotency` | repeated and concurrent calls that take effect once |
//! | `bad_input` | the error for each kind of invalid call, and that it changes nothing |
//! | `kill9`, `graceful_shutdown` | acknowledged writes survive a kill; calls in progress are completed on shutdown |
//! | `realtime` | slow clients, resumption, origins and tickets of WebSockets |
//! | `progress` | streaks in the user's time zone, private to the user and kept over a restart |
//! | `circles` | a private circle, from its first invite to its closure |
//! | `moderation` | decisions, appeals, held posts and crisis posts |
//! | `staff` | the first admin, roles, the audit log and feature flags |
//! | `demo_page`, `documented_tours` | the demo page in a browser; the tours in README.md and docs/moderation.md |
//! | `clients` | the support flow with curl, with Rust in binary, and with Node.js |
//! | `commands`, `data_dir` | the command line, production mode, the data folder and its audit log |
//!
//! `tests/cluster` runs these files in cluster mode, except `data_dir`, `demo_page` and `documented_tours`. `server`,
//! `mode`, `client`, `user`, `websocket`, `recount` and `in_process` are helpers. Tests wait for another process by
//! polling with a timeout.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]
#![expect(clippy::print_stdout, reason = "tests print how much they tried")]

mod bad_input;
mod circles;
mod client;
mod clients;
mod commands;
mod data_dir;
mod demo_page;
mod documented_tours;
mod graceful_shutdown;
mod idempotency;
mod in_process;
mod kill9;
mod mode;
mod moderation;
mod progress;
mod realtime;
mod recount;
mod server;
mod sessions;
mod staff;
mod support_flow;
mod user;
mod websocket;
