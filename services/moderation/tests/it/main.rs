//! All of this slice's tests that need a store, in one binary: it is linked once.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails where a step does")]

mod bed;
mod circles;
mod crash;
mod day;
mod people;
mod rpc;
mod service;
mod store;
mod weight;
