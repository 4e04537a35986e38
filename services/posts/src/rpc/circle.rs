//! Posts of a circle, for who shows the circle.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Actor, CircleId, PageSize, Pager};
use kith_proto::{Refusal, posts::v1::Post, refused, views::CircleFeeds};

use super::Views;
use crate::{Error, Service};

/// Answers [`CircleFeeds`].
pub struct CircleFeed {
    /// The use cases.
    pub service: Arc<Service>,
    /// How posts are shown.
    pub views: Arc<Views>,
    /// Signs page tokens.
    pub pager: Arc<Pager>,
}

#[async_trait]
impl CircleFeeds for CircleFeed {
    async fn feed(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Post>, String), Refusal> {
        self.page(actor, circle, size, token).await.map_err(|error| refused(&error))
    }
}

impl CircleFeed {
    async fn page(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Post>, String), Error> {
        let list = format!("circle:{circle}");
        let after = self.pager.cursor(&list, token)?;
        let page = self.service.circle_feed(actor, circle, size, after).await?;
        let next = self.pager.token(&list, page.next);
        Ok((self.views.all(actor, &page.items).await?, next))
    }
}
