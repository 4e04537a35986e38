//! Every refusal.

use kith_kernel::{Failure, Fault, Problem, actor::NotAnAdmin, page::InvalidPage};
use kith_storage::StoreError;

use super::InvalidFlag;

/// Why a use case did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They are no admin.
    #[error(transparent)]
    NotAdmin(#[from] NotAnAdmin),
    /// Nobody appears so in public.
    #[error("there is no such person")]
    NoSuchPersona,
    /// Nobody changes their own role.
    #[error("nobody changes their own role")]
    OwnRole,
    /// Nobody else is an admin.
    #[error("this is the last admin")]
    LastAdmin,
    /// It was set meanwhile.
    #[error("this was changed meanwhile: read it again")]
    EtagMismatch,
    /// It is no flag.
    #[error(transparent)]
    Flag(#[from] InvalidFlag),
    /// The page that was asked for cannot be.
    #[error(transparent)]
    Page(#[from] InvalidPage),
    /// Another slice did not answer.
    #[error("another part of the system failed")]
    Port(#[from] Failure),
    /// The store did not do it.
    #[error("the store of flags failed")]
    Store(#[from] StoreError),
}

impl Problem for Error {
    fn kind(&self) -> Fault {
        match self {
            Self::NotAdmin(_) | Self::OwnRole => Fault::Denied,
            Self::NoSuchPersona => Fault::NotFound,
            Self::LastAdmin => Fault::Precondition,
            Self::EtagMismatch => Fault::Stale,
            Self::Flag(_) | Self::Page(_) => Fault::Invalid,
            Self::Port(failure) => failure.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotAdmin(_) => "ROLE_NEEDED",
            Self::NoSuchPersona => "PERSONA_NOT_FOUND",
            Self::OwnRole => "OWN_ROLE",
            Self::LastAdmin => "LAST_ADMIN",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::Flag(InvalidFlag::Name) => "FLAG_NAME_INVALID",
            Self::Flag(InvalidFlag::Percent) => "FLAG_PERCENT_OUT_OF_RANGE",
            Self::Page(page) => page.reason(),
            Self::Port(_) | Self::Store(_) => "BACKEND_FAILED",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Flag(InvalidFlag::Name) => Some("name"),
            Self::Flag(InvalidFlag::Percent) => Some("percent"),
            Self::Page(page) => Some(page.field()),
            Self::NotAdmin(_)
            | Self::NoSuchPersona
            | Self::OwnRole
            | Self::LastAdmin
            | Self::EtagMismatch
            | Self::Port(_)
            | Self::Store(_) => None,
        }
    }
}
