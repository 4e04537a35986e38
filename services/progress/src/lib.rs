//! Progress: check-ins, relapses, streaks and milestones of an account, visible only to its owner.
//!
//! | file | contents |
//! | --- | --- |
//! | [`access`] | required access and quota of every RPC method |
//! | [`domain`] | [`RecoveryProfile`], [`Streak`], [`Milestone`], [`CheckIn`] and the statistics of many of them |
//! | [`error`] | errors of the use cases |
//! | [`jobs`] | periodic jobs |
//! | [`module`] | assembly of the slice |
//! | [`note_cipher`] | encryption of notes |
//! | [`policy`] | validation of dates and times: pure functions |
//! | [`rpc`] | handlers of `kith.users.v1.ProgressService` and conversion of messages |
//! | [`service`] | use cases: load, compute, save |
//! | [`store`] | storage port and its SQLite and MongoDB adapters |
//!
//! No method takes the id of another account, and the store finds data only by its owner. There are no `adapters`: no
//! other slice uses this one. There are no event handlers: no event of another slice changes progress.
//!
//! # Adding a use case
//! 1. Add the computation to [`domain`], as a function of the profile and the time, with a test.
//! 2. Add the storage operation to [`store::Store`], with a contract case in `tests/it/store.rs`, and implement it in
//!    `store/sqlite` and `store/mongo`.
//! 3. Add the method to [`service`], its error cases to `tests/it/service.rs`, its conversion to [`rpc`] and its row to
//!    [`access`].

pub mod access;
pub mod domain;
pub mod error;
pub mod jobs;
pub mod module;
pub mod note_cipher;
pub mod policy;
pub mod rpc;
pub mod service;
pub mod store;

pub use domain::{
    AnnouncedMilestone, CheckIn, Cravings, Date, DateRange, Goal, HeatMapDay, InvalidDate, Milestone, Mood, Note,
    Patterns, ProgressStats, RecoveryProfile, Relapse, Streak, StreakStart, TimeZone, Trigger, Triggers,
    UnknownTimeZone, ZonedInstant,
};
pub use error::Error;
pub use note_cipher::NoteCipher;
pub use service::Service;
