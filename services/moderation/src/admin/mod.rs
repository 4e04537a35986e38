//! What admins do: roles, flags, and the reading of the audit trail.
//!
//! | file | holds |
//! | --- | --- |
//! | `flag` | [`Flag`]: for whom it is on; pure |
//! | [`flags`] | whether one is on: the port `Flags`, with a short memory |
//! | [`service`] | the use cases: authorize, act, write down |
//! | [`rpc`] | `kith.moderation.v1.AdminService`, and `ListAuditLog` |
//! | [`error`] | every refusal |
//! | [`store`] | where flags are kept |
//!
//! Roles are not kept here: they stand in the accounts, and the port `Staff` gives and takes them.
//!
//! # To ask for a flag
//! Take `Arc<dyn kith_kernel::ports::Flags>` and ask `on("name", actor)`. Nobody has to make the flag first: it is off.

pub mod error;
mod flag;
pub mod flags;
pub mod rpc;
pub mod service;
pub mod store;

pub use self::{
    error::Error,
    flag::{Flag, InvalidFlag, Name, Percent},
    flags::Switches,
    service::Service,
};
