//! What the screen says of a post, before others see it.

use std::sync::Arc;

use kith_kernel::{
    Content, Fact, Veil,
    event::{AboutPost, Moderation},
    ports::{Screen, Verdict, Written},
};

use crate::{Post, policy};

/// A post as it was written, or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The post. It is held if it says so.
    pub post: Post,
    /// Whether its author speaks of harming themselves, now.
    pub crisis: bool,
}

/// What the screen says of a post. If it says nothing, the post is published: nobody who needs help waits for it.
pub(crate) async fn look(screen: &Arc<dyn Screen>, post: &Post) -> Verdict {
    let written =
        Written { content: Content::Post(post.id), author: post.author, circle: post.circle, text: post.draft.says() };
    screen.look(&written).await.unwrap_or_else(|failure| {
        tracing::error!(post = %post.id, error = %failure, "a post is published without a look at it");
        Verdict { hold: None, crisis: false, version: 0 }
    })
}

/// The post as the verdict leaves it: held, or as urgent as can be, or as it is. One that was held and is fine now is held
/// no longer.
pub(crate) fn heed(post: Post, verdict: &Verdict) -> Post {
    let is_held = policy::is_held(post.draft.kind, verdict);
    let since = match post.veil {
        Some(Veil::Held(since)) => since,
        Some(Veil::Removed(_)) | None => post.edited_at.unwrap_or(post.created_at),
    };
    let veil = is_held.then_some(Veil::Held(since));
    let post = if verdict.crisis { post.at_once() } else { post };
    Post { veil, ..post }
}

/// What is told of a new post.
pub(crate) fn told_of_new(post: &Post, about: AboutPost) -> Fact {
    match post.veil {
        None => Fact::PostCreated(about),
        Some(_) => Fact::PostModerated { about, how: Moderation::Held },
    }
}

/// What is told of a change of what a post says: of what nobody but its author sees, only that it is to be looked at.
pub(crate) fn told_of_edited(before: &Post, after: &Post, about: AboutPost) -> Vec<Fact> {
    let moderated = |how| Fact::PostModerated { about: about.clone(), how };
    match (before.veil, after.veil) {
        (None, None) => vec![Fact::PostUpdated(about)],
        (None, Some(_)) => vec![Fact::PostUpdated(about.clone()), moderated(Moderation::Held)],
        (Some(_), None) => vec![moderated(Moderation::Released)],
        (Some(_), Some(_)) => vec![moderated(Moderation::Held)],
    }
}

/// Adds that somebody speaks of harming themselves, if they do.
pub(crate) fn with_crisis(facts: Vec<Fact>, post: &Post, crisis: bool) -> Vec<Fact> {
    let seen = crisis.then_some(Fact::CrisisSeen { content: Content::Post(post.id) });
    facts.into_iter().chain(seen).collect()
}
