//! What the traits of `kith_users::store` promise, on every adapter.

mod accounts;
mod blocks;
mod points;
mod staff;
