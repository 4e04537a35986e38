//! What people wrote, as staff judge it: out of what the slices answer, each for its own kind.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Content, Failure, UserId,
    ports::{Blocks, Contents, Evidence, Membership, PostLookup},
};

use super::{Stores, World};

/// Posts and responses.
pub(super) struct Joined {
    posts: Arc<kith_posts::Desk>,
    responses: Arc<kith_support::Desk>,
}

impl Joined {
    pub(super) fn over(
        stores: &Stores,
        blocks: &Arc<dyn Blocks>,
        membership: Arc<dyn Membership>,
        lookup: Arc<dyn PostLookup>,
        world: &World,
    ) -> Self {
        let posts = Arc::new(kith_posts::Desk {
            store: stores.posts.clone(),
            blocks: blocks.clone(),
            membership,
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
        });
        let responses = Arc::new(kith_support::Desk {
            store: stores.support.clone(),
            posts: lookup,
            of_posts: posts.clone(),
            blocks: blocks.clone(),
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
        });
        Self { posts, responses }
    }

    fn of(&self, content: Content) -> &dyn Contents {
        match content {
            Content::Post(_) => &*self.posts,
            Content::Response(_) => &*self.responses,
        }
    }
}

#[async_trait]
impl Contents for Joined {
    async fn evidence(&self, content: Content, viewer: Option<UserId>) -> Result<Option<Evidence>, Failure> {
        let found = self.of(content).evidence(content, viewer).await?;
        match (content, found) {
            // A post is judged with the newest answers to it, of which it knows nothing.
            (Content::Post(id), Some(evidence)) => {
                Ok(Some(Evidence { context: self.responses.under(id).await?, ..evidence }))
            }
            (Content::Post(_) | Content::Response(_), found) => Ok(found),
        }
    }

    async fn remove(&self, content: Content, by: UserId) -> Result<(), Failure> {
        self.of(content).remove(content, by).await
    }

    async fn restore(&self, content: Content, by: UserId) -> Result<(), Failure> {
        self.of(content).restore(content, by).await
    }

    async fn release(&self, content: Content, by: UserId) -> Result<(), Failure> {
        self.of(content).release(content, by).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, Failure> {
        let mut recent = self.posts.recent(limit).await?;
        recent.extend(self.responses.recent(limit).await?);
        recent.sort_by_key(|evidence| std::cmp::Reverse(evidence.at));
        recent.truncate(limit);
        Ok(recent)
    }
}
