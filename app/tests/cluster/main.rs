//! The second size: the same binary over Postgres, MongoDB, Redis and NATS, alone and as several nodes.
//!
//! | file | shows |
//! | --- | --- |
//! | all of `tests/e2e` but `folder` | what holds for one process and one file holds here |
//! | `limits` | what one node lets in, all have let in |
//! | `nodes` | who is on one node hears what happens on another; a node that dies or drains loses nothing |
//!
//! Each test has a community of its own on the servers of `KITH_TEST_*_URL`: see `size`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails where a step does"
)]
#![expect(clippy::print_stdout, reason = "how much was tried is worth a line")]

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
#[path = "../e2e/killed.rs"]
mod killed;
mod limits;
#[path = "../e2e/main_line.rs"]
mod main_line;
#[path = "../e2e/moderation.rs"]
mod moderation;
mod nodes;
#[path = "../e2e/open_house.rs"]
mod open_house;
#[path = "../e2e/people.rs"]
mod people;
#[path = "../e2e/progress.rs"]
mod progress;
#[path = "../e2e/recount.rs"]
mod recount;
#[path = "../e2e/repeats.rs"]
mod repeats;
#[path = "../e2e/server.rs"]
mod server;
#[path = "../e2e/sessions.rs"]
mod sessions;
mod size;
#[path = "../e2e/socket.rs"]
mod socket;
#[path = "../e2e/sockets.rs"]
mod sockets;
#[path = "../e2e/staff.rs"]
mod staff;
#[path = "../e2e/stopped.rs"]
mod stopped;
