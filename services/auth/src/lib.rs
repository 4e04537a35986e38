//! Auth: credentials, sessions and tokens.
//!
//! | file | contents |
//! | --- | --- |
//! | [`access`] | required access and quota of every RPC method |
//! | [`adapters`] | the port `CredentialLookup`, for other slices |
//! | [`auth_cache`] | in-memory cache of verified tokens and sessions |
//! | [`domain`] | e-mail addresses, passwords, recovery codes and sessions; secrets have an opaque `Debug` |
//! | [`error`] | errors of the use cases |
//! | [`event_handlers`] | reactions to events of other slices |
//! | [`jobs`] | periodic jobs |
//! | [`keys`] | access tokens: signed JWTs, valid for ten minutes |
//! | [`module`] | assembly of the adapters, the service and the module of the slice |
//! | [`passwords`] | Argon2id with bounded concurrency |
//! | [`policy`] | decisions about refresh tokens and password throttling: pure functions |
//! | [`refresh`] | refresh tokens: opaque, authenticated, valid once |
//! | [`rpc`] | handlers of `kith.auth.v1.AuthService` and conversion of messages |
//! | [`service`] | use cases: authorize, load, decide, save |
//! | [`store`] | storage port and its adapter for SQLite and Postgres |
//! | [`tickets`] | WebSocket tickets: the port `TicketRedeemer` |
//! | [`verifier`] | verification of tokens and sessions: the ports `TokenVerifier` and `SessionLookup` |
//!
//! The account status is read from its owner, the `users` slice, and cached for at most one second, so a suspension
//! needs no copy here. A suspended account keeps its sessions, so that its owner can read the statement of reasons.
//!
//! # Adding a login method
//! 1. Add the storage operation to [`store::Store`], with a contract case in `tests/it/store.rs`. Store a digest or
//!    ciphertext, never the secret itself.
//! 2. Add the method to `service/login.rs`. It ends in `start_session`. Every failure is reported as
//!    [`Error::InvalidCredentials`], after the same amount of work.
//! 3. Add its handler and conversion to [`rpc`], its row to [`access`] and its error cases to `tests/it/service.rs`.

pub mod access;
pub mod adapters;
pub mod auth_cache;
pub mod domain;
pub mod error;
pub mod event_handlers;
pub mod jobs;
pub mod keys;
pub mod module;
pub mod passwords;
pub mod policy;
pub mod refresh;
pub mod rpc;
pub mod service;
pub mod store;
pub mod tickets;
pub mod verifier;

pub use auth_cache::AuthCache;
pub use error::{Error, InvalidSigningKeys};
pub use event_handlers::EventHandler;
pub use keys::TokenKeys;
pub use passwords::PasswordHasher;
pub use refresh::RefreshKeys;
pub use service::Service;
pub use tickets::TicketIssuer;
pub use verifier::Verifier;
