//! Progress: how somebody is doing, day by day, for themselves alone.
//!
//! | file | holds |
//! | --- | --- |
//! | [`domain`] | [`Journey`], [`Streak`], [`Milestone`], [`CheckIn`], and what many of them come to |
//! | [`policy`] | when something may be said to have been: pure functions |
//! | [`service`] | the use cases: compute, keep, record the events |
//! | [`looking`] | how a period went |
//! | [`notes`] | what seals what people write for themselves |
//! | [`milestones`] | what tells of a milestone when its midnight has passed |
//! | [`error`] | every refusal, in the words of the domain |
//! | [`access`] | who may call which method, and how often |
//! | [`rpc`] | `kith.users.v1.ProgressService` |
//! | [`store`] | the promises of a store, and its adapters |
//!
//! Nobody is ever shown what is somebody else's: no method takes another person's id, and no store gives anything but by
//! its owner. There is no `ports.rs`: no slice asks this one. There is no `reactions.rs`: nothing that happens elsewhere
//! changes how somebody is doing.
//!
//! # To add a use case
//! 1. Say in [`domain`] what it computes, from the journey and the moment alone, with a test.
//! 2. Say in [`store::Store`] what has to be kept for it, with a case in `tests/it/store.rs`; then write it.
//! 3. Write the method in [`service`], its refusals in `tests/it/service.rs`, its messages in [`rpc`],
//!    its row in [`access`].

pub mod access;
pub mod domain;
pub mod error;
pub mod looking;
pub mod milestones;
pub mod notes;
pub mod policy;
pub mod rpc;
pub mod service;
pub mod store;

pub use domain::{
    CheckIn, Cravings, Day, Figures, Goal, HeatDay, Journey, Milestone, Moment, Mood, Note, Patterns, Period, Relapse,
    Start, Streak, Told, Trigger, Triggers, UnknownDay, UnknownZone, Zone,
};
pub use error::Error;
pub use milestones::Milestones;
pub use notes::Notes;
pub use service::Service;
