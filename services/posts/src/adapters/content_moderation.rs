//! Moderation actions on posts.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Clock, ContentId, Entropy, Event, EventPayload, ModerationState, PortError, PostEvent, PostId, UserId,
    ports::{BlockList, ContentModeration, Evidence, Membership},
    visibility::VisibilityAction,
};
use kith_storage::StoreResult;
use uuid::Uuid;

use crate::{
    Post,
    domain::{Filter, Order},
    policy::{self, Viewer},
    posting_context::{circle_context, post_ref},
    store::{PageQuery, Store},
};

/// Implements [`ContentModeration`] for posts. Ids of responses are reported as not found.
pub struct PostModeration {
    pub store: Arc<dyn Store>,
    pub blocks: Arc<dyn BlockList>,
    pub membership: Arc<dyn Membership>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl ContentModeration for PostModeration {
    async fn evidence(&self, content: ContentId, viewer: Option<UserId>) -> Result<Option<Evidence>, PortError> {
        let ContentId::Post(id) = content else { return Ok(None) };
        let Some(post) = self.store.get(id).await? else { return Ok(None) };
        if let Some(user) = viewer {
            let hidden = self.blocks.hidden_from(user).await?;
            let circle = circle_context(&*self.membership, user, &post).await?.map(|inside| inside.circle);
            if !policy::can_see(&Viewer { user, hidden, circle, now: self.clock.now() }, &post) {
                return Ok(None);
            }
        }
        let edits = self.store.revisions(id).await?;
        Ok(Some(Evidence { edits, ..evidence(&post) }))
    }

    async fn remove(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.apply(content, VisibilityAction::Remove, by).await
    }

    async fn restore(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.apply(content, VisibilityAction::Restore, by).await
    }

    async fn release(&self, content: ContentId, by: UserId) -> Result<(), PortError> {
        self.apply(content, VisibilityAction::Release, by).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, PortError> {
        // The nil id belongs to no account, so only posts that every user can see are listed.
        let user = UserId::from_uuid(Uuid::nil());
        let viewer = Viewer { user, hidden: BTreeSet::new(), circle: None, now: self.clock.now() };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let page_query = PageQuery { filter: &Filter::default(), order: Order::Latest, after: None, limit };
        let posts = self.store.list(&viewer, &page_query).await?;
        Ok(posts.iter().map(|positioned| evidence(&positioned.post)).collect())
    }
}

impl PostModeration {
    async fn apply(&self, content: ContentId, action: VisibilityAction, by: UserId) -> Result<(), PortError> {
        let ContentId::Post(id) = content else { return Ok(()) };
        if self.apply_with_retry(id, action).await? {
            tracing::info!(post = %id, ?action, %by, "moderation action applied");
        }
        Ok(())
    }

    /// Loads the post, applies the action and saves the result. Retries if another write came first; of several
    /// concurrent writers one succeeds in each round, so the loop ends. Returns false if the action changes nothing.
    async fn apply_with_retry(&self, id: PostId, action: VisibilityAction) -> StoreResult<bool> {
        loop {
            let Some(post) = self.store.get(id).await? else { return Ok(false) };
            let now = self.clock.now();
            let Some((moderation, changes)) = action.apply(post.moderation, now) else { return Ok(false) };
            let payload =
                |how| EventPayload::Post(PostEvent::VisibilityChanged { post: post_ref(&post, &post), change: how });
            let event = |how| Event::new(now, post.author, payload(how), &*self.entropy);
            let events: Vec<Event> = changes.iter().copied().map(event).collect();
            if self.store.replace(&post.with_moderation(moderation), &events).await? {
                return Ok(true);
            }
        }
    }
}

/// Evidence without earlier revisions. The context is added by the caller.
fn evidence(post: &Post) -> Evidence {
    Evidence {
        content: ContentId::Post(post.id),
        author: post.author,
        persona: post.persona,
        circle: post.circle,
        text: post.content.full_text(),
        at: post.created_at,
        edits: Vec::new(),
        context: Vec::new(),
        removed: post.moderation.and_then(ModerationState::removed_at).is_some(),
        held: post.moderation.and_then(ModerationState::held_at).is_some(),
    }
}
