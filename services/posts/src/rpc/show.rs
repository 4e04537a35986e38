//! Posts as messages, with who wrote them.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock, Failure, PersonaId, PostId,
    ports::{Blocks, Persona, Personas, ResponseCounts, Tallies},
};
use kith_proto::{
    convert::{moderation, persona, timestamp},
    posts::v1::{Post as Message, PostKind, PostVisibility},
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
    /// Who is hidden from whom.
    pub blocks: Arc<dyn Blocks>,
    /// What they were answered by people who are hidden.
    pub counts: Arc<dyn ResponseCounts>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Views {
    /// How an author appears as this persona of theirs.
    pub(super) async fn author(&self, persona: PersonaId) -> Result<Persona, Error> {
        let mut shown = self.personas.shown(&[persona]).await?;
        shown.remove(&persona).ok_or(Error::SessionEnded)
    }

    /// One post, as this actor sees it.
    pub(super) async fn one(&self, actor: &Actor, post: &Post) -> Result<Message, Error> {
        self.all(actor, std::slice::from_ref(post)).await?.pop().ok_or(Error::NoSuchPost)
    }

    /// These posts as this actor sees them, but for those whose author is gone. Nobody is counted who is hidden from them.
    pub(super) async fn all(&self, actor: &Actor, posts: &[Post]) -> Result<Vec<Message>, Error> {
        if posts.is_empty() {
            return Ok(Vec::new());
        }
        let shown = self.authors(posts).await?;
        let hidden = self.blocks.hidden_from(actor.user).await?;
        let ids: Vec<PostId> = posts.iter().map(|post| post.id).collect();
        let apart = if hidden.is_empty() { HashMap::new() } else { self.counts.given_by(&hidden, &ids).await? };
        let counts = |post: &Post| {
            let (all, apart) = (counted(post), apart.get(&post.id).copied().unwrap_or_default());
            let texts = all.texts.saturating_sub(apart.texts);
            Tallies { texts, quick: all.quick.saturating_sub(apart.quick) }
        };
        Ok(posts.iter().filter_map(|post| with_author(post, &shown, Some(counts(post)))).collect())
    }

    async fn authors(&self, posts: &[Post]) -> Result<HashMap<PersonaId, Persona>, Error> {
        let mut authors: Vec<PersonaId> = posts.iter().map(|post| post.persona).collect();
        authors.sort_unstable();
        authors.dedup();
        Ok(self.personas.shown(&authors).await?)
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
        let shown = self.personas.shown(&[post.persona]).await?;
        // One frame is for all who listen, and not all of them see the same answers.
        Ok(with_author(&post, &shown, None).map(|post| PostView { post, place }))
    }
}

fn with_author(post: &Post, shown: &HashMap<PersonaId, Persona>, counts: Option<Tallies>) -> Option<Message> {
    let Some(author) = shown.get(&post.persona) else {
        tracing::warn!(post = %post.id, "a post is left out: its author is not to be found");
        return None;
    };
    Some(message(post, author, counts))
}

/// All answers to a post.
pub(super) const fn counted(post: &Post) -> Tallies {
    Tallies { texts: post.responses, quick: post.supports }
}

pub(super) fn message(post: &Post, author: &Persona, counts: Option<Tallies>) -> Message {
    let draft = &post.draft;
    let kind = match draft.kind {
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
        response_count: counts.map(|counts| counts.texts),
        support_count: counts.map(|counts| counts.quick),
        etag: post.etag(),
        moderation: post.veil.map(moderation),
        visibility: visibility.into(),
        circle_id: post.circle.map(|circle| circle.to_string()),
    }
}
