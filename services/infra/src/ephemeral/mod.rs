//! Short-lived values.

mod in_memory;
mod redis;

pub use self::{in_memory::InMemory, redis::Redis};
