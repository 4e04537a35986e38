//! Feed of a circle, for the `circles` slice.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Actor, CircleId, PageSize, PageTokenCodec};
use kith_proto::{ErrorResponse, posts::v1::Post, presenters::CircleFeed};

use super::Presenter;
use crate::{Error, Service};

/// Implements [`CircleFeed`].
pub struct CircleFeedAdapter {
    pub service: Arc<Service>,
    pub presenter: Arc<Presenter>,
    pub page_tokens: Arc<PageTokenCodec>,
}

#[async_trait]
impl CircleFeed for CircleFeedAdapter {
    async fn list_posts(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Post>, String), ErrorResponse> {
        self.page(actor, circle, size, token).await.map_err(|error| ErrorResponse::from_domain_error(&error))
    }
}

impl CircleFeedAdapter {
    async fn page(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Post>, String), Error> {
        let list = format!("circle:{circle}");
        let after = self.page_tokens.cursor(&list, token)?;
        let page = self.service.circle_feed(actor, circle, size, after).await?;
        let next = self.page_tokens.token(&list, page.next);
        Ok((self.presenter.present_all(actor, &page.items).await?, next))
    }
}
