//! Content moderation across slices: dispatches to the slice of the content.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    ContentId, PortError, UserId,
    ports::{BlockList, ContentModeration, Evidence, Membership, PostLookup},
};

use super::{settings::RuntimeContext, stores::Stores};

/// Dispatches by [`ContentId`].
pub(super) struct ContentModerationRouter {
    posts: Arc<kith_posts::adapters::PostModeration>,
    responses: Arc<kith_support::Desk>,
}

impl ContentModerationRouter {
    pub(super) fn build(
        stores: &Stores,
        blocks: &Arc<dyn BlockList>,
        membership: Arc<dyn Membership>,
        lookup: Arc<dyn PostLookup>,
        runtime: &RuntimeContext,
    ) -> Self {
        let posts = Arc::new(kith_posts::adapters::PostModeration {
            store: stores.posts.clone(),
            blocks: blocks.clone(),
            membership,
            clock: runtime.clock.clone(),
            entropy: runtime.entropy.clone(),
        });
        let responses = Arc::new(kith_support::Desk {
            store: stores.support.clone(),
            posts: lookup,
            of_posts: posts.clone(),
            blocks: blocks.clone(),
            clock: runtime.clock.clone(),
            entropy: runtime.entropy.clone(),
        });
        Self { posts, responses }
    }

    fn target(&self, content: ContentId) -> &dyn ContentModeration {
        match content {
            ContentId::Post(_) => &*self.posts,
            ContentId::Response(_) => &*self.responses,
        }
    }
}

#[async_trait]
impl ContentModeration for ContentModerationRouter {
    async fn evidence(&self, content: ContentId, viewer: Option<UserId>) -> Result<Option<Evidence>, PortError> {
        let found = self.target(content).evidence(content, viewer).await?;
        match (content, found) {
            // The context of a post are its newest responses, which the posts slice does not know.
            (ContentId::Post(id), Some(evidence)) => {
                Ok(Some(Evidence { context: self.responses.under(id).await?, ..evidence }))
            }
            (ContentId::Post(_) | ContentId::Response(_), found) => Ok(found),
        }
    }

    async fn remove(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.target(content).remove(content, by).await
    }

    async fn restore(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.target(content).restore(content, by).await
    }

    async fn release(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.target(content).release(content, by).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, PortError> {
        let mut recent = self.posts.recent(limit).await?;
        recent.extend(self.responses.recent(limit).await?);
        recent.sort_by_key(|evidence| std::cmp::Reverse(evidence.at));
        recent.truncate(limit);
        Ok(recent)
    }
}
