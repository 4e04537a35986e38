//! Who may do what about a response. Pure: everything that a rule needs is passed in.

use std::collections::BTreeSet;

use kith_kernel::{
    Actor, UserId,
    ports::{PostSummary, ScreenVerdict},
};

use crate::{Content, Error, Response};

/// A response exists for who sees its post, unless its author is hidden from them or took it back. What is held or
/// removed exists for its author.
///
/// `post` is the post as the viewer may know it.
#[must_use]
pub fn may_see(viewer: UserId, response: &Response, post: Option<&PostSummary>, hidden: &BTreeSet<UserId>) -> bool {
    let post_is_there = post.is_some_and(|post| post.id == response.post);
    let author_is_there = response.author == viewer || !hidden.contains(&response.author);
    let is_open = response.author == viewer || response.veil.is_none();
    response.is_alive() && post_is_there && author_is_there && is_open
}

/// Whether a response waits until somebody has looked at it. Nobody who speaks of harming themselves waits.
#[must_use]
pub const fn is_held(verdict: &ScreenVerdict) -> bool {
    verdict.hold.is_some() && !verdict.crisis
}

/// Everybody answers a post that they see, as long as anything is written where it is. Under one's own there is something to add, but nobody to cheer.
///
/// # Errors
/// [`Error::OwnPost`], [`Error::Archived`].
pub fn may_respond(actor: &Actor, post: &PostSummary, content: &Content) -> Result<(), Error> {
    if post.circle.is_some_and(|inside| !inside.member.can_post) {
        return Err(Error::Archived);
    }
    match content {
        Content::Quick(_) if post.author == actor.user => Err(Error::OwnPost),
        Content::Quick(_) | Content::Text(_) => Ok(()),
    }
}

/// Only who wrote the post knows what helped, and only others can have helped them.
///
/// # Errors
/// [`Error::NotThePostsAuthor`] or [`Error::OwnResponse`].
pub fn may_mark(actor: &Actor, response: &Response) -> Result<(), Error> {
    if response.post_author != actor.user {
        return Err(Error::NotThePostsAuthor);
    }
    if response.author == actor.user {
        return Err(Error::OwnResponse);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kith_kernel::{
        PersonaId, PostId, ResponseId, SessionId, AccountStatus, SystemEntropy, Timestamp, ModerationState,
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
            veil: None,
        }
    }

    #[test]
    fn a_response_is_there_for_who_sees_its_post_and_its_author() {
        let (ann, bob, eve) = (actor(), actor(), actor());
        let post = post_of(&ann);
        let response = response_to(&post, &bob);
        let nobody = BTreeSet::new();
        assert!(may_see(eve.user, &response, Some(&post), &nobody));
        assert!(!may_see(eve.user, &response, None, &nobody));
        assert!(!may_see(eve.user, &response, Some(&post_of(&ann)), &nobody));
        assert!(!may_see(eve.user, &response, Some(&post), &BTreeSet::from([bob.user])));
    }

    #[test]
    fn what_was_taken_back_is_there_for_nobody() {
        let (ann, bob) = (actor(), actor());
        let post = post_of(&ann);
        let response = Response { deleted_at: Some(NOW), ..response_to(&post, &bob) };
        for viewer in [ann.user, bob.user] {
            assert!(!may_see(viewer, &response, Some(&post), &BTreeSet::new()));
        }
    }

    #[test]
    fn what_is_held_or_removed_is_there_for_its_author_alone() {
        let (ann, bob) = (actor(), actor());
        let post = post_of(&ann);
        for veil in [ModerationState::Held(NOW), ModerationState::Removed(NOW)] {
            let response = Response { veil: Some(veil), ..response_to(&post, &bob) };
            assert!(may_see(bob.user, &response, Some(&post), &BTreeSet::new()));
            assert!(!may_see(ann.user, &response, Some(&post), &BTreeSet::new()));
        }
    }

    #[test]
    fn nobody_who_needs_help_waits() {
        let why = Some(Hold { rule: "phone".to_owned(), reason: HoldReason::Contact });
        let held = ScreenVerdict { hold: why, crisis: false, version: 1 };
        assert!(is_held(&held) && !is_held(&ScreenVerdict { crisis: true, ..held.clone() }));
        assert!(!is_held(&ScreenVerdict { hold: None, ..held }));
    }

    #[test]
    fn ones_own_post_gets_words_and_no_cheers_of_ones_own() {
        let (ann, bob) = (actor(), actor());
        let (quick, words) = (Content::Quick(QuickKind::Hug), Content::Text(Text::new("still here").unwrap()));
        assert!(matches!(may_respond(&ann, &post_of(&ann), &quick), Err(Error::OwnPost)));
        assert!(may_respond(&ann, &post_of(&ann), &words).is_ok());
        assert!(may_respond(&bob, &post_of(&ann), &quick).is_ok());
    }

    #[test]
    fn only_who_wrote_the_post_says_what_helped_and_only_of_others() {
        let (ann, bob) = (actor(), actor());
        let response = response_to(&post_of(&ann), &bob);
        assert!(may_mark(&ann, &response).is_ok());
        assert!(matches!(may_mark(&bob, &response), Err(Error::NotThePostsAuthor)));
        assert!(matches!(may_mark(&actor(), &response), Err(Error::NotThePostsAuthor)));
        assert!(matches!(may_mark(&ann, &response_to(&post_of(&ann), &ann)), Err(Error::OwnResponse)));
    }
}
