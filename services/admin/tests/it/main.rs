//! Administration on real databases, with stub ports in place of the slice that owns accounts.
#![expect(clippy::unwrap_used, reason = "a test fails where a step does")]

mod feature_flags;
mod harness;
mod rpc;
mod service;
mod store;
