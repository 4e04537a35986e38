//! Posts as messages, with who wrote them.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use kernel::{
    Actor, Clock, Failure, PersonaId, PostId,
    ports::{Persona, Personas},
};
use proto::{
    convert::{moderation, persona, timestamp},
    posts::v1::{Post as Message, PostKind},
    views::{Place, PostView, PostViews},
};

use crate::{
    Error, Post,
    domain::{Days, Kind, Tag},
    policy,
    store::Store,
};

/// How posts are shown. Answers [`PostViews`].
pub struct Views {
    /// Where posts are kept.
    pub store: Arc<dyn Store>,
    /// How their authors appear.
    pub personas: Arc<dyn Personas>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Views {
    /// How the actor appears as an author.
    pub(super) async fn author(&self, actor: &Actor) -> Result<Persona, Error> {
        let mut shown = self.personas.shown(&[actor.persona]).await?;
        shown.remove(&actor.persona).ok_or(Error::SessionEnded)
    }

    /// One post.
    pub(super) async fn one(&self, post: &Post) -> Result<Message, Error> {
        self.all(std::slice::from_ref(post)).await?.pop().ok_or(Error::NoSuchPost)
    }

    /// These posts, but for those whose author is gone.
    pub(super) async fn all(&self, posts: &[Post]) -> Result<Vec<Message>, Error> {
        if posts.is_empty() {
            return Ok(Vec::new());
        }
        let mut authors: Vec<PersonaId> = posts.iter().map(|post| post.persona).collect();
        authors.sort_unstable();
        authors.dedup();
        let shown = self.personas.shown(&authors).await?;
        Ok(posts.iter().filter_map(|post| with_author(post, &shown)).collect())
    }
}

#[async_trait]
impl PostViews for Views {
    async fn post(&self, post: PostId) -> Result<Option<PostView>, Failure> {
        let now = self.clock.now();
        let Some(post) = self.store.get(post).await?.filter(|post| policy::is_public(post, now)) else {
            return Ok(None);
        };
        let place = if policy::is_in_feeds(&post, now) { Place::Everywhere } else { Place::AtItself };
        Ok(self.all(&[post]).await?.pop().map(|post| PostView { post, place }))
    }
}

fn with_author(post: &Post, shown: &HashMap<PersonaId, Persona>) -> Option<Message> {
    let Some(author) = shown.get(&post.persona) else {
        tracing::warn!(post = %post.id, "a post is left out: its author is not to be found");
        return None;
    };
    Some(message(post, author))
}

pub(super) fn message(post: &Post, author: &Persona) -> Message {
    let draft = &post.draft;
    let kind = match draft.kind {
        Kind::Sos => PostKind::Sos,
        Kind::CheckIn => PostKind::CheckIn,
        Kind::Victory => PostKind::Victory,
        Kind::Question => PostKind::Question,
    };
    Message {
        id: post.id.to_string(),
        author: Some(persona(author)),
        kind: kind.into(),
        urgency: draft.urgency.level().into(),
        body: draft.body.reveal().to_owned(),
        categories: draft.categories.all().iter().map(ToString::to_string).collect(),
        tags: draft.tags.all().iter().map(Tag::reveal).map(ToOwned::to_owned).collect(),
        content_warning: draft.warning.as_ref().map(|warning| warning.reveal().to_owned()),
        days_since_relapse: draft.days_since_relapse.map(Days::count),
        created_at: Some(timestamp(post.created_at)),
        edited_at: post.edited_at.map(timestamp),
        resolved_at: post.resolved_at.map(timestamp),
        expires_at: draft.expires_at.map(timestamp),
        response_count: post.responses,
        support_count: post.supports,
        etag: post.etag(),
        moderation: post.veil.map(moderation),
    }
}
