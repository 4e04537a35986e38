//! Support: what people answer to posts, in words or in one tap, and what it adds up to.
//!
//! | file | holds |
//! | --- | --- |
//! | [`domain`] | [`Response`], and the [`Text`] or [`QuickKind`] that it says; a constructor is the only door |
//! | [`policy`] | who may see, give, take back and praise a response: pure functions |
//! | [`service`] | the use cases: authorize, act, record the events |
//! | [`screening`] | what the screen says of a response, before others see it |
//! | [`contents`] | responses, as staff judge them |
//! | [`purge`] | what removes deleted responses for good |
//! | [`error`] | every refusal, in the words of the domain |
//! | [`access`] | who may call which method, and how often |
//! | [`rpc`] | messages in, messages out; and what frames show of a response |
//! | [`store`] | the promises of a store, and its adapters |
//!
//! There is no `ports.rs`: what staff ask is [`Desk`], and what frames show is [`rpc::Views`]. There is no `reactions.rs`:
//! nothing that happens elsewhere changes a response. Whether its post is still there, and who is hidden from whom, is
//! asked at each call.
//!
//! # To add a use case
//! 1. Say in [`store::Store`] what the store must promise, with a case for it in `tests/it/store.rs`; then write it.
//! 2. Say in [`policy`] who may, with a test of each refusal.
//! 3. Write the method in [`service`], its refusals in `tests/it/service.rs`, its messages in [`rpc`],
//!    its row in [`access`].

pub mod access;
pub mod contents;
pub mod counts;
pub mod domain;
pub mod error;
pub mod policy;
pub mod purge;
pub mod rpc;
pub mod screening;
pub mod service;
pub mod store;

pub use contents::Desk;
pub use counts::Counts;
pub use domain::{Content, QuickKind, Response, Stats, Text};
pub use error::Error;
pub use purge::Purge;
pub use screening::Given;
pub use service::Service;
