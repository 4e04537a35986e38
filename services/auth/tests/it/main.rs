//! All of this slice's tests that need a store, in one binary: it is linked once.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails where a step does"
)]

mod features;
mod harness;
mod families;
mod forged;
mod rpc;
mod service;
mod sessions;
mod store;
