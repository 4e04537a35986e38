//! What admins do, on the databases themselves.
#![expect(clippy::unwrap_used, reason = "a test fails where a step does")]

mod bed;
mod rpc;
mod service;
mod store;
