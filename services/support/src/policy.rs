//! Visibility and permissions of responses. Pure functions.

use std::collections::BTreeSet;

use kith_kernel::{
    Actor, UserId,
    ports::{PostSummary, ScreenVerdict},
};

use crate::{Content, Error, Response};

/// Returns true if the viewer can see the response: the post is visible, the author is not hidden, and the response is
/// not deleted. Held and removed responses are visible to their author only.
///
/// `post` is the summary of the post if it is visible to the viewer.
#[must_use]
pub fn can_see(viewer: UserId, response: &Response, post: Option<&PostSummary>, hidden: &BTreeSet<UserId>) -> bool {
    let post_is_visible = post.is_some_and(|post| post.id == response.post);
    let author_is_visible = response.author == viewer || !hidden.contains(&response.author);
    let is_published = response.author == viewer || response.moderation.is_none();
    response.is_active() && post_is_visible && author_is_visible && is_published
}

/// Returns true if the response waits for review. A response with crisis language never waits.
#[must_use]
pub const fn must_hold(verdict: &ScreenVerdict) -> bool {
    verdict.hold.is_some() && !verdict.crisis
}

/// A post can be answered by every user who sees it, unless its circle is archived. Its author can add text but not quick
/// support.
///
/// # Errors
/// [`Error::OwnPost`], [`Error::Archived`].
pub fn can_respond(actor: &Actor, post: &PostSummary, content: &Content) -> Result<(), Error> {
    if post.circle.is_some_and(|circle| !circle.member.can_post) {
        return Err(Error::Archived);
    }
    match content {
        Content::Quick(_) if post.author == actor.user => Err(Error::OwnPost),
        Content::Quick(_) | Content::Text(_) => Ok(()),
    }
}

/// Only the author of the post can mark a response, and only a response of another account.
///
/// # Errors
/// [`Error::NotPostAuthor`] or [`Error::OwnResponse`].
pub fn can_mark_helpful(actor: &Actor, response: &Response) -> Result<(), Error> {
    if response.post_author != actor.user {
        return Err(Error::NotPostAuthor);
    }
    if response.author == actor.user {
        return Err(Error::OwnResponse);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kith_kernel::{
        AccountStatus, ModerationState, PersonaId, PostId, ResponseId, SessionId, SystemEntropy, Timestamp,
        actor::Role,
        ports::{Hold, HoldReason},
    };

    use super::*;
    use crate::{QuickKind, Text};

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn actor() -> Actor {
        Actor {
            user: UserId::new(NOW, &SystemEntropy),
            persona: PersonaId::random(&SystemEntropy),
            session: SessionId::new(NOW, &SystemEntropy),
            role: Role::Member,
            status: AccountStatus::Active,
        }
    }

    fn post_of(author: &Actor) -> PostSummary {
        PostSummary { id: PostId::new(NOW, &SystemEntropy), author: author.user, circle: None }
    }

    fn response_to(post: &PostSummary, author: &Actor) -> Response {
        Response {
            id: ResponseId::new(NOW, &SystemEntropy),
            post: post.id,
            post_author: post.author,
            author: author.user,
            persona: author.persona,
            circle: None,
            content: Content::Quick(QuickKind::Hug),
            created_at: NOW,
            helpful_at: None,
            deleted_at: None,
            moderation: None,
        }
    }

    #[test]
    fn a_response_is_visible_to_viewers_of_its_post_and_author() {
        let (ann, bob, eve) = (actor(), actor(), actor());
        let post = post_of(&ann);
        let response = response_to(&post, &bob);
        let hidden = BTreeSet::new();
        assert!(can_see(eve.user, &response, Some(&post), &hidden));
        assert!(!can_see(eve.user, &response, None, &hidden));
        assert!(!can_see(eve.user, &response, Some(&post_of(&ann)), &hidden));
        assert!(!can_see(eve.user, &response, Some(&post), &BTreeSet::from([bob.user])));
    }

    #[test]
    fn a_deleted_response_is_invisible() {
        let (ann, bob) = (actor(), actor());
        let post = post_of(&ann);
        let response = Response { deleted_at: Some(NOW), ..response_to(&post, &bob) };
        for viewer in [ann.user, bob.user] {
            assert!(!can_see(viewer, &response, Some(&post), &BTreeSet::new()));
        }
    }

    #[test]
    fn held_and_removed_responses_are_visible_to_their_author_only() {
        let (ann, bob) = (actor(), actor());
        let post = post_of(&ann);
        for state in [ModerationState::Held(NOW), ModerationState::Removed(NOW)] {
            let response = Response { moderation: Some(state), ..response_to(&post, &bob) };
            assert!(can_see(bob.user, &response, Some(&post), &BTreeSet::new()));
            assert!(!can_see(ann.user, &response, Some(&post), &BTreeSet::new()));
        }
    }

    #[test]
    fn crisis_language_is_never_held() {
        let hold = Some(Hold { rule: "phone".to_owned(), reason: HoldReason::Contact });
        let held = ScreenVerdict { hold, crisis: false, version: 1 };
        assert!(must_hold(&held) && !must_hold(&ScreenVerdict { crisis: true, ..held.clone() }));
        assert!(!must_hold(&ScreenVerdict { hold: None, ..held }));
    }

    #[test]
    fn authors_can_answer_their_own_post_with_text_only() {
        let (ann, bob) = (actor(), actor());
        let (quick, words) = (Content::Quick(QuickKind::Hug), Content::Text(Text::new("still here").unwrap()));
        assert!(matches!(can_respond(&ann, &post_of(&ann), &quick), Err(Error::OwnPost)));
        assert!(can_respond(&ann, &post_of(&ann), &words).is_ok());
        assert!(can_respond(&bob, &post_of(&ann), &quick).is_ok());
    }

    #[test]
    fn only_the_post_author_can_mark_responses_of_others_as_helpful() {
        let (ann, bob) = (actor(), actor());
        let response = response_to(&post_of(&ann), &bob);
        assert!(can_mark_helpful(&ann, &response).is_ok());
        assert!(matches!(can_mark_helpful(&bob, &response), Err(Error::NotPostAuthor)));
        assert!(matches!(can_mark_helpful(&actor(), &response), Err(Error::NotPostAuthor)));
        assert!(matches!(can_mark_helpful(&ann, &response_to(&post_of(&ann), &ann)), Err(Error::OwnResponse)));
    }
}
