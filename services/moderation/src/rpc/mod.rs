//! `kith.moderation.v1.ModerationService`.

mod handlers;
mod presenter;
mod request;

pub use self::{
    handlers::{Handlers, router},
    presenter::Presenter,
};
