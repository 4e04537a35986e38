//! Implementations of ports for other slices.

mod content_screen;
mod crisis_resources;

pub use self::{content_screen::FailOpenScreen, crisis_resources::StaticCrisisResources};
