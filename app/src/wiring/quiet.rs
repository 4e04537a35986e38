//! What is answered of a circle's posts while nothing can be posted in a circle: there are none.

use async_trait::async_trait;
use kernel::{Actor, CircleId, PageSize};
use proto::{Refusal, posts::v1::Post, views::CircleFeeds};

/// Feeds without posts.
pub(super) struct Quiet;

#[async_trait]
impl CircleFeeds for Quiet {
    async fn feed(&self, _: &Actor, _: CircleId, _: PageSize, _: &str) -> Result<(Vec<Post>, String), Refusal> {
        Ok((Vec::new(), String::new()))
    }
}
