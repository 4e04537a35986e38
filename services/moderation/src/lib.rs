//! Moderation: what people report, what staff decide about it, and what the person concerned is told.

pub mod access;
pub mod domain;
pub mod policy;
pub mod store;
