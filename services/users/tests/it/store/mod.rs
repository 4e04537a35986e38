//! What the traits of `users::store` promise, on every adapter.

mod accounts;
mod blocks;
mod points;
mod staff;
