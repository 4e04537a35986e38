//! `kith.posts.v1.PostService`. Handlers convert the request, call the service and convert the result.
//!
//! | file | contents |
//! | --- | --- |
//! | `circle_feed` | [`CircleFeedAdapter`]: the feed of a circle, for the `circles` slice |
//! | `handlers` | [`Handlers`]: the unary methods |
//! | `presenter` | [`Presenter`]: posts as messages, with their authors |
//! | `request` | requests as domain types |
//! | `stream` | the `StreamFeed` method |

mod circle_feed;
mod handlers;
mod presenter;
mod request;
mod stream;

use connectrpc_axum::prelude::ConnectError;
use kith_proto::to_connect_error;

pub use self::{
    circle_feed::CircleFeedAdapter,
    handlers::{Handlers, router},
    presenter::Presenter,
};
use crate::Error;

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}
