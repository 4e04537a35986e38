//! Moderation: reports, cases, decisions, appeals and strikes, and their enforcement.
//!
//! | file | contents |
//! | --- | --- |
//! | [`domain`] | [`Subject`](domain::Subject), [`Report`](domain::Report), [`Case`](domain::Case), [`Decision`](domain::Decision), [`Strike`](domain::Strike) |
//! | [`policy`] | rules: merging of reports, assignment, decisions, appeals, automatic hiding, risk score; pure |
//! | [`service`] | use cases: authorize, load, decide, save |
//! | [`enforcement`] | [`DecisionEnforcer`]: applies decisions to content, circles and accounts |
//! | [`jobs`] | [`ExpireSanctions`]: ends mutes, suspensions and bans |
//! | [`event_handlers`] | opens cases for crisis language and held content, completes interrupted enforcement, updates risk scores |
//! | [`evidence_cipher`] | encryption of texts at rest; aliases of reporters |
//! | [`access`] | required access and quota of every method |
//! | [`rpc`] | `kith.moderation.v1.ModerationService` |
//! | [`error`] | errors of the use cases |
//! | [`store`] | storage trait and its SQL implementation |
//!
//! # Changing a case
//! Reports, assignments, decisions and appeals compete for the same case. Each change locks the subject
//! ([`CaseLocks`](store::CaseLocks)), applies a rule of [`policy`] to the loaded state, and saves the result with its
//! events and audit entries in one transaction. A version alone would not suffice: a first report has no row to
//! compare, and overturning depends on the decisions of other cases about the same subject.
//!
//! # Decisions and their effects
//! A decision is stored with its strike, its events and its audit record in one transaction. Its effects on content and
//! accounts are not part of that transaction: [`DecisionEnforcer`] derives them from all stored decisions and applies
//! them. It runs before the response is sent, in the handler of the decision's event, and when a sanction expires.
//! Enforcement is idempotent and independent of order, so crashes and concurrent runs do no harm.
//!
//! # To add an action
//! 1. Add a variant to [`Action`](domain::Action). The compiler points to the rules in [`policy`] that must cover it, to
//!    [`Action::restriction`](domain::Action::restriction), which states its effect on the account, and to `events_for` in
//!    `service/decide.rs`, which states whether the account gets a statement.
//! 2. A new kind of restriction is a variant of [`Restriction`](domain::Restriction) and a field of
//!    [`Restrictions`](store::Restrictions), which [`DecisionEnforcer`] applies. Queries of restrictions in
//!    `store/sql/decisions.rs` follow the enum.
//! 3. Add its value to `case.proto`, run `cargo xtask codegen`, and add it to the conversions in `rpc/request.rs` and
//!    `rpc/presenter.rs`, and to `policy/tests/decisions.rs`.
//! 4. Add a row to the table of actions in `docs/moderation.md`.

pub mod access;
pub mod domain;
pub mod enforcement;
pub mod error;
pub mod event_handlers;
pub mod evidence_cipher;
pub mod jobs;
pub mod module;
pub mod policy;
pub mod rpc;
pub mod service;
pub mod store;

pub use enforcement::DecisionEnforcer;
pub use error::Error;
pub use event_handlers::EventHandler;
pub use evidence_cipher::EvidenceCipher;
pub use jobs::ExpireSanctions;
pub use service::{ReportIntake, Service};
