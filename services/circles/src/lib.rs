//! Circles: small communities with members, roles, join requests, invites and a log.
//!
//! | file | contents |
//! | --- | --- |
//! | [`access`] | required access and quota of every RPC method |
//! | [`adapters`] | ports that this crate implements for other slices |
//! | [`domain`] | [`Circle`](domain::Circle), [`MembershipRecord`](domain::MembershipRecord), [`Invite`](domain::Invite) and their validated parts |
//! | [`error`] | errors of the use cases |
//! | [`policy`] | visibility, required roles, commands and the changes that they make: pure functions |
//! | [`rpc`] | handlers of `kith.circles.v1.CircleService` and conversion of messages |
//! | [`service`] | use cases: authorize, lock, decide, save |
//! | [`store`] | storage port and its SQL adapter |
//!
//! # Guarantees
//! - In each circle a member appears under a persona of that circle, which cannot be linked to another persona of the
//!   account: id, handle and avatar are random, lists are ordered by persona id, times are truncated to the day or hour,
//!   and the persona has no badges and no points.
//! - A private circle is visible to its members and to callers with a valid invite code. For all other callers every
//!   method behaves as if the circle did not exist. The same applies to an account that is banned from a circle, and to
//!   an archived circle for non-members. A private circle stays private. It accepts no join requests, only invites.
//! - The member count is rounded, is the same for all viewers and reveals nothing about blocks. Member lists omit the
//!   members whom the viewer blocks or who block the viewer.
//! - A circle that staff have closed is visible only to its members, who see that it is closed, but no text of it. A
//!   member can leave it, and an owner can archive it. After it is reopened it is as before.
//! - A user whose join request was declined can request again after seven days. A keeper can shorten that time with an
//!   invite, or by banning and unbanning the user.
//! - Keepers remove and ban by persona any user with a past or present membership, blocked or not.
//!
//! # Adding a command
//! 1. Add a variant to [`CircleCommand`](policy::CircleCommand), its [`LogAction`](domain::LogAction) and the role that
//!    it requires. The compiler then requires its rule.
//! 2. Its result is a [`CircleOutcome`](policy::CircleOutcome). The writes of a new outcome go to `policy/changes.rs`; a
//!    new kind of write goes to `store/sql/save.rs`.
//! 3. Add the command to the model in `tests/it/random_histories.rs`, a handler to [`rpc`] and a row to [`access`].

pub mod access;
pub mod adapters;
pub mod domain;
pub mod error;
pub mod module;
pub mod policy;
pub mod rpc;
pub mod service;
pub mod store;

pub use error::Error;
pub use service::Service;
