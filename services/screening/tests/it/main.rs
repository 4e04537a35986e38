//! Rule store, use cases and screen on real databases.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails where a step does")]

mod harness;
mod rpc;
mod screen;
mod service;
mod store;
