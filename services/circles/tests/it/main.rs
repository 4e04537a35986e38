//! All of this slice's tests that need a store, in one binary: it is linked once.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails where a step does")]

mod features;
mod harness;
mod histories;
mod matrix;
mod rpc;
mod service;
mod store;
