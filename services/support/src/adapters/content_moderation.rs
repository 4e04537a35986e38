//! Moderation actions on responses.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Clock, ContentId, Entropy, Event, ModerationState, PortError, PostId, ResponseEvent, ResponseId, UserId,
    ports::{BlockList, ContentContext, ContentModeration, ContextItem, Evidence, PostLookup},
    visibility::VisibilityAction,
};
use kith_storage::StoreResult;
use uuid::Uuid;

use crate::{Content, Response, policy, store::Store};

/// Number of responses before and after a judged response, and with a judged post, that moderators see as context.
const CONTEXT_SIZE: i64 = 5;

/// Implements [`ContentModeration`] for responses. Ids of posts are reported as not found.
pub struct ResponseModeration {
    pub store: Arc<dyn Store>,
    pub posts: Arc<dyn PostLookup>,
    /// Moderation of posts, for the context of a response.
    pub post_moderation: Arc<dyn ContentModeration>,
    pub blocks: Arc<dyn BlockList>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl ContentModeration for ResponseModeration {
    async fn evidence(&self, content: ContentId, viewer: Option<UserId>) -> Result<Option<Evidence>, PortError> {
        let ContentId::Response(id) = content else { return Ok(None) };
        let Some(response) = self.store.get(id).await? else { return Ok(None) };
        if let Some(viewer) = viewer
            && !self.is_visible_to(viewer, &response).await?
        {
            return Ok(None);
        }
        Ok(Some(Evidence { context: self.context_of_response(&response).await?, ..evidence(&response) }))
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
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let responses = self.store.latest(None, None, limit).await?;
        Ok(responses.iter().map(evidence).collect())
    }
}

/// Implements [`ContentContext`]: the newest responses are the context of a post.
#[async_trait]
impl ContentContext for ResponseModeration {
    async fn context_of(&self, content: ContentId) -> Result<Vec<ContextItem>, PortError> {
        match content {
            ContentId::Post(post) => self.context_of_post(post).await,
            ContentId::Response(_) => Ok(Vec::new()),
        }
    }
}

impl ResponseModeration {
    async fn context_of_post(&self, post: PostId) -> Result<Vec<ContextItem>, PortError> {
        let latest = self.store.latest(Some(post), None, CONTEXT_SIZE).await?;
        Ok(latest.iter().rev().map(context_item).collect())
    }

    async fn is_visible_to(&self, viewer: UserId, response: &Response) -> Result<bool, PortError> {
        let hidden = self.blocks.hidden_from(viewer).await?;
        let post = self.posts.find_visible(viewer, response.post).await?;
        Ok(policy::can_see(viewer, response, post.as_ref(), &hidden))
    }

    /// Returns the post and the text responses just before and after the response.
    async fn context_of_response(&self, response: &Response) -> Result<Vec<ContextItem>, PortError> {
        let post = self.post_moderation.evidence(ContentId::Post(response.post), None).await?;
        let post = post.map(|Evidence { content, persona, text, at, .. }| ContextItem { content, persona, text, at });
        let (store, id, no_viewer) = (&self.store, Some(response.id), UserId::from_uuid(Uuid::nil()));
        let before = store.latest(Some(response.post), id, CONTEXT_SIZE).await?;
        let after = store.list(response.post, id, no_viewer, &BTreeSet::new(), CONTEXT_SIZE).await?;
        let texts = after.iter().filter(|response| matches!(response.content, Content::Text(_)));
        let responses = before.iter().rev().chain(texts).map(context_item);
        Ok(post.into_iter().chain(responses).collect())
    }

    async fn apply(&self, content: ContentId, action: VisibilityAction, by: UserId) -> Result<(), PortError> {
        let ContentId::Response(id) = content else { return Ok(()) };
        if self.apply_with_retry(id, action).await? {
            tracing::info!(response = %id, ?action, %by, "moderation action applied");
        }
        Ok(())
    }

    /// Loads, decides and saves, and repeats that on a concurrent change. Returns true if the action had an effect.
    async fn apply_with_retry(&self, id: ResponseId, action: VisibilityAction) -> StoreResult<bool> {
        loop {
            let Some(response) = self.store.get(id).await? else { return Ok(false) };
            let now = self.clock.now();
            let Some((moderation, changes)) = action.apply(response.moderation, now) else { return Ok(false) };
            let (subject, class) = (response.response_ref(), response.class());
            let payload = |change| ResponseEvent::VisibilityChanged { response: subject, class, change };
            let event = |change| Event::new(now, response.author, payload(change), &*self.entropy);
            // A deleted response is visible to no user, so its visibility does not change and counts stay.
            let changes = if response.is_active() { changes } else { &[] };
            let events: Vec<Event> = changes.iter().copied().map(event).collect();
            if self.store.moderate(&response, moderation, &events).await? {
                return Ok(true);
            }
        }
    }
}

/// Evidence without context. Responses cannot be edited, so there are no earlier versions.
fn evidence(response: &Response) -> Evidence {
    let ContextItem { content, persona, text, at } = context_item(response);
    Evidence {
        content,
        author: response.author,
        persona,
        circle: response.circle,
        text,
        at,
        edits: Vec::new(),
        context: Vec::new(),
        removed: response.moderation.and_then(ModerationState::removed_at).is_some(),
        held: response.moderation.and_then(ModerationState::held_at).is_some(),
    }
}

fn context_item(response: &Response) -> ContextItem {
    let text = match &response.content {
        Content::Text(text) => text.expose().to_owned(),
        Content::Quick(kind) => kind.as_str().to_owned(),
    };
    let content = ContentId::Response(response.id);
    ContextItem { content, persona: response.persona, text, at: response.created_at }
}
