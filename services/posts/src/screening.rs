//! Content screening before publication.

use kith_kernel::{
    ContentId, EventPayload, ModerationEvent, ModerationState, PostEvent,
    event::{PostRef, VisibilityChange},
    ports::{ContentScreen, ScreenVerdict, SubmittedText},
};

use crate::{Post, policy, posting_context::post_ref};

/// A written post and the crisis flag of the content screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenedPost {
    pub post: Post,
    /// True if the text contains crisis language.
    pub crisis: bool,
}

/// A post that is about to be written.
pub(crate) struct Draft<'a> {
    /// The post as its author submitted it.
    pub(crate) post: Post,
    /// The stored version that it replaces; `None` for a new post.
    pub(crate) previous: Option<&'a Post>,
}

/// A post with the verdict of the content screen applied to it.
pub(crate) struct Screened {
    /// The post: held, raised to the highest urgency, or unchanged.
    pub(crate) post: Post,
    /// Payloads of the events to store with the post.
    pub(crate) events: Vec<EventPayload>,
    /// True if the text contains crisis language.
    pub(crate) crisis: bool,
}

/// Screens a draft and applies the verdict. It is called once per write.
///
/// A post in a crisis is published with the highest urgency. A held post that passes the screen is released.
pub(crate) async fn apply(screen: &dyn ContentScreen, draft: Draft<'_>) -> Screened {
    let Draft { post, previous } = draft;
    let verdict = verdict(screen, &post).await;
    let moderation = policy::must_hold(post.content.kind, &verdict).then(|| ModerationState::Held(held_since(&post)));
    let post = if verdict.crisis { post.with_max_urgency() } else { post };
    let post = Post { moderation, ..post };
    let mut events = events(previous, &post);
    if verdict.crisis {
        events.push(EventPayload::Moderation(ModerationEvent::CrisisDetected { content: ContentId::Post(post.id) }));
    }
    Screened { post, events, crisis: verdict.crisis }
}

async fn verdict(screen: &dyn ContentScreen, post: &Post) -> ScreenVerdict {
    let text = SubmittedText {
        content: ContentId::Post(post.id),
        author: post.author,
        circle: post.circle,
        text: post.content.full_text(),
    };
    screen.screen(&text).await
}

/// Start of the hold. A post that is already held keeps its time.
fn held_since(post: &Post) -> kith_kernel::Timestamp {
    match post.moderation {
        Some(ModerationState::Held(since)) => since,
        Some(ModerationState::Removed(_)) | None => post.edited_at.unwrap_or(post.created_at),
    }
}

/// Events of the write, without the crisis event. While only the author sees the post, `PostUpdated` is not sent.
fn events(previous: Option<&Post>, post: &Post) -> Vec<EventPayload> {
    let about: PostRef = post_ref(previous.unwrap_or(post), post);
    let moderated = |change| EventPayload::Post(PostEvent::VisibilityChanged { post: about.clone(), change });
    let Some(previous) = previous else {
        return match post.moderation {
            None => vec![EventPayload::Post(PostEvent::Created(about))],
            Some(_) => vec![moderated(VisibilityChange::Held)],
        };
    };
    match (previous.moderation, post.moderation) {
        (None, None) => vec![EventPayload::Post(PostEvent::Updated(about))],
        (None, Some(_)) => {
            vec![EventPayload::Post(PostEvent::Updated(about.clone())), moderated(VisibilityChange::Held)]
        }
        (Some(_), None) => vec![moderated(VisibilityChange::Released)],
        (Some(_), Some(_)) => vec![moderated(VisibilityChange::Held)],
    }
}
