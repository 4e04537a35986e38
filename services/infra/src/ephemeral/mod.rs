//! Keeps things for a short time.

mod local;

pub use self::local::Local;
