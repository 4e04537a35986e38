//! The real binary, as people and programs meet it: each server is a process of its own with a data folder of its own.
//!
//! | file | shows |
//! | --- | --- |
//! | `main_line` | somebody asks, is heard, is answered; who is blocked is gone |
//! | `sessions` | tokens that are refreshed at once, and sessions that end |
//! | `repeats` | what is sent many times and happens once |
//! | `bad_input` | what is refused, how exactly, and that it changes nothing |
//! | `killed`, `stopped` | nothing that was acknowledged is lost; nobody is cut off in the middle |
//! | `sockets` | who reads slowly, who comes back, who may not come in |
//! | `progress` | how somebody is doing: counted where they live, theirs alone, there after a restart |
//! | `circles` | a private circle, from its first invite until it is closed |
//! | `moderation` | what staff decide holds until somebody else undoes it |
//! | `staff` | the first admin, roles, and the trail of them |
//! | `page`, `tour` | the demo page in a browser; the tours of README.md and docs/moderation.md |
//! | `clients` | the same flow by curl, by Rust in binary, and by Node.js |
//! | `commands`, `folder` | the command line, production, that one file has one process, and that its trail is not changed in silence |
//!
//! All but `folder`, `page` and `tour` runs on the second size, too: see `tests/cluster`. `server`, `size`, `client`, `people`, `socket`,
//! `recount` and `open_house` are what they are written with. Whatever another process does is waited for by looking,
//! with an end.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails where a step does"
)]
#![expect(clippy::print_stdout, reason = "how much was tried is worth a line")]

mod bad_input;
mod circles;
mod client;
mod clients;
mod commands;
mod folder;
mod killed;
mod main_line;
mod moderation;
mod open_house;
mod page;
mod people;
mod progress;
mod recount;
mod repeats;
mod server;
mod sessions;
mod size;
mod socket;
mod sockets;
mod staff;
mod stopped;
mod tour;
