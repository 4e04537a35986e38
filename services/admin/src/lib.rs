//! Administration: staff roles, feature flags and reading of the audit log.
//!
//! | file | contents |
//! | --- | --- |
//! | [`domain`] | [`Flag`] and its evaluation for one caller; pure |
//! | [`service`] | use cases: authorize, load, decide, save |
//! | [`adapters`] | [`CachedFeatureFlags`], the implementation of the port `FeatureFlags` |
//! | [`access`] | required access and quota of every method |
//! | [`rpc`] | `kith.admin.v1.AdminService` |
//! | [`error`] | errors of the use cases |
//! | [`store`] | the store trait and its SQL adapter |
//!
//! Roles are stored with accounts, in `users`, and changed through the port `StaffDirectory`. The audit log is read
//! through the port of `storage`.
//!
//! # Add a feature flag that the server evaluates
//! 1. Add a variant to `kith_kernel::ports::Feature` and give it a name.
//! 2. Take `Arc<dyn FeatureFlags>` where the feature begins, and fail with reason `FEATURE_DISABLED` if
//!    `is_enabled` returns false.
//! 3. Add the name to the table in `docs/operations.md`.
//!
//! A flag that only clients evaluate needs no code: an admin creates it by `PutFlag`, and clients read it by
//! `ListMyFlags`.

pub mod access;
pub mod adapters;
pub mod domain;
pub mod error;
pub mod module;
pub mod rpc;
pub mod service;
pub mod store;

pub use self::{
    adapters::CachedFeatureFlags,
    domain::{Flag, FlagName, FlagSet, FlagUpdate, InvalidFlag, Percent},
    error::Error,
    service::Service,
};
