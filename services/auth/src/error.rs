//! Errors of the use cases.

use std::time::Duration;

use kith_kernel::{DomainError, ErrorKind, PortError, page::InvalidPagination, ports::FeatureDisabled};
use kith_storage::StoreError;

use crate::domain::{InvalidEmail, WeakPassword};

/// The configured signing keys cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signing keys are missing or invalid")]
pub struct InvalidSigningKeys;

/// Error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    #[error("e-mail address belongs to another account")]
    EmailTaken,
    #[error(transparent)]
    Password(#[from] WeakPassword),
    #[error("handle is taken")]
    HandleTaken,
    #[error("invalid handle")]
    InvalidHandle,
    /// The credentials do not belong to an account. The error does not reveal which part is wrong.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The refresh token was not issued by this server.
    #[error("invalid refresh token")]
    InvalidRefreshToken,
    /// The session has expired or was ended.
    #[error("session has ended")]
    SessionEnded,
    /// The session does not exist, has ended, or belongs to another account.
    #[error("session not found")]
    SessionNotFound,
    #[error("account already has an e-mail address")]
    AlreadyRegistered,
    #[error("account is suspended")]
    AccountSuspended,
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    /// Too many failed logins with one e-mail address, registered or not. Carries the time to wait.
    #[error("too many failed attempts; retry later or use the recovery code")]
    TooManyAttempts(Duration),
    /// All permits for password hashing are in use.
    #[error("login capacity reached; retry shortly")]
    LoginOverloaded,
    /// A cryptographic operation failed, or stored ciphertext is corrupt.
    #[error("{0}")]
    Crypto(&'static str),
    #[error(transparent)]
    FeatureDisabled(#[from] FeatureDisabled),
    #[error("port failed")]
    Port(#[from] PortError),
    #[error("auth store failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Email(_) | Self::Password(_) | Self::InvalidHandle | Self::Page(_) => ErrorKind::InvalidArgument,
            Self::EmailTaken | Self::HandleTaken => ErrorKind::AlreadyExists,
            Self::InvalidCredentials | Self::InvalidRefreshToken | Self::SessionEnded => ErrorKind::Unauthenticated,
            Self::SessionNotFound => ErrorKind::NotFound,
            Self::AlreadyRegistered | Self::FeatureDisabled(_) => ErrorKind::FailedPrecondition,
            Self::AccountSuspended => ErrorKind::PermissionDenied,
            Self::TooManyAttempts(_) | Self::LoginOverloaded => ErrorKind::ResourceExhausted,
            Self::Crypto(_) => ErrorKind::Internal,
            Self::Port(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Email(_) => "EMAIL_INVALID",
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::Password(_) => "PASSWORD_TOO_WEAK",
            Self::HandleTaken => "HANDLE_TAKEN",
            Self::InvalidHandle => "HANDLE_INVALID",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::InvalidRefreshToken => "INVALID_REFRESH_TOKEN",
            Self::SessionEnded => "SESSION_ENDED",
            Self::SessionNotFound => "SESSION_NOT_FOUND",
            Self::AlreadyRegistered => "ALREADY_REGISTERED",
            Self::AccountSuspended => "ACCOUNT_SUSPENDED",
            Self::Page(invalid) => invalid.reason(),
            Self::FeatureDisabled(_) => FeatureDisabled::REASON,
            Self::TooManyAttempts(_) => "TOO_MANY_ATTEMPTS",
            Self::LoginOverloaded => "LOGIN_OVERLOADED",
            Self::Crypto(_) | Self::Port(_) | Self::Store(_) => "INTERNAL",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Email(_) | Self::EmailTaken => Some("email"),
            Self::Password(_) => Some("password"),
            Self::HandleTaken | Self::InvalidHandle => Some("handle"),
            Self::Page(invalid) => Some(invalid.field()),
            Self::InvalidCredentials
            | Self::InvalidRefreshToken
            | Self::SessionEnded
            | Self::SessionNotFound
            | Self::AlreadyRegistered
            | Self::AccountSuspended
            | Self::TooManyAttempts(_)
            | Self::LoginOverloaded
            | Self::FeatureDisabled(_)
            | Self::Crypto(_)
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(wait) => Some(*wait),
            Self::LoginOverloaded => Some(Duration::from_secs(1)),
            Self::Email(_)
            | Self::EmailTaken
            | Self::Password(_)
            | Self::HandleTaken
            | Self::InvalidHandle
            | Self::InvalidCredentials
            | Self::InvalidRefreshToken
            | Self::SessionEnded
            | Self::SessionNotFound
            | Self::AlreadyRegistered
            | Self::AccountSuspended
            | Self::Page(_)
            | Self::FeatureDisabled(_)
            | Self::Crypto(_)
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}

impl From<Error> for PortError {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
