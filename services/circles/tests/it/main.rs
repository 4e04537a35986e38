//! Tests that need a store. They are one binary, so that it is linked once.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails where a step does")]

mod access_matrix;
mod features;
mod harness;
mod random_histories;
mod rpc;
mod service;
mod store;
