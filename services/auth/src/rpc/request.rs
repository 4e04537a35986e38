//! Conversion of requests to domain types.

use kith_kernel::{SessionId, id::InvalidId};

use crate::{
    Error,
    domain::{Email, NewPassword, ProfileInput},
};

pub(super) fn email_and_password(email: &str, password: &str) -> Result<(Email, NewPassword), Error> {
    let email = Email::new(email)?;
    let password = NewPassword::new(password, &email)?;
    Ok((email, password))
}

pub(super) fn profile(handle: Option<String>, avatar: Option<u32>) -> ProfileInput {
    // A number above 255 becomes 255, which is not an avatar either. The `users` slice rejects it.
    ProfileInput { handle, avatar: avatar.map(|avatar| u8::try_from(avatar).unwrap_or(u8::MAX)) }
}

/// Parses an id. Malformed ids are reported as not found.
pub(super) fn session_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|InvalidId| Error::SessionNotFound)
}
