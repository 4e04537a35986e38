//! Tests of the slice that need a store. One binary, so that it is linked once.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails where a step does")]

mod crash;
mod env;
mod harness;
mod moderation;
mod purge;
mod random_histories;
mod rpc;
mod service;
mod store;
