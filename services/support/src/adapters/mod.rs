//! Ports that this crate implements for other slices.

mod content_moderation;
mod response_counts;

pub use self::{content_moderation::ResponseModeration, response_counts::ResponseCountsAdapter};
