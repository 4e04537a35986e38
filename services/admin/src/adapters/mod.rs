//! Implementations of ports for other slices.

mod feature_flags;

pub use self::feature_flags::CachedFeatureFlags;
