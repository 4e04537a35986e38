//! Every refusal of this slice.

use std::time::Duration;

use kith_kernel::{PortError, ErrorKind, DomainError, page::InvalidPagination, ports::FeatureDisabled};
use kith_storage::StoreError;

use crate::domain::{InvalidEmail, WeakPassword};

/// The keys that the configuration gave cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no key, or none that can be used")]
pub struct UnusableKeys;

/// Why a use case did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No address looks like this.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// The address enters an account already.
    #[error("this e-mail address belongs to an account already")]
    EmailTaken,
    /// The password may not be chosen.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// Somebody is called so.
    #[error("this handle is taken")]
    HandleTaken,
    /// Nobody can be called so.
    #[error("this handle breaks the rules for handles")]
    HandleInvalid,
    /// Whatever it was that was wrong.
    #[error("these credentials enter no account")]
    CredentialsWrong,
    /// It was not made here.
    #[error("this is not a refresh token of ours")]
    TokenInvalid,
    /// It ended, or was ended.
    #[error("this session has ended")]
    SessionEnded,
    /// There is none, or it is somebody else's, or has ended.
    #[error("there is no such session")]
    NoSuchSession,
    /// The account has an e-mail address.
    #[error("this account has an e-mail address already")]
    AlreadyRegistered,
    /// The account may not use what it has.
    #[error("this account is suspended")]
    Suspended,
    /// The page that was asked for cannot be.
    #[error(transparent)]
    Page(#[from] InvalidPagination),
    /// Too many attempts to enter by this address have failed. It is the same for an address of nobody.
    #[error("too many attempts failed; please wait, or come in by recovery code")]
    TooManyAttempts(Duration),
    /// All cores are at work.
    #[error("too many people are coming in at once")]
    Busy,
    /// Cryptography failed, or what is kept is not what was kept.
    #[error("{0}")]
    Crypto(&'static str),
    #[error(transparent)]
    FeatureDisabled(#[from] FeatureDisabled),
    /// Another slice did not answer.
    #[error("another part of the system failed")]
    Port(#[from] PortError),
    /// The store did not do it.
    #[error("the store of sessions failed")]
    Store(#[from] StoreError),
}

impl DomainError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Email(_) | Self::Password(_) | Self::HandleInvalid | Self::Page(_) => ErrorKind::InvalidArgument,
            Self::EmailTaken | Self::HandleTaken => ErrorKind::AlreadyExists,
            Self::CredentialsWrong | Self::TokenInvalid | Self::SessionEnded => ErrorKind::Unauthenticated,
            Self::NoSuchSession => ErrorKind::NotFound,
            Self::AlreadyRegistered | Self::FeatureDisabled(_) => ErrorKind::FailedPrecondition,
            Self::Suspended => ErrorKind::PermissionDenied,
            Self::TooManyAttempts(_) | Self::Busy => ErrorKind::ResourceExhausted,
            Self::Crypto(_) => ErrorKind::Internal,
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Email(_) => "EMAIL_INVALID",
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::Password(_) => "PASSWORD_TOO_WEAK",
            Self::HandleTaken => "HANDLE_TAKEN",
            Self::HandleInvalid => "HANDLE_INVALID",
            Self::CredentialsWrong => "CREDENTIALS_WRONG",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::SessionEnded => "SESSION_ENDED",
            Self::NoSuchSession => "SESSION_NOT_FOUND",
            Self::AlreadyRegistered => "ALREADY_REGISTERED",
            Self::Suspended => "ACCOUNT_SUSPENDED",
            Self::Page(page) => page.reason(),
            Self::FeatureDisabled(_) => FeatureDisabled::REASON,
            Self::TooManyAttempts(_) => "TOO_MANY_ATTEMPTS",
            Self::Busy => "TOO_BUSY",
            Self::Crypto(_) | Self::Port(_) | Self::Store(_) => "BACKEND_FAILED",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Email(_) | Self::EmailTaken => Some("email"),
            Self::Password(_) => Some("password"),
            Self::HandleTaken | Self::HandleInvalid => Some("handle"),
            Self::Page(page) => Some(page.field()),
            Self::CredentialsWrong
            | Self::TokenInvalid
            | Self::SessionEnded
            | Self::NoSuchSession
            | Self::AlreadyRegistered
            | Self::Suspended
            | Self::TooManyAttempts(_)
            | Self::Busy
            | Self::FeatureDisabled(_)
            | Self::Crypto(_)
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(wait) => Some(*wait),
            Self::Busy => Some(Duration::from_secs(1)),
            Self::Email(_)
            | Self::EmailTaken
            | Self::Password(_)
            | Self::HandleTaken
            | Self::HandleInvalid
            | Self::CredentialsWrong
            | Self::TokenInvalid
            | Self::SessionEnded
            | Self::NoSuchSession
            | Self::AlreadyRegistered
            | Self::Suspended
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
