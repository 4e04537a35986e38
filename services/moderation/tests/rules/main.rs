//! The rules of the screen: their store, what staff do with them, and what goes by them.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails where a step does")]

mod bed;
mod guard;
mod rpc;
mod service;
mod store;
