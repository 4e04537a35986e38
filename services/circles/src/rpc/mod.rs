//! `kith.circles.v1.CircleService`. Handlers convert the request, call the service and convert the result.
//!
//! | file | contents |
//! | --- | --- |
//! | `handlers` | [`Handlers`]: circles, their log and their feed |
//! | `member_handlers` | members, join requests and invites |
//! | `presenter` | [`Presenter`]: circles, members, invites and log entries as messages |
//! | `request` | requests as domain types |

mod handlers;
mod member_handlers;
mod presenter;
mod request;

use connectrpc_axum::prelude::ConnectError;
use kith_proto::to_connect_error;

pub use self::{
    handlers::{Handlers, router},
    presenter::Presenter,
};
use crate::Error;

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}
