//! Credentials, sessions and tokens. Secrets have no `Display` and an opaque `Debug`, so that they are not logged by
//! mistake.

/// Implements an opaque `Debug`, which shows only the name of the type.
macro_rules! secret_type {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

mod email;
mod password;
mod recovery;
mod session;

use kith_kernel::{SessionId, Timestamp, ports::Persona};
pub(crate) use secret_type;

pub use self::{
    email::{Email, InvalidEmail},
    password::{NewPassword, Password, WeakPassword},
    recovery::RecoveryCode,
    session::{ABSOLUTE_LIFETIME, Device, Digest, IDLE_TIMEOUT, MAX_SESSIONS, PendingRetry, Session},
};

/// Requested profile of a new account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileInput {
    /// Requested handle. Generated if `None`.
    pub handle: Option<String>,
    /// Requested avatar. Random if `None`.
    pub avatar: Option<u8>,
}

/// Tokens of a session, for the client.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access token. Authenticates calls.
    pub access: String,
    pub access_expires_at: Timestamp,
    /// Refresh token. Valid once, for new credentials.
    pub refresh: String,
    /// Expiry of the refresh token if it is not used.
    pub refresh_expires_at: Timestamp,
    pub session: SessionId,
}

/// Result of a registration.
pub struct Registration {
    pub persona: Persona,
    pub credentials: Credentials,
    /// Only its digest is stored, so it cannot be returned again.
    pub recovery_code: RecoveryCode,
}

/// Ticket that opens one WebSocket connection.
pub struct Ticket {
    /// Secret text.
    pub text: String,
    pub expires_at: Timestamp,
}

secret_type!(Credentials, Registration, Ticket);
