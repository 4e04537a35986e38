//! Circles: small communities, who is in them, what they may do there, and how they get in.
//!
//! | file | holds |
//! | --- | --- |
//! | [`domain`] | [`Circle`](domain::Circle), who is in it, and what opens it |
//! | [`policy`] | who may do what, and what comes of it; pure |
//! | [`service`] | the use cases: look, ask how somebody appears, act |
//! | [`ports`] | what circles answer to other slices: who is in which |
//! | [`access`] | who may call which method, and how often |
//! | [`rpc`] | `kith.circles.v1.CircleService` |
//! | [`error`] | every refusal, in the words of the domain |
//! | [`store`] | the promises of a store, and its adapter |
//!
//! # What is promised
//! - In each circle a person appears under a persona of that circle. Nothing that is told of it comes from another: its id,
//!   handle and picture are drawn, lists are ordered by the id, moments are told as days, and it has no badges and points.
//! - A private circle is there for its members and for who brings a live invite; for all others every method answers as if
//!   there were none. So is any circle for who is banned from it, and an archived one for who is no member. Once private,
//!   it stays so. Nobody asks to join one: an invite is the only way in, and the word of a keeper.
//! - The number of members that is told is rounded, the same for everybody, and says nothing about who is hidden from
//!   whom. Members see no other number, and lists leave out who is hidden from them, either way.
//! - One that staff have closed is there for nobody: its members see that it is closed, and nothing that anybody wrote. It
//!   can be left, and archived by its owner. Opened again, it is as it was.
//! - Whoever asked and was declined may ask again after seven days. Whatever a keeper does for them goes around that: an
//!   invite, or a ban that is lifted.
//! - Keepers remove and ban by persona whoever ever came to the circle, hidden from them or not.
//!
//! # To add something that can be done in a circle
//! 1. A variant of [`Act`](policy::Act), its word for the log, and the role that it takes; the compiler asks for its rule.
//! 2. What comes of it is a [`Ruling`](policy::Ruling); a new one is written in `store/sql/deeds.rs`.
//! 3. Its place in the model of `tests/it/histories.rs`, a handler in [`rpc`] and a row in [`access`].

pub mod access;
pub mod domain;
pub mod error;
pub mod policy;
pub mod ports;
pub mod rpc;
pub mod service;
pub mod store;

pub use error::Error;
pub use ports::{Doors, Roster};
pub use service::Service;
