//! Effects of the content screen and of moderation actions on posts.

use std::sync::Arc;

use kith_kernel::{
    Actor, Clock as _, ContentId, DomainError as _, EventPayload, ModerationEvent, ModerationState, PageSize,
    PostEvent, ResponseId, SystemEntropy,
    event::{PostRef, VisibilityChange},
    ports::{ContentModeration as _, PostLookup as _, Revision},
};
use kith_posts::{
    Post, ScreenedPost, Service,
    adapters::{PostLookupAdapter, PostModeration},
    domain::{Body, Edit, Filter, Kind, Order, PostContent, PostContentParts, SearchQuery, Tags, Urgency},
};
use kith_testkit::{ManualClock, block_on, member, user};

use crate::harness::{Harness, StubPorts, clock, parts, service, sqlite};

/// Ann writes and Eve reads.
struct Scenario {
    harness: Harness,
    posts: Service,
    moderation: PostModeration,
    post_lookup: PostLookupAdapter,
    stubs: Arc<StubPorts>,
    clock: Arc<ManualClock>,
    ann: Actor,
    eve: Actor,
}

async fn scenario() -> Scenario {
    let (harness, clock, stubs) = (sqlite().await, clock(), Arc::new(StubPorts::default()));
    let posts = service(&harness, &stubs, &clock);
    let moderation = PostModeration {
        store: harness.store.clone(),
        blocks: stubs.clone(),
        membership: stubs.clone(),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let (store, blocks, membership) = (harness.store.clone(), stubs.clone(), stubs.clone());
    let post_lookup = PostLookupAdapter { store, blocks, membership, clock: clock.clone() };
    Scenario { harness, posts, moderation, post_lookup, stubs, clock, ann: member(), eve: member() }
}

impl Scenario {
    async fn write(&self, parts: PostContentParts) -> ScreenedPost {
        self.posts.create_public(&self.ann, PostContent::new(parts).unwrap(), None).await.unwrap()
    }

    async fn question(&self, body: &str) -> Post {
        self.write(parts(Kind::Question, 2, body)).await.post
    }

    async fn edit_body(&self, post: &Post, body: &str) -> ScreenedPost {
        let edits = [Edit::Body(Body::new(body).unwrap())];
        self.posts.update(&self.ann, post.id, &post.etag(), &edits).await.unwrap()
    }

    async fn get(&self, post: &Post) -> Post {
        self.posts.get(&self.ann, post.id).await.unwrap()
    }

    /// Returns true if the actor can see the post. Every way to read it must agree.
    async fn is_visible_to(&self, actor: &Actor, post: &Post) -> bool {
        let (posts, filter) = (&self.posts, Filter::default());
        let feed = posts.feed(actor, &filter, Order::Latest, PageSize::DEFAULT, None).await.unwrap().items;
        let word = SearchQuery::new(post.content.body.expose().split(' ').next().unwrap()).unwrap();
        let found = posts.search(actor, &word, &filter, PageSize::DEFAULT, None).await.unwrap().items;
        let results = [
            posts.get(actor, post.id).await.is_ok(),
            feed.iter().any(|listed| listed.id == post.id),
            found.iter().any(|found| found.id == post.id),
            self.post_lookup.find_visible(actor.user, post.id).await.unwrap().is_some(),
            self.moderation.evidence(ContentId::Post(post.id), Some(actor.user)).await.unwrap().is_some(),
        ];
        assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
        results[0]
    }

    async fn is_visible_to_others(&self, post: &Post) -> bool {
        assert!(self.is_visible_to(&self.ann, post).await, "the author always sees the post");
        let is_visible = self.is_visible_to(&self.eve, post).await;
        assert_eq!(self.post_lookup.is_visible_to_all_readers(post.id).await.unwrap(), is_visible);
        is_visible
    }
}

fn post_ref(post: &Post) -> PostRef {
    PostRef { post: post.id, kind: post.content.kind.into(), categories: Vec::new(), circle: None }
}

fn moderated(post: &Post, how: VisibilityChange) -> EventPayload {
    EventPayload::Post(PostEvent::VisibilityChanged { post: post_ref(post), change: how })
}

#[test]
fn a_held_post_is_visible_only_to_its_author_until_it_is_released() {
    block_on(async {
        let scenario = scenario().await;
        let post = scenario.question("hello, call me").await;
        assert_eq!(post.moderation, Some(ModerationState::Held(scenario.clock.now())));
        assert!(!scenario.is_visible_to_others(&post).await);
        assert_eq!(scenario.harness.published_events().await, [moderated(&post, VisibilityChange::Held)]);
        for _ in 0..2 {
            scenario.moderation.release(ContentId::Post(post.id), user()).await.unwrap();
        }
        assert!(scenario.is_visible_to_others(&post).await);
        assert_eq!(scenario.harness.published_events().await, [moderated(&post, VisibilityChange::Released)]);
    });
}

#[test]
fn sos_and_crisis_posts_are_never_held_and_a_crisis_has_the_highest_urgency() {
    block_on(async {
        let scenario = scenario().await;
        let sos = scenario.write(parts(Kind::Sos, 4, "please, call me")).await;
        assert_eq!((sos.post.moderation, sos.crisis, sos.post.content.urgency), (None, false, Urgency::MIN_SOS));
        scenario.harness.published_events().await;
        for kind in Kind::ALL {
            let urgency = if kind == Kind::Sos { 4 } else { 1 };
            let written = scenario.write(parts(kind, urgency, "tonight I end it all, call me")).await;
            let post = written.post;
            assert!(written.crisis && scenario.is_visible_to_others(&post).await);
            assert_eq!(scenario.get(&post).await.content.urgency, Urgency::MAX);
            let detected =
                EventPayload::Moderation(ModerationEvent::CrisisDetected { content: ContentId::Post(post.id) });
            assert_eq!(
                scenario.harness.published_events().await,
                [EventPayload::Post(PostEvent::Created(post_ref(&post))), detected]
            );
        }
    });
}

#[test]
fn a_repeated_call_returns_the_crisis_flag_again() {
    block_on(async {
        let scenario = scenario().await;
        let claimed = Some(user().uuid());
        let content = PostContent::new(parts(Kind::CheckIn, 1, "end it all")).unwrap();
        let first = scenario.posts.create_public(&scenario.ann, content.clone(), claimed).await.unwrap();
        assert!(first.crisis);
        assert_eq!(scenario.posts.create_public(&scenario.ann, content, claimed).await.unwrap(), first);
    });
}

#[test]
fn an_edit_is_screened_and_an_edit_that_resolves_the_hold_publishes_the_post() {
    block_on(async {
        let scenario = scenario().await;
        let post = scenario.question("hello").await;
        scenario.harness.published_events().await;
        let held = scenario.edit_body(&post, "hello, call me").await.post;
        assert!(!scenario.is_visible_to_others(&held).await);
        let expected =
            [EventPayload::Post(PostEvent::Updated(post_ref(&post))), moderated(&post, VisibilityChange::Held)];
        assert_eq!(scenario.harness.published_events().await, expected);
        // A change of a held post publishes no event, and a change of the urgency is not screened.
        let urgent = [Edit::Urgency(Urgency::MAX)];
        let held = scenario.posts.update(&scenario.ann, held.id, &held.etag(), &urgent).await.unwrap().post;
        assert_eq!((held.moderation.is_some(), scenario.harness.published_events().await), (true, vec![]));
        let held = scenario.edit_body(&held, "hello, do call me").await.post;
        assert_eq!(scenario.harness.published_events().await, [moderated(&post, VisibilityChange::Held)]);
        let tagged = [Edit::Tags(Tags::new(["call me"]).unwrap()), Edit::Body(Body::new("hello").unwrap())];
        let held = scenario.posts.update(&scenario.ann, held.id, &held.etag(), &tagged).await.unwrap().post;
        assert!(held.moderation.is_some(), "tags are screened, too");
        scenario.harness.published_events().await;
        let fixed = [Edit::Tags(Tags::default())];
        let fixed = scenario.posts.update(&scenario.ann, held.id, &held.etag(), &fixed).await.unwrap().post;
        assert!(scenario.is_visible_to_others(&fixed).await);
        assert_eq!(scenario.harness.published_events().await, [moderated(&post, VisibilityChange::Released)]);
        let crisis = scenario.edit_body(&fixed, "hello, call me, or I end it all").await;
        assert!(crisis.crisis && scenario.is_visible_to_others(&crisis.post).await);
        let detected = EventPayload::Moderation(ModerationEvent::CrisisDetected { content: ContentId::Post(post.id) });
        assert_eq!(
            scenario.harness.published_events().await,
            [EventPayload::Post(PostEvent::Updated(post_ref(&post))), detected]
        );
    });
}

#[test]
fn a_removed_post_is_hidden_from_others_and_restored_once() {
    block_on(async {
        let scenario = scenario().await;
        let post = scenario.question("hello").await;
        scenario.harness.published_events().await;
        for _ in 0..2 {
            scenario.moderation.remove(ContentId::Post(post.id), user()).await.unwrap();
        }
        assert!(!scenario.is_visible_to_others(&post).await);
        assert_eq!(scenario.get(&post).await.moderation, Some(ModerationState::Removed(scenario.clock.now())));
        assert_eq!(scenario.harness.published_events().await, [moderated(&post, VisibilityChange::Removed)]);
        scenario.moderation.release(ContentId::Post(post.id), user()).await.unwrap();
        assert!(!scenario.is_visible_to_others(&post).await, "a release does not restore a removed post");
        for _ in 0..2 {
            scenario.moderation.restore(ContentId::Post(post.id), user()).await.unwrap();
        }
        assert!(scenario.is_visible_to_others(&post).await);
        assert_eq!(scenario.harness.published_events().await, [moderated(&post, VisibilityChange::Restored)]);
    });
}

#[test]
fn a_removed_post_can_be_deleted_but_not_edited_and_stays_removed_when_restored() {
    block_on(async {
        let scenario = scenario().await;
        let post = scenario.question("hello").await;
        scenario.moderation.remove(ContentId::Post(post.id), user()).await.unwrap();
        let removed = scenario.get(&post).await;
        let edits = [Edit::Urgency(Urgency::MIN)];
        let error = scenario.posts.update(&scenario.ann, post.id, &removed.etag(), &edits).await.unwrap_err();
        assert_eq!(error.reason(), "POST_REMOVED");
        let error = scenario.posts.update(&scenario.eve, post.id, &removed.etag(), &edits).await.unwrap_err();
        assert_eq!(error.reason(), "POST_NOT_FOUND");
        scenario.posts.delete(&scenario.ann, post.id).await.unwrap();
        let evidence = scenario.moderation.evidence(ContentId::Post(post.id), None).await.unwrap().unwrap();
        assert_eq!((evidence.text.as_str(), evidence.removed), ("hello", true));
        scenario.posts.restore(&scenario.ann, post.id).await.unwrap();
        assert!(!scenario.is_visible_to_others(&post).await);
    });
}

#[test]
fn evidence_contains_all_revisions_and_requires_visibility_for_the_viewer() {
    block_on(async {
        let scenario = scenario().await;
        let post =
            scenario.write(PostContentParts { tags: Tags::new(["one"]).unwrap(), ..parts(Kind::Question, 2, "first") });
        let post = post.await.post;
        let edited = scenario.edit_body(&post, "second").await.post;
        let evidence =
            scenario.moderation.evidence(ContentId::Post(post.id), Some(scenario.eve.user)).await.unwrap().unwrap();
        assert_eq!((evidence.author, evidence.persona), (scenario.ann.user, scenario.ann.persona));
        assert_eq!((evidence.text.as_str(), evidence.at), ("second\none", post.created_at));
        assert_eq!(evidence.edits, [Revision { at: edited.edited_at.unwrap(), text: "first\none".to_owned() }]);
        assert_eq!((evidence.removed, evidence.held), (false, false));
        scenario.stubs.block(&scenario.ann, &scenario.eve);
        assert_eq!(
            scenario.moderation.evidence(ContentId::Post(post.id), Some(scenario.eve.user)).await.unwrap(),
            None
        );
        let response = ContentId::Response(ResponseId::from_uuid(post.id.uuid()));
        assert_eq!(scenario.moderation.evidence(response, None).await.unwrap(), None, "a response is not a post");
        scenario.moderation.remove(response, user()).await.unwrap();
        assert_eq!(scenario.get(&post).await.moderation, None);
    });
}

#[test]
fn removing_a_missing_post_is_not_an_error() {
    block_on(async {
        let scenario = scenario().await;
        let missing = ContentId::Post(kith_kernel::PostId::from_uuid(user().uuid()));
        assert_eq!(scenario.moderation.evidence(missing, None).await.unwrap(), None);
        scenario.moderation.remove(missing, user()).await.unwrap();
        assert_eq!(scenario.harness.published_events().await, []);
    });
}

#[test]
fn recent_posts_are_those_that_every_user_can_see() {
    block_on(async {
        let scenario = scenario().await;
        let mut open = Vec::new();
        for body in ["one", "two", "three, call me", "four", "five"] {
            scenario.clock.advance(std::time::Duration::from_millis(1));
            let post = scenario.question(body).await;
            if post.moderation.is_none() {
                open.insert(0, post.id);
            }
        }
        scenario.moderation.remove(ContentId::Post(open.remove(0)), user()).await.unwrap();
        let recent = scenario.moderation.recent(2).await.unwrap();
        let recent: Vec<ContentId> = recent.into_iter().map(|evidence| evidence.content).collect();
        assert_eq!(recent, open.iter().take(2).map(|id| ContentId::Post(*id)).collect::<Vec<_>>());
    });
}
