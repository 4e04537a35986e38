//! Integration tests of progress. One binary, so that it is linked once.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails where a step does")]

mod crash;
mod harness;
mod milestones;
mod report;
mod rpc;
mod service;
mod store;
mod streaks;
