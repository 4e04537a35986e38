//! Moderation: what people report, what staff decide about it, and what the person concerned is told.
//!
//! | file | holds |
//! | --- | --- |
//! | [`domain`] | [`Subject`](domain::Subject), [`Report`](domain::Report), [`Case`](domain::Case), [`Decision`](domain::Decision), [`Strike`](domain::Strike) |
//! | [`policy`] | who may act on what, what orders the queue, what hides at once, what counts how long; pure |
//! | [`service`] | the use cases: authorize, act, record the events |
//! | [`effects`] | makes true what was decided, as often as it takes |
//! | [`endings`] | what ends by itself |
//! | [`reactions`] | cases that nobody reported, effects that a crash has cut off, the weight of what waits beside a case |
//! | [`sealing`] | texts, sealed where they are kept; names of reporters that hold in one case |
//! | [`admin`] | roles, flags and the reading of the audit trail: `kith.moderation.v1.AdminService` |
//! | [`access`] | who may call which method, and how often |
//! | [`rpc`] | `kith.moderation.v1.ModerationService` |
//! | [`rules`] | the rules of the screen: kept, put, tried, and in force |
//! | [`error`] | every refusal, in the words of the domain |
//! | [`store`] | the promises of a store, and its adapter |
//!
//! # What is decided is true
//! A decision is written with its strike, its events and its entry in the trail, in one transaction. What it does to
//! people and to what they wrote is not in it: [`Effects`] reads what the decisions say together and makes that so. It is
//! called before the answer is given, by the reaction to the event of the decision, and when something ends. So it does
//! not matter who does it, how often, or in which order.
//!
//! # To add an action
//! 1. A word of [`Action`](domain::Action); the compiler now asks what it does to whom in [`policy`].
//! 2. If it lasts, [`Bounds`](store::Bounds) say until when, and [`Effects`] make it so and undo it.
//! 3. Its value in `case.proto`, and its line in `rpc/show.rs`.

pub mod access;
pub mod admin;
pub mod domain;
pub mod effects;
pub mod endings;
pub mod error;
pub mod policy;
pub mod reactions;
pub mod rpc;
pub mod rules;
pub mod sealing;
pub mod service;
pub mod store;

pub use effects::Effects;
pub use endings::Endings;
pub use error::Error;
pub use reactions::Reactions;
pub use sealing::Sealer;
pub use service::{Intake, Service};
