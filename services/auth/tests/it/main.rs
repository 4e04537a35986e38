//! Tests of auth with a store. One binary, so that it is linked once.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails where a step does"
)]

mod features;
mod forged_tokens;
mod harness;
mod refresh_model;
mod rpc;
mod service;
mod sessions;
mod store;
