//! Support: responses to posts, as text or as one tap, and their counts.
//!
//! | file | contents |
//! | --- | --- |
//! | [`access`] | required access and quota of every RPC method |
//! | [`adapters`] | ports that this crate implements for other slices |
//! | [`domain`] | [`Response`], its [`Text`] or [`QuickKind`], and [`Stats`] |
//! | [`error`] | errors of the use cases |
//! | [`jobs`] | periodic jobs |
//! | [`policy`] | visibility and permissions: pure functions |
//! | [`rpc`] | handlers of `kith.support.v1.SupportService` and conversion of messages |
//! | [`screening`] | content screening before publication |
//! | [`service`] | use cases: authorize, load, decide, save |
//! | [`store`] | storage port and its SQLite and MongoDB adapters |
//!
//! There is no event handler: no event of another slice changes a response. Each call asks the ports whether the post is
//! visible and which accounts are hidden.
//!
//! # Adding a use case
//! 1. Add the storage operation to [`store::Store`], with a contract case in `tests/it/store.rs`, and implement it in
//!    `store/sqlite` and `store/mongo`.
//! 2. Add the permission rule to [`policy`], with a test of each denial.
//! 3. Add the method to [`service`], its error cases to `tests/it/service.rs`, its conversion to [`rpc`] and its row to
//!    [`access`].

pub mod access;
pub mod adapters;
pub mod domain;
pub mod error;
pub mod jobs;
pub mod module;
pub mod policy;
pub mod rpc;
pub mod screening;
pub mod service;
pub mod store;

pub use domain::{Content, QuickKind, Response, Stats, Text};
pub use error::Error;
pub use screening::ScreenedResponse;
pub use service::Service;
