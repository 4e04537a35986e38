//! Ports that this crate implements for other slices.

mod circle_feed;
mod content_moderation;
mod post_lookup;

pub use self::{circle_feed::CircleFeedAdapter, content_moderation::PostModeration, post_lookup::PostLookupAdapter};
