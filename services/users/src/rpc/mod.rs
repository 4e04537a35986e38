//! `kith.users.v1.UserService`. Handlers convert the request, call the service and convert the result.
//!
//! | file | contents |
//! | --- | --- |
//! | `handlers` | [`Handlers`]: the methods |
//! | `presenter` | domain types as messages |
//! | `request` | requests as domain types |

mod handlers;
mod presenter;
mod request;

use connectrpc_axum::prelude::ConnectError;
use kith_proto::to_connect_error;

pub use self::handlers::{Handlers, router};
use crate::Error;

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}
