//! Conversion of posts to messages.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock, PersonaId, PortError, PostId,
    ports::{BlockList, Persona, PersonaLookup, ResponseCounts, ResponseTally},
};
use kith_proto::{
    convert::{moderation_notice, persona, timestamp},
    posts::v1::{Post as Message, PostKind, PostVisibility},
    presenters::{FeedPlacement, PostPresenter, PostView},
};

use crate::{
    Error, Post,
    domain::{DaysSinceRelapse, Kind, Tag},
    policy,
    store::Store,
};

/// Converts posts to messages with their authors. Implements [`PostPresenter`].
pub struct Presenter {
    pub store: Arc<dyn Store>,
    pub personas: Arc<dyn PersonaLookup>,
    pub blocks: Arc<dyn BlockList>,
    pub counts: Arc<dyn ResponseCounts>,
    pub clock: Arc<dyn Clock>,
}

impl Presenter {
    /// Returns the persona of the author of a new post.
    pub(super) async fn author(&self, persona: PersonaId) -> Result<Persona, Error> {
        let mut shown = self.personas.find_many(&[persona]).await?;
        shown.remove(&persona).ok_or(Error::SessionEnded)
    }

    /// Converts one post for this actor.
    pub(crate) async fn present(&self, actor: &Actor, post: &Post) -> Result<Message, Error> {
        self.present_all(actor, std::slice::from_ref(post)).await?.pop().ok_or(Error::PostNotFound)
    }

    /// Converts posts for this actor. Posts whose author has no persona are omitted. Responses of blocked accounts are
    /// not counted.
    pub(crate) async fn present_all(&self, actor: &Actor, posts: &[Post]) -> Result<Vec<Message>, Error> {
        if posts.is_empty() {
            return Ok(Vec::new());
        }
        let authors = self.authors(posts).await?;
        let hidden = self.blocks.hidden_from(actor.user).await?;
        let ids: Vec<PostId> = posts.iter().map(|post| post.id).collect();
        let hidden =
            if hidden.is_empty() { HashMap::new() } else { self.counts.count_by_authors(&hidden, &ids).await? };
        let visible_counts = |post: &Post| {
            let (all, hidden) = (total_counts(post), hidden.get(&post.id).copied().unwrap_or_default());
            let texts = all.texts.saturating_sub(hidden.texts);
            ResponseTally { texts, quick: all.quick.saturating_sub(hidden.quick) }
        };
        Ok(posts.iter().filter_map(|post| with_author(post, &authors, Some(visible_counts(post)))).collect())
    }

    async fn authors(&self, posts: &[Post]) -> Result<HashMap<PersonaId, Persona>, Error> {
        let mut authors: Vec<PersonaId> = posts.iter().map(|post| post.persona).collect();
        authors.sort_unstable();
        authors.dedup();
        Ok(self.personas.find_many(&authors).await?)
    }
}

#[async_trait]
impl PostPresenter for Presenter {
    async fn present_post(&self, post: PostId) -> Result<Option<PostView>, PortError> {
        let now = self.clock.now();
        let Some(post) = self.store.get(post).await?.filter(|post| policy::is_visible_to_all_readers(post, now)) else {
            return Ok(None);
        };
        let place = if policy::is_in_feeds(&post, now) { FeedPlacement::Feeds } else { FeedPlacement::OwnChannelOnly };
        let authors = self.personas.find_many(&[post.persona]).await?;
        // One frame is sent to all subscribers, who can see different numbers of responses.
        Ok(with_author(&post, &authors, None).map(|post| PostView { post, placement: place }))
    }
}

fn with_author(post: &Post, authors: &HashMap<PersonaId, Persona>, counts: Option<ResponseTally>) -> Option<Message> {
    let Some(author) = authors.get(&post.persona) else {
        tracing::warn!(post = %post.id, "post omitted, author persona not found");
        return None;
    };
    Some(to_message(post, author, counts))
}

/// Counts of all responses to a post.
pub(super) const fn total_counts(post: &Post) -> ResponseTally {
    ResponseTally { texts: post.responses, quick: post.supports }
}

pub(super) fn to_message(post: &Post, author: &Persona, counts: Option<ResponseTally>) -> Message {
    let content = &post.content;
    let kind = match content.kind {
        Kind::Sos => PostKind::Sos,
        Kind::CheckIn => PostKind::CheckIn,
        Kind::Victory => PostKind::Victory,
        Kind::Question => PostKind::Question,
    };
    let visibility = if post.circle.is_some() { PostVisibility::Circle } else { PostVisibility::Public };
    Message {
        id: post.id.to_string(),
        author: Some(persona(author)),
        kind: kind.into(),
        urgency: content.urgency.level().into(),
        body: content.body.expose().to_owned(),
        categories: content.categories.as_slice().iter().map(ToString::to_string).collect(),
        tags: content.tags.as_slice().iter().map(Tag::expose).map(ToOwned::to_owned).collect(),
        content_warning: content.warning.as_ref().map(|warning| warning.expose().to_owned()),
        days_since_relapse: content.days_since_relapse.map(DaysSinceRelapse::get),
        created_at: Some(timestamp(post.created_at)),
        edited_at: post.edited_at.map(timestamp),
        resolved_at: post.resolved_at.map(timestamp),
        expires_at: content.expires_at.map(timestamp),
        response_count: counts.map(|counts| counts.texts),
        support_count: counts.map(|counts| counts.quick),
        etag: post.etag(),
        moderation: post.moderation.map(moderation_notice),
        visibility: visibility.into(),
        circle_id: post.circle.map(|circle| circle.to_string()),
    }
}
