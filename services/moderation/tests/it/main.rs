//! All tests with a store, in one binary to save link time.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails where a step does")]

mod appeals;
mod circles;
mod crash;
mod harness;
mod moderation_day;
mod risk;
mod rpc;
mod service;
mod store;
mod stubs;
