//! End of a session.

use super::socket::Disconnected;
use crate::close::{CloseFrame, CloseReason};

#[derive(Debug)]
pub(crate) enum SessionEnd {
    /// The server closes the connection.
    Closed(CloseFrame),
    /// The client disconnected.
    Disconnected,
}

impl From<Disconnected> for SessionEnd {
    fn from(_: Disconnected) -> Self {
        Self::Disconnected
    }
}

impl From<CloseReason> for SessionEnd {
    fn from(reason: CloseReason) -> Self {
        Self::Closed(reason.into())
    }
}
