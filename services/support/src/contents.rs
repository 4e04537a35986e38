//! Responses, as staff judge them.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Clock, Entropy, Event, EventPayload, ResponseEvent, PortError, PostId, ResponseId, UserId, ModerationState,
    ports::{BlockList, ContentModeration, Evidence, ContextItem, PostLookup},
    visibility::VisibilityAction,
};
use kith_storage::StoreResult;
use uuid::Uuid;

use crate::{Content, Response, policy, store::Store};

/// How many responses on either side of one that is judged are shown with it, and how many with their post.
const AROUND: i64 = 5;

/// Answers [`ContentModeration`] for responses.
pub struct Desk {
    /// Where responses are kept.
    pub store: Arc<dyn Store>,
    /// Which posts there are for whom.
    pub posts: Arc<dyn PostLookup>,
    /// What the posts say.
    pub of_posts: Arc<dyn ContentModeration>,
    /// Who is hidden from whom.
    pub blocks: Arc<dyn BlockList>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl ContentModeration for Desk {
    async fn evidence(
        &self,
        content: kith_kernel::ContentId,
        viewer: Option<UserId>,
    ) -> Result<Option<Evidence>, PortError> {
        let kith_kernel::ContentId::Response(id) = content else { return Ok(None) };
        let Some(response) = self.store.get(id).await? else { return Ok(None) };
        if let Some(viewer) = viewer
            && !self.sees(viewer, &response).await?
        {
            return Ok(None);
        }
        Ok(Some(Evidence { context: self.around(&response).await?, ..evidence(&response) }))
    }

    async fn remove(&self, content: kith_kernel::ContentId, by: UserId) -> Result<(), PortError> {
        self.act(content, VisibilityAction::Remove, by).await
    }

    async fn restore(&self, content: kith_kernel::ContentId, by: UserId) -> Result<(), PortError> {
        self.act(content, VisibilityAction::Restore, by).await
    }

    async fn release(&self, content: kith_kernel::ContentId, by: UserId) -> Result<(), PortError> {
        self.act(content, VisibilityAction::Release, by).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, PortError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let responses = self.store.newest(None, None, limit).await?;
        Ok(responses.iter().map(evidence).collect())
    }
}

impl Desk {
    /// The newest answers to a post, oldest first, for who judges the post.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn under(&self, post: PostId) -> Result<Vec<ContextItem>, PortError> {
        let newest = self.store.newest(Some(post), None, AROUND).await?;
        Ok(newest.iter().rev().map(excerpt).collect())
    }

    async fn sees(&self, viewer: UserId, response: &Response) -> Result<bool, PortError> {
        let hidden = self.blocks.hidden_from(viewer).await?;
        let post = self.posts.find_visible(viewer, response.post).await?;
        Ok(policy::may_see(viewer, response, post.as_ref(), &hidden))
    }

    /// The post that it answers, and what others answered just before and after.
    async fn around(&self, response: &Response) -> Result<Vec<ContextItem>, PortError> {
        let post = self.of_posts.evidence(kith_kernel::ContentId::Post(response.post), None).await?;
        let post = post.map(|Evidence { content, persona, text, at, .. }| ContextItem { content, persona, text, at });
        let (store, id, nobody) = (&self.store, Some(response.id), UserId::from_uuid(Uuid::nil()));
        let before = store.newest(Some(response.post), id, AROUND).await?;
        let after = store.list(response.post, id, nobody, &BTreeSet::new(), AROUND).await?;
        let in_words = after.iter().filter(|response| matches!(response.content, Content::Text(_)));
        let answers = before.iter().rev().chain(in_words).map(excerpt);
        Ok(post.into_iter().chain(answers).collect())
    }

    async fn act(&self, content: kith_kernel::ContentId, act: VisibilityAction, by: UserId) -> Result<(), PortError> {
        let kith_kernel::ContentId::Response(id) = content else { return Ok(()) };
        if self.done(id, act).await? {
            tracing::info!(response = %id, ?act, %by, "staff acted on a response");
        }
        Ok(())
    }

    /// Reads, decides and writes, once more if something else has become of it in between. Whether there was something to
    /// do.
    async fn done(&self, id: ResponseId, act: VisibilityAction) -> StoreResult<bool> {
        loop {
            let Some(response) = self.store.get(id).await? else { return Ok(false) };
            let now = self.clock.now();
            let Some((veil, told)) = act.apply(response.veil, now) else { return Ok(false) };
            let (about, weight) = (response.about(), response.weight());
            let fact = |how| EventPayload::Response(ResponseEvent::VisibilityChanged { response: about, class: weight, change: how });
            let event = |how| Event::new(now, response.author, fact(how), &*self.entropy);
            // Of what its author took back nothing appears or disappears, so nothing is counted.
            let told = if response.is_alive() { told } else { &[] };
            let events: Vec<Event> = told.iter().copied().map(event).collect();
            if self.store.moderate(&response, veil, &events).await? {
                return Ok(true);
            }
        }
    }
}

/// What there is to see of a response, but for what stands around it. It never said anything else.
fn evidence(response: &Response) -> Evidence {
    let ContextItem { content, persona, text, at } = excerpt(response);
    Evidence {
        content,
        author: response.author,
        persona,
        circle: response.circle,
        text,
        at,
        edits: Vec::new(),
        context: Vec::new(),
        removed: response.veil.and_then(ModerationState::removed_at).is_some(),
        held: response.veil.and_then(ModerationState::held_at).is_some(),
    }
}

fn excerpt(response: &Response) -> ContextItem {
    let text = match &response.content {
        Content::Text(text) => text.reveal().to_owned(),
        Content::Quick(kind) => kind.word().to_owned(),
    };
    let content = kith_kernel::ContentId::Response(response.id);
    ContextItem { content, persona: response.persona, text, at: response.created_at }
}
