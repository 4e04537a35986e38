//! Contract tests of the traits of `kith_users::store`, on every adapter.

mod accounts;
mod blocks;
mod points;
mod staff;
mod suspensions;
