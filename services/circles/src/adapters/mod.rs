//! Ports that this crate implements for other slices.

mod circle_lookup;
mod circle_moderation;
mod membership;

pub use self::{
    circle_lookup::CircleLookupAdapter, circle_moderation::CircleModerationAdapter, membership::MembershipAdapter,
};
