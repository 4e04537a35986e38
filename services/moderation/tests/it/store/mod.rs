//! What the traits of `moderation::store` promise, on every adapter.
