//! Keeps things for a short time.

mod local;
mod redis;

pub use self::{local::Local, redis::Redis};
