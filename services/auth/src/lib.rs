//! Auth: ways in and out. What an account is entered by, which devices are in, and whose a token is.
//!
//! | file | holds |
//! | --- | --- |
//! | [`domain`] | addresses, passwords, recovery codes, sessions: a constructor is the only door, and none shows what is secret |
//! | [`policy`] | what a refresh token is worth, and when a password may be tried again: pure functions |
//! | [`passwords`] | Argon2id, a few at a time |
//! | [`keys`] | access tokens: signed JWTs of ten minutes |
//! | [`refresh`] | refresh tokens: opaque, authentic, good once |
//! | [`remembered`] | what was verified a moment ago |
//! | [`verifier`] | whose a token is and whether their session goes on: the ports `TokenVerifier` and `SessionLookup` |
//! | [`booth`] | tickets for sockets: the port `TicketRedeemer` |
//! | [`service`] | the use cases |
//! | [`ports`] | the port `CredentialLookup`, and what is to be forgotten |
//! | [`reactions`] | what is remembered of an account is read again when it was changed |
//! | [`error`] | every refusal, in the words of the domain |
//! | [`access`] | who may call which method, and how often |
//! | [`rpc`] | messages in, messages out |
//! | [`store`] | the promises of a store, and its adapter |
//!
//! Nothing of other slices is kept here: how an account stands is read from its owner, at most a second old, so a
//! suspension needs no copy. Whoever is suspended keeps their sessions, to see how they stand.
//!
//! # To add a way in
//! 1. Say in [`store::Store`] what must be kept for it, with a case in `tests/it/store.rs`; never the secret itself.
//! 2. Write it in `service/entering.rs`; it ends in `enter`, which begins the session. Whatever is wrong, it answers
//!    [`Error::CredentialsWrong`], after the same work.
//! 3. Its messages in [`rpc`], its row in [`access`], its refusals in `tests/it/service.rs`.

pub mod access;
pub mod booth;
pub mod domain;
pub mod error;
pub mod keys;
pub mod passwords;
pub mod policy;
pub mod ports;
pub mod reactions;
pub mod refresh;
pub mod remembered;
pub mod rpc;
pub mod service;
pub mod store;
pub mod verifier;

pub use booth::Booth;
pub use error::{Error, UnusableKeys};
pub use keys::Keys;
pub use passwords::Passwords;
pub use ports::{IdentityReader, Retention};
pub use reactions::Reactions;
pub use refresh::RefreshKeys;
pub use remembered::Remembered;
pub use service::Service;
pub use verifier::Verifier;
