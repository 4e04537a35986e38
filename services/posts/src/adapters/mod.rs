//! Ports that this crate implements for other slices.

mod content_moderation;
mod post_lookup;

pub use self::{content_moderation::PostModeration, post_lookup::PostLookupAdapter};
pub use crate::rpc::CircleFeedAdapter;
