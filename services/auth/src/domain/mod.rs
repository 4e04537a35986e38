//! What people enter by, and what they get. Nothing here can be shown by accident: what is secret has no `Display`, and
//! its `Debug` says nothing.

/// A `Debug` that says no more than the name.
macro_rules! opaque {
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
pub(crate) use opaque;

pub use self::{
    email::{Email, InvalidEmail},
    password::{NewPassword, Password, WeakPassword},
    recovery::RecoveryCode,
    session::{ABSOLUTE, Device, Digest, IDLE, LIVE_AT_MOST, Retry, Session},
};

/// How a new account wants to appear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appearance {
    /// What it wants to be called; made up if it does not say.
    pub handle: Option<String>,
    /// Its picture; drawn if it does not say.
    pub avatar: Option<u8>,
}

/// What a device keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// For each call.
    pub access: String,
    /// When it ends.
    pub access_expires_at: Timestamp,
    /// For new credentials, once.
    pub refresh: String,
    /// When it ends, if it is not used.
    pub refresh_expires_at: Timestamp,
    /// The session that both belong to.
    pub session: SessionId,
}

/// What somebody gets who has just opened an account.
pub struct Welcome {
    /// How they appear in public.
    pub persona: Persona,
    /// For the device they hold.
    pub credentials: Credentials,
    /// The way back in. It is not kept, so it is not shown again.
    pub recovery: RecoveryCode,
}

/// What a socket is opened with.
pub struct Ticket {
    /// The secret.
    pub text: String,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
}

opaque!(Credentials, Welcome, Ticket);
