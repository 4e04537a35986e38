//! The rules of the screen: kept, put, tried, and in force.
//!
//! | file | holds |
//! | --- | --- |
//! | `service` | [`Rulebook`]: list, put, try |
//! | `live` | [`Guard`]: the screen by the newest rules, for who publishes what people write |
//! | [`error`] | every refusal |
//! | [`store`] | the promises of a store, and its adapter |
//! | `rpc` | the three methods, and what their messages say |
//!
//! What a rule can be, and what is found how, is in the crate `screen`.

pub mod error;
pub mod rpc;
pub mod store;

mod live;
mod service;

pub use self::{
    error::Error,
    live::Guard,
    service::{Page, Rulebook, Trial, Trials},
};
